import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c, crc32cInJs } from './node-checksum.js';

const vectors = new URL('../../../../shared/kafka-messages/vectors/crc32c.jsonl', import.meta.url);

describe('crc32c', () => {
  it.each([
    ['', 0x00000000],
    ['a', 0xc1d04330],
    ['123456789', 0xe3069283],
  ])('of %j is the published one', (text, sum) => {
    expect(crc32c(Buffer.from(text))).toBe(sum);
    expect(crc32cInJs(Buffer.from(text))).toBe(sum);
  });

  it('is the same in JavaScript and in native code, for any length and alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 2000 }), fc.nat(7), (bytes, skip) => {
        const view = bytes.subarray(skip);
        expect(crc32c(view)).toBe(crc32cInJs(view));
        expect(crc32c(Buffer.concat([view, Buffer.alloc(300)]))).toBe(
          crc32cInJs(Buffer.concat([view, Buffer.alloc(300)])),
        );
      }),
    );
  });

  if (existsSync(vectors)) {
    it('equals every vector', () => {
      const rows = readFileSync(vectors, 'utf8').trim().split('\n');
      for (const row of rows) {
        const { data, crc32c: sum } = JSON.parse(row) as { data: string; crc32c: number };
        expect(crc32c(Buffer.from(data, 'hex'))).toBe(sum);
        expect(crc32cInJs(Buffer.from(data, 'hex'))).toBe(sum);
      }
    });
  }
});
