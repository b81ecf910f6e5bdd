import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FetchError, KafkaError, Producer, offsetsFor } from '@trunkline/client';
import { utf8 } from '@trunkline/kernel';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokers } from './brokers.js';
import { ConsumerBench } from './consumer-fixture.js';

for (const tested of kafkaBrokers()) describePositions(tested);

function describePositions(tested: TestedBroker): void {
  let bench: ConsumerBench;

  beforeAll(async () => {
    bench = await ConsumerBench.start(tested);
  });
  afterEach(() => bench.hush());
  afterAll(() => bench?.close());

  /** Five records, of which retention took two. */
  const shortened = async (): Promise<string> => {
    const topic = await bench.topic();
    for (const value of ['a', 'b', 'c', 'd', 'e']) await bench.say(topic, 0, [value]);
    await bench.deleteRecords(topic, 0, 2);
    return topic;
  };

  describe(`a position that ${tested.name} does not have`, () => {
    it('is an error that names the bounds, and the partition waits for a seek', async () => {
      const topic = await shortened();
      const heard = bench.hear({ reset: 'none' });
      heard.fetcher.add(topic, 0, 1);
      await until('it fails', () => heard.failures.length > 0);
      const [error] = heard.failures;
      expect(error).toBeInstanceOf(FetchError);
      expect(error).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', position: 1, logStartOffset: 2, logEndOffset: 5 });
      expect(heard.fetcher.troubleOf(topic, 0)).toBe(error);
      heard.fetcher.seek(topic, 0, 2);
      await heard.has(3);
      expect(heard.values).toEqual(['c', 'd', 'e']);
      expect(heard.fetcher.troubleOf(topic, 0)).toBeUndefined();
    });

    it('moves to the start with earliest', async () => {
      const topic = await shortened();
      const heard = bench.hear({ reset: 'earliest' });
      heard.fetcher.add(topic, 0, 0);
      await heard.has(3);
      expect(heard.moves).toEqual([`${topic}/0 from 0 to 2: out-of-range`]);
      expect(heard.values).toEqual(['c', 'd', 'e']);
    });

    it('moves to the end with latest', async () => {
      const topic = await shortened();
      const heard = bench.hear({ reset: 'latest' });
      heard.fetcher.add(topic, 0, 99);
      await until('it moves', () => heard.moves.length > 0);
      await bench.say(topic, 0, ['f']);
      await heard.has(1);
      expect(heard.values).toEqual(['f']);
      expect(heard.moves).toEqual([`${topic}/0 from 99 to 5: out-of-range`]);
    });

    it('is left behind when retention overtakes the reader', async () => {
      const topic = await shortened();
      const heard = bench.hear({ reset: 'earliest', partitionMaxBytes: 1, maxBytes: 1, partitionPrefetchBytesMax: 1 });
      heard.drains = false;
      heard.fetcher.add(topic, 0, 2);
      await heard.has(1);
      await bench.deleteRecords(topic, 0, 4);
      heard.drains = true;
      heard.fetcher.drained(topic, 0, heard.fetcher.bufferedBytes);
      await until('the last came', () => heard.values.includes('e'));
      expect(heard.moves).toEqual([`${topic}/0 from 3 to 4: out-of-range`]);
    });
  });

  describe(`a topic of ${tested.name}`, () => {
    it('is read when it is made later', async () => {
      const name = `consumer-later-${Date.now()}`;
      const heard = bench.hear();
      heard.fetcher.add(name, 0, 0);
      await until('there is trouble', () => heard.fetcher.troubleOf(name, 0) !== undefined);
      await bench.topic(1, name);
      await bench.say(name, 0, ['a']);
      await heard.has(1);
      expect(heard.fetcher.trouble).toBeUndefined();
    });

    it('that was deleted and made anew is read from its beginning', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const heard = bench.hear({ maxWaitMs: 100 });
      heard.fetcher.add(topic, 0, 0);
      await heard.has(3);
      await bench.deleteTopic(topic);
      await until('it is missed', () => heard.fetcher.troubleOf(topic, 0) !== undefined);
      await bench.topic(1, topic);
      await bench.say(topic, 0, ['new']);
      await heard.has(4);
      expect(heard.values).toEqual(['a', 'b', 'c', 'new']);
      expect(heard.moves).toEqual([`${topic}/0 from 3 to 0: re-created`]);
    });

    it('that was deleted and made anew is an error without a reset policy', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a']);
      const heard = bench.hear({ maxWaitMs: 100, reset: 'none' });
      heard.fetcher.add(topic, 0, 0);
      await heard.has(1);
      await bench.deleteTopic(topic);
      await bench.topic(1, topic);
      await until('it fails', () => heard.failures.length > 0);
      expect(heard.failures[0]).toMatchObject({ code: 'UNKNOWN_TOPIC_ID', position: 1 });
    });
  });

  describe(`offsets that ${tested.name} is asked for`, () => {
    it('are found at both ends', async () => {
      const topic = await shortened();
      const [start] = await offsetsFor(bench.client.cluster, [{ topic, partition: 0 }], 'earliest');
      const [end] = await offsetsFor(bench.client.cluster, [{ topic, partition: 0 }], 'latest');
      expect([start?.offset, end?.offset]).toEqual([2, 5]);
    });

    it('are found by time, and at the latest time', async () => {
      const topic = await bench.topic();
      const baseMs = Date.now() - 60_000;
      for (const [index, value] of ['a', 'b', 'c'].entries())
        await bench.say(topic, 0, [value], baseMs + index * 1_000);
      const about = [{ topic, partition: 0 }];
      const at = async (spec: number | 'max-timestamp'): Promise<number> => {
        const [found] = await offsetsFor(bench.client.cluster, about, spec);
        return found!.offset;
      };
      expect(await at(baseMs + 500)).toBe(1);
      expect(await at(baseMs + 5_000)).toBe(-1);
      expect(await at('max-timestamp')).toBe(2);
    });

    it('are told for each partition, errors too, in the order asked for', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a']);
      const about = [7, 0].map((partition) => ({ topic, partition }));
      const found = await offsetsFor(bench.client.cluster, about, 'latest', { timeoutMs: 300 });
      expect(found[0]).toMatchObject({ partition: 7, offset: -1 });
      expect(found[0]!.error!.code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      expect(found[1]).toMatchObject({ partition: 0, offset: 1, error: undefined });
    });

    it('must mean something', async () => {
      const lookUp = offsetsFor(bench.client.cluster, [], -7);
      await expect(lookUp).rejects.toThrow(KafkaError);
    });
  });

  if (!tested.has.transactions) return; // There is nothing to read of them yet.
  describe(`transactions of ${tested.name}`, () => {
    let producer: Producer;
    beforeAll(async () => {
      producer = new Producer(bench.client.cluster, { transactionalId: `consumer-${Date.now()}` });
      await producer.initTransactions();
    });
    afterAll(() => producer.close());

    const transact = async (topic: string, value: string, commits: boolean): Promise<void> => {
      producer.beginTransaction();
      await producer.send({ topic, partition: 0, value: utf8(value) });
      await (commits ? producer.commitTransaction() : producer.abortTransaction());
    };

    it('that were aborted are hidden in read_committed, and their offsets stepped over', async () => {
      const topic = await bench.topic();
      await transact(topic, 'a', true);
      await transact(topic, 'b', false);
      await transact(topic, 'c', true);
      // A commit is answered before its marker is written.
      await until('the marker is there', async () => {
        const [end] = await offsetsFor(bench.client.cluster, [{ topic, partition: 0 }], 'latest');
        return end?.offset === 6;
      });
      await bench.say(topic, 0, ['d']);
      const heard = bench.hear({ isolationLevel: 'read_committed' });
      heard.fetcher.add(topic, 0, 0);
      await heard.has(3);
      expect(heard.values).toEqual(['a', 'c', 'd']);
      expect(heard.offsets).toEqual([0, 4, 6]);
      expect(heard.fetcher.position(topic, 0)).toBe(7);
    });

    it('that were aborted are shown in read_uncommitted, control records never', async () => {
      const topic = await bench.topic();
      await transact(topic, 'a', true);
      await transact(topic, 'b', false);
      await bench.say(topic, 0, ['c']);
      const heard = bench.hear();
      heard.fetcher.add(topic, 0, 0);
      await heard.has(3);
      expect(heard.values).toEqual(['a', 'b', 'c']);
    });

    it('that are open hold back what follows, up to the last stable offset', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['before']);
      producer.beginTransaction();
      await producer.send({ topic, partition: 0, value: utf8('inside') });
      await bench.say(topic, 0, ['after']);
      const heard = bench.hear({ isolationLevel: 'read_committed', maxWaitMs: 100 });
      heard.fetcher.add(topic, 0, 0);
      await heard.has(1);
      expect(heard.fetched[0]).toMatchObject({ lastStableOffset: 1, highWatermark: 3 });
      await producer.commitTransaction();
      await heard.has(3);
      expect(heard.values).toEqual(['before', 'inside', 'after']);
    });

    it('end where read_committed asks for the latest offset', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['before']);
      producer.beginTransaction();
      await producer.send({ topic, partition: 0, value: utf8('inside') });
      const about = [{ topic, partition: 0 }];
      const [stable] = await offsetsFor(bench.client.cluster, about, 'latest', { isolationLevel: 'read_committed' });
      const [latest] = await offsetsFor(bench.client.cluster, about, 'latest');
      await producer.abortTransaction();
      expect([stable?.offset, latest?.offset]).toEqual([1, 2]);
    });
  });
}
