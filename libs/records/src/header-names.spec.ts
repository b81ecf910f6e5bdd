import { describe, expect, it } from '@jest/globals';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { headerNameAt, headerNameBytes } from './header-names.js';

const NAMES = [
  '',
  'a',
  'content-type',
  'tl-correlation-id',
  'ä',
  'Grüße',
  '\u{1f600}',
  '\ud800',
  'x'.repeat(64),
  'y'.repeat(65),
];

describe('the names of headers', () => {
  it.each(NAMES)('are the UTF-8 bytes of the text, however often they are asked for (%#)', (name) => {
    for (let round = 0; round < 3; round++) {
      const bytes = headerNameBytes(name);
      expect(bytes).toEqual(utf8(name));
      expect(headerNameAt(bytes, 0, bytes.byteLength)).toBe(fromUtf8(bytes));
    }
  });

  it('are told apart when there are more than are remembered', () => {
    const names = Array.from({ length: 5_000 }, (_, at) => `name-${at * 7_919}`);
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        const bytes = utf8(`<${name}>`);
        expect(fromUtf8(headerNameBytes(name))).toBe(name);
        expect(headerNameAt(bytes, 1, bytes.byteLength - 1)).toBe(name);
      }
    }
  });
});
