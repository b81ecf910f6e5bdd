import { describe, expect, it } from '@jest/globals';
import { Acknowledgements, rangesOf } from './acknowledgements.js';
import { ACKNOWLEDGE } from './share-record.js';

const { gap, accept, release } = ACKNOWLEDGE;

function shown(acknowledgements: Acknowledgements): string[] {
  return rangesOf(acknowledgements.batches()).map((each) => `${each.type} ${each.firstOffset}-${each.lastOffset}`);
}

describe('acknowledgements of a partition', () => {
  it('join neighbours of one type, in the order of offsets', () => {
    const acknowledgements = new Acknowledgements();
    for (const offset of [5, 3, 4, 9]) acknowledgements.set(offset, accept);
    acknowledgements.set(6, release);
    expect(shown(acknowledgements)).toEqual(['accept 3-5', 'release 6-6', 'accept 9-9']);
  });

  it('keep the last word on an offset', () => {
    const acknowledgements = new Acknowledgements();
    acknowledgements.set(1, release);
    acknowledgements.set(1, accept);
    expect(shown(acknowledgements)).toEqual(['accept 1-1']);
  });

  it('hold a gap of 2^52 offsets as one range', () => {
    const acknowledgements = new Acknowledgements();
    acknowledgements.addRange(10, 2 ** 52, gap);
    expect(acknowledgements.batches()).toEqual([{ firstOffset: 10, lastOffset: 2 ** 52, acknowledgeTypes: [gap] }]);
  });

  it('leave out an empty range', () => {
    const acknowledgements = new Acknowledgements();
    acknowledgements.addRange(4, 3, gap);
    expect(acknowledgements.isEmpty).toBe(true);
  });

  it('take back what was refused, and keep what was said since', () => {
    const acknowledgements = new Acknowledgements();
    acknowledgements.set(3, release);
    acknowledgements.restore([{ firstOffset: 1, lastOffset: 5, acknowledgeTypes: [accept] }]);
    expect(shown(acknowledgements)).toEqual(['accept 1-2', 'release 3-3', 'accept 4-5']);
  });
});
