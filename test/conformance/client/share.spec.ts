import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AcknowledgeResult } from '@trunkline/client';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokersWith } from './brokers.js';
import { ShareWorld, take, told, valuesOf } from './share-kit.js';

const EXPLICIT = { acknowledgementMode: 'explicit' } as const;

for (const tested of kafkaBrokersWith('shareGroups')) describeShare(tested);

function describeShare(tested: TestedBroker): void {
  describe(`a share consumer of ${tested.name}`, () => {
    let world: ShareWorld;
    beforeAll(async () => {
      world = await ShareWorld.start(tested);
    });
    afterAll(() => world?.close());

    it('reads a topic from its beginning, in order, each record for the first time', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b', 'c']);
      const consumer = world.consumer([topic], { groupId });
      const records = await take(consumer, 3);
      expect(valuesOf(records)).toEqual(['a', 'b', 'c']);
      expect(records.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([
        [0, 1],
        [1, 1],
        [2, 1],
      ]);
      expect(consumer.acquisitionLockTimeoutMs).toBe(30_000);
    });

    it('reads what comes after the group began, when the group says so', async () => {
      const topic = await world.topic();
      const groupId = await world.group({ 'share.auto.offset.reset': 'latest' });
      await world.produce(topic, ['before']);
      const consumer = world.consumer([topic], { groupId });
      await until('it is assigned', () => consumer.assignment.length === 1);
      expect(await consumer.poll(500)).toEqual([]);
      await world.produce(topic, ['after']);
      expect(valuesOf(await take(consumer, 1))).toEqual(['after']);
    });

    it('gives nothing when there is nothing, once its time is over', async () => {
      const consumer = world.consumer([await world.topic()], { groupId: await world.group() });
      const startedMs = performance.now();
      expect(await consumer.poll(700)).toEqual([]);
      expect(performance.now() - startedMs).toBeGreaterThan(690);
    });

    it('accepts with the next poll what the last one gave, in implicit mode', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b']);
      const results: AcknowledgeResult[] = [];
      const onAcknowledged = (some: readonly AcknowledgeResult[]): void => void results.push(...some);
      const first = world.consumer([topic], { groupId, onAcknowledged });
      await take(first, 2);
      await first.poll(100);
      await until('it is told', () => results.length > 0);
      expect(told(results)).toEqual(['accept 0-1 ok']);
      await first.close();
      const second = world.consumer([topic], { groupId });
      expect(await take(second, 1, 2_000)).toEqual([]);
    });

    it('accepts with commit what the last poll gave, in implicit mode', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b', 'c']);
      const consumer = world.consumer([topic], { groupId });
      await take(consumer, 3);
      expect(told(await consumer.commit())).toEqual(['accept 0-2 ok']);
      expect(await consumer.commit()).toEqual([]);
    });

    it('gives a released record again, with delivery count 2', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b', 'c']);
      const consumer = world.consumer([topic], { groupId, ...EXPLICIT });
      const [a, b, c] = await take(consumer, 3);
      consumer.acknowledge(a!);
      consumer.acknowledge(b!, 'release');
      consumer.acknowledge(c!);
      const again = await take(consumer, 1);
      expect(again.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([[1, 2]]);
      consumer.acknowledge(again[0]!);
      expect(told(await consumer.commit())).toEqual(['accept 1-1 ok']);
    });

    it('never gives a rejected record again', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['bad', 'good']);
      const consumer = world.consumer([topic], { groupId, ...EXPLICIT });
      const [bad, good] = await take(consumer, 2);
      consumer.acknowledge(bad!, 'reject');
      consumer.acknowledge(good!, 'release');
      expect(told(await consumer.commit())).toEqual(['reject 0-0 ok', 'release 1-1 ok']);
      const again = await take(consumer, 1);
      expect(valuesOf(again)).toEqual(['good']);
      consumer.acknowledge(again[0]!);
      expect(await take(consumer, 1, 1_500)).toEqual([]);
    });

    it('gives a record up after the delivery limit of its group', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['poison']);
      const consumer = world.consumer([topic], { groupId, ...EXPLICIT });
      const counts: number[] = [];
      for (let delivery = 1; delivery <= 5; delivery++) {
        const [record] = await take(consumer, 1);
        counts.push(record!.deliveryCount);
        consumer.acknowledge(record!, 'release');
      }
      expect(counts).toEqual([1, 2, 3, 4, 5]);
      expect(await take(consumer, 1, 1_500)).toEqual([]);
    });

    it('lets two members share one partition', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      const options = { groupId, maxPollRecords: 5, acquireMode: 'record_limit', ...EXPLICIT } as const;
      const [one, two] = [world.consumer([topic], options), world.consumer([topic], options)];
      await until('both read', () => one.assignment.length === 1 && two.assignment.length === 1);
      const values = Array.from({ length: 40 }, (_, at) => `v${at}`);
      for (const value of values) await world.produce(topic, [value]);
      const taken = { one: 0, two: 0 };
      const seen: string[] = [];
      while (seen.length < 40) {
        for (const [name, member] of [
          ['one', one],
          ['two', two],
        ] as const) {
          const records = await member.poll(500);
          for (const record of records) member.acknowledge(record);
          taken[name] += records.length;
          seen.push(...valuesOf(records));
        }
      }
      expect(seen.toSorted()).toEqual(values.toSorted());
      expect(taken.one).toBeGreaterThan(0);
      expect(taken.two).toBeGreaterThan(0);
    });

    it('gives never more records than asked for in one poll', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b', 'c', 'd', 'e']);
      const consumer = world.consumer([topic], { groupId, maxPollRecords: 2 });
      const polls: number[] = [];
      while (polls.reduce((sum, count) => sum + count, 0) < 5) polls.push((await take(consumer, 1)).length);
      expect(polls).toEqual([2, 2, 1]);
    });

    it('acquires a whole batch at a time, unless a limit on records is asked for', async () => {
      const topic = await world.topic();
      await world.produce(topic, ['a', 'b', 'c', 'd', 'e']);
      const optimized = await world.group();
      const greedy = world.consumer([topic], { groupId: optimized, maxPollRecords: 2, ...EXPLICIT });
      const other = world.consumer([topic], { groupId: optimized, ...EXPLICIT });
      expect(valuesOf(await take(greedy, 2))).toEqual(['a', 'b']);
      expect(await take(other, 1, 1_500)).toEqual([]);
      const limited = await world.group();
      const options = { groupId: limited, maxPollRecords: 2, acquireMode: 'record_limit', ...EXPLICIT } as const;
      const modest = world.consumer([topic], options);
      const next = world.consumer([topic], { groupId: limited, ...EXPLICIT });
      expect(valuesOf(await take(modest, 2))).toEqual(['a', 'b']);
      expect(valuesOf(await take(next, 3))).toEqual(['c', 'd', 'e']);
    });

    it('reads all partitions of all topics', async () => {
      const [left, right] = [await world.topic(3), await world.topic(2)];
      const groupId = await world.group();
      for (let partition = 0; partition < 3; partition++) await world.produce(left!, [`l${partition}`], partition);
      for (let partition = 0; partition < 2; partition++) await world.produce(right!, [`r${partition}`], partition);
      const consumer = world.consumer([left!, right!], { groupId });
      expect(valuesOf(await take(consumer, 5)).toSorted()).toEqual(['l0', 'l1', 'l2', 'r0', 'r1']);
    });

    it('reads a topic that is created after it subscribed', async () => {
      const name = world.name('late');
      const groupId = await world.group();
      const consumer = world.consumer([name], { groupId });
      expect(await consumer.poll(300)).toEqual([]);
      await world.topic(1, name);
      await world.produce(name, ['here']);
      expect(valuesOf(await take(consumer, 1, 30_000))).toEqual(['here']);
    });

    it('reads partitions that are added', async () => {
      const topic = await world.topic(1);
      const groupId = await world.group();
      const consumer = world.consumer([topic], { groupId });
      await until('it reads', () => consumer.assignment.length === 1);
      await world.grow(topic, 2);
      await until('it reads both', () => consumer.assignment.length === 2, 30_000);
      await world.produce(topic, ['second'], 1);
      expect(valuesOf(await take(consumer, 1))).toEqual(['second']);
    });

    it('reads other topics once the subscription has changed', async () => {
      const [old, fresh] = [await world.topic(), await world.topic()];
      const groupId = await world.group();
      await world.produce(old!, ['old']);
      const consumer = world.consumer([old!], { groupId });
      expect(valuesOf(await take(consumer, 1))).toEqual(['old']);
      consumer.subscribe([fresh!]);
      await world.produce(fresh!, ['fresh']);
      await world.produce(old!, ['nobody reads this']);
      const records = await take(consumer, 1);
      expect(valuesOf(records)).toEqual(['fresh']);
      expect(consumer.assignment).toEqual([{ topic: fresh, partition: 0 }]);
    });

    it('goes on when a topic that it reads is deleted', async () => {
      const [doomed, stays] = [await world.topic(), await world.topic()];
      const groupId = await world.group();
      const consumer = world.consumer([doomed!, stays!], { groupId });
      await until('it reads both', () => consumer.assignment.length === 2);
      await consumer.poll(100);
      await world.deleteTopic(doomed!);
      await world.produce(stays!, ['still here']);
      expect(valuesOf(await take(consumer, 1))).toEqual(['still here']);
    });

    it('lets two groups read the same records', async () => {
      const topic = await world.topic();
      await world.produce(topic, ['a']);
      const [one, two] = [
        world.consumer([topic], { groupId: await world.group() }),
        world.consumer([topic], { groupId: await world.group() }),
      ];
      expect(valuesOf(await take(one, 1))).toEqual(['a']);
      expect(valuesOf(await take(two, 1))).toEqual(['a']);
    });
  });
}
