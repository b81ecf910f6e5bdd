import { describe, expect, it } from '@jest/globals';
import {
  CooperativeStickyUserData,
  StickyUserData,
  decodeBody,
  encodeBody,
  encodeSubscription,
} from '@trunkline/protocol';
import { concatBytes } from '@trunkline/kernel';
import fc from 'fast-check';
import type { Assignor, GroupAssignment, GroupPeer } from './assignor.js';
import { rangeAssignor } from './range-assignor.js';
import { roundRobinAssignor } from './round-robin-assignor.js';
import { cooperativeStickyAssignor, stickyAssignor } from './sticky-assignor.js';
import { peersOf } from './subscription.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

function peer(memberId: string, topics: readonly string[], more: Partial<GroupPeer> = {}): GroupPeer {
  return {
    memberId,
    instanceId: undefined,
    rack: undefined,
    topics,
    owned: [],
    generation: -1,
    userData: null,
    ...more,
  };
}

function told(assignment: GroupAssignment): Record<string, string> {
  return Object.fromEntries([...assignment].map(([id, list]) => [id, list.map(nameOfPartition).join(' ')]));
}

function counts(sizes: Readonly<Record<string, number>>): (topic: string) => number {
  return (topic) => sizes[topic] ?? 0;
}

/** Members with random subscriptions over up to four topics, in random order. */
const groups = fc
  .record({
    sizes: fc.array(fc.nat(7), { minLength: 1, maxLength: 4 }),
    members: fc.array(fc.nat(15), { minLength: 1, maxLength: 7 }),
  })
  .map(({ sizes, members }) => {
    const topics = sizes.map((_, index) => `t${index}`);
    const partitionsOf = (topic: string): number => sizes[Number(topic.slice(1))] ?? 0;
    const peers = members.map((bits, index) =>
      peer(
        `m${index}`,
        topics.filter((_, bit) => (bits >> bit) & 1),
      ),
    );
    return { topics, partitionsOf, peers };
  });

const equalGroups = fc
  .record({ sizes: fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), members: fc.integer({ min: 1, max: 8 }) })
  .map(({ sizes, members }) => {
    const topics = sizes.map((_, index) => `t${index}`);
    const partitionsOf = (topic: string): number => sizes[Number(topic.slice(1))] ?? 0;
    return { topics, partitionsOf, peers: Array.from({ length: members }, (_, index) => peer(`m${index}`, topics)) };
  });

function loads(assignment: GroupAssignment): number[] {
  return [...assignment.values()].map(({ length }) => length);
}

/** As a cooperative group does it: let go of what was taken, join again, until nothing moves. */
function settle(assignor: Assignor, peers: readonly GroupPeer[], partitionsOf: (topic: string) => number) {
  let standing = peers;
  for (let round = 0; round < 5; round++) {
    const assignment = assignor.assign(standing, partitionsOf);
    const next = standing.map((member) => ({
      ...member,
      owned: assignment.get(member.memberId) ?? [],
      generation: round,
    }));
    const moved = next.some((member, index) => namesOf(member.owned) !== namesOf(standing[index]!.owned));
    standing = next;
    if (!moved) break;
  }
  return standing;
}

function namesOf(partitions: readonly TopicPartition[]): string {
  return partitions.map(nameOfPartition).toSorted().join();
}

describe.each([rangeAssignor, roundRobinAssignor, stickyAssignor, cooperativeStickyAssignor])('$name', (assignor) => {
  it('gives every partition that somebody wants to exactly one who wants it', () => {
    fc.assert(
      fc.property(groups, ({ topics, partitionsOf, peers }) => {
        const assignment = assignor.assign(peers, partitionsOf);
        const given: string[] = [];
        for (const [memberId, partitions] of assignment) {
          const wanted = peers.find((member) => member.memberId === memberId)!.topics;
          expect(partitions.every(({ topic }) => wanted.includes(topic))).toBe(true);
          given.push(...partitions.map(nameOfPartition));
        }
        const all = topics
          .filter((topic) => peers.some((member) => member.topics.includes(topic)))
          .flatMap((topic) => Array.from({ length: partitionsOf(topic) }, (_, index) => `${topic}/${index}`));
        expect(given.toSorted()).toEqual(all.toSorted());
      }),
    );
  });

  it('decides the same whatever the order in which members joined', () => {
    fc.assert(
      fc.property(groups, ({ partitionsOf, peers }) => {
        expect(told(assignor.assign(peers.toReversed(), partitionsOf))).toEqual(
          told(assignor.assign(peers, partitionsOf)),
        );
      }),
    );
  });

  it('gives nothing for topics that are not there', () => {
    expect(told(assignor.assign([peer('m', ['missing'])], () => 0))).toEqual({ m: '' });
  });
});

describe.each([roundRobinAssignor, stickyAssignor, cooperativeStickyAssignor])('$name', (assignor) => {
  it('shares within one where all subscribe to the same', () => {
    fc.assert(
      fc.property(equalGroups, ({ partitionsOf, peers }) => {
        const each = loads(assignor.assign(peers, partitionsOf));
        expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('range', () => {
  // Vectors of Apache Kafka's RangeAssignorTest.
  it('shares each topic by itself, the first members one more', () => {
    const peers = [peer('consumer1', ['topic1', 'topic2']), peer('consumer2', ['topic1', 'topic2'])];
    expect(told(rangeAssignor.assign(peers, counts({ topic1: 3, topic2: 3 })))).toEqual({
      consumer1: 'topic1/0 topic1/1 topic2/0 topic2/1',
      consumer2: 'topic1/2 topic2/2',
    });
  });

  it('shares a topic among those who subscribe to it', () => {
    const peers = [
      peer('consumer1', ['topic1']),
      peer('consumer2', ['topic1', 'topic2']),
      peer('consumer3', ['topic1']),
    ];
    expect(told(rangeAssignor.assign(peers, counts({ topic1: 3, topic2: 2 })))).toEqual({
      consumer1: 'topic1/0',
      consumer2: 'topic1/1 topic2/0 topic2/1',
      consumer3: 'topic1/2',
    });
  });

  it('puts static members first, in the order of their instance ids', () => {
    const peers = [
      peer('consumer1', ['topic1'], { instanceId: 'instance2' }),
      peer('consumer2', ['topic1'], { instanceId: 'instance1' }),
      peer('aaa', ['topic1']),
    ];
    expect(told(rangeAssignor.assign(peers, counts({ topic1: 4 })))).toEqual({
      consumer2: 'topic1/0 topic1/1',
      consumer1: 'topic1/2',
      aaa: 'topic1/3',
    });
  });
});

describe('roundrobin', () => {
  // Vectors of Apache Kafka's RoundRobinAssignorTest.
  it('deals partitions out in order', () => {
    const peers = [peer('consumer1', ['topic1', 'topic2']), peer('consumer2', ['topic1', 'topic2'])];
    expect(told(roundRobinAssignor.assign(peers, counts({ topic1: 3, topic2: 3 })))).toEqual({
      consumer1: 'topic1/0 topic1/2 topic2/1',
      consumer2: 'topic1/1 topic2/0 topic2/2',
    });
  });

  it('passes over those who do not subscribe', () => {
    const peers = [
      peer('consumer1', ['topic1']),
      peer('consumer2', ['topic1', 'topic2']),
      peer('consumer3', ['topic1']),
    ];
    expect(told(roundRobinAssignor.assign(peers, counts({ topic1: 3, topic2: 2 })))).toEqual({
      consumer1: 'topic1/0',
      consumer2: 'topic1/1 topic2/0 topic2/1',
      consumer3: 'topic1/2',
    });
  });
});

describe('sticky', () => {
  it('evens out where chains of members must pass partitions on', () => {
    const peers = [peer('a', ['x', 'y']), peer('b', ['y', 'z']), peer('c', ['z'])];
    const owned = (topic: string, count: number): TopicPartition[] =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition }));
    const before = [
      { ...peers[0]!, owned: owned('x', 4), generation: 1 },
      { ...peers[1]!, owned: owned('y', 4), generation: 1 },
      { ...peers[2]!, owned: owned('z', 1), generation: 1 },
    ];
    const each = loads(stickyAssignor.assign(before, counts({ x: 4, y: 4, z: 1 })));
    expect(each).toEqual([4, 4, 1]); // c may read z alone, and z has but one
    const wider = loads(
      stickyAssignor.assign(
        [peer('a', ['x', 'y']), peer('b', ['y', 'z']), peer('c', ['z'])],
        counts({ x: 2, y: 2, z: 8 }),
      ),
    );
    expect(wider).toEqual([4, 4, 4]);
  });

  it('moves nothing when nothing has changed', () => {
    fc.assert(
      fc.property(groups, ({ partitionsOf, peers }) => {
        const settled = settle(cooperativeStickyAssignor, peers, partitionsOf);
        const again = cooperativeStickyAssignor.assign(settled, partitionsOf);
        for (const { memberId, owned } of settled) expect(namesOf(again.get(memberId) ?? [])).toBe(namesOf(owned));
      }),
    );
  });

  it('takes no more than what a newcomer needs', () => {
    fc.assert(
      fc.property(equalGroups, ({ topics, partitionsOf, peers }) => {
        const settled = settle(cooperativeStickyAssignor, peers, partitionsOf);
        const total = settled.reduce((sum, { owned }) => sum + owned.length, 0);
        const after = settle(cooperativeStickyAssignor, [...settled, peer('new', topics)], partitionsOf);
        expect(after.at(-1)!.owned).toHaveLength(Math.floor(total / (peers.length + 1)));
        const kept = settled.filter(({ owned }, index) => {
          const now = new Set(after[index]!.owned.map(nameOfPartition));
          return (
            now.size <= owned.length && [...now].every((name) => owned.some((old) => nameOfPartition(old) === name))
          );
        });
        expect(kept).toHaveLength(settled.length);
      }),
    );
  });

  it('gives what a member that left had to those who have least, and moves nothing else', () => {
    fc.assert(
      fc.property(equalGroups, ({ partitionsOf, peers }) => {
        const settled = settle(cooperativeStickyAssignor, peers, partitionsOf);
        const rest = settled.slice(1);
        const after = settle(cooperativeStickyAssignor, rest, partitionsOf);
        rest.forEach(({ owned }, index) => {
          const now = new Set(after[index]!.owned.map(nameOfPartition));
          expect(owned.every((partition) => now.has(nameOfPartition(partition)))).toBe(true);
        });
      }),
    );
  });

  it('believes the later of two that claim the same, and neither in the same generation', () => {
    const owned = [{ topic: 't', partition: 0 }];
    const later = [peer('a', ['t'], { owned, generation: 3 }), peer('b', ['t'], { owned, generation: 4 })];
    expect(told(stickyAssignor.assign(later, counts({ t: 1 })))).toEqual({ a: '', b: 't/0' });
  });

  it('reads what Java members of an eager sticky group tell of themselves', () => {
    const previousAssignment = [{ topic: 't', partitions: [1] }];
    const userData = concatBytes(encodeBody(StickyUserData, 1, { previousAssignment, generation: 5 }));
    const assignment = stickyAssignor.assign([peer('a', ['t'], { userData }), peer('b', ['t'])], counts({ t: 2 }));
    expect(told(assignment)).toEqual({ a: 't/1', b: 't/0' });
  });

  it('takes user data that it cannot read for nothing', () => {
    const userData = new Uint8Array([9, 9, 9]);
    expect(told(stickyAssignor.assign([peer('a', ['t'], { userData })], counts({ t: 1 })))).toEqual({ a: 't/0' });
  });

  it('tells what it had, and in which generation', () => {
    const held = [{ topic: 't', partition: 1 }];
    const bytes = stickyAssignor.userData!({ topics: ['t'], held, generation: 7 })!;
    expect(decodeBody(StickyUserData, 1, bytes)).toEqual({
      previousAssignment: [{ topic: 't', partitions: [1] }],
      generation: 7,
    });
  });
});

describe('cooperative-sticky', () => {
  it('gives nobody what another still reads', () => {
    fc.assert(
      fc.property(groups, fc.nat(), ({ partitionsOf, peers }, salt) => {
        const settled = settle(cooperativeStickyAssignor, peers, partitionsOf);
        // Anybody may come or go.
        const changed = settled.filter((_, index) => (salt >> index) % 3 !== 0);
        changed.push(peer('new', ['t0', 't1']));
        const assignment = cooperativeStickyAssignor.assign(changed, partitionsOf);
        for (const [memberId, partitions] of assignment) {
          for (const partition of partitions) {
            const owner = changed.find(({ owned }) =>
              owned.some((old) => nameOfPartition(old) === nameOfPartition(partition)),
            );
            expect(owner?.memberId ?? memberId).toBe(memberId);
          }
        }
      }),
    );
  });

  it('is settled after one further round', () => {
    const first = settle(cooperativeStickyAssignor, [peer('a', ['t'])], counts({ t: 4 }));
    const second = cooperativeStickyAssignor.assign([...first, peer('b', ['t'])], counts({ t: 4 }));
    expect([...second.values()].map(({ length }) => length)).toEqual([2, 0]);
    const standing = first.map((member) => ({ ...member, owned: second.get('a')!, generation: 2 }));
    const third = cooperativeStickyAssignor.assign([...standing, peer('b', ['t'])], counts({ t: 4 }));
    expect([...third.values()].map(({ length }) => length)).toEqual([2, 2]);
  });

  it('reads the generation of older members from their user data', () => {
    const userData = concatBytes(encodeBody(CooperativeStickyUserData, 0, { generation: 4 }));
    const ownedPartitions = [{ topic: 't', partitions: [0] }];
    const metadata = encodeSubscription(1, { topics: ['t'], userData, ownedPartitions });
    const late = encodeSubscription(3, { topics: ['t'], ownedPartitions, generationId: 3 });
    const peers = peersOf([
      { memberId: 'a', groupInstanceId: null, metadata },
      { memberId: 'b', groupInstanceId: null, metadata: late },
    ]);
    expect(told(cooperativeStickyAssignor.assign(peers, counts({ t: 1 })))).toEqual({ a: 't/0', b: '' });
  });
});
