import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RecordMetadata } from '@trunkline/client';
import { compression, crc32c } from '@trunkline/platform';
import { partitionOfKey } from '@trunkline/protocol';
import { kafkaBrokers } from './brokers.js';
import { ProducerKit } from './producer-kit.js';

const vectors = new URL('../../../../shared/kafka-messages/vectors/murmur2.jsonl', import.meta.url);

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);

for (const tested of kafkaBrokers())
  describe(`a producer with ${tested.name}`, () => {
    let kit: ProducerKit;
    beforeAll(async () => {
      kit = await ProducerKit.start(tested);
    });
    afterAll(() => kit?.close());

    describe('records', () => {
      it('tells where a record is', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        const before = Date.now();
        const first = await producer.send({ topic, key: 'k', value: 'one' });
        const second = await producer.send({ topic, key: 'k', value: 'two' });
        expect([first, second]).toMatchObject([
          { topic, partition: 0, offset: 0 },
          { topic, partition: 0, offset: 1 },
        ]);
        expect(first.timestampMs).toBeGreaterThanOrEqual(before);
        expect(first.timestampMs).toBeLessThanOrEqual(Date.now());
        expect(await kit.values(topic)).toEqual(['one', 'two']);
      });

      it('keeps headers, also those of one name and those without a value', async () => {
        const topic = await kit.topic();
        const value = Buffer.from('v');
        const headers = [
          { key: 'a', value },
          { key: 'a', value: null },
          { key: 'ümlaut', value: new Uint8Array(0) },
        ];
        await kit.producer().send({ topic, value: 'x', headers });
        expect((await kit.records(topic))[0]?.headers).toEqual([
          ['a', 'v'],
          ['a', null],
          ['ümlaut', ''],
        ]);
      });

      it('tells null, empty and text apart, in keys and values', async () => {
        const topic = await kit.topic();
        await kit
          .producer()
          .sendAll([
            { topic, key: null, value: null },
            { topic, key: '', value: '' },
            { topic, key: 'k', value: 'v' },
            { topic },
          ]);
        const stored = await kit.records(topic);
        expect(stored.map(({ key, value }) => [key, value])).toEqual([
          [null, null],
          ['', ''],
          ['k', 'v'],
          [null, null],
        ]);
      });

      it('writes tombstones to a compacted topic', async () => {
        const topic = await kit.topicWith({ 'cleanup.policy': 'compact' });
        await kit.producer().send({ topic, key: 'k', value: null });
        expect(await kit.values(topic)).toEqual([null]);
      });

      it('keeps the timestamp that it is given', async () => {
        const topic = await kit.topic();
        const timestampMs = Date.now() - 5_000;
        const sent = await kit.producer().send({ topic, value: 'x', timestampMs });
        expect(sent.timestampMs).toBe(timestampMs);
        expect((await kit.records(topic))[0]?.timestampMs).toBe(timestampMs);
      });

      it('tells the broker’s time where the topic has LogAppendTime', async () => {
        const topic = await kit.topicWith({ 'message.timestamp.type': 'LogAppendTime' });
        const before = Date.now();
        const sent = await kit.producer().send({ topic, value: 'x', timestampMs: 1_000 });
        expect(sent.timestampMs).toBeGreaterThanOrEqual(before - 1_000);
      });

      it('keeps the bytes as they were when they were sent, whatever becomes of them', async () => {
        const topic = await kit.topic();
        const value = Buffer.from('before');
        const sent = kit.producer().send({ topic, value });
        value.fill('x');
        await sent;
        expect(await kit.values(topic)).toEqual(['before']);
      });

      it('sends many records in the order of the calls', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        const values = numbers(5_000);
        const sent = await Promise.all(values.map((value) => producer.send({ topic, value })));
        expect(sent.map(({ offset }) => offset)).toEqual(values.map(Number));
        expect(await kit.values(topic)).toEqual(values);
      });

      it('resolves sendAll in the order of its records', async () => {
        const topic = await kit.topic(3);
        const records = numbers(9).map((value) => ({ topic, partition: Number(value) % 3, value }));
        const sent = await kit.producer().sendAll(records);
        expect(sent.map(({ partition, offset }) => [partition, offset])).toEqual(
          numbers(9).map((n) => [Number(n) % 3, Math.floor(Number(n) / 3)]),
        );
        expect(await kit.producer().sendAll([])).toEqual([]);
      });

      it('settles enqueued records without a promise, each once', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        const settled: (readonly [string | undefined, number])[] = [];
        for (const value of numbers(10)) {
          producer.enqueue({ topic, value }, (error, _partition, offset) => settled.push([error?.code, offset]));
        }
        producer.enqueue({ topic: '', value: 'x' }, (error, _partition, offset) => settled.push([error?.code, offset]));
        expect(settled).toEqual([['MISUSE', -1]]);
        await producer.flush();
        expect(settled.slice(1)).toEqual(numbers(10).map((n) => [undefined, Number(n)]));
      });

      it('carries a record of several megabytes where the topic allows it', async () => {
        const topic = await kit.topicWith({ 'max.message.bytes': '6000000' });
        const value = 'x'.repeat(5_000_000);
        await kit.producer().send({ topic, value });
        expect((await kit.values(topic))[0]?.length).toBe(5_000_000);
      });
    });

    describe('batches', () => {
      it('sends the records of one turn as one batch', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        await Promise.all(numbers(100).map((value) => producer.send({ topic, value })));
        const batches = await kit.batches(topic);
        expect(batches.map(({ recordCount }) => recordCount)).toEqual([100]);
        expect(batches[0]?.checksumHolds(crc32c)).toBe(true);
      });

      it('gathers what chains of promises send in one turn', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        const later = async (hops: number): Promise<RecordMetadata> => {
          for (let hop = 0; hop < hops; hop++) await Promise.resolve();
          return await producer.send({ topic, value: `${hops}` });
        };
        await Promise.all([0, 1, 2, 3].map(later));
        expect((await kit.batches(topic)).map(({ recordCount }) => recordCount)).toEqual([4]);
      });

      it('sends what comes in another turn in another batch, without waiting', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        await producer.send({ topic, value: 'a' });
        await producer.send({ topic, value: 'b' });
        expect((await kit.batches(topic)).map(({ recordCount }) => recordCount)).toEqual([1, 1]);
      });

      it('lingers as long as it is told', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ lingerMs: 200 });
        const startedMs = performance.now();
        const first = producer.send({ topic, value: 'a' });
        await new Promise((resolve) => setImmediate(resolve));
        await Promise.all([first, producer.send({ topic, value: 'b' })]);
        expect(performance.now() - startedMs).toBeGreaterThanOrEqual(195);
        expect((await kit.batches(topic)).map(({ recordCount }) => recordCount)).toEqual([2]);
      });

      it('limits a batch by batchBytesMax', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ batchBytesMax: 10_000 });
        await Promise.all(numbers(100).map(() => producer.send({ topic, value: 'x'.repeat(1_000) })));
        const batches = await kit.batches(topic);
        expect(batches.length).toBeGreaterThanOrEqual(10);
        for (const { sizeBytes } of batches) expect(sizeBytes).toBeLessThanOrEqual(10_000);
        expect(batches.reduce((sum, { recordCount }) => sum + recordCount, 0)).toBe(100);
      });

      it('takes a batch apart that is too large for the topic', async () => {
        const topic = await kit.topicWith({ 'max.message.bytes': '5000' });
        const producer = kit.producer();
        const values = numbers(60).map((n) => n.padStart(500, '.'));
        const sent = await Promise.all(values.map((value) => producer.send({ topic, value })));
        expect(sent.map(({ offset }) => offset)).toEqual(numbers(60).map(Number));
        expect(await kit.values(topic)).toEqual(values);
        for (const { sizeBytes } of await kit.batches(topic)) expect(sizeBytes).toBeLessThanOrEqual(5_000);
      });

      it('takes a compressed batch apart that is too large for the topic', async () => {
        const topic = await kit.topicWith({ 'max.message.bytes': '3000' });
        const producer = kit.producer({ compression: 'zstd' });
        const values = numbers(40).map(() =>
          Buffer.from(crypto.getRandomValues(new Uint8Array(300))).toString('base64'),
        );
        await Promise.all(values.map((value) => producer.send({ topic, value })));
        expect(await kit.values(topic)).toEqual(values);
      });

      it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('compresses with %s', async (type) => {
        const topic = await kit.topic();
        const producer = kit.producer({ compression: type });
        const values = numbers(200).map((n) => `${n} trunkline trunkline trunkline`);
        await Promise.all(values.map((value) => producer.send({ topic, value })));
        expect(await kit.values(topic)).toEqual(values);
        const [batch] = await kit.batches(topic);
        expect(batch?.compression).toBe(type);
        expect([...batch!.records(compression)]).toHaveLength(200);
      });
    });

    describe('partitions', () => {
      it('puts each key where Java puts it', async () => {
        const topic = await kit.topic(7);
        const producer = kit.producer();
        const keys = numbers(50).map((n) => `key ${n} ü`);
        const sent = await Promise.all(keys.map((key) => producer.send({ topic, key, value: key })));
        expect(sent.map(({ partition }) => partition)).toEqual(keys.map((key) => partitionOfKey(Buffer.from(key), 7)));
      });

      it('obeys the partition that is named, whatever the key', async () => {
        const topic = await kit.topic(3);
        const sent = await kit.producer().send({ topic, key: 'k', partition: 2, value: 'x' });
        expect(sent.partition).toBe(2);
      });

      it('gives every partition its share of records without a key', async () => {
        const topic = await kit.topic(4);
        const producer = kit.producer();
        const counts = [0, 0, 0, 0];
        for (let n = 0; n < 40; n++) {
          const { partition } = await producer.send({ topic, value: 'x' });
          counts[partition]! += 1;
        }
        expect(counts).toEqual([10, 10, 10, 10]);
      });

      it('keeps records without a key that leave together in one partition', async () => {
        const topic = await kit.topic(4);
        const producer = kit.producer();
        await producer.send({ topic, value: 'warm' });
        const sent = await Promise.all(numbers(20).map((value) => producer.send({ topic, value })));
        expect(new Set(sent.map(({ partition }) => partition)).size).toBe(1);
      });

      it('writes to many partitions of many topics in one turn', async () => {
        const topics = [await kit.topic(20), await kit.topic(20), await kit.topic(20)];
        const producer = kit.producer();
        const records = topics.flatMap((topic) =>
          numbers(20).map((n) => ({ topic, partition: Number(n), value: `${topic}/${n}` })),
        );
        const sent = await producer.sendAll(records);
        expect(sent.every(({ offset }) => offset === 0)).toBe(true);
        expect(await kit.values(topics[2]!, 19)).toEqual([`${topics[2]}/19`]);
      });

      it('finds partitions that were added', async () => {
        const topic = await kit.topic(1);
        const producer = kit.producer();
        await producer.send({ topic, value: 'a' });
        const sent = producer.send({ topic, partition: 3, value: 'b' });
        await kit.grow(topic, 4);
        expect(await sent).toMatchObject({ partition: 3, offset: 0 });
      });

      it('refuses a partition that never comes', async () => {
        const topic = await kit.topic(2);
        const producer = kit.producer({ unknownTopicTimeoutMs: 2_000 });
        await expect(producer.send({ topic, partition: 2, value: 'x' })).rejects.toThrow('it has 2 partitions');
      });
    });
  });

describe('partitioning', () => {
  const rows = existsSync(vectors) ? readFileSync(vectors, 'utf8').trim().split('\n') : [];
  (rows.length > 0 ? it : it.skip)('equals the vectors that Java made', () => {
    for (const row of rows) {
      const { key, partition } = JSON.parse(row) as { key: string; partition: Record<string, number> };
      for (const [count, expected] of Object.entries(partition)) {
        expect(partitionOfKey(Buffer.from(key, 'hex'), Number(count))).toBe(expected);
      }
    }
  });
});
