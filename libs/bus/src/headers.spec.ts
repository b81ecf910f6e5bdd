import { describe, expect, it } from '@jest/globals';
import { addUserHeaders, headerNumber, headerProblem, parseReplyTo, replyTo } from './headers.js';
import { DEFAULT_LIMITS } from './limits.js';

const utf8 = (said: string): Uint8Array => new TextEncoder().encode(said);
const headersOf = (given: Record<string, string>): Map<string, Uint8Array> =>
  new Map(Object.entries(given).map(([name, value]) => [name, utf8(value)]));

describe('headers', () => {
  it('of a sender may have any plain name that is not the bus’s own', () => {
    const headers = new Map<string, Uint8Array>();
    addUserHeaders(headers, { 'x-tenant': 'a', kafka_replyTopic: Uint8Array.of(1) });
    expect([...headers.keys()]).toEqual(['x-tenant', 'kafka_replyTopic']);
    for (const name of ['tl-attempt', 'TL-Attempt', 'ce_id', 'content-type', 'with space', '', 'ü', 'x'.repeat(129)]) {
      expect(() => addUserHeaders(headers, { [name]: 'x' })).toThrow('MISUSE');
    }
  });

  it('that came are bounded in number and size', () => {
    const many = new Map(Array.from({ length: 101 }, (_, index) => [`h${index}`, utf8('')]));
    expect(headerProblem(many, DEFAULT_LIMITS)).toBe('101 headers, over the limit of 100 (limits.headersMax)');
    const large = new Map([['h', new Uint8Array(65_536)]]);
    expect(headerProblem(large, DEFAULT_LIMITS)).toMatch(/^65537 bytes of headers, over the limit of 65536/);
    expect(headerProblem(new Map([['__proto__', utf8('x')]]), DEFAULT_LIMITS)).toBeUndefined();
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  it('hold numbers as plain digits and nothing else', () => {
    const read = (said: string): number | undefined => headerNumber(headersOf({ n: said }), 'n');
    expect([read('0'), read('1700000000000')]).toEqual([0, 1_700_000_000_000]);
    for (const said of ['', '-1', '1.5', '1e3', ' 1', '9999999999999999', '0x10', 'NaN'])
      expect(read(said)).toBeUndefined();
    expect(headerNumber(new Map(), 'n')).toBeUndefined();
  });

  it('send answers to inboxes only', () => {
    const read = (said: string) => parseReplyTo(headersOf({ 'tl-reply-to': said }));
    expect(read(new TextDecoder().decode(replyTo({ channel: 'front.inbox', partition: 7 })))).toEqual({
      channel: 'front.inbox',
      partition: 7,
    });
    for (const said of [
      'orders:1',
      'a.inbox',
      'a.inbox:-1',
      'a.inbox:99999',
      'a/b.inbox:1',
      '.inbox:x',
      'a.inbox:1 ',
    ]) {
      expect(read(said)).toBeUndefined();
    }
  });
});
