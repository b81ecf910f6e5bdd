import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kafkaBrokers } from './brokers.js';
import { ProducerKit } from './producer-kit.js';

describe.each(kafkaBrokers().map((broker) => [broker.name, broker] as const))('a producer with %s', (_name, tested) => {
  let kit: ProducerKit;
  beforeAll(async () => {
    kit = await ProducerKit.start(tested);
  });
  afterAll(() => kit.close());

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
});
