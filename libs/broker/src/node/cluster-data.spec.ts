import { afterEach, describe, expect, it } from '@jest/globals';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { CreateTopics, Fetch, Metadata, Produce, errorName } from '@trunkline/protocol';
import { batchesIn, buildBatch } from '@trunkline/records';
import { type TestCluster, startTestCluster, until } from '@trunkline/testing';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const ascending = (left: number, right: number): number => left - right;

interface Told {
  readonly leader: number;
  readonly isr: readonly number[];
}

async function describeAt(node: number): Promise<Told> {
  const request = { topics: [{ name: 't' }], allowAutoTopicCreation: false };
  const { topics } = await cluster!.send(node, Metadata, 12, request);
  const partition = topics[0]?.partitions[0];
  return { leader: partition?.leaderId ?? -1, isr: partition?.isrNodes.toSorted(ascending) ?? [] };
}

/** `min.insync.replicas=2`, three replicas; the preferred leader is `leader`. */
async function createTopic(leader: number): Promise<void> {
  const others = [1, 2, 3].filter((id) => id !== leader);
  const assignments = [{ partitionIndex: 0, brokerIds: [leader, ...others] }];
  const configs = [{ name: 'min.insync.replicas', value: '2' }];
  const topic = { name: 't', numPartitions: -1, replicationFactor: -1, assignments, configs };
  const { topics } = await cluster!.send(1, CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  expect(errorName(topics[0]!.errorCode)).toBe('NONE');
}

async function produce(node: number, value: string): Promise<string> {
  const records = buildBatch([{ value: utf8(value), timestampMs: 1_000 }], { crc32c, codecs: compression });
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
  const answer = await cluster!.send(node, Produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 5_000,
    topicData,
  });
  return errorName(answer.responses[0]!.partitionResponses[0]!.errorCode);
}

async function valuesAt(node: number): Promise<readonly string[]> {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 << 20 }];
  const topics = [{ topic: 't', partitions }];
  const request = { maxWaitMs: 0, minBytes: 0, topics, forgottenTopicsData: [] };
  const { responses } = await cluster!.send(node, Fetch, 12, request);
  const bytes = responses[0]?.partitions[0]?.records ?? new Uint8Array(0);
  return [...batchesIn(bytes)].flatMap((batch) => [...batch.records()].map(({ value }) => fromUtf8(value!)));
}

describe('records on three brokers', () => {
  it('are acknowledged when all in sync have them, and survive the death of their leader', async () => {
    cluster = await startTestCluster({ nodes: 3 });
    await createTopic(3);
    for (const value of ['a', 'b', 'c']) expect(await produce(3, value)).toBe('NONE');
    await cluster.crash(3);
    const leader = await until('another leads', async () => {
      const told = await describeAt(1);
      return told.leader !== 3 && told.leader !== -1 && told.leader;
    });
    await until('it takes records', async () => (await produce(leader, 'd')) === 'NONE');
    expect(await valuesAt(leader)).toEqual(['a', 'b', 'c', 'd']);
    await cluster.restart(3);
    await until('3 is in sync again', async () => (await describeAt(1)).isr.join() === '1,2,3');
  });

  it('go on without an error of their loss while their leader ends in order', async () => {
    cluster = await startTestCluster({ nodes: 3 });
    await createTopic(2);
    expect(await produce(2, 'a')).toBe('NONE');
    await cluster.stopNode(2);
    const { leader } = await describeAt(1);
    expect([1, 3]).toContain(leader);
    expect(await produce(leader, 'b')).toBe('NONE');
    expect(await valuesAt(leader)).toEqual(['a', 'b']);
  });
});
