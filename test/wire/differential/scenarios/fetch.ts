import { ZERO_UUID } from '@trunkline/kernel';
import { DeleteRecords, DeleteTopics, Fetch } from '@trunkline/protocol';
import { batch, fetch, fetchBody, fill, produce } from '../batches.js';
import type { Conversation } from '../conversation.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, type Topic, makeGroup, makeTopic } from '../topics.js';

type Client = Awaited<ReturnType<Conversation['connect']>>;

/** A topic of six records in three batches, the middle one compressed. */
async function filled(on: Conversation, client: Client, base: string, count = 3): Promise<Topic> {
  const topic = await makeTopic(on, client, base);
  const batches = [batch(['a', 'b']), batch(['c', 'd'], { compression: 'gzip' }), batch(['e', 'f'])];
  await fill(client, topic, batches.slice(0, count));
  return topic;
}

async function deleteRecords(client: Client, { name }: Topic, offset: number): Promise<void> {
  const topics = [{ name, partitions: [{ partitionIndex: 0, offset: BigInt(offset) }] }];
  const answer = await client.send(DeleteRecords, 2, { topics, timeoutMs: 10_000 });
  const code = answer.topics[0]?.partitions[0]?.errorCode;
  if (code !== 0) throw new Error(`the records of ${name} were not deleted: ${code}`);
}

/** Apache Kafka answers what is unknown last, ours in the order of the request. */
const ANY_ORDER = { unordered: ['responses'] };

const EDGES = scenarios('fetch', {
  'from within a batch: the batch that holds the offset': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'within');
    for (const offset of [0, 1, 2, 3, 5]) await fetch(on, client, `from ${offset}`, topic, { offset });
  },
  'at the end, above it and below 0': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'ends');
    for (const offset of [6, 7, 1000, -1, -2]) await fetch(on, client, `from ${offset}`, topic, { offset });
  },
  'below the log start': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'below-start');
    await deleteRecords(client, topic, 3);
    for (const offset of [0, 2, 3]) await fetch(on, client, `from ${offset}`, topic, { offset });
  },
  'of an empty log': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'empty');
    for (const offset of [0, 1]) await fetch(on, client, `from ${offset}`, topic, { offset, maxWaitMs: 5 });
  },
  'leader epochs: current, future, none': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'epochs');
    for (const currentLeaderEpoch of [0, 1, 100, -1, -5]) {
      await fetch(on, client, `epoch ${currentLeaderEpoch}`, topic, { currentLeaderEpoch, version: 9 });
      await fetch(on, client, `epoch ${currentLeaderEpoch}`, topic, { currentLeaderEpoch, version: 17 });
    }
  },
  'the epoch that was fetched last': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'last-fetched');
    for (const lastFetchedEpoch of [0, 1, 9, -1]) {
      await fetch(on, client, `last epoch ${lastFetchedEpoch}`, topic, { lastFetchedEpoch, offset: 2 });
      await fetch(on, client, `last epoch ${lastFetchedEpoch}, at the end`, topic, { lastFetchedEpoch, offset: 6 });
      await fetch(on, client, `last epoch ${lastFetchedEpoch}, beyond`, topic, { lastFetchedEpoch, offset: 60 });
    }
  },
  'unknown topics, partitions and ids': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'unknown', 1);
    for (const version of [4, 12, 13, 18]) {
      await fetch(on, client, 'no such topic', NO_TOPIC, { version });
      await fetch(on, client, 'no such partition', topic, { version, partition: 3 });
      await fetch(on, client, 'a negative partition', topic, { version, partition: -1 });
      await on.ask(client, 'one of two', Fetch, version, fetchBody([NO_TOPIC, topic]), ANY_ORDER);
    }
    await fetch(on, client, 'no id', { name: topic.name, id: ZERO_UUID }, { version: 13 });
  },
  'a name that is not legal': async (on) => {
    await fetch(on, await on.connect(), 'bad letters', { name: 'a b', id: NO_TOPIC.id });
  },
  'nothing asked': async (on) => {
    const client = await on.connect();
    for (const version of [4, 7, 12, 13]) {
      await on.ask(client, 'no topics', Fetch, version, fetchBody([], { maxWaitMs: 10_000 }));
    }
  },
  'at least one batch whatever the limits': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'one-batch');
    await fetch(on, client, 'one byte a partition', topic, { partitionMaxBytes: 1 });
    await fetch(on, client, 'one byte in all', topic, { maxBytes: 1 });
    await fetch(on, client, 'no bytes', topic, { maxBytes: 0, partitionMaxBytes: 0 });
  },
  'limits end between batches': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'limits');
    await fill(client, topic, [batch(['a'.repeat(100)]), batch(['b'.repeat(100)]), batch(['c'.repeat(100)])]);
    const size = batch(['a'.repeat(100)]).byteLength;
    for (const partitionMaxBytes of [size - 1, size, 2 * size]) {
      await fetch(on, client, `${partitionMaxBytes - size} above one batch`, topic, { partitionMaxBytes });
    }
    await fetch(on, client, 'two batches in all', topic, { maxBytes: 2 * size });
  },
  'the limit of all holds from the second partition on': async (on) => {
    const client = await on.connect();
    const first = await filled(on, client, 'share-a');
    const second = await filled(on, client, 'share-b');
    const size = batch(['a', 'b']).byteLength;
    for (const maxBytes of [1, size, 2 * size, 100_000]) {
      const body = fetchBody([first, second], { maxBytes, partitionMaxBytes: 1 });
      await on.ask(client, `${maxBytes} bytes`, Fetch, 12, body);
    }
  },
  'a partition that is named twice': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'twice', 1);
    await on.ask(client, 'twice', Fetch, 12, fetchBody([topic, topic]));
    const [asked] = fetchBody([topic]).topics;
    const partitions = [...asked!.partitions, { ...asked!.partitions[0]!, fetchOffset: 1n }];
    await on.ask(client, 'twice in a topic', Fetch, 12, { ...fetchBody([]), topics: [{ ...asked!, partitions }] });
  },
  'read_committed without transactions': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'committed');
    await fetch(on, client, 'committed', topic, { isolationLevel: 1 });
    await fetch(on, client, 'committed, at the end', topic, { isolationLevel: 1, offset: 6 });
  },
  'a wait that ends with records': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'waits', 1);
    const waits = fetch(on, client, 'parked', topic, { offset: 2, maxWaitMs: 20_000 });
    await fill(await on.connect(), topic, [batch(['new'])]);
    await waits;
  },
  'a wait that ends with enough bytes of two partitions': async (on) => {
    const client = await on.connect();
    const first = await filled(on, client, 'sum-a', 1);
    const second = await filled(on, client, 'sum-b', 1);
    const enough = 2 * batch(['x'.repeat(50)]).byteLength;
    const body = fetchBody([first, second], { offset: 2, maxWaitMs: 20_000, minBytes: enough });
    const waits = on.ask(client, 'parked', Fetch, 12, body);
    const other = await on.connect();
    await fill(other, first, [batch(['x'.repeat(50)])]);
    await fill(other, second, [batch(['x'.repeat(50)])]);
    await waits;
  },
  'a wait that ends without records': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'in-vain', 1);
    const startedMs = performance.now();
    await fetch(on, client, 'in vain', topic, { offset: 2, maxWaitMs: 300 });
    on.keep('it took its time', performance.now() - startedMs >= 290);
    await fetch(on, client, 'too few bytes', topic, { maxWaitMs: 50, minBytes: 1_000_000 });
  },
  'an offset out of range does not wait': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'no-wait', 1);
    const startedMs = performance.now();
    await fetch(on, client, 'out of range', topic, { offset: 99, maxWaitMs: 25_000 });
    on.keep('at once', performance.now() - startedMs < 5_000);
  },
  'a topic that is deleted while a fetch waits': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'deleted', 1);
    const waits = client.send(Fetch, 12, fetchBody([topic], { offset: 2, maxWaitMs: 20_000 }));
    const startedMs = performance.now();
    await (await on.connect()).send(DeleteTopics, 4, { topicNames: [topic.name], timeoutMs: 10_000 });
    const code = (await waits).responses[0]?.partitions[0]?.errorCode;
    on.keep('told at once that it is gone', { refused: code !== 0, atOnce: performance.now() - startedMs < 10_000 });
  },
  'a fetch of a replica that is none': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'replica', 1);
    await on.ask(client, 'replica 7', Fetch, 14, { ...fetchBody([topic]), replicaId: 7 });
  },
  'the debugging consumer of old': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'debugging', 1);
    await on.ask(client, 'replica -2', Fetch, 11, { ...fetchBody([topic]), replicaId: -2 });
  },
  'a rack without a nearer replica': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'rack', 1);
    await on.ask(client, 'rack', Fetch, 12, { ...fetchBody([topic]), rackId: 'a' });
  },
  'a cluster id that is another': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'cluster', 1);
    await on.ask(client, 'cluster', Fetch, 12, { ...fetchBody([topic]), clusterId: 'another' });
  },
  'the offsets topic can be read': async (on) => {
    const client = await on.connect();
    await makeGroup(on, client, 'reads-offsets');
    const topic = { name: '__consumer_offsets', id: NO_TOPIC.id };
    await on.ask(client, 'offsets', Fetch, 11, fetchBody([topic], { offset: 0 }), {
      differs: ['records', 'highWatermark', 'lastStableOffset'],
    });
  },
});

const UNDEFINED = scenarios('fetch', {
  'an isolation level that nobody has defined': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'isolation', 1);
    await fetch(on, client, 'level 2', topic, { isolationLevel: 2 });
  },
  'negative limits': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'negative-limits');
    await fetch(on, client, 'negative bytes', topic, { maxBytes: -1, partitionMaxBytes: -1 });
  },
});

const CUT = scenarios('fetch', {
  'a limit within a batch': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'cut');
    await fill(client, topic, [batch(['a'.repeat(100)]), batch(['b'.repeat(100)])]);
    const partitionMaxBytes = batch(['a'.repeat(100)]).byteLength + 50;
    await fetch(on, client, 'one and a half', topic, { partitionMaxBytes });
  },
});

const UNKNOWN_WAITS = scenarios('fetch', {
  'an unknown topic beside one without news': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'unknown-waits', 1);
    const startedMs = performance.now();
    await on.ask(client, 'both', Fetch, 12, fetchBody([topic, NO_TOPIC], { offset: 2, maxWaitMs: 1_500 }), ANY_ORDER);
    on.keep('at once', performance.now() - startedMs < 1_400);
  },
});

export const FETCH: readonly Scenario[] = [
  ...everyVersion('fetch', Fetch, [4, 18], 'reads what is there', async (on, version) => {
    const client = await on.connect();
    const topic = await filled(on, client, `fetch-v${version}`);
    await fetch(on, client, 'all', topic, { version });
    await fetch(on, client, 'from the third', topic, { version, offset: 3 });
    await fetch(on, client, 'at the end', topic, { version, offset: 6, maxWaitMs: 10 });
    await fetch(on, client, 'beyond', topic, { version, offset: 7, isolationLevel: 1 });
    await produce(on, client, 'more', topic, batch(['zstd'.repeat(30)], { compression: 'zstd' }));
    await fetch(on, client, 'zstd', topic, { version, offset: 6 });
  }),
  ...EDGES,
  ...UNDEFINED.map((scenario) =>
    decided(
      scenario,
      'Apache Kafka stumbles with UNKNOWN_SERVER_ERROR; ours says INVALID_REQUEST, or takes it as none',
    ),
  ),
  ...CUT.map((scenario) =>
    decided(scenario, 'Apache Kafka cuts the last batch at the limit; ours sends whole batches'),
  ),
  ...UNKNOWN_WAITS.map((scenario) =>
    decided(scenario, 'ours tells every error at once; Apache Kafka lets an unknown topic wait for the others'),
  ),
];
