import { describe, expect, it } from '@jest/globals';
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './group-protocol.js';

const owned = [
  { topic: 'a', partition: 0 },
  { topic: 'a', partition: 3 },
  { topic: 'b', partition: 1 },
];

describe('what members and leaders of groups tell each other', () => {
  it('comes back as it was written', () => {
    const subscription = { topics: ['a', 'b'], owned, generation: 7 };
    expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription);
    expect(decodeAssignment(encodeAssignment(owned))).toEqual(owned);
  });

  it('has the bytes of Kafka: version, topics, user data, partitions, generation', () => {
    const bytes = encodeSubscription({ topics: ['t'], owned: [{ topic: 't', partition: 2 }], generation: 5 });
    expect(bytes.toString('hex')).toBe(
      ['0002', '00000001', '0001', '74', 'ffffffff', '00000001', '0001', '74', '00000001', '00000002', '00000005'].join(
        '',
      ),
    );
    const assignment = encodeAssignment([{ topic: 't', partition: 2 }]);
    expect(assignment.toString('hex')).toBe(
      ['0000', '00000001', '0001', '74', '00000001', '00000002', 'ffffffff'].join(''),
    );
  });

  it('is read from older members too, and no bytes are no partitions', () => {
    const oldest = Buffer.from(['0000', '00000001', '0001', '74', 'ffffffff'].join(''), 'hex');
    expect(decodeSubscription(oldest)).toEqual({ topics: ['t'], owned: [], generation: -1 });
    expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
  });
});
