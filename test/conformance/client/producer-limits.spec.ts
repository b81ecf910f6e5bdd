import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import { kafkaBrokers } from './brokers.js';
import { codeOf } from './client-kit.js';
import { ProducerKit } from './producer-kit.js';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);

for (const tested of kafkaBrokers())
  describe(`a producer’s limits with ${tested.name}`, () => {
    let kit: ProducerKit;
    beforeAll(async () => {
      kit = await ProducerKit.start(tested);
    });
    afterAll(() => kit?.close());

    describe('idempotence', () => {
      it('is on, with sequences that go on', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        for (const value of ['a', 'b', 'c']) await producer.send({ topic, value });
        const batches = await kit.batches(topic);
        expect(batches.every(({ hasProducerId, producerEpoch }) => hasProducerId && producerEpoch === 0)).toBe(true);
        expect(batches.map(({ baseSequence }) => baseSequence)).toEqual([0, 1, 2]);
      });

      it('has one identity for all partitions', async () => {
        const topic = await kit.topic(3);
        const producer = kit.producer();
        await producer.sendAll([0, 1, 2].map((partition) => ({ topic, partition, value: 'x' })));
        const ids = new Set<bigint>();
        for (const partition of [0, 1, 2]) ids.add((await kit.batches(topic, partition))[0]!.producerId);
        expect(ids.size).toBe(1);
      });

      it('can be turned off', async () => {
        const topic = await kit.topic();
        await kit.producer({ idempotent: false }).send({ topic, value: 'x' });
        expect((await kit.batches(topic))[0]).toMatchObject({ producerId: -1n, producerEpoch: -1, baseSequence: -1 });
      });

      it('writes with acks 1', async () => {
        const topic = await kit.topic();
        expect(await kit.producer({ acks: 1 }).send({ topic, value: 'x' })).toMatchObject({ offset: 0 });
      });

      it('writes with acks 0, and knows no offset', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ acks: 0 });
        const sent = await Promise.all(numbers(10).map((value) => producer.send({ topic, value })));
        expect(sent.every(({ offset }) => offset === -1)).toBe(true);
        await until('all are there', async () => (await kit.values(topic)).length === 10);
      });
    });

    describe('what cannot be written', () => {
      it('names size and limit of a record over requestBytesMax, before it is sent', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ requestBytesMax: 10_000 });
        const sent = producer.send({ topic, value: 'x'.repeat(20_000) });
        await expect(sent).rejects.toThrow(/a record of 20\d\d\d bytes .* requestBytesMax is 10000/);
        expect(await codeOf(sent)).toBe('MESSAGE_TOO_LARGE');
      });

      it('names the size of a record that is too large for the topic, and writes the others', async () => {
        const topic = await kit.topicWith({ 'max.message.bytes': '2000' });
        const producer = kit.producer();
        const sent = [
          producer.send({ topic, value: 'a' }),
          producer.send({ topic, value: 'x'.repeat(3_000) }),
          producer.send({ topic, value: 'b' }),
        ];
        await expect(sent[1]).rejects.toThrow(/one record in a batch of 30\d\d bytes/);
        await Promise.all([sent[0], sent[2]]);
        expect(await kit.values(topic)).toEqual(['a', 'b']);
      });

      it('refuses a record without a key for a compacted topic, and goes on', async () => {
        const topic = await kit.topicWith({ 'cleanup.policy': 'compact' });
        const producer = kit.producer();
        expect(await codeOf(producer.send({ topic, value: 'x' }))).toBe('INVALID_RECORD');
        expect(await producer.send({ topic, key: 'k', value: 'y' })).toMatchObject({ offset: 0 });
      });

      it('waits for a topic that is created meanwhile', async () => {
        const topic = kit.name();
        const sent = kit.producer().send({ topic, value: 'early' });
        await kit.topic(1, topic);
        expect(await sent).toMatchObject({ topic, offset: 0 });
      });

      it('refuses a topic that never comes', async () => {
        const producer = kit.producer({ unknownTopicTimeoutMs: 2_000 });
        expect(await codeOf(producer.send({ topic: kit.name(), value: 'x' }))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      });

      it('refuses a name that no topic can have', async () => {
        const producer = kit.producer({ unknownTopicTimeoutMs: 2_000 });
        const code = await codeOf(producer.send({ topic: 'no topic/has this name', value: 'x' }));
        expect(['INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_OR_PARTITION']).toContain(code);
      });

      it('goes on when a topic was deleted and created again', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        await producer.sendAll([{ topic, value: 'old' }]);
        await producer.send({ topic, value: 'old too' });
        await kit.deleteTopic(topic);
        const sent = producer.send({ topic, value: 'new' });
        await until('it is there again', async () => (await kit.topic(1, topic)) === topic);
        await sent;
        await producer.send({ topic, value: 'newer' });
        await kit.client.cluster.refresh([topic]);
        expect(await kit.values(topic)).toEqual(['new', 'newer']);
      });
    });

    describe('the buffer', () => {
      it('refuses at once what finds no room when it may not wait', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ bufferBytesMax: 10_000, maxBlockMs: 0 });
        const codes = await Promise.all(
          numbers(20).map(() => codeOf(producer.send({ topic, value: 'x'.repeat(1_000) }))),
        );
        expect(codes.filter((code) => code === 'OVERLOADED').length).toBeGreaterThanOrEqual(10);
        expect(codes.filter((code) => code === 'no error').length).toBeGreaterThanOrEqual(9);
        await producer.send({ topic, value: 'there is room again' });
      });

      it('lets wait in line what finds no room, in order', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ bufferBytesMax: 10_000 });
        const values = numbers(200).map((n) => n.padStart(1_000, '.'));
        await Promise.all(values.map((value) => producer.send({ topic, value })));
        expect(await kit.values(topic)).toEqual(values);
      });

      it('lets wait no longer than maxBlockMs', async () => {
        const producer = kit.producer({ bufferBytesMax: 1_000, maxBlockMs: 100, unknownTopicTimeoutMs: 3_000 });
        const topic = kit.name();
        const codes = numbers(2).map(() => codeOf(producer.send({ topic, value: 'x'.repeat(600) })));
        expect(await Promise.all(codes)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'OVERLOADED']);
      });

      it('limits how many wait', async () => {
        const producer = kit.producer({ bufferBytesMax: 1_000, blockedRecordsMax: 1, unknownTopicTimeoutMs: 2_000 });
        const topic = kit.name();
        const sent = numbers(3).map(() => producer.send({ topic, value: 'x'.repeat(600) }));
        const results = await Promise.allSettled(sent);
        expect(results[2]).toMatchObject({ reason: { code: 'OVERLOADED' } });
      });
    });

    describe('flush and close', () => {
      it('flushes what lingers', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ lingerMs: 30_000 });
        const sent = producer.send({ topic, value: 'x' });
        await producer.flush();
        expect(await sent).toMatchObject({ offset: 0 });
      });

      it('flushes nothing at once', async () => {
        await kit.producer().flush();
      });

      it('ends a flush also when records were refused', async () => {
        const producer = kit.producer({ unknownTopicTimeoutMs: 3_000 });
        const code = codeOf(producer.send({ topic: kit.name(), value: 'x' }));
        await producer.flush();
        expect(await code).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      });

      it('sends everything before it closes', async () => {
        const topic = await kit.topic();
        const producer = kit.producer({ lingerMs: 30_000 });
        const sent = numbers(100).map((value) => producer.send({ topic, value }));
        await producer.close();
        expect(await Promise.all(sent)).toHaveLength(100);
        expect(await kit.values(topic)).toEqual(numbers(100));
      });

      it('rejects at its deadline what it could not send', async () => {
        const producer = kit.producer();
        const code = codeOf(producer.send({ topic: kit.name(), value: 'x' }));
        const startedMs = performance.now();
        await producer.close({ timeoutMs: 200 });
        // Far below the 20 s for which it would go on trying.
        expect(performance.now() - startedMs).toBeLessThan(10_000);
        expect(await code).toBe('CLOSED');
      });

      it('takes nothing after it closed, and closes twice', async () => {
        const topic = await kit.topic();
        const producer = kit.producer();
        await Promise.all([producer.close(), producer.close()]);
        expect(await codeOf(producer.send({ topic, value: 'x' }))).toBe('CLOSED');
      });
    });
  });
