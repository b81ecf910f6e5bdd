import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DescribeProducers, InitProducerId, errorName } from '@trunkline/protocol';
import type { TestBroker } from '@trunkline/testing';
import { batchOf, createTopic, produce, startDataBroker } from './data-fixture.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startDataBroker();
});
afterAll(() => broker.stop());

const init = async (version: number, more: object = {}) => {
  const body = { transactionalId: null, transactionTimeoutMs: 1000, ...more };
  const { errorCode, producerId, producerEpoch } = await broker.send(InitProducerId, version, body);
  return { error: errorName(errorCode), producerId, producerEpoch };
};

describe('init-producer-id', () => {
  it.each([0, 1, 2, 3, 4, 5])('gives every producer an id of its own, in version %i', async (version) => {
    const [first, second] = [await init(version), await init(version)];
    expect(first).toMatchObject({ error: 'NONE', producerEpoch: 0 });
    expect(second.producerId).not.toBe(first.producerId);
  });

  it('gives a new one to a producer that had one', async () => {
    const { producerId } = await init(5);
    const again = await init(5, { producerId, producerEpoch: 0 });
    expect(again).toMatchObject({ error: 'NONE', producerEpoch: 0 });
    expect(again.producerId).not.toBe(producerId);
  });

  it('never gives one twice, over many blocks, at once and across a restart', async () => {
    const seen = new Set<bigint>();
    const many = async (): Promise<void> => {
      const given = await Promise.all(Array.from({ length: 1500 }, () => broker.broker.parts.producerIds.next()));
      for (const id of given) seen.add(id);
    };
    await many();
    await broker.restart();
    await many();
    expect(seen.size).toBe(3000);
  });

  it('refuses half an identity', async () => {
    const refused = { error: 'INVALID_REQUEST', producerId: -1n, producerEpoch: -1 };
    expect(await init(3, { producerId: 7n })).toEqual(refused);
    expect(await init(3, { producerEpoch: 7 })).toEqual(refused);
  });

  it('checks what a transactional producer asks, and has no coordinator for it', async () => {
    const error = async (more: object) => (await init(4, more)).error;
    expect(await error({ transactionalId: '' })).toBe('INVALID_REQUEST');
    expect(await error({ transactionalId: 'tx', transactionTimeoutMs: 0 })).toBe('INVALID_TRANSACTION_TIMEOUT');
    expect(await error({ transactionalId: 'tx', transactionTimeoutMs: 900_001 })).toBe('INVALID_TRANSACTION_TIMEOUT');
    expect(await error({ transactionalId: 'tx' })).toBe('COORDINATOR_NOT_AVAILABLE');
  });
});

describe('describe-producers', () => {
  it('tells whom a partition remembers', async () => {
    const topic = await createTopic(broker, 'remembered');
    await produce(broker, topic, batchOf(['a', 'b'], { producerId: 9n, producerEpoch: 2, baseSequence: 5 }));
    const body = { topics: [{ name: topic.name, partitionIndexes: [0, 4] }] };
    const { topics } = await broker.send(DescribeProducers, 0, body);
    const [known, unknown] = topics[0]!.partitions;
    expect(known).toMatchObject({ partitionIndex: 0, errorCode: 0, errorMessage: null });
    expect(known!.activeProducers).toEqual([
      {
        producerId: 9n,
        producerEpoch: 2,
        lastSequence: 6,
        lastTimestamp: 1000n,
        coordinatorEpoch: -1,
        currentTxnStartOffset: -1n,
      },
    ]);
    expect(errorName(unknown!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(unknown).toMatchObject({ partitionIndex: 4, activeProducers: [] });
  });
});
