import { describe, expect, it } from '@jest/globals';
import { type Epoch, nodeId, silentLogger, type Uuid, utf8, ZERO_UUID } from '@trunkline/kernel';
import { DEFAULT_LOG_CONFIG, PartitionLog } from '@trunkline/log';
import { compression, crc32c } from '@trunkline/platform';
import { buildBatch, RecordBatch } from '@trunkline/records';
import { GatedDisk, ManualClock, SimDisk, until } from '@trunkline/testing';
import { Delayed } from '../replica/delayed.js';
import { Partition } from '../replica/partition.js';
import { MemoryBudget } from '../server/memory-budget.js';
import { FetchPartition } from './fetch-partition.js';
import { FetchRun, type FetchWishes } from './fetch-run.js';
import type { Reading } from './reading.js';

const HERE = nodeId(1);
const LEADER = { leaderEpoch: 0 as Epoch, partitionEpoch: 0, leader: HERE, replicas: [HERE], isr: [HERE] };
const WORLD = {
  nodeId: HERE,
  lagMaxMs: 1000,
  brokerEpoch: () => 1n,
  eligibleEpoch: () => 1n,
  monotonicMs: () => 0,
  hasProposal: () => {},
};
const CONFIG = {
  ...DEFAULT_LOG_CONFIG,
  flush: 'os',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  compressionType: 'producer',
  minInSyncReplicas: 1,
} as const;
const CONSUMER = { readCommitted: false, leaderOnly: true, replica: undefined, nearest: () => undefined };
const batch = (): RecordBatch => RecordBatch.parse(buildBatch([{ value: utf8('x'), timestampMs: 1 }], { crc32c }));
const SIZE = batch().sizeBytes;

/** Two partitions, `a` with nothing in memory of what its log holds. */
async function world(coldBatches: number) {
  const disk = new GatedDisk(new SimDisk({ seed: 1 }));
  const clock = new ManualClock();
  const open = async (topic: string): Promise<Partition> => {
    const identity = { topic, topicId: 'aaaaaaaaaaaaaaaaaaaaaA' as Uuid, partition: 0 };
    const parts = { disk, clock, crc32c, compression, logger: silentLogger, clean: false };
    const log = await PartitionLog.open({ ...parts, dir: `/data/${topic}-0`, identity, config: CONFIG });
    return Partition.open({ topic, topicId: identity.topicId, index: 0, log, config: CONFIG, world: WORLD }, LEADER);
  };
  const before = await open('a');
  for (let left = coldBatches; left > 0; left--) before.append(batch(), undefined);
  await before.log.flush();
  await before.log.close();
  const partitions = new Map([
    ['a', await open('a')],
    ['b', await open('b')],
  ]);
  const delayed = new Delayed(clock);
  const memory = new MemoryBudget(SIZE * 8);
  const connection = { connectionId: 1, closed: new AbortController().signal };
  const wishOf = (offset: number, partitionMaxBytes: number) => ({
    currentLeaderEpoch: -1,
    fetchOffset: BigInt(offset),
    lastFetchedEpoch: -1,
    partitionMaxBytes,
  });
  const run = (
    asked: readonly (readonly [string, number])[],
    wishes: Partial<FetchWishes> = {},
    bytesMax = 1_000_000,
  ) => {
    const all = { maxWaitMs: 60_000, minBytes: 1, bytesMax: 1_000_000, reader: CONSUMER, ...wishes };
    const fetched = asked.map(([topic, offset]) => new FetchPartition(topic, ZERO_UUID, 0, wishOf(offset, bytesMax)));
    const find = (of: FetchPartition) => partitions.get(of.topic ?? '') ?? ('UNKNOWN_TOPIC_OR_PARTITION' as const);
    return new FetchRun(fetched, all, { find, delayed, memory }, connection).run();
  };
  return { memory, disk, clock, delayed, run, a: partitions.get('a')!, b: partitions.get('b')! };
}

const sizes = (readings: readonly Reading[]): number[] => readings.map(({ sizeBytes }) => sizeBytes);

describe('a fetch', () => {
  it('that reads the disk does not miss what comes meanwhile', async () => {
    const { disk, run, b } = await world(2);
    disk.hold('read');
    const answer = Promise.resolve(
      run(
        [
          ['b', 0],
          ['a', 0],
        ],
        { minBytes: SIZE * 3 },
      ),
    );
    await until('the read has begun', () => disk.held > 0);
    b.append(batch(), undefined);
    await until('it is committed', () => b.highWatermark === 1);
    disk.release();
    expect(sizes(await answer)).toEqual([SIZE, SIZE * 2]);
  });

  it('takes no more than is left of the memory of answers, and one batch all the same', async () => {
    const { memory, run } = await world(12);
    memory.take(SIZE * 5);
    expect(sizes(await run([['a', 0]]))).toEqual([SIZE * 3]);
    memory.take(SIZE * 3);
    expect(sizes(await run([['a', 0]]))).toEqual([SIZE]);
    memory.give(SIZE * 8);
    expect(memory.takenBytes).toBe(0);
  });

  it('reserves the memory of what it reads from disk until it is read', async () => {
    const { disk, memory, run } = await world(12);
    disk.hold('read');
    const first = Promise.resolve(run([['a', 0]]));
    await until('the read has begun', () => disk.held > 0);
    const second = Promise.resolve(run([['a', 0]]));
    disk.release();
    expect([sizes(await first), sizes(await second)]).toEqual([[SIZE * 8], [SIZE]]);
    expect(memory.takenBytes).toBe(0);
  });

  it('takes all that came in the turn in which it is answered', async () => {
    const { run, a, b } = await world(0);
    const asked = [
      ['a', 0],
      ['b', 0],
    ] as const;
    const answer = Promise.resolve(run(asked));
    a.append(batch(), undefined);
    a.append(batch(), undefined);
    b.append(batch(), undefined);
    expect(sizes(await answer)).toEqual([SIZE * 2, SIZE]);
  });

  it('that reads the disk hears that a partition failed meanwhile', async () => {
    const { disk, run, b } = await world(2);
    disk.hold('read');
    const answer = Promise.resolve(
      run(
        [
          ['b', 0],
          ['a', 0],
        ],
        { minBytes: SIZE * 9 },
      ),
    );
    await until('the read has begun', () => disk.held > 0);
    b.delete();
    disk.release();
    expect((await answer).map(({ errorCode }) => errorCode)).toEqual([3, 0]);
  });

  it('does not count what was there before the offset it asks for', async () => {
    const { clock, delayed, run, a, b } = await world(5);
    for (let left = 5; left > 0; left--) b.append(batch(), undefined);
    await until('it is committed', () => b.highWatermark === 5);
    const answer = Promise.resolve(
      run(
        [
          ['a', 5],
          ['b', 5],
        ],
        { minBytes: SIZE * 2 },
      ),
    );
    b.append(batch(), undefined);
    await until('it is committed', () => b.highWatermark === 6);
    expect(delayed.waiting).toBe(1);
    a.append(batch(), undefined);
    expect(sizes(await answer)).toEqual([SIZE, SIZE]);
    expect([delayed.waiting, clock.pending <= 1]).toEqual([0, true]);
  });

  it('counts no more of a partition than it takes of it', async () => {
    const { clock, delayed, run, a, b } = await world(0);
    const asked = [
      ['a', 0],
      ['b', 0],
    ] as const;
    const answer = Promise.resolve(run(asked, { minBytes: SIZE * 2 }, SIZE));
    for (let left = 5; left > 0; left--) b.append(batch(), undefined);
    await until('it is committed', () => b.highWatermark === 5);
    expect(delayed.waiting).toBe(1);
    clock.advance(61_000);
    expect(sizes(await answer)).toEqual([0, SIZE]);
    const again = Promise.resolve(run(asked, { minBytes: SIZE * 2 }, SIZE));
    a.append(batch(), undefined);
    expect(sizes(await again)).toEqual([SIZE, SIZE]);
  });

  it('wants no more bytes than it may take', async () => {
    const { run, b } = await world(0);
    const answer = Promise.resolve(run([['b', 0]], { minBytes: SIZE * 9, bytesMax: SIZE }));
    b.append(batch(), undefined);
    expect(sizes(await answer)).toEqual([SIZE]);
  });

  it('hears of a new leader', async () => {
    const { run, b } = await world(0);
    const answer = Promise.resolve(run([['b', 0]]));
    await b.become({ ...LEADER, leaderEpoch: 1 as Epoch, leader: nodeId(2), replicas: [HERE, nodeId(2)] });
    expect((await answer).map(({ errorCode }) => errorCode)).toEqual([6]);
  });
});
