import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NodeNetwork } from '@trunkline/platform';
import { Produce, errorName } from '@trunkline/protocol';
import { ConnectionEnded, RawClient, type TestBroker } from '@trunkline/testing';
import { type TestTopic, batchOf, createTopic, startDataBroker } from './data-fixture.js';
import { answerWithin, portOf } from './hang-fixture.js';

// Apache Kafka never answers some of these, so our broker is asked alone.
let broker: TestBroker;
let topic: TestTopic;
beforeAll(async () => {
  broker = await startDataBroker({ network: new NodeNetwork() });
  topic = await createTopic(broker, 'nulls', {}, 4);
});
afterAll(() => broker.stop());

const VALID = ['a', null, 'b', null] as const;

async function produceTo(client: RawClient, version: number, acks: number, places: readonly (string | null)[]) {
  const partitionData = places.map((text, index) => ({ index, records: text === null ? null : batchOf([text]) }));
  const topicData = [version >= 13 ? { topicId: topic.id, partitionData } : { name: topic.name, partitionData }];
  const body = { transactionalId: null, acks, timeoutMs: 5_000, topicData };
  const { responses } = await answerWithin(client.send(Produce, version, body));
  return responses[0]!.partitionResponses.map(({ index, errorCode, baseOffset }) => ({
    index,
    error: errorName(errorCode),
    isAppended: baseOffset >= 0,
  }));
}

describe('a produce in which some partitions have null records', () => {
  const versions = Array.from({ length: Produce.versions[1] - 2 }, (_, at) => at + 3);
  it.each(versions.flatMap((version) => [[version, -1] as const, [version, 1] as const]))(
    'v%d, acks=%d: is answered, the others are appended, and the connection goes on',
    async (version, acks) => {
      const client = await RawClient.connect(portOf(broker));
      const orders: (string | null)[][] = [
        [...VALID],
        [...VALID].reverse(),
        [null, null, null, null],
        [null],
        [null, 'z'],
      ];
      for (const places of orders) {
        const expected = places.map((text, index) =>
          text === null
            ? { index, error: 'INVALID_RECORD', isAppended: false }
            : { index, error: 'NONE', isAppended: true },
        );
        expect(await produceTo(client, version, acks, places)).toEqual(expected);
      }
      expect(await produceTo(client, version, acks, ['x', 'y'])).toMatchObject([{ error: 'NONE' }, { error: 'NONE' }]);
      client.close();
    },
  );

  it('answers every one of many in flight, in their order', async () => {
    const client = await RawClient.connect(portOf(broker));
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => produceTo(client, 9, at % 3 === 0 ? 1 : -1, at % 2 ? VALID : ['a', 'b'])),
    );
    expect(answers.map((rows) => rows.length)).toEqual(answers.map((_, at) => (at % 2 ? 4 : 2)));
    client.close();
  });

  it('with acks=0 ends the connection, for nothing else could tell', async () => {
    const client = await RawClient.connect(portOf(broker));
    const ended = produceTo(client, 9, 0, VALID).catch((reason: unknown) => reason);
    expect(await ended).toBeInstanceOf(ConnectionEnded);
  });
});
