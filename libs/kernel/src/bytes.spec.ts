import { describe, expect, it } from '@jest/globals';
import { fromUtf8, utf8 } from './bytes.js';

const TEXTS = [
  '',
  'a',
  'orders.placed',
  'Grüße',
  '\u{1f600}'.repeat(5),
  '\ud800',
  '€'.repeat(1024),
  'x'.repeat(1025),
  'ä'.repeat(70_000),
];

describe('the UTF-8 bytes of a text', () => {
  it.each(TEXTS)('are those of the system (%#)', (text) => {
    expect(Buffer.from(utf8(text))).toEqual(Buffer.from(text, 'utf8'));
  });

  it('stay what they are, whatever is encoded later', () => {
    const texts = Array.from({ length: 20_000 }, (_, at) => `${at}-${'ü€'.repeat(at % 40)}`);
    const bytes = texts.map(utf8);
    expect(bytes.map(fromUtf8)).toEqual(texts);
  });
});
