import { describe, expect, it } from '@jest/globals';
import { SHARE_CONSUMER_DEFAULTS, shareConsumerSettings } from './share-options.js';

describe('options of a share consumer', () => {
  it('have their defaults, and cannot be changed', () => {
    const settings = shareConsumerSettings({ groupId: 'g', maxPollRecords: undefined });
    expect(settings).toEqual({ ...SHARE_CONSUMER_DEFAULTS, groupId: 'g' });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it.each([
    [{ groupId: '' }, /groupId is ""; give a text of 1 to 255/],
    [{ groupId: 'g', maxPollRecords: 0 }, /maxPollRecords is 0; give a whole number from 1/],
    [{ groupId: 'g', fetchMaxWaitMs: 1.5 }, /fetchMaxWaitMs is 1.5/],
    [{ groupId: 'g', acquireMode: 'all' as 'record_limit' }, /acquireMode is "all"; give 'batch_optimized'/],
    [{ groupId: 'g', acknowledgementMode: 'auto' as 'implicit' }, /acknowledgementMode is "auto"/],
    [{ groupId: 'g', memberId: 'x'.repeat(37) }, /memberId is "x+"; give a text of 1 to 36/],
  ])('%j are refused in a sentence', (options, sentence) => {
    expect(() => shareConsumerSettings(options)).toThrow(sentence);
  });
});
