import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FetcherOptions } from '@trunkline/client';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokers } from './brokers.js';
import { ConsumerBench, Heard } from './consumer-fixture.js';

for (const tested of kafkaBrokers()) describeFetcher(tested);

function describeFetcher(tested: TestedBroker): void {
  describe(`a fetcher of ${tested.name}`, () => {
    let bench: ConsumerBench;
    let started: Heard[] = [];
    const hear = (options: FetcherOptions = {}): Heard => {
      const heard = new Heard(bench, options);
      started.push(heard);
      return heard;
    };

    beforeAll(async () => {
      bench = await ConsumerBench.start(tested);
    });
    afterEach(() => {
      for (const { fetcher } of started) fetcher.stop();
      started = [];
    });
    afterAll(() => bench.stop());

    it('reads what was there before it came', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const heard = hear();
      heard.fetcher.add(topic, 0, 0);
      await heard.has(3);
      expect(heard.values).toEqual(['a', 'b', 'c']);
      expect(heard.offsets).toEqual([0, 1, 2]);
    });

    it('reads what is written while it waits', async () => {
      const topic = await bench.topic();
      const heard = hear();
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
      const heard = hear();
      heard.fetcher.add(topic, 0, 1);
      await heard.has(2);
      expect(heard.offsets).toEqual([1, 2]);
    });

    it('tells the log as it is', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const heard = hear();
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
      const heard = hear({ maxWaitMs: 20_000 });
      heard.fetcher.add(topic, 0, 0);
      await until('it is read', () => heard.fetcher.watermarks(topic, 0) !== undefined);
      heard.fetcher.add(topic, 1, 0);
      await heard.has(1);
      expect(heard.values).toEqual(['a']);
    });
  });
}
