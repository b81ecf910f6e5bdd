import { afterEach, describe, expect, it } from '@jest/globals';
import { type Uuid, concatBytes } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { Fetch, ListOffsets, Metadata, OffsetForLeaderEpoch, type ResponseOf, errorCode } from '@trunkline/protocol';
import { batchAt } from '../../test/fetch-script.js';
import { ScriptedWorld, turns } from '../../test/scripted-world.js';
import type { KafkaCluster } from '../cluster/kafka-cluster.js';
import type { ClientOptions } from '../config.js';
import { KafkaError } from '../error.js';
import { Fetcher } from './fetcher.js';
import type { FetcherOptions } from './fetcher-options.js';

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
type PartitionSays = Partial<ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]>;

const at = (offset: number, count: number): Uint8Array => batchAt(offset, count, { crc32c });

function answer(
  says: readonly PartitionSays[],
  over: Partial<ResponseOf<typeof Fetch>> = {},
): ResponseOf<typeof Fetch> {
  const partitions = says.map((one, partitionIndex) => ({
    partitionIndex,
    errorCode: 0,
    highWatermark: 100n,
    lastStableOffset: 100n,
    logStartOffset: 0n,
    abortedTransactions: null,
    records: null,
    ...one,
  }));
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 9,
    responses: [{ topicId: TOPIC_ID, topic: 't', partitions }],
    ...over,
  };
}

/** A fetcher among scripted brokers: topic t, two partitions, broker 1 leads both. What it tells is written down. */
class Reading {
  readonly world = new ScriptedWorld();
  readonly cluster: KafkaCluster;
  readonly told: string[] = [];
  readonly errors: KafkaError[] = [];
  readonly fetcher: Fetcher;

  constructor(options: FetcherOptions = {}, client: Partial<ClientOptions> = {}) {
    this.cluster = this.world.start(2, client);
    this.lead(1, 1);
    this.fetcher = new Fetcher(
      this.cluster,
      { reset: 'none', ...options },
      {
        records: ({ partition, batches, sizeBytes }) => {
          const offsets = batches.flatMap((batch) => [...batch.records()].map(({ offset }) => offset));
          this.told.push(`${partition}: ${offsets.join(' ')}`);
          this.fetcher.drained('t', partition, sizeBytes);
        },
        failed: (_topic, partition, error) => {
          this.told.push(`${partition} fails: ${error.code}`);
          this.errors.push(error);
        },
      },
    );
  }

  lead(leader: number, epoch: number): void {
    const led = { leader, epoch };
    this.world.brokers.topics = [{ name: 't', topicId: TOPIC_ID, leaders: [led, led] }];
  }

  /** Answers the fetches of a broker one after the other; then it is silent, as if they were parked. */
  says(nodeId: number, answers: readonly ResponseOf<typeof Fetch>[]): void {
    const left = [...answers];
    this.world.broker(nodeId).on(Fetch, () => left.shift() ?? 'silence');
  }

  async run(ms = 100): Promise<void> {
    await turns();
    for (let passedMs = 0; passedMs < ms; passedMs += 20) {
      this.world.clock.advance(20);
      await turns();
    }
  }

  count(nodeId: number): number {
    return this.world.broker(nodeId).count(Fetch);
  }
}

let reading: Reading;
afterEach(async () => {
  reading.fetcher.stop();
  await reading.world.end();
});

describe('Fetcher', () => {
  it('hands out what came in the turn in which it came, and fetches on', async () => {
    reading = new Reading();
    reading.says(1, [answer([{ records: at(0, 2) }]), answer([{ records: at(2, 1) }])]);
    await reading.cluster.refresh(['t']);
    reading.fetcher.add('t', 0, 0);
    await reading.run();
    expect(reading.told).toEqual(['0: 0 1', '0: 2']);
    expect(reading.count(1)).toBe(3);
  });

  it('goes to the leader that an answer names, without asking for metadata', async () => {
    reading = new Reading();
    const currentLeader = { leaderId: 2, leaderEpoch: 2 };
    const { host, port } = reading.world.broker(2);
    const moved = answer([{ errorCode: errorCode('NOT_LEADER_OR_FOLLOWER'), currentLeader }], {
      nodeEndpoints: [{ nodeId: 2, host, port, rack: null }],
    });
    reading.says(1, [moved]);
    reading.says(2, [answer([{ records: at(0, 1) }])]);
    await reading.cluster.refresh(['t']);
    reading.fetcher.add('t', 0, 0);
    await reading.run(20);
    const before = reading.world.broker(1).count(Metadata) + reading.world.broker(2).count(Metadata);
    expect(reading.told).toEqual(['0: 0']);
    expect(before).toBe(1);
  });

  it('asks a new leader whether what was read still is there, and says where the log was cut', async () => {
    reading = new Reading();
    reading.says(1, [answer([{ records: at(0, 5) }]), answer([{ errorCode: errorCode('FENCED_LEADER_EPOCH') }])]);
    for (const nodeId of [1, 2]) {
      reading.world.broker(nodeId).on(OffsetForLeaderEpoch, () => ({
        throttleTimeMs: 0,
        topics: [{ topic: 't', partitions: [{ partition: 0, errorCode: 0, leaderEpoch: 1, endOffset: 3n }] }],
      }));
    }
    await reading.cluster.refresh(['t']);
    reading.lead(2, 5);
    reading.fetcher.add('t', 0, 0);
    await reading.run(2_000);
    expect(reading.told).toEqual(['0: 0 1 2 3 4', '0 fails: LOG_TRUNCATED']);
    expect(reading.errors[0]).toMatchObject({ position: 5, divergentOffset: 3, retriable: false });
    expect(reading.count(2)).toBe(0);
  });

  it('reads from the nearer replica that the leader names', async () => {
    reading = new Reading({ clientRack: 'here' });
    reading.says(1, [answer([{ preferredReadReplica: 2 }])]);
    reading.says(2, [answer([{ records: at(0, 1) }])]);
    await reading.cluster.refresh(['t']);
    reading.fetcher.add('t', 0, 0);
    await reading.run();
    expect(reading.told).toEqual(['0: 0']);
    expect([reading.count(1), reading.count(2)]).toEqual([1, 2]);
    expect(reading.world.broker(1).heard.find(({ api }) => api === 'Fetch')!.body).toMatchObject({ rackId: 'here' });
  });

  it('stops a partition at a corrupt batch, reads the other, and goes on behind it when it is told to', async () => {
    reading = new Reading();
    const corrupt = at(2, 1);
    corrupt[corrupt.byteLength - 1]! ^= 1;
    const broken = concatBytes([at(0, 2), corrupt, at(3, 1)]);
    reading.says(1, [answer([{ records: broken }, { records: at(0, 1) }]), answer([{}, { records: at(1, 1) }])]);
    await reading.cluster.refresh(['t']);
    reading.fetcher.add('t', 0, 0);
    reading.fetcher.add('t', 1, 0);
    await reading.run();
    expect(reading.told).toEqual(['0: 0 1', '0 fails: CORRUPT_MESSAGE', '1: 0', '1: 1']);
    expect(reading.errors[0]).toMatchObject({ partition: 0, position: 2, nextOffset: 3 });
    reading.says(1, [answer([{ records: at(3, 1) }])]);
    reading.fetcher.seek('t', 0, 3);
    await reading.run();
    expect(reading.told.at(-1)).toBe('0: 3');
  });

  it('says that a broker does not answer, and is well again when it does', async () => {
    reading = new Reading({ requestTimeoutMs: 1_000 });
    await reading.cluster.refresh(['t']);
    reading.fetcher.add('t', 0, 0);
    await reading.run(1_600);
    expect(reading.fetcher.trouble?.code).toBe('TIMED_OUT');
    reading.says(1, [answer([{ records: at(0, 1) }])]);
    await reading.run(3_000);
    expect(reading.told).toEqual(['0: 0']);
    expect(reading.fetcher.trouble).toBeUndefined();
  });

  it('stops a partition whose sink throws, and the others go on', async () => {
    reading = new Reading();
    const failed: string[] = [];
    const offsets: number[] = [];
    const fetcher = new Fetcher(
      reading.cluster,
      {},
      {
        records: ({ partition, nextOffset }) => {
          if (partition === 0) throw new Error('no room');
          offsets.push(nextOffset);
        },
        failed: (_topic, partition, error) => void failed.push(`${partition} ${error.message}`),
      },
    );
    reading.says(1, [answer([{ records: at(0, 1) }, { records: at(0, 1) }]), answer([{}, { records: at(1, 1) }])]);
    await reading.cluster.refresh(['t']);
    fetcher.add('t', 0, 0);
    fetcher.add('t', 1, 0);
    await reading.run();
    fetcher.stop();
    expect(failed).toEqual(['0 [MISUSE] topic t/0: its sink threw: no room']);
    expect(offsets).toEqual([1, 2]);
  });

  it('names topics by name to a cluster that gave them no ids', async () => {
    reading = new Reading();
    reading.world.brokers.topics = [{ name: 't', leaders: [{ leader: 1, epoch: 1 }] }];
    reading.says(1, [answer([{ records: at(0, 1) }])]);
    await reading.cluster.refresh(['t']);
    reading.fetcher.add('t', 0, 0);
    await reading.run();
    expect(reading.told).toEqual(['0: 0']);
    expect(reading.world.broker(1).heard.find(({ api }) => api === 'Fetch')!.version).toBe(12);
  });

  it('ends its session when it is stopped, and waits for nothing', async () => {
    reading = new Reading();
    reading.says(1, [answer([{ errorCode: errorCode('OFFSET_OUT_OF_RANGE') }])]);
    reading.world.broker(1).on(ListOffsets, () => 'silence');
    await reading.cluster.refresh(['t']);
    reading.fetcher.add('t', 0, 5);
    await reading.run(40);
    reading.says(1, []);
    reading.fetcher.stop();
    await reading.run(40);
    const last = reading.world
      .broker(1)
      .heard.filter(({ api }) => api === 'Fetch')
      .at(-1)!;
    expect(last.body).toMatchObject({ sessionId: 9, sessionEpoch: -1 });
    expect(reading.told).toEqual([]);
  });
});
