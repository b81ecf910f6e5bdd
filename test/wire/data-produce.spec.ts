import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestBroker } from '@trunkline/testing';
import { batchOf, createTopic, fetch, produce, startDataBroker } from './data-fixture.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startDataBroker();
});
afterAll(() => broker.stop());

describe('produce', () => {
  it('appends a batch and tells where', async () => {
    const topic = await createTopic(broker, 'plain');
    const first = await produce(broker, topic, batchOf(['a', 'b']));
    expect(first).toMatchObject({ error: 'NONE', baseOffset: 0n, logAppendTimeMs: -1n, logStartOffset: 0n });
    expect(await produce(broker, topic, batchOf(['c']))).toMatchObject({ error: 'NONE', baseOffset: 2n });
    expect((await fetch(broker, topic)).values).toEqual(['a', 'b', 'c']);
  });
});
