import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { Fetch } from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokers } from './brokers.js';
import { ConsumerBench } from './consumer-fixture.js';
import { spyOnFetches } from './fetch-spy.js';

for (const tested of kafkaBrokers()) describeFetcher(tested);

function describeFetcher(tested: TestedBroker): void {
  describe(`a fetcher of ${tested.name}`, () => {
    let bench: ConsumerBench;

    beforeAll(async () => {
      bench = await ConsumerBench.start(tested);
    });
    afterEach(() => bench.hush());
    afterAll(() => bench?.close());

    it('reads what was there before it came', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      await heard.has(3);
      expect(heard.values).toEqual(['a', 'b', 'c']);
      expect(heard.offsets).toEqual([0, 1, 2]);
    });

    it('reads what is written while it waits', async () => {
      const topic = await bench.topic();
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      for (const value of ['a', 'b', 'c']) {
        const { length } = heard.values;
        await bench.say(topic, 0, [value]);
        await heard.has(length + 1);
      }
      expect(heard.values).toEqual(['a', 'b', 'c']);
    });

    it('begins inside of a batch', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 1);
      await heard.has(2);
      expect(heard.offsets).toEqual([1, 2]);
    });

    it('tells the log as it is', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      await heard.has(3);
      expect(heard.fetched[0]).toMatchObject({
        nextOffset: 3,
        highWatermark: 3,
        lastStableOffset: 3,
        logStartOffset: 0,
      });
      expect(heard.fetcher.position(topic, 0)).toBe(3);
    });

    it('fetches a partition that is added while a fetch is parked, without waiting for it', async () => {
      const topic = await bench.topic(2);
      await bench.say(topic, 1, ['a']);
      const heard = bench.hear({ maxWaitMs: 20_000 });
      heard.fetcher.add(topic, 0, 0);
      await until('it is read', () => heard.fetcher.watermarks(topic, 0) !== undefined);
      heard.fetcher.add(topic, 1, 0);
      await heard.has(1);
      expect(heard.values).toEqual(['a']);
    });

    it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('reads batches in %s', async (type) => {
      const topic = await bench.topic();
      const records = Array.from({ length: 50 }, (_, index) => ({ value: utf8(`value ${index}`), timestampMs: 5 }));
      await bench.write(topic, 0, buildBatch(records, { crc32c, compression: type, codecs: compression }));
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      await heard.has(50);
      expect(heard.values[49]).toBe('value 49');
      expect(heard.fetched[0]!.batches[0]!.batch.compression).toBe(type);
    });

    it('reads keys, tombstones, headers and timestamps as they were written', async () => {
      const topic = await bench.topic();
      const written = [
        { key: utf8('k'), value: null, timestampMs: 1_000, headers: [{ key: 'h', value: null }] },
        { key: null, value: utf8(''), timestampMs: 2_000, headers: [{ key: 'ü', value: utf8('x') }] },
      ];
      await bench.write(topic, 0, buildBatch(written, { crc32c }));
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      await heard.has(2);
      const records = heard.fetched.flatMap(({ batches }) => batches.flatMap((batch) => [...batch.records()]));
      const read = records.map(({ key, value, timestampMs, headers }) => {
        const texts = headers.map((header) => ({
          key: header.key,
          value: header.value && new Uint8Array(header.value),
        }));
        return { key: key && new Uint8Array(key), value: value && new Uint8Array(value), timestampMs, headers: texts };
      });
      expect(read).toEqual(written);
    });

    it('shows the append time where the topic stamps it', async () => {
      const topic = await bench.topicWith({ 'message.timestamp.type': 'LogAppendTime' });
      const beforeMs = Date.now() - 1;
      await bench.say(topic, 0, ['a'], 5);
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      await heard.has(1);
      const [record] = heard.fetched[0]!.batches[0]!.records();
      expect(record!.timestampMs).toBeGreaterThanOrEqual(beforeMs);
    });

    it('gets a batch that is larger than an answer may be', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['x'.repeat(100_000), 'y'.repeat(100_000)]);
      const heard = bench.hear({ maxBytes: 1_000, partitionMaxBytes: 1_000 });
      heard.fetcher.add(topic, 0, 0);
      await heard.has(2);
      expect(heard.offsets).toEqual([0, 1]);
    });

    it('reads a hundred partitions, each in order', async () => {
      const topic = await bench.topic(100);
      const heard = bench.hear();
      for (let partition = 0; partition < 100; partition++) heard.fetcher.add(topic, partition, 0);
      for (let partition = 0; partition < 100; partition++) await bench.say(topic, partition, ['a', 'b']);
      await heard.has(200);
      const seen = new Map<number, number[]>();
      for (const { partition, batches } of heard.fetched) {
        const offsets = batches.flatMap((batch) => [...batch.records()].map(({ offset }) => offset as number));
        seen.set(partition, [...(seen.get(partition) ?? []), ...offsets]);
      }
      expect([...seen.values()]).toEqual(Array.from({ length: 100 }, () => [0, 1]));
    });

    it('waits for as many bytes as it was told', async () => {
      const topic = await bench.topic();
      const heard = bench.hear({ minBytes: 100_000, maxWaitMs: 300 });
      heard.fetcher.add(topic, 0, 0);
      const startedMs = performance.now();
      await bench.say(topic, 0, ['a']);
      await heard.has(1);
      expect(performance.now() - startedMs).toBeGreaterThan(150);
    });

    it('does not wait for more once there are enough bytes', async () => {
      const topic = await bench.topic();
      const heard = bench.hear({ maxWaitMs: 20_000 });
      heard.fetcher.add(topic, 0, 0);
      await bench.say(topic, 0, ['a']);
      await heard.has(1);
      expect(heard.values).toEqual(['a']);
    });

    it('fetches nothing new of a paused partition, and goes on where it was', async () => {
      const topic = await bench.topic(2);
      const heard = bench.hear({ maxWaitMs: 50 });
      heard.fetcher.add(topic, 0, 0);
      heard.fetcher.add(topic, 1, 0);
      heard.fetcher.pause(topic, 0);
      await bench.say(topic, 1, ['b']);
      await heard.has(1);
      await bench.say(topic, 0, ['a']);
      await bench.say(topic, 1, ['c']);
      await heard.has(2);
      expect(heard.values).toEqual(['b', 'c']);
      heard.fetcher.resume(topic, 0);
      await heard.has(3);
      expect(heard.values).toEqual(['b', 'c', 'a']);
    });

    it('goes back and forth when it is told to seek', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c', 'd']);
      const heard = bench.hear({ maxWaitMs: 20_000 });
      heard.fetcher.add(topic, 0, 3);
      await heard.has(1);
      heard.fetcher.seek(topic, 0, 1);
      await heard.has(4);
      expect(heard.values).toEqual(['d', 'b', 'c', 'd']);
    });

    it('says nothing more of a partition that was removed', async () => {
      const topic = await bench.topic(2);
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      heard.fetcher.add(topic, 1, 0);
      heard.fetcher.remove(topic, 0);
      await bench.say(topic, 0, ['a']);
      await bench.say(topic, 1, ['b']);
      await heard.has(1);
      expect(heard.values).toEqual(['b']);
    });

    it('holds no more of a partition than it was told, and the others go on', async () => {
      const topic = await bench.topic(2);
      const big = 'x'.repeat(10_000);
      for (let index = 0; index < 5; index++) await bench.say(topic, 0, [big]);
      const heard = bench.hear({ partitionPrefetchBytesMax: 15_000, partitionMaxBytes: 10_500, maxWaitMs: 20_000 });
      heard.drains = false;
      heard.fetcher.add(topic, 0, 0);
      heard.fetcher.add(topic, 1, 0);
      await until('it is full', () => heard.fetcher.isFull(topic, 0));
      await bench.say(topic, 1, ['b']);
      await until('the other is read', () => heard.values.includes('b'));
      expect(heard.offsets).toEqual([0, 1, 0]);
      heard.drains = true;
      heard.fetcher.drained(topic, 0, heard.fetcher.bufferedBytes);
      await heard.has(6);
      expect(heard.values.filter((value) => value === big)).toHaveLength(5);
    });

    it('keeps a session: what did not change is not said again', async () => {
      const topic = await bench.topic(10);
      const { cluster, seen } = spyOnFetches(bench.client.cluster);
      const heard = bench.hear({ maxWaitMs: 50 }, cluster);
      for (let partition = 0; partition < 10; partition++) heard.fetcher.add(topic, partition, 0);
      expect(seen).toEqual([]);
      await until('nothing is left to be said', () => seen.length >= 3 && seen.at(-1)!.asked === 0);
      expect(seen[0]).toMatchObject({ sessionId: 0, sessionEpoch: 0, asked: 10 });
      expect(seen.at(-1)!.sessionId).toBeGreaterThan(0);
      // Again when the session was lost meanwhile, and all ten were told once more.
      await until('one partition is told', async () => {
        const before = heard.values.length;
        await bench.say(topic, 4, ['a']);
        await heard.has(before + 1);
        return seen.some(({ sessionEpoch, asked }) => sessionEpoch > 1 && asked === 1);
      });
    });

    it('starts a new session when the broker has lost the old one', async () => {
      const topic = await bench.topic();
      const { cluster, seen } = spyOnFetches(bench.client.cluster);
      const heard = bench.hear({ maxWaitMs: 50 }, cluster);
      heard.fetcher.add(topic, 0, 0);
      await until('a session', () => seen.some(({ sessionId }) => sessionId > 0));
      const { sessionId } = seen.at(-1)!;
      const ended = { maxWaitMs: 0, minBytes: 0, sessionId, sessionEpoch: -1, topics: [] };
      await bench.client.cluster.ask({ kind: 'anyone' }, Fetch, ended);
      await until('a new session', () => seen.some((fetch) => fetch.sessionId > 0 && fetch.sessionId !== sessionId));
      await bench.say(topic, 0, ['a']);
      await heard.has(1);
      expect(heard.failures).toEqual([]);
    });

    it.each([4, 6, 7, 11, 12, 13, 16])('reads with version %i of Fetch', async (version) => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a']);
      const heard = bench.hear({ maxWaitMs: 100 }, spyOnFetches(bench.client.cluster, version).cluster);
      heard.fetcher.add(topic, 0, 0);
      await heard.has(1);
      await bench.say(topic, 0, ['b']);
      await heard.has(2);
      expect(heard.values).toEqual(['a', 'b']);
    });

    it('reads on after its connection was cut', async () => {
      const topic = await bench.topic();
      const { cluster, seen } = spyOnFetches(bench.client.cluster);
      const heard = bench.hear({ maxWaitMs: 20_000 }, cluster);
      heard.fetcher.add(topic, 0, 0);
      await bench.say(topic, 0, ['a']);
      await heard.has(1);
      bench.client.cluster.closeLane(seen.at(-1)!.lane);
      await bench.say(topic, 0, ['b']);
      await heard.has(2);
      expect(heard.values).toEqual(['a', 'b']);
    });

    it('says nothing after it was stopped', async () => {
      const topic = await bench.topic();
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      heard.fetcher.stop();
      const other = bench.hear();
      other.fetcher.add(topic, 0, 0);
      await bench.say(topic, 0, ['a']);
      await other.has(1);
      expect(heard.values).toEqual([]);
      expect(() => heard.fetcher.add(topic, 0, 0)).toThrow(/CLOSED/u);
    });
  });
}
