import { Produce } from '@trunkline/protocol';
import { batch, fill, keepBatches, produce, produceBody } from '../batches.js';
import { type Scenario, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, makeGroup, makeTopic } from '../topics.js';

export const PRODUCE: readonly Scenario[] = [
  ...everyVersion('produce', Produce, [3, 13], 'appends and answers the offset', async (on, version) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, `produce-v${version}`);
    await produce(on, client, 'first', topic, batch(['a', 'b']), { version });
    await produce(on, client, 'second', topic, batch(['c']), { version, acks: 1 });
    await produce(on, client, 'unknown partition', topic, batch(['c']), { version, partition: 7 });
    await produce(on, client, 'unknown topic', NO_TOPIC, batch(['c']), { version });
    await produce(on, client, 'two batches', topic, twice(batch(['c'])), { version });
    await keepBatches(on, client, 'log', topic);
  }),
  ...scenarios('produce', {
    'versions 0 to 2 close the connection though they are advertised': async (on) => {
      const frame = new Uint8Array([0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff]);
      await on.throws(await on.connect(), 'version 2', frame);
    },
    'acks=2 is refused for each partition': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'acks-2');
      await produce(on, client, 'acks 2', topic, batch(['a']), { acks: 2 });
      await produce(on, client, 'acks -2, version 11', topic, batch(['a']), { acks: -2, version: 11 });
      await keepBatches(on, client, 'log', topic);
    },
    'acks=0 is not answered': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'acks-0');
      client.sendOnly(Produce, 9, produceBody(topic, batch(['a']), { acks: 0 }));
      await produce(on, client, 'the next', topic, batch(['b']));
    },
    'acks=0 with an error closes the connection': async (on) => {
      const client = await on.connect();
      client.sendOnly(Produce, 9, produceBody(NO_TOPIC, batch(['a']), { acks: 0 }));
      await client.closed;
      on.keep('closed', client.open);
    },
    'partitions of one request succeed and fail one by one': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'one-by-one', { partitions: 2 });
      const records = batch(['a']);
      const partitionData = [
        { index: 1, records },
        { index: 5, records },
        { index: 0, records: new Uint8Array(0) },
      ];
      const topicData = [
        { name: NO_TOPIC.name, topicId: NO_TOPIC.id, partitionData: [{ index: 0, records }] },
        { name: topic.name, topicId: topic.id, partitionData },
      ];
      const body = { acks: 1, timeoutMs: 5000, topicData };
      // Apache Kafka answers what failed early last, ours in the order of the request.
      const unordered = ['responses', 'partitionResponses'];
      await on.ask(client, 'by name', Produce, 9, body, { unordered });
      await on.ask(client, 'by id', Produce, 13, body, { unordered });
    },
    'a request without topics is answered without topics': async (on) => {
      const body = { acks: -1, timeoutMs: 5000, topicData: [] };
      await on.ask(await on.connect(), 'no topics', Produce, 9, body);
    },
    'a topic without partitions': async (on) => {
      const client = await on.connect();
      const { name, id } = await makeTopic(on, client, 'no-partitions');
      const topicData = [{ name, topicId: id, partitionData: [] }];
      await on.ask(client, 'no partitions', Produce, 9, { acks: -1, timeoutMs: 5000, topicData });
    },
    'a topic name that is not legal': async (on) => {
      const client = await on.connect();
      await produce(on, client, 'bad letters', { name: 'a b/c', id: NO_TOPIC.id }, batch(['a']));
      await produce(on, client, 'empty', { name: '', id: NO_TOPIC.id }, batch(['a']));
    },
    'a negative partition': async (on) => {
      const client = await on.connect();
      await produce(on, client, '-1', await makeTopic(on, client, 'negative'), batch(['a']), { partition: -1 });
    },
    'the internal topic takes no records of clients': async (on) => {
      const client = await on.connect();
      await makeGroup(on, client, 'internal');
      await produce(on, client, 'offsets', { name: '__consumer_offsets', id: NO_TOPIC.id }, batch(['a']));
    },
    'min.insync.replicas above the replicas there are counts what there are': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'min-isr', { configs: { 'min.insync.replicas': '2' } });
      await produce(on, client, 'acks all', topic, batch(['a']));
      await produce(on, client, 'acks 1', topic, batch(['a']), { acks: 1 });
    },
    'a transactional batch without a transactional id': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'no-txn-id');
      const options = { isTransactional: true, producerId: 9000n, producerEpoch: 0, baseSequence: 0 };
      await produce(on, client, 'transactional', topic, batch(['a'], options));
    },
    'LogAppendTime is answered and stored': async (on) => {
      const client = await on.connect();
      const configs = { 'message.timestamp.type': 'LogAppendTime' };
      const topic = await makeTopic(on, client, 'log-append-time', { configs });
      for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
        await produce(on, client, compression, topic, batch(['a'.repeat(99), 'b'], { compression }));
      }
      await produce(on, client, 'without a time', topic, batch([{ value: null, timestampMs: -1 }]));
      await keepBatches(on, client, 'log', topic);
    },
    'timestamps out of bounds are INVALID_TIMESTAMP': async (on) => {
      const client = await on.connect();
      const configs = { 'message.timestamp.before.max.ms': '3600000', 'message.timestamp.after.max.ms': '3600000' };
      const topic = await makeTopic(on, client, 'time-bounds', { configs });
      const now = Date.now();
      const at = (...times: number[]) => batch(times.map((timestampMs) => ({ value: null, timestampMs })));
      await produce(on, client, 'too old', topic, at(now, now - 7_200_000, now - 7_200_000));
      await produce(on, client, 'too new', topic, at(now, now + 7_200_000));
      await produce(on, client, 'too new, version 7', topic, at(now + 7_200_000), { version: 7 });
      await produce(on, client, 'within', topic, at(now - 1_800_000, now + 1_800_000));
      await produce(on, client, 'none', topic, at(-1));
    },
    'years in the future are refused by default': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'future');
      const timestampMs = Date.now() + 366 * 86_400_000;
      await produce(on, client, 'in a year', topic, batch([{ value: null, timestampMs }]));
      await produce(on, client, 'at the beginning of time', topic, batch([{ value: null, timestampMs: 0 }]));
    },
    'a negative timestamp': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'negative-time');
      await produce(on, client, '-2', topic, batch([{ value: null, timestampMs: -2 }]));
      await produce(on, client, 'one of two is -1', topic, batch(['a', { value: null, timestampMs: -1 }]));
    },
    'a topic of its own codec': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'gzip-topic', { configs: { 'compression.type': 'gzip' } });
      await produce(on, client, 'gzip', topic, batch(['a'.repeat(500)], { compression: 'gzip' }));
    },
    'offsets go on through requests': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'go-on');
      await fill(client, topic, [batch(['a', 'b', 'c']), batch(['d'], { compression: 'lz4' })]);
      await produce(on, client, 'fifth', topic, batch(['e']));
      await keepBatches(on, client, 'log', topic);
    },
  }),
];

function twice(one: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.byteLength * 2);
  both.set(one);
  both.set(one, one.byteLength);
  return both;
}
