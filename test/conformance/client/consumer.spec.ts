import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Consumer,
  type ConsumerListener,
  type ConsumerOptions,
  FetchError,
  type FetchedRecord,
} from '@trunkline/client';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokers } from './brokers.js';
import { ConsumerBench } from './consumer-fixture.js';

for (const tested of kafkaBrokers()) describeConsumer(tested);

const text = ({ value }: FetchedRecord): string => new TextDecoder().decode(value ?? new Uint8Array(0));

function describeConsumer(tested: TestedBroker): void {
  let bench: ConsumerBench;
  let open: Consumer[] = [];
  let groups = 0;
  const consume = (options: ConsumerOptions = {}): Consumer => {
    const consumer = new Consumer(bench.client.cluster, { reset: 'earliest', ...options });
    open.push(consumer);
    return consumer;
  };
  const groupId = (): string => `consumer-${Date.now()}-${++groups}`;
  /** Polls until there are so many. */
  const read = async (consumer: Consumer, count: number): Promise<string[]> => {
    const values: string[] = [];
    while (values.length < count) values.push(...(await consumer.poll(10_000)).map(text));
    return values;
  };

  beforeAll(async () => {
    bench = await ConsumerBench.start(tested);
  });
  afterEach(async () => {
    await Promise.all(open.map((consumer) => consumer.close(5_000)));
    open = [];
  });
  afterAll(() => bench?.close());

  describe(`a consumer of ${tested.name}`, () => {
    it('polls what its partitions have', async () => {
      const topic = await bench.topic(2);
      await bench.say(topic, 0, ['a', 'b']);
      await bench.say(topic, 1, ['c']);
      const consumer = consume();
      await consumer.assign([
        { topic, partition: 0 },
        { topic, partition: 1 },
      ]);
      expect((await read(consumer, 3)).toSorted()).toEqual(['a', 'b', 'c']);
      expect(consumer.position(topic, 0)).toBe(2);
    });

    it('gives nothing when nothing comes in time', async () => {
      const topic = await bench.topic();
      const consumer = consume();
      await consumer.assign([{ topic, partition: 0 }]);
      expect(await consumer.poll(50)).toEqual([]);
      expect(await consumer.poll(0)).toEqual([]);
    });

    it('gives at most as many records as it was told', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const consumer = consume({ maxPollRecords: 2 });
      await consumer.assign([{ topic, partition: 0 }]);
      expect((await consumer.poll(10_000)).map(text)).toEqual(['a', 'b']);
      expect(consumer.position(topic, 0)).toBe(2);
      expect((await consumer.poll(10_000)).map(text)).toEqual(['c']);
    });

    it('takes its partitions in turns', async () => {
      const topic = await bench.topic(2);
      await bench.say(topic, 0, ['a', 'b', 'c', 'd']);
      await bench.say(topic, 1, ['e', 'f', 'g', 'h']);
      const consumer = consume({ maxPollRecords: 2 });
      await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
      await until('both are there', () => consumer.lag(topic, 0) === 4 && consumer.lag(topic, 1) === 4);
      const polled = [await consumer.poll(1_000), await consumer.poll(1_000), await consumer.poll(1_000)];
      const [first, second, third] = polled.map((records) => records[0]!.partition);
      expect([second, third]).toEqual([1 - first!, first]);
    });

    it('begins where it is told: at an offset, an end, or as the policy says', async () => {
      const topic = await bench.topic(4);
      for (let partition = 0; partition < 4; partition++) await bench.say(topic, partition, ['a', 'b']);
      const consumer = consume({ reset: 'latest' });
      await consumer.assign([
        { topic, partition: 0, offset: 1 },
        { topic, partition: 1, offset: 'earliest' },
        { topic, partition: 2, offset: 'latest' },
        { topic, partition: 3 },
      ]);
      expect([0, 1, 2, 3].map((partition) => consumer.position(topic, partition))).toEqual([1, 0, 2, 2]);
    });

    it('has no position without an offset and a reset policy', async () => {
      const topic = await bench.topic();
      const consumer = consume({ reset: 'none' });
      await expect(consumer.assign([{ topic, partition: 0 }])).rejects.toThrow('there is no position to begin at');
      expect(consumer.assignment).toEqual([]);
    });

    it('is iterated record by record, until it is closed', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const consumer = consume();
      await consumer.assign([{ topic, partition: 0 }]);
      const values: string[] = [];
      for await (const record of consumer) {
        values.push(`${text(record)} ${consumer.position(topic, 0)}`);
        if (values.length === 3) void consumer.close();
      }
      expect(values).toEqual(['a 1', 'b 2', 'c 3']);
    });

    it('goes on where the loop was left', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b']);
      const consumer = consume();
      await consumer.assign([{ topic, partition: 0 }]);
      for await (const _record of consumer) break;
      expect(await read(consumer, 1)).toEqual(['b']);
    });

    it('seeks, to offsets, ends and times', async () => {
      const topic = await bench.topic();
      const baseMs = Date.now() - 60_000;
      for (const [index, value] of ['a', 'b', 'c'].entries())
        await bench.say(topic, 0, [value], baseMs + index * 1_000);
      const consumer = consume();
      await consumer.assign([{ topic, partition: 0 }]);
      await read(consumer, 3);
      consumer.seek(topic, 0, 1);
      expect(await read(consumer, 2)).toEqual(['b', 'c']);
      await consumer.seekToBeginning();
      expect(await read(consumer, 3)).toEqual(['a', 'b', 'c']);
      await consumer.seekTo(baseMs + 1_500);
      expect(await read(consumer, 1)).toEqual(['c']);
      await consumer.seekToBeginning();
      await consumer.seekToEnd();
      expect(consumer.position(topic, 0)).toBe(3);
      expect(await consumer.poll(100)).toEqual([]);
    });

    it('hands out nothing of a paused partition', async () => {
      const topic = await bench.topic(2);
      await bench.say(topic, 0, ['a']);
      await bench.say(topic, 1, ['b']);
      const consumer = consume();
      await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
      await until('both are there', () => consumer.lag(topic, 0) === 1 && consumer.lag(topic, 1) === 1);
      consumer.pause([{ topic, partition: 0 }]);
      expect((await consumer.poll(1_000)).map(text)).toEqual(['b']);
      expect(await consumer.poll(100)).toEqual([]);
      consumer.resume([{ topic, partition: 0 }]);
      expect((await consumer.poll(1_000)).map(text)).toEqual(['a']);
    });

    it('tells its lag', async () => {
      const topic = await bench.topic();
      await bench.say(topic, 0, ['a', 'b', 'c']);
      const consumer = consume({ maxPollRecords: 1 });
      await consumer.assign([{ topic, partition: 0 }]);
      expect(consumer.lag(topic, 0)).toBeUndefined();
      await read(consumer, 1);
      expect(consumer.lag(topic, 0)).toBe(2);
    });

    it('throws once for a partition that cannot be read, and reads the others', async () => {
      const topic = await bench.topic(2);
      await bench.say(topic, 1, ['b']);
      const consumer = consume({ reset: 'none' });
      await consumer.assign([
        { topic, partition: 0, offset: 50 },
        { topic, partition: 1, offset: 0 },
      ]);
      const values: string[] = [];
      const errors: unknown[] = [];
      while (values.length === 0 || errors.length === 0) {
        await consumer.poll(5_000).then(
          (records) => values.push(...records.map(text)),
          (error: unknown) => errors.push(error),
        );
      }
      expect(values).toEqual(['b']);
      expect(errors[0]).toBeInstanceOf(FetchError);
      expect(errors[0]).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', partition: 0, position: 50, logEndOffset: 0 });
      expect(await consumer.poll(50)).toEqual([]);
      consumer.seek(topic, 0, 0);
      await bench.say(topic, 0, ['a']);
      expect(await read(consumer, 1)).toEqual(['a']);
    });

    it('changes its assignment and keeps the positions of what stays', async () => {
      const topic = await bench.topic(2);
      await bench.say(topic, 0, ['a', 'b']);
      await bench.say(topic, 1, ['c']);
      const consumer = consume();
      await consumer.assign([{ topic, partition: 0 }]);
      await read(consumer, 2);
      await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
      expect(await read(consumer, 1)).toEqual(['c']);
      expect(consumer.position(topic, 0)).toBe(2);
      await consumer.assign([{ topic, partition: 1 }]);
      expect(consumer.assignment).toEqual([{ topic, partition: 1 }]);
      expect(() => consumer.position(topic, 0)).toThrow('it is not assigned');
    });

    it('lets nobody wait for ever when it is closed', async () => {
      const topic = await bench.topic();
      const consumer = consume();
      await consumer.assign([{ topic, partition: 0 }]);
      const waiting = consumer.poll(60_000);
      await consumer.close();
      expect(await waiting).toEqual([]);
      await expect(consumer.poll(1)).rejects.toThrow('the consumer is closed');
    });

    it('lets only one wait at a time', async () => {
      const topic = await bench.topic();
      const consumer = consume();
      await consumer.assign([{ topic, partition: 0 }]);
      const waiting = consumer.poll(1_000);
      await expect(consumer.poll(1_000)).rejects.toThrow('two wait for records at once');
      await consumer.close();
      await waiting;
    });
  });

  for (const protocol of tested.has.consumerGroups ? (['classic', 'consumer'] as const) : (['classic'] as const)) {
    describe(`a consumer in a ${protocol} group of ${tested.name}`, () => {
      const join = async (
        group: string,
        topic: string,
        options: ConsumerOptions = {},
        listener: ConsumerListener = {},
      ): Promise<Consumer> => {
        const consumer = consume(options);
        await consumer.subscribe({ groupId: group, topics: [topic], protocol }, listener);
        return consumer;
      };

      it('reads what the group shares out to it', async () => {
        const topic = await bench.topic(2);
        await bench.say(topic, 0, ['a']);
        await bench.say(topic, 1, ['b']);
        const consumer = await join(groupId(), topic);
        expect((await read(consumer, 2)).toSorted()).toEqual(['a', 'b']);
        expect(consumer.assignment).toHaveLength(2);
      });

      it('goes on where the group has committed', async () => {
        const topic = await bench.topic();
        await bench.say(topic, 0, ['a', 'b', 'c']);
        const group = groupId();
        const first = await join(group, topic, { autoCommitIntervalMs: 0, maxPollRecords: 2 });
        await read(first, 2);
        await first.commit();
        await first.close();
        const second = await join(group, topic);
        expect(await read(second, 1)).toEqual(['c']);
      });

      it('commits what it is told', async () => {
        const topic = await bench.topic();
        await bench.say(topic, 0, ['a', 'b', 'c']);
        const group = groupId();
        const first = await join(group, topic, { autoCommitIntervalMs: 0 });
        await read(first, 3);
        await first.commit([{ topic, partition: 0, offset: 1 }]);
        await first.close();
        const second = await join(group, topic);
        expect(await read(second, 2)).toEqual(['b', 'c']);
      });

      it('commits nothing by itself when it is told so', async () => {
        const topic = await bench.topic();
        await bench.say(topic, 0, ['a']);
        const group = groupId();
        const first = await join(group, topic, { autoCommitIntervalMs: 0 });
        await read(first, 1);
        await first.close();
        const second = await join(group, topic);
        expect(await read(second, 1)).toEqual(['a']);
      });

      it('commits what is done when it is closed', async () => {
        const topic = await bench.topic();
        await bench.say(topic, 0, ['a', 'b']);
        const group = groupId();
        const first = await join(group, topic, { maxPollRecords: 1 });
        await read(first, 1);
        await first.close();
        const second = await join(group, topic);
        expect(await read(second, 1)).toEqual(['b']);
      });

      it('commits from time to time only what is done', async () => {
        const topic = await bench.topic();
        await bench.say(topic, 0, ['a', 'b', 'c']);
        const group = groupId();
        const consumer = await join(group, topic, { autoCommitIntervalMs: 1, maxPollRecords: 1 });
        await read(consumer, 1);
        await until('a time has passed', () => true);
        await read(consumer, 1);
        await until('the first is committed', async () => (await committed(group, topic)) === 1);
        expect(consumer.position(topic, 0)).toBe(2);
      });

      it('shares with a second one, and nothing is lost or read twice', async () => {
        const topic = await bench.topic(4);
        const group = groupId();
        const first = await join(group, topic, { autoCommitIntervalMs: 0 });
        const values: string[] = [];
        const run = async (consumer: Consumer): Promise<void> => {
          for await (const record of consumer) {
            values.push(text(record));
            await consumer.commit([{ topic, partition: record.partition, offset: record.offset + 1 }]).catch(() => {});
          }
        };
        const runs = [run(first)];
        for (let index = 0; index < 20; index++) await bench.say(topic, index % 4, [`${index}`]);
        await until('the first has read them', () => values.length >= 20);
        const second = await join(group, topic, { autoCommitIntervalMs: 0 });
        runs.push(run(second));
        await until('they share', () => second.assignment.length === 2 && first.assignment.length === 2);
        for (let index = 20; index < 40; index++) await bench.say(topic, index % 4, [`${index}`]);
        await until('all is read', () => new Set(values).size === 40);
        await Promise.all([first.close(), second.close(), ...runs]);
        expect(values).toHaveLength(40);
      });

      it('tells what it was given and what is taken, with time to commit', async () => {
        const topic = await bench.topic(2);
        await bench.say(topic, 0, ['a']);
        const group = groupId();
        const told: string[] = [];
        const first: Consumer = await join(
          group,
          topic,
          { autoCommitIntervalMs: 0 },
          {
            onAssigned: (given) => void told.push(`given ${given.length}`),
            onRevoked: async (taken) => {
              told.push(`taken ${taken.length}`);
              await first.commit();
            },
          },
        );
        await read(first, 1);
        await first.close();
        expect(told).toEqual(['given 2', 'taken 2']);
        expect(await committed(group, topic)).toBe(1);
      });

      it('begins where its listener seeks to', async () => {
        const topic = await bench.topic();
        await bench.say(topic, 0, ['a', 'b', 'c']);
        const consumer = consume();
        await consumer.subscribe(
          { groupId: groupId(), topics: [topic], protocol },
          { onAssigned: () => consumer.seek(topic, 0, 2) },
        );
        expect(await read(consumer, 1)).toEqual(['c']);
      });

      it('cannot be assigned by hand', async () => {
        const topic = await bench.topic();
        const consumer = await join(groupId(), topic);
        await expect(consumer.assign([{ topic, partition: 0 }])).rejects.toThrow('assigned by the group');
      });

      /** As a reader of the group finds it. */
      async function committed(group: string, topic: string): Promise<number | undefined> {
        const { GroupMember } = await import('@trunkline/client');
        const idle = { onAssigned: () => {}, onRevoked: () => {}, onLost: () => {} };
        const other = new GroupMember(bench.client.cluster, { groupId: group, topics: [`${topic}-none`] }, idle);
        const [found] = await other.committed([{ topic, partition: 0 }]);
        await other.close(1_000);
        return found?.offset;
      }
    });
  }
}
