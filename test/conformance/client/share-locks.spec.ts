import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaError, type ShareRecord } from '@trunkline/client';
import { until } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokersWith } from './brokers.js';
import { ShareWorld, take, told, valuesOf } from './share-kit.js';

const EXPLICIT = { acknowledgementMode: 'explicit' } as const;
/** How long a lock lasts if nothing else is said. */
const LOCK_MS = 30_000;
/** The shortest that a broker of default settings allows. */
const SHORT_LOCK = { 'share.record.lock.duration.ms': '15000' };

for (const tested of kafkaBrokersWith('shareGroups')) describeLocks(tested);

function describeLocks(tested: TestedBroker): void {
  describe(`locks of share groups of ${tested.name}`, () => {
    let world: ShareWorld;
    beforeAll(async () => {
      world = await ShareWorld.start(tested);
    });
    afterAll(() => world?.close());

    it('end in time: another member gets the record, and the late acknowledgement is refused', async () => {
      const topic = await world.topic();
      const groupId = await world.group(SHORT_LOCK);
      await world.produce(topic, ['slow']);
      const slow = world.consumer([topic], { groupId, ...EXPLICIT });
      const other = world.consumer([topic], { groupId, ...EXPLICIT });
      const [record] = await take(slow, 1);
      expect(slow.acquisitionLockTimeoutMs).toBe(15_000);
      const [again] = await take(other, 1, 25_000);
      expect([again?.offset, again?.deliveryCount]).toEqual([0, 2]);
      slow.acknowledge(record!);
      const results = await slow.commit();
      expect(told(results)).toEqual(['accept 0-0 INVALID_RECORD_STATE']);
      other.acknowledge(again!);
      expect(told(await other.commit())).toEqual(['accept 0-0 ok']);
    });

    it('begin anew with a renewal', async () => {
      const topic = await world.topic();
      const groupId = await world.group(SHORT_LOCK);
      await world.produce(topic, ['long work']);
      const worker = world.consumer([topic], { groupId, ...EXPLICIT });
      const other = world.consumer([topic], { groupId, ...EXPLICIT });
      const [record] = await take(worker, 1);
      await take(other, 1, 9_000);
      worker.acknowledge(record!, 'renew');
      expect(told(await worker.commit())).toEqual(['renew 0-0 ok']);
      expect(await take(other, 1, 10_000)).toEqual([]);
      worker.acknowledge(record!);
      expect(told(await worker.commit())).toEqual(['accept 0-0 ok']);
    });

    it('are told when a renewal is refused, and the record is not held any more', async () => {
      const topic = await world.topic();
      const groupId = await world.group({ 'share.renew.acknowledge.enable': 'false' });
      await world.produce(topic, ['a']);
      const worker = world.consumer([topic], { groupId, ...EXPLICIT });
      const [record] = await take(worker, 1);
      worker.acknowledge(record!, 'renew');
      const [result] = await worker.commit();
      expect(result?.error).toBeInstanceOf(KafkaError);
    });

    it('are given back at once by close', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b', 'c']);
      const first = world.consumer([topic], { groupId, ...EXPLICIT });
      const second = world.consumer([topic], { groupId, ...EXPLICIT });
      const [a] = await take(first, 3);
      first.acknowledge(a!);
      await first.close();
      const records = await take(second, 2, LOCK_MS / 2);
      expect(records.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([
        [1, 2],
        [2, 2],
      ]);
    });

    it('are given back at once when the member vanishes with its connections', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a']);
      const { client, consumer } = await world.apart([topic], { groupId, ...EXPLICIT });
      const heir = world.consumer([topic], { groupId, ...EXPLICIT });
      await take(consumer, 1);
      await client.close();
      const [record] = await take(heir, 1, LOCK_MS / 2);
      expect(record?.deliveryCount).toBe(2);
    });

    it('are lost with the connection: that is told, and the records come again', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b']);
      const consumer = world.consumer([topic], { groupId, ...EXPLICIT });
      const [a, b] = await take(consumer, 2);
      world.client.cluster.closeLane(`share-${consumer.memberId}`);
      consumer.acknowledge(a!);
      expect(told(await consumer.commit())).toEqual(['accept 0-0 SHARE_SESSION_NOT_FOUND']);
      consumer.acknowledge(b!);
      expect(told(await consumer.commit())).toEqual(['accept 1-1 SHARE_SESSION_NOT_FOUND']);
      const again = await take(consumer, 2);
      expect(again.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([
        [0, 2],
        [1, 2],
      ]);
      for (const record of again) consumer.acknowledge(record);
      expect(told(await consumer.commit())).toEqual(['accept 0-1 ok']);
    });

    it('do not hold up a record that is handed on: released by one, taken by the other', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a']);
      const first = world.consumer([topic], { groupId, ...EXPLICIT });
      const [record] = await take(first, 1);
      const second = world.consumer([topic], { groupId, ...EXPLICIT });
      await until('both read', () => second.assignment.length === 1);
      const waiting = take(second, 1);
      first.acknowledge(record!, 'release');
      expect(told(await first.commit())).toEqual(['release 0-0 ok']);
      expect((await waiting).map(({ deliveryCount }) => deliveryCount)).toEqual([2]);
    });

    it('do not keep the iteration from releasing what it did not come to', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a', 'b', 'c']);
      const consumer = world.consumer([topic], { groupId });
      const seen: ShareRecord[] = [];
      for await (const record of consumer) {
        seen.push(record);
        if (seen.length === 2) break;
      }
      expect(valuesOf(seen)).toEqual(['a', 'b']);
      const rest = await take(consumer, 2);
      expect(rest.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([
        [1, 2],
        [2, 2],
      ]);
    });

    it('end the iteration when the consumer is closed', async () => {
      const consumer = world.consumer([await world.topic()], { groupId: await world.group() });
      const ended = (async () => {
        for await (const record of consumer) expect(record).toBeUndefined();
      })();
      await until('it reads', () => consumer.assignment.length === 1);
      await consumer.close();
      await ended;
    });

    it('stop the flow when too many records are not acknowledged', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      for (const value of ['a', 'b', 'c', 'd']) await world.produce(topic, [value]);
      const options = { groupId, inFlightRecordsMax: 2, acquireMode: 'record_limit', ...EXPLICIT } as const;
      const consumer = world.consumer([topic], options);
      const held = await take(consumer, 2);
      expect(held).toHaveLength(2);
      expect(await consumer.poll(800)).toEqual([]);
      consumer.acknowledge(held[0]!);
      expect(valuesOf(await take(consumer, 1))).toEqual(['c']);
    });

    it('are refused to a record that was acknowledged already', async () => {
      const topic = await world.topic();
      const groupId = await world.group();
      await world.produce(topic, ['a']);
      const consumer = world.consumer([topic], { groupId, ...EXPLICIT });
      const [record] = await take(consumer, 1);
      consumer.acknowledge(record!);
      expect(() => consumer.acknowledge(record!)).toThrow(/INVALID_RECORD_STATE/);
    });
  });
}
