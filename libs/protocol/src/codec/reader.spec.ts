import { describe, expect, it } from '@jest/globals';
import { decodeBody, message } from '../api.js';
import { array, int16, int32, nullable, string, struct, tagged } from '../schema.js';
import { READ_LIMITS, Reader } from './reader.js';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const Flexible = message({
  name: 'Flexible',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({ names: array(string), count: tagged(1, int32, 7) }),
});
const Classic = message({
  name: 'Classic',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({ name: nullable(string), ports: array(int16) }),
});

describe('Reader', () => {
  it('reads what the table says', () => {
    expect(decodeBody(Classic, 0, bytes('0001 61 00000002 0001 ffff'))).toEqual({ name: 'a', ports: [1, -1] });
    expect(decodeBody(Flexible, 0, bytes('03 02 61 03 c3a9 00'))).toEqual({ names: ['a', 'é'], count: 7 });
  });

  it('takes any negative length as null, and refuses null where none may be', () => {
    expect(decodeBody(Classic, 0, bytes('8000 00000000'))).toEqual({ name: null, ports: [] });
    expect(() => decodeBody(Classic, 0, bytes('ffff ffffffff'))).toThrow('MALFORMED: Classic: null where none may be');
    expect(() => decodeBody(Flexible, 0, bytes('00 00'))).toThrow('null where none may be');
  });

  it('refuses a count or a length beyond the end before it takes memory', () => {
    expect(() => decodeBody(Classic, 0, bytes('ffff 7fffffff'))).toThrow('an array of 2147483647 elements, 0 bytes');
    expect(() => decodeBody(Classic, 0, bytes('7fff 61'))).toThrow('wants 32767 bytes, 1 are left');
    expect(() => decodeBody(Flexible, 0, bytes('ffffffff07 02 61'))).toThrow('an array of 2147483646 elements');
  });

  it('says what was read and where it stopped', () => {
    expect(() => decodeBody(Classic, 0, bytes('0001 61 0000'))).toThrow(
      'MALFORMED: Classic: wants 4 bytes, 2 are left at byte 3 of 5',
    );
    expect(() => decodeBody(Classic, 0, bytes('ffff 00000000 01'))).toThrow('1 bytes behind the end at byte 6 of 7');
  });

  it('skips tags that no table knows', () => {
    expect(decodeBody(Flexible, 0, bytes('01 03 00 02 aabb 01 04 00000009 05 00'))).toEqual({ names: [], count: 9 });
  });

  it('refuses tags that do not ascend, and a known one that is shorter than its size', () => {
    expect(() => decodeBody(Flexible, 0, bytes('01 02 05 00 05 00'))).toThrow('tag 5 after tag 5');
    expect(() => decodeBody(Flexible, 0, bytes('01 01 01 05 0000000900'))).toThrow('tag 1 is longer than its field');
    expect(() => decodeBody(Flexible, 0, bytes('01 01 01 02 00000009'))).toThrow('wants 4 bytes, 2 are left');
  });

  it('refuses more tagged fields, and larger unknown ones, than the limits allow', () => {
    const limits = { ...READ_LIMITS, taggedFieldsMax: 2, unknownTagBytesMax: 4 };
    expect(() => decodeBody(Flexible, 0, bytes('01 03'), limits)).toThrow('3 tagged fields, at most 2 are read');
    expect(decodeBody(Flexible, 0, bytes('01 01 09 04 00000000'), limits)).toEqual({ names: [], count: 7 });
    expect(() => decodeBody(Flexible, 0, bytes('01 01 09 05 0000000000'), limits)).toThrow(
      'tag 9, which no table knows',
    );
  });

  it('refuses a body that would grow beyond its limit when decoded', () => {
    const many = new Uint8Array(1_000_004).fill(1);
    many.set([0xc0, 0x84, 0x3d], 0);
    const limits = { ...READ_LIMITS, decodedBytesMax: 1_000_000 };
    expect(() => decodeBody(Flexible, 0, many, limits)).toThrow('more than 1000000 bytes when decoded');
  });

  it('refuses varints that do not end', () => {
    expect(() => new Reader(bytes('ffffffffff01')).unsignedVarint()).toThrow('more than 5 bytes');
    expect(() => new Reader(bytes('ffffffffffffffffffff01')).varlong()).toThrow('more than 10 bytes');
    expect(() => new Reader(bytes('80')).unsignedVarint()).toThrow('wants 1 bytes, 0 are left');
  });

  it('reads bytes as views, and a part of a larger buffer by its own bounds', () => {
    const whole = bytes('ff 00000001 ff');
    const reader = new Reader(whole.subarray(1, 5));
    expect(reader.int32()).toBe(1);
    expect(() => reader.int8()).toThrow('wants 1 bytes, 0 are left');
    const view = new Reader(whole).slice(2);
    whole[0] = 7;
    expect(view[0]).toBe(7);
  });
});
