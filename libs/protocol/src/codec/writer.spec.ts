import { describe, expect, it } from '@jest/globals';
import { type Uuid, concatBytes } from '@trunkline/kernel';
import { encodeBody, message } from '../api.js';
import {
  bytes,
  ignorable,
  int16,
  int64,
  nullableSince,
  records,
  since,
  string,
  struct,
  tagged,
  uint16,
  uuid,
} from '../schema.js';
import { COPIED_BYTES_MAX } from './writer.js';

const Example = message({
  name: 'Example',
  versions: [0, 2],
  flexibleFrom: 2,
  type: struct({
    name: nullableSince(1, string),
    port: since(1, uint16, 9),
    note: ignorable(since(1, string)),
    blob: since(2, records),
    extra: tagged(0, since(2, bytes)),
  }),
});
const hex = (chunks: readonly Uint8Array[]): string => Buffer.from(concatBytes(chunks)).toString('hex');
const Numbers = message({
  name: 'Numbers',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({ a: int16, b: int64 }),
});

describe('Writer', () => {
  it('writes defaults for what is left out', () => {
    expect(hex(encodeBody(Example, 1, { name: 'a' }))).toBe('0001610009' + '0000');
  });

  it('hands long bytes on as they are, and copies short ones', () => {
    const long = new Uint8Array(COPIED_BYTES_MAX + 1).fill(1);
    const short = new Uint8Array(COPIED_BYTES_MAX).fill(2);
    const chunks = encodeBody(Example, 2, { name: null, blob: [long, short, long] });
    expect(chunks.filter((chunk) => chunk === long)).toHaveLength(2);
    expect(chunks).toHaveLength(5);
    expect(hex(chunks)).toBe(`00000901${'8306'}${'01'.repeat(257)}${'02'.repeat(256)}${'01'.repeat(257)}00`);
  });

  it('never writes again into memory that it handed out', () => {
    const first = encodeBody(Numbers, 0, { a: 1, b: 2n });
    const before = hex(first);
    for (let turn = 0; turn < 20_000; turn++) encodeBody(Numbers, 0, { a: -1, b: -1n });
    expect(hex(first)).toBe(before);
  });

  it('writes texts beyond ASCII wherever its memory happens to end', () => {
    const wanted = '0019' + '61'.repeat(23) + 'c3a9' + '0009' + '0000';
    for (let turn = 0; turn < 10_000; turn++) {
      const written = hex(encodeBody(Example, 1, { name: `${'a'.repeat(23)}é` }));
      if (written !== wanted) expect([turn, written]).toEqual([turn, wanted]);
    }
  });

  it('forgets a message that failed half way', () => {
    expect(() => encodeBody(Example, 1, { name: 'a', port: -1 })).toThrow('Example.port is an uint16, not -1');
    expect(hex(encodeBody(Numbers, 0, { a: 1, b: 2 }))).toBe('00010000000000000002');
  });

  it('writes a tagged field only when it differs from its default, whatever its size', () => {
    const blob = new Uint8Array(0);
    expect(hex(encodeBody(Example, 2, { name: null, blob, extra: new Uint8Array(0) }))).toBe('0000090101' + '00');
    const extra = new Uint8Array(200).fill(3);
    expect(hex(encodeBody(Example, 2, { name: null, blob, extra }))).toBe(
      `0000090101${'0100ca01c901'}${'03'.repeat(200)}`,
    );
  });

  it('refuses what a version has no place for, unless it may be dropped', () => {
    expect(() => encodeBody(Example, 0, { name: 'a', port: 1 })).toThrow(
      'UNSUPPORTED_VERSION: Example.port has no place',
    );
    expect(() => encodeBody(Example, 0, { name: null })).toThrow('UNSUPPORTED_VERSION: Example.name may not be null');
    expect(hex(encodeBody(Example, 0, { name: 'a', port: 9, note: 'dropped' }))).toBe('000161');
    expect(() => encodeBody(Example, 3, { name: 'a' })).toThrow(
      'UNSUPPORTED_VERSION: Example has versions 0 to 2, not 3',
    );
  });

  it('refuses values that the wire cannot carry', () => {
    expect(() => encodeBody(Numbers, 0, { a: 40_000, b: 0 })).toThrow('MALFORMED: Numbers.a is an int16, not 40000');
    expect(() => encodeBody(Numbers, 0, { a: 0, b: 2n ** 63n })).toThrow('MALFORMED: Numbers.b is an int64');
    expect(() => encodeBody(Numbers, 0, { a: 0, b: 0.5 })).toThrow('MALFORMED: Numbers.b is an int64');
    expect(() => encodeBody(Example, 1, { name: 'a'.repeat(32_768) })).toThrow(
      'a string of 32768 bytes, at most 32767',
    );
  });

  it('writes int64 from numbers as from bigints', () => {
    for (const value of [
      0,
      -1,
      1,
      2 ** 32,
      -(2 ** 32),
      -(2 ** 32) - 1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]) {
      expect(hex(encodeBody(Numbers, 0, { a: 0, b: value }))).toBe(
        hex(encodeBody(Numbers, 0, { a: 0, b: BigInt(value) })),
      );
    }
  });

  it('refuses a text that is no uuid', () => {
    const One = message({ name: 'One', versions: [0, 0], flexibleFrom: Infinity, type: struct({ id: uuid }) });
    expect(hex(encodeBody(One, 0, { id: '_____________________w' as Uuid }))).toBe('ff'.repeat(16));
    expect(() => encodeBody(One, 0, { id: '_____________________x' as Uuid })).toThrow('MALFORMED');
    expect(() => encodeBody(One, 0, { id: 'é____________________w' as Uuid })).toThrow('MALFORMED');
    expect(() => encodeBody(One, 0, { id: '' as Uuid })).toThrow('MALFORMED');
  });
});
