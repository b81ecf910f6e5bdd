import { describe, expect, it } from '@jest/globals';
import { ZERO_UUID, type NodeId } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';
import { grouped } from './grouped.js';
import type { BrokerImage } from './image.js';
import { Load, placeReplicas } from './placement.js';

function broker(id: number, rack: string | null = null, fenced = false): BrokerImage {
  return {
    id: id as NodeId,
    epoch: BigInt(id),
    incarnationId: ZERO_UUID,
    endPoints: [],
    features: [],
    rack,
    fenced,
    inControlledShutdown: false,
    logDirs: [],
  };
}

function placed(brokers: readonly BrokerImage[], partitionCount: number, replicationFactor: number, load = new Load()) {
  return placeReplicas({ brokers, load, existing: [], partitionCount, replicationFactor }, new SimRandom(1));
}

function counts(ids: Iterable<number | undefined>): Readonly<Record<string, number>> {
  return Object.fromEntries([...grouped(ids, String)].map(([id, places]) => [id, places.length]));
}

describe('the placement of replicas', () => {
  it('gives each broker as many leaders as any other, and nearly as many replicas', () => {
    const partitions = placed(
      [1, 2, 3, 4, 5].map((id) => broker(id)),
      20,
      3,
    );
    expect(counts(partitions.map(([leader]) => leader))).toEqual({ 1: 4, 2: 4, 3: 4, 4: 4, 5: 4 });
    const replicas = Object.values(counts(partitions.flat()));
    expect(Math.max(...replicas) - Math.min(...replicas)).toBeLessThanOrEqual(2);
  });

  it('shares what one broker leads among all others, for the day it dies', () => {
    const partitions = placed(
      [1, 2, 3, 4].map((id) => broker(id)),
      12,
      2,
    );
    const behindOne = partitions.flatMap(([leader, follower]) => (leader === 1 ? [follower] : []));
    expect(counts(behindOne)).toEqual({ 2: 1, 3: 1, 4: 1 });
  });

  it('puts the replicas of a partition into as many racks as there are', () => {
    const brokers = [broker(1, 'a'), broker(2, 'a'), broker(3, 'b'), broker(4, 'b'), broker(5, 'c')];
    const rackOf = new Map(brokers.map(({ id, rack }) => [id, rack]));
    for (const replicas of placed(brokers, 15, 3)) {
      expect(new Set(replicas.map((id) => rackOf.get(id))).size).toBe(3);
    }
    for (const replicas of placed(brokers, 15, 4)) {
      expect(new Set(replicas.map((id) => rackOf.get(id))).size).toBe(3);
    }
  });

  it('lets nobody lead who is fenced, and gives him replicas only when there are not enough others', () => {
    const brokers = [broker(1), broker(2), broker(3, null, true)];
    expect(placed(brokers, 6, 2).flat()).not.toContain(3);
    for (const [leader, ...followers] of placed(brokers, 6, 3)) {
      expect(leader).not.toBe(3);
      expect(followers).toContain(3);
    }
  });

  it('begins with those who have the least of other topics', () => {
    const load = new Load();
    const brokers = [1, 2, 3].map((id) => broker(id));
    for (let each = 0; each < 30; each++) placed(brokers, 1, 2, load);
    expect(brokers.map(({ id }) => [load.leaders(id), load.replicas(id)])).toEqual([
      [10, 20],
      [10, 20],
      [10, 20],
    ]);
  });

  it('does not heap a topic on a broker that is new', () => {
    const load = new Load();
    for (let each = 0; each < 50; each++) load.add([1, 2] as NodeId[]);
    const partitions = placed(
      [1, 2, 3].map((id) => broker(id)),
      6,
      1,
      load,
    );
    expect(counts(partitions.flat())).toEqual({ 1: 2, 2: 2, 3: 2 });
  });

  it('says why it cannot be done', () => {
    expect(() => placed([broker(1)], 1, 2)).toThrow(
      'INVALID_REPLICATION_FACTOR: Replication factor 2 is larger than the number of brokers, 1',
    );
    expect(() => placed([broker(1, null, true)], 1, 1)).toThrow('INVALID_REPLICATION_FACTOR: No broker is up');
  });
});
