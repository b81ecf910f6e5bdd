import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Uuid } from '@trunkline/kernel';
import { HANDLERS, NO_ANSWER, type RequestContext } from '@trunkline/broker';
import { Fetch, Produce, errorName } from '@trunkline/protocol';
import { type TestBroker, until } from '@trunkline/testing';
import {
  type FetchWish,
  type TestTopic,
  batchOf,
  createTopic,
  deleteTopic,
  fetch,
  fetchRequest,
  produce,
  produceRequest,
  startDataBroker,
  valuesIn,
} from './data-fixture.js';

const UNKNOWN_ID = 'BBBBBBBBBBBBBBBBBBBBBA' as Uuid;
let broker: TestBroker;
beforeAll(async () => {
  broker = await startDataBroker({ config: { 'fetch.max.bytes': '5000', flush: 'os' } });
});
afterAll(() => broker.stop());

let topics = 0;
const topicOf = (configs: Record<string, string> = {}, partitions = 1) =>
  createTopic(broker, `fetch-${topics++}`, configs, partitions);

describe('fetch', () => {
  it.each([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])(
    'reads what was produced, in version %i',
    async (version) => {
      const topic = await topicOf();
      await produce(broker, topic, batchOf(['a', 'b']));
      const answer = await fetch(broker, topic, { version });
      expect(answer).toMatchObject({ error: 'NONE', values: ['a', 'b'], highWatermark: 2n, lastStableOffset: 2n });
      expect(answer).toMatchObject({ logStartOffset: version >= 5 ? 0n : -1n, preferredReadReplica: -1 });
      expect(answer.abortedTransactions).toBeNull();
      const committed = await fetch(broker, topic, { version, isolationLevel: 1 });
      expect(committed).toMatchObject({ values: ['a', 'b'], abortedTransactions: [] });
    },
  );

  it('answers a partition without data with an empty records field, which is not null', async () => {
    const { records } = await fetch(broker, await topicOf());
    expect(records).not.toBeNull();
    expect(records!.byteLength).toBe(0);
  });

  it('gives whole batches, from the one that holds the offset on', async () => {
    const topic = await topicOf();
    await produce(broker, topic, batchOf(['a', 'b', 'c']));
    await produce(broker, topic, batchOf(['d']));
    expect((await fetch(broker, topic, { offset: 2 })).values).toEqual(['a', 'b', 'c', 'd']);
    expect((await fetch(broker, topic, { offset: 3 })).values).toEqual(['d']);
    expect(await fetch(broker, topic, { offset: 4 })).toMatchObject({ error: 'NONE', values: [] });
  });

  it('refuses offsets that the log does not have', async () => {
    const topic = await topicOf();
    for (const offset of [1, -1, 2n ** 62n, -(2n ** 62n)]) {
      const told = await fetch(broker, topic, { offset });
      expect(told).toMatchObject({ error: 'OFFSET_OUT_OF_RANGE', highWatermark: -1n, lastStableOffset: -1n });
    }
  });

  it('knows no topic, id or partition that is not there', async () => {
    const topic = await topicOf();
    const nowhere = { name: 'nowhere', id: UNKNOWN_ID };
    expect((await fetch(broker, nowhere)).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect((await fetch(broker, nowhere, { version: 13 })).error).toBe('UNKNOWN_TOPIC_ID');
    for (const version of [12, 13]) {
      expect((await fetch(broker, topic, { version, partition: 4 })).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    }
  });

  it('fences clients with a stale or an unknown leader epoch', async () => {
    const topic = await topicOf();
    expect((await fetch(broker, topic, { currentLeaderEpoch: 0 })).error).toBe('NONE');
    expect((await fetch(broker, topic, { currentLeaderEpoch: 1 })).error).toBe('UNKNOWN_LEADER_EPOCH');
  });

  it('tells a client whose log has parted from ours where', async () => {
    const topic = await topicOf();
    await produce(broker, topic, batchOf(['a', 'b']));
    const same = await fetch(broker, topic, { offset: 2, lastFetchedEpoch: 0 });
    expect(same).toMatchObject({ error: 'NONE', divergingEpoch: { epoch: -1, endOffset: -1n } });
    const ahead = await fetch(broker, topic, { offset: 3, lastFetchedEpoch: 0 });
    expect(ahead).toMatchObject({ error: 'NONE', values: [], divergingEpoch: { epoch: 0, endOffset: 2n } });
    expect((await fetch(broker, topic, { lastFetchedEpoch: 5 })).error).toBe('OFFSET_OUT_OF_RANGE');
  });

  it('serves nobody who calls himself a replica', async () => {
    const topic = await topicOf();
    const old = await broker.send(Fetch, 12, { ...fetchRequest([topic]), replicaId: 2 });
    expect(errorName(old.responses[0]!.partitions[0]!.errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    const body = { ...fetchRequest([topic], { version: 17 }), replicaState: { replicaId: 2, replicaEpoch: 1n } };
    const { responses, nodeEndpoints } = await broker.send(Fetch, 17, body);
    expect(responses[0]!.partitions[0]).toMatchObject({ errorCode: 6, currentLeader: { leaderId: 1, leaderEpoch: 0 } });
    expect(nodeEndpoints).toMatchObject([{ nodeId: 1 }]);
  });

  it('refuses an isolation level that does not exist', async () => {
    const told = await broker.send(Fetch, 12, fetchRequest([await topicOf()], { isolationLevel: 3 }));
    expect(errorName(told.errorCode)).toBe('INVALID_REQUEST');
  });
});

describe('the limits of a fetch', () => {
  const large = (value: string) => batchOf([value.repeat(1000)]);
  const lengths = async (asked: readonly TestTopic[], wish: FetchWish = {}) => {
    const { responses } = await broker.send(Fetch, 12, fetchRequest(asked, wish));
    return responses.map(({ partitions }) => valuesIn(partitions[0]!.records).length);
  };

  it('hold, but for the first batch of the first partition that has data', async () => {
    const [empty, first, second] = [await topicOf(), await topicOf(), await topicOf()];
    for (const value of ['a', 'b', 'c']) {
      await produce(broker, first, large(value));
      await produce(broker, second, large(value));
    }
    const all = [empty, first, second];
    expect(await lengths(all, { maxBytes: 1 })).toEqual([0, 1, 0]);
    expect(await lengths(all, { partitionMaxBytes: 1 })).toEqual([0, 1, 0]);
    expect(await lengths(all, { partitionMaxBytes: 1200 })).toEqual([0, 1, 1]);
    expect(await lengths(all, { maxBytes: 3500 })).toEqual([0, 3, 0]);
    expect(await lengths([second, first], { maxBytes: 2300, partitionMaxBytes: 1200 })).toEqual([1, 1]);
    expect(await lengths(all, { maxBytes: -7 })).toEqual([0, 1, 0]);
  });

  it('include the broker’s own, whatever the client allows', async () => {
    const topic = await topicOf();
    for (let times = 0; times < 6; times++) await produce(broker, topic, large('x'));
    expect(await lengths([topic])).toEqual([4]);
  });
});

describe('a fetch that waits', () => {
  it('is answered by the append that makes it enough', async () => {
    const topic = await topicOf();
    const reader = broker.connect();
    const waits = fetch(reader, topic, { maxWaitMs: 60_000 });
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    await produce(broker, topic, batchOf(['news']));
    expect(await waits).toMatchObject({ values: ['news'], highWatermark: 1n });
    expect(broker.broker.parts.delayed.waiting).toBe(0);
    reader.close();
  });

  it('counts the bytes of all its partitions, and waits for as many as it asked for', async () => {
    const [first, second] = [await topicOf(), await topicOf()];
    const size = batchOf(['x']).byteLength;
    const reader = broker.connect();
    let answered = false;
    const wish = { maxWaitMs: 60_000, minBytes: size * 3 };
    const waits = reader.send(Fetch, 12, fetchRequest([first, second], wish)).finally(() => (answered = true));
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    await produce(broker, first, batchOf(['x']));
    await produce(broker, second, batchOf(['y']));
    await new Promise((turn) => setImmediate(turn));
    expect(answered).toBe(false);
    await produce(broker, second, batchOf(['z']));
    const { responses } = await waits;
    expect(responses.map(({ partitions }) => valuesIn(partitions[0]!.records))).toEqual([['x'], ['y', 'z']]);
    reader.close();
  });

  it('gives what there is when its time is over', async () => {
    const topic = await topicOf();
    await produce(broker, topic, batchOf(['little']));
    expect((await fetch(broker, topic, { maxWaitMs: 30, minBytes: 10_000 })).values).toEqual(['little']);
    expect((await fetch(broker, topic, { maxWaitMs: 30, offset: 1 })).values).toEqual([]);
  });

  it('is answered at once when it has no partitions, or wants no bytes, or may not wait', async () => {
    const topic = await topicOf();
    expect((await broker.send(Fetch, 12, fetchRequest([], { maxWaitMs: 60_000 }))).responses).toEqual([]);
    expect((await fetch(broker, topic, { maxWaitMs: 60_000, minBytes: 0 })).values).toEqual([]);
    expect((await fetch(broker, topic, { maxWaitMs: -1 })).values).toEqual([]);
  });

  it('is answered at once when a partition has an error, and the others come with it', async () => {
    const [topic, nowhere] = [await topicOf(), { name: 'nowhere', id: UNKNOWN_ID }];
    const { responses } = await broker.send(Fetch, 12, fetchRequest([topic, nowhere], { maxWaitMs: 60_000 }));
    expect(responses.map(({ partitions }) => errorName(partitions[0]!.errorCode))).toEqual([
      'NONE',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
  });

  it.each([12, 13])('is answered when its topic is deleted, in version %i', async (version) => {
    const topic = await topicOf();
    const reader = broker.connect();
    const waits = fetch(reader, topic, { version, maxWaitMs: 60_000 });
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    await deleteTopic(broker, topic);
    expect((await waits).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    reader.close();
  });

  it('is forgotten when its connection ends', async () => {
    const reader = broker.connect();
    const waits = fetch(reader, await topicOf(), { maxWaitMs: 60_000 }).catch(() => 'ended');
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    reader.close();
    expect(await waits).toBe('ended');
    await until('nothing waits', () => broker.broker.parts.delayed.waiting === 0);
  });

  it('holds up what the connection asks behind it, and nobody else', async () => {
    const topic = await topicOf();
    const reader = broker.connect();
    const order: string[] = [];
    const parked = fetch(reader, topic, { maxWaitMs: 60_000 }).then(() => order.push('fetch'));
    const behind = produce(reader, await topicOf(), batchOf(['x'])).then(() => order.push('produce'));
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    await produce(broker, topic, batchOf(['news']));
    await Promise.all([parked, behind]);
    expect(order).toEqual(['fetch', 'produce']);
    reader.close();
  });

  it('is answered before the broker stops', async () => {
    const stopping = await startDataBroker();
    const topic = await createTopic(stopping, 'last');
    const reader = stopping.connect();
    const waits = fetch(reader, topic, { maxWaitMs: 60_000 });
    await until('it is parked', () => stopping.broker.parts.delayed.waiting === 1);
    const stopped = stopping.stop();
    expect(await waits).toMatchObject({ error: 'NONE', values: [] });
    await stopped;
  });
});

describe('publish to deliver in flush mode os', () => {
  const context = (connectionId: number): RequestContext => ({
    apiVersion: 12,
    correlationId: 1,
    clientId: 'test',
    clientHost: '/127.0.0.1',
    listenerName: 'PLAINTEXT',
    connectionId,
    closed: new AbortController().signal,
  });
  const handle = (key: number, request: unknown, version: number, connectionId: number): unknown => {
    const handler = HANDLERS.find(({ api }) => api.key === key);
    return handler!.handle(request, broker.broker.parts, { ...context(connectionId), apiVersion: version });
  };

  it.each([1, 200])(
    'takes one turn of the event loop from the append to both answers, with %i readers',
    async (readers) => {
      const topic = await topicOf();
      const asked = { ...fetchRequest([topic], { maxWaitMs: 60_000 }), sessionId: 0, sessionEpoch: -1 };
      const wish = { ...asked.topics[0]!.partitions[0]!, currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
      const fetchAsked = {
        ...asked,
        replicaId: -1,
        topics: [{ topic: topic.name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitions: [wish] }],
      };
      const parked = Array.from({ length: readers }, (_each, at) => handle(Fetch.key, fetchAsked, 12, 1000 + at));
      expect(broker.broker.parts.delayed.waiting).toBe(readers);
      let answered = 0;
      for (const each of parked) void Promise.resolve(each).then(() => (answered += 1));
      const produceAsked = produceRequest(topic, batchOf(['now']));
      const topicData = produceAsked.topicData.map((each) => ({ ...each, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }));
      await new Promise((turn) => setImmediate(turn));
      const ack = handle(Produce.key, { ...produceAsked, topicData }, 9, 1);
      expect(ack).not.toBe(NO_ANSWER);
      void Promise.resolve(ack).then(() => (answered += 1));
      let turned = false;
      setImmediate(() => (turned = true));
      while (answered < readers + 1 && !turned) await Promise.resolve();
      expect([turned, answered]).toEqual([false, readers + 1]);
    },
  );
});

describe('fetch of what is not in memory any more', () => {
  it('reads it from the disk', async () => {
    const topic = await topicOf();
    const values = Array.from({ length: 20 }, (_each, at) => `value ${at}`);
    for (const value of values) await produce(broker, topic, batchOf([value]));
    await broker.restart();
    expect((await fetch(broker, topic)).values).toEqual(values);
    const [empty, reader] = [await topicOf(), broker.connect()];
    const both = await reader.send(Fetch, 12, fetchRequest([empty, topic], { maxWaitMs: 60_000 }));
    expect(both.responses.map(({ partitions }) => valuesIn(partitions[0]!.records).length)).toEqual([0, 20]);
    reader.close();
  });
});
