import { describe, expect, it } from '@jest/globals';
import { type GroupPeer, assign } from './assignor.js';
import type { TopicPartition } from './topic-partition.js';

const peer = (memberId: string, owned: readonly string[] = [], topics = ['t'], generation = 1): GroupPeer => ({
  memberId,
  topics,
  owned: owned.map(partitionNamed),
  generation,
});
const partitionNamed = (name: string): TopicPartition => {
  const [topic = '', partition = ''] = name.split('/');
  return { topic, partition: Number(partition) };
};
const shown = (assignment: ReadonlyMap<string, readonly TopicPartition[]>): Record<string, string[]> =>
  Object.fromEntries([...assignment].map(([member, list]) => [member, list.map((p) => `${p.topic}/${p.partition}`)]));
const four = (): number => 4;

describe('assign', () => {
  it('gives everything to a member that is alone', () => {
    expect(shown(assign([peer('a')], four))).toEqual({ a: ['t/0', 't/1', 't/2', 't/3'] });
  });

  it('takes from a member what another shall have, and gives it to nobody until it has let go', () => {
    const owner = peer('a', ['t/0', 't/1', 't/2', 't/3']);
    expect(shown(assign([owner, peer('b')], four))).toEqual({ a: ['t/0', 't/1'], b: [] });
    expect(shown(assign([peer('a', ['t/0', 't/1']), peer('b')], four))).toEqual({
      a: ['t/0', 't/1'],
      b: ['t/2', 't/3'],
    });
  });

  it('moves nothing when all is even', () => {
    const peers = [peer('a', ['t/1', 't/3']), peer('b', ['t/0', 't/2'])];
    expect(shown(assign(peers, four))).toEqual({ a: ['t/1', 't/3'], b: ['t/0', 't/2'] });
  });

  it('gives a dead member’s partitions to those that are left, and theirs stay', () => {
    expect(shown(assign([peer('b', ['t/2', 't/3'])], four))).toEqual({ b: ['t/0', 't/1', 't/2', 't/3'] });
  });

  it('believes the later of two generations', () => {
    const stale = peer('a', ['t/0', 't/1', 't/2', 't/3'], ['t'], 1);
    const current = peer('b', ['t/0', 't/1'], ['t'], 2);
    const assignment = shown(assign([stale, current], four));
    expect(assignment['b']).toEqual(['t/0', 't/1']);
    expect(assignment['a']).toEqual(['t/2', 't/3']);
  });

  it('leaves members without partitions when there are more of them', () => {
    const peers = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => peer(id));
    const sizes = Object.values(shown(assign(peers, four))).map((list) => list.length);
    expect(sizes.toSorted((left, right) => left - right)).toEqual([0, 0, 1, 1, 1, 1]);
  });

  it('gives a topic only to those that want it', () => {
    const assignment = shown(assign([peer('a', [], ['t', 'u']), peer('b', [], ['u'])], () => 2));
    expect(assignment).toEqual({ a: ['t/0', 't/1'], b: ['u/0', 'u/1'] });
  });
});
