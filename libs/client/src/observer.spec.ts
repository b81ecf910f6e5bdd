import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { crc32c } from '@trunkline/platform';
import {
  Fetch,
  InitProducerId,
  ListOffsets,
  Produce,
  ShareAcknowledge,
  ShareFetch,
  ShareGroupHeartbeat,
  errorCode,
} from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import { HostileWorld, NOTHING_LEFT, TOPIC_ID } from '../test/hostile-world.js';
import { Fetcher } from './consumer/fetcher.js';
import type { ClientObserver } from './observer.js';

const BATCH = buildBatch(
  [1, 2].map(() => ({ key: null, value: new Uint8Array(1), timestampMs: 1 })),
  { crc32c },
);

let told: string[];
let world: HostileWorld;

/** Hears of what an observer is told; nothing else is observed. */
function start(observer: ClientObserver): void {
  world = new HostileWorld(1, { observer });
}

beforeEach(() => {
  told = [];
});

afterEach(async () => {
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
});

describe('an observer of a client', () => {
  it('hears of each batch what was sent and what was answered', async () => {
    start({
      batchSent: (topic, partition, records, bytes) =>
        told.push(`sent ${topic}/${partition}: ${records} records ${bytes > 60}`),
      batchAnswered: (topic, partition, records, bytes, tookMs, error) =>
        told.push(`answered ${topic}/${partition}: ${records} records ${bytes > 60} ${tookMs} ms ${error?.code}`),
    });
    world.broker().on(InitProducerId, () => ({ throttleTimeMs: 0, errorCode: 0, producerId: 1n, producerEpoch: 0 }));
    let time = 0;
    world.broker().on(Produce, () => ({
      throttleTimeMs: 0,
      responses: [
        {
          topicId: TOPIC_ID,
          name: 't',
          partitionResponses: [
            {
              index: 0,
              errorCode: time++ === 0 ? errorCode('NOT_ENOUGH_REPLICAS') : 0,
              baseOffset: 0n,
              logAppendTimeMs: -1n,
              logStartOffset: 0n,
              recordErrors: [],
              errorMessage: null,
            },
          ],
        },
      ],
    }));
    const producer = world.client.producer();
    const records = [1, 2].map(() => ({ topic: 't', value: new Uint8Array(3) }));
    expect(await world.outcome(producer.sendAll(records))).toHaveLength(2);
    expect(told).toEqual([
      'sent t/0: 2 records true',
      'answered t/0: 2 records true 0 ms NOT_ENOUGH_REPLICAS',
      'sent t/0: 2 records true',
      'answered t/0: 2 records true 0 ms undefined',
    ]);
  });

  it('hears how many records and bytes a fetch brought', async () => {
    start({
      recordsFetched: (topic, partition, records, bytes) =>
        told.push(`${topic}/${partition}: ${records} records, ${bytes} bytes`),
    });
    let time = 0;
    world.broker().on(ListOffsets, () => 'silence');
    world.broker().on(Fetch, () =>
      time++ > 0
        ? 'silence'
        : {
            throttleTimeMs: 0,
            errorCode: 0,
            sessionId: 0,
            responses: [
              {
                topic: 't',
                topicId: TOPIC_ID,
                partitions: [
                  {
                    partitionIndex: 0,
                    errorCode: 0,
                    highWatermark: 2n,
                    lastStableOffset: 2n,
                    logStartOffset: 0n,
                    abortedTransactions: [],
                    preferredReadReplica: -1,
                    records: BATCH,
                  },
                ],
              },
            ],
          },
    );
    await world.outcome(world.client.connect());
    const fetcher = new Fetcher(world.client.cluster, {}, { records: () => {}, failed: () => {} });
    fetcher.add('t', 0, 0);
    await world.run(1_000);
    fetcher.stop();
    expect(told).toEqual([`t/0: 2 records, ${BATCH.byteLength} bytes`]);
  });

  it('hears what a share consumer acquired, and what became of its acknowledgements', async () => {
    start({
      recordsAcquired: (group, topic, partition, records) => told.push(`${group} ${topic}/${partition} got ${records}`),
      recordsAcknowledged: (group, topic, partition, records, error) =>
        told.push(`${group} ${topic}/${partition} acknowledged ${records} ${error?.code}`),
    });
    const fine = { throttleTimeMs: 0, errorCode: 0, errorMessage: null };
    const partitionIndex = 0;
    world.broker().on(ShareGroupHeartbeat, ({ memberEpoch }) => ({
      ...fine,
      memberId: null,
      memberEpoch: memberEpoch === -1 ? -1 : 1,
      heartbeatIntervalMs: 5_000,
      assignment: { topicPartitions: [{ topicId: TOPIC_ID, partitions: [0] }] },
    }));
    const currentLeader = { leaderId: -1, leaderEpoch: -1 };
    let time = 0;
    world.broker().on(ShareFetch, () => {
      if (time++ > 0) return 'silence';
      const acquiredRecords = [{ firstOffset: 0n, lastOffset: 1n, deliveryCount: 1 }];
      const says = { errorCode: 0, acknowledgeErrorCode: 0, currentLeader, records: BATCH, acquiredRecords };
      const responses = [{ topicId: TOPIC_ID, partitions: [{ partitionIndex, ...says }] }];
      return { ...fine, acquisitionLockTimeoutMs: 30_000, responses, nodeEndpoints: [] };
    });
    world.broker().on(ShareAcknowledge, () => ({
      ...fine,
      acquisitionLockTimeoutMs: 30_000,
      responses: [{ topicId: TOPIC_ID, partitions: [{ partitionIndex, errorCode: 0, currentLeader }] }],
      nodeEndpoints: [],
    }));
    const consumer = world.client.shareConsumer({ groupId: 'g', requestTimeoutMs: 1_000 });
    consumer.subscribe(['t']);
    expect(await world.outcome(consumer.poll(5_000))).toHaveLength(2);
    await world.outcome(consumer.commit());
    expect(told).toEqual(['g t/0 got 2', 'g t/0 acknowledged 2 undefined']);
  });
});
