import { describe, expect, it } from '@jest/globals';
import { type GroupOptions, groupSettings } from './group-options.js';
import { wholeName } from './group-topics.js';
import { rangeAssignor } from './range-assignor.js';

const GOOD: GroupOptions = { groupId: 'mail', topics: ['a'] };

describe('the options of a group', () => {
  it('have defaults', () => {
    expect(groupSettings(GOOD)).toMatchObject({ protocol: 'classic', sessionTimeoutMs: 45_000, heartbeatMs: 3_000 });
  });

  it('beat three times in a short session', () => {
    expect(groupSettings({ ...GOOD, sessionTimeoutMs: 6_000 }).heartbeatMs).toBe(2_000);
  });

  it.each<[string, GroupOptions, string]>([
    ['an empty group', { ...GOOD, groupId: '' }, 'groupId is ""; give a text that is not empty'],
    ['nothing to read', { groupId: 'mail' }, 'at least one topic, or else a pattern; not both'],
    ['topics beside a pattern', { ...GOOD, pattern: '.*' }, 'not both'],
    ['a pattern that is none', { groupId: 'mail', pattern: '(' }, 'a regular expression of JavaScript'],
    ['a pattern with flags', { groupId: 'mail', pattern: /a/i }, 'without flags'],
    ['a time that is no number', { ...GOOD, sessionTimeoutMs: Number.NaN }, 'sessionTimeoutMs is null'],
    [
      'a heartbeat too slow for the session',
      { ...GOOD, heartbeatMs: 20_000 },
      'at most a third of sessionTimeoutMs (45000)',
    ],
    ['no assignor', { ...GOOD, assignors: [] }, 'at least one'],
    ['an assignor twice', { ...GOOD, assignors: [rangeAssignor, rangeAssignor] }, 'each name once'],
  ])('refuse %s in words', (_what, options, words) => {
    expect(() => groupSettings(options)).toThrow(words);
  });

  it('match whole names only', () => {
    expect(wholeName('or.ers').test('orders')).toBe(true);
    expect(wholeName('or.ers').test('orders2')).toBe(false);
    expect(wholeName(/a|b/).test('bb')).toBe(false);
  });
});
