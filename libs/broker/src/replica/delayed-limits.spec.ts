import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { Fetch, Produce, errorName } from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import { Waiting } from './delayed.js';

class Crowd extends Waiting {
  expire(): void {}
  abandon(): void {}
  stop(): void {}
}

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
  const configs = { partitionCount: 1, replicationFactor: -1, assignments: [], configs: [] };
  await broker.broker.parts.metadata.submit((controller) => controller.createTopics([{ name: 't', ...configs }]));
});
afterAll(() => broker.stop());

const records = buildBatch([{ value: utf8('x') }], { crc32c });
const produce = async () => {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
  const answer = await broker.send(Produce, 9, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
  const [{ errorCode, baseOffset }] = answer.responses[0]!.partitionResponses as [
    (typeof answer.responses)[0]['partitionResponses'][0],
  ];
  return [errorName(errorCode), baseOffset];
};
const fetch = async () => {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1000 }];
  const topics = [{ topic: 't', partitions }];
  const answer = await broker.send(Fetch, 12, { maxWaitMs: 600_000, minBytes: 1, topics, forgottenTopicsData: [] });
  return answer.responses[0]!.partitions[0]!.records!.byteLength;
};

describe('when no more requests may wait', () => {
  it('a fetch is answered at once with what there is, and a produce refused before it is appended', async () => {
    const { delayed } = broker.broker.parts;
    const gone = new AbortController();
    for (let left = delayed.limits.waitingMax; left > 0; left--) {
      delayed.enter(new Crowd(), 600_000, { connectionId: -1 - (left % 100), closed: gone.signal });
    }
    expect(delayed.waiting).toBe(delayed.limits.waitingMax);
    expect(await fetch()).toBe(0);
    expect(await produce()).toEqual(['REQUEST_TIMED_OUT', -1n]);
    gone.abort();
    expect(delayed.waiting).toBe(0);
    expect(await produce()).toEqual(['NONE', 0n]);
    expect(await fetch()).toBe(records.byteLength);
  });
});
