import { describe, expect, it } from '@jest/globals';
import { RACK_VECTORS, type RackVector } from '../../test/rack-vectors.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';
import type { GroupAssignment, GroupPeer } from './assignor.js';
import { type RacksOf, racksMatter } from './racks.js';
import { rangeAssignor } from './range-assignor.js';
import { cooperativeStickyAssignor } from './sticky-assignor.js';

interface World {
  readonly peers: readonly GroupPeer[];
  readonly partitionsOf: (topic: string) => number;
  readonly racksOf: RacksOf;
}

function worldOf({ topics, members }: Pick<RackVector, 'topics' | 'members'>): World {
  const racks = topics.map((text) => text.split(' ').map((letters) => new Set(letters === '-' ? '' : letters)));
  return {
    peers: members.map((text) => {
      const [memberId = '', rack, instanceId, names = ''] = text
        .split(' ')
        .map((word) => (word === '-' ? undefined : word));
      return { memberId, rack, instanceId, topics: names.split(''), owned: [], generation: -1, userData: null };
    }),
    partitionsOf: (topic) => racks[Number(topic)]?.length ?? 0,
    racksOf: (topic, partition) => racks[Number(topic)]?.[partition] ?? new Set(),
  };
}

function farIn({ peers, racksOf }: World, assignment: GroupAssignment): number {
  return peers.reduce((sum, { memberId, rack }) => {
    const isFar = ({ topic, partition }: TopicPartition): boolean =>
      rack !== undefined && !racksOf(topic, partition).has(rack);
    return sum + (assignment.get(memberId) ?? []).filter(isFar).length;
  }, 0);
}

function loadsOf(assignment: GroupAssignment): string {
  return [...assignment.values()]
    .map(({ length }) => length)
    .toSorted((left, right) => left - right)
    .join(' ');
}

function unevenness(loads: string): number {
  return loads.split(' ').reduce((sum, load) => sum + Number(load) ** 2, 0);
}

function told(assignment: GroupAssignment, memberId: string): string {
  return (assignment.get(memberId) ?? []).map(nameOfPartition).join(' ');
}

describe('racks, on groups that were given to Java too', () => {
  it.each(RACK_VECTORS.map((vector, index) => ({ ...vector, index })))(
    'range shares group $index as Java does',
    (vector) => {
      const { peers, partitionsOf, racksOf } = worldOf(vector);
      const assignment = rangeAssignor.assign(peers, partitionsOf, racksOf);
      expect(peers.map(({ memberId }) => told(assignment, memberId))).toEqual(vector.range);
    },
  );

  it.each(RACK_VECTORS.map((vector, index) => ({ ...vector, index })))(
    'cooperative-sticky shares group $index as evenly as Java, and no farther away',
    (vector) => {
      const world = worldOf(vector);
      const assignment = cooperativeStickyAssignor.assign(world.peers, world.partitionsOf, world.racksOf);
      const loads = loadsOf(assignment);
      expect(unevenness(loads)).toBeLessThanOrEqual(unevenness(vector.loads));
      // Java's is less even in some groups whose members read different topics: then it may be nearer.
      if (loads === vector.loads) expect(farIn(world, assignment)).toBeLessThanOrEqual(vector.far);
    },
  );
});

describe('racks', () => {
  const members = ['m0 a - 0', 'm1 b - 0', 'm2 c - 0'];

  it('are looked at only where some member is near to some partitions and not to others', () => {
    const matter = (topics: readonly string[], who: readonly string[]): boolean => {
      const { peers, partitionsOf, racksOf } = worldOf({ topics, members: who });
      return racksMatter(peers, ['0'], partitionsOf, racksOf);
    };
    expect(matter(['a b c'], members)).toBe(true);
    expect(matter(['abc abc abc'], members)).toBe(false);
    expect(matter(['d e f'], members)).toBe(false);
    expect(matter(['- - -'], members)).toBe(false);
    expect(matter(['a b c'], ['m0 - - 0', 'm1 - - 0'])).toBe(false);
  });

  it('keep partitions of topics that are alike together with range', () => {
    const { peers, partitionsOf, racksOf } = worldOf({
      topics: ['c a b', 'c a b'],
      members: ['m0 a - 01', 'm1 b - 01', 'm2 c - 01'],
    });
    const assignment = rangeAssignor.assign(peers, partitionsOf, racksOf);
    expect(['m0', 'm1', 'm2'].map((id) => told(assignment, id))).toEqual(['0/1 1/1', '0/2 1/2', '0/0 1/0']);
  });

  it('come before stickiness, and after evenness', () => {
    const world = worldOf({ topics: ['a a b b'], members: ['m0 b - 0', 'm1 a - 0', 'm2 a - 0'] });
    const first = cooperativeStickyAssignor.assign(world.peers, world.partitionsOf, world.racksOf);
    expect(loadsOf(first)).toBe('1 1 2');
    expect(told(first, 'm0')).toBe('0/2 0/3');
  });

  it('move nothing that is near already', () => {
    const world = worldOf({ topics: ['a a a b b b'], members: ['m0 a - 0', 'm1 b - 0'] });
    const own = (indexes: readonly number[]) => indexes.map((partition) => ({ topic: '0', partition }));
    const peers = world.peers.map((peer, index) => ({
      ...peer,
      owned: own(
        [
          [2, 0, 1],
          [5, 4, 3],
        ][index]!,
      ),
      generation: 3,
    }));
    const assignment = cooperativeStickyAssignor.assign(peers, world.partitionsOf, world.racksOf);
    expect(['m0', 'm1'].map((id) => told(assignment, id))).toEqual(['0/0 0/1 0/2', '0/3 0/4 0/5']);
  });

  it('move what is far to who is near, when its owner has let go of it', () => {
    const world = worldOf({ topics: ['a b'], members: ['m0 a - 0', 'm1 b - 0'] });
    const owned = [[{ topic: '0', partition: 1 }], [{ topic: '0', partition: 0 }]];
    const peers = world.peers.map((peer, index) => ({ ...peer, owned: owned[index]!, generation: 3 }));
    const round = cooperativeStickyAssignor.assign(peers, world.partitionsOf, world.racksOf);
    expect(['m0', 'm1'].map((id) => told(round, id))).toEqual(['', '']);
    const next = cooperativeStickyAssignor.assign(world.peers, world.partitionsOf, world.racksOf);
    expect(['m0', 'm1'].map((id) => told(next, id))).toEqual(['0/0', '0/1']);
  });

  it('are reached through a ring of three', () => {
    const world = worldOf({ topics: ['b c a'], members });
    const owned = [0, 1, 2].map((partition) => [{ topic: '0', partition }]);
    const peers = world.peers.map((peer, index) => ({ ...peer, owned: owned[index]!, generation: 3 }));
    const round = cooperativeStickyAssignor.assign(peers, world.partitionsOf, world.racksOf);
    // Everybody lets go of what is another's from now on.
    expect(loadsOf(round)).toBe('0 0 0');
  });
});
