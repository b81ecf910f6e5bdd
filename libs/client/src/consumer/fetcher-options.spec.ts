import { describe, expect, it } from '@jest/globals';
import { consumerSettings } from './consumer-options.js';
import { FETCHER_DEFAULTS, fetcherSettings } from './fetcher-options.js';

describe('fetcher options', () => {
  it('have defaults, and are frozen', () => {
    expect(fetcherSettings()).toEqual(FETCHER_DEFAULTS);
    expect(Object.isFrozen(fetcherSettings({ maxWaitMs: 5 }))).toBe(true);
  });

  it('name the option, its value and what is allowed', () => {
    expect(() => fetcherSettings({ maxWaitMs: -1 })).toThrow(
      '[MISUSE] fetcher: maxWaitMs is -1; give a whole number from 0 to 600000',
    );
    expect(() => fetcherSettings({ minBytes: 0.5 })).toThrow('minBytes is 0.5');
    expect(() => consumerSettings({ maxPollRecords: 0 })).toThrow('maxPollRecords is 0; give a whole number from 1');
  });

  it('refuse words that mean nothing', () => {
    const options: { reset: 'earliest' } = JSON.parse('{ "reset": "smallest" }');
    expect(() => fetcherSettings(options)).toThrow('reset is smallest; give earliest or latest or none');
  });
});
