import { afterEach, describe, expect, it } from '@jest/globals';
import { type ErrorName, InitProducerId, Produce, type ResponseOf, errorCode } from '@trunkline/protocol';
import { HostileWorld, NOTHING_LEFT, OFFSET_MAX, TOPIC_ID } from '../../test/hostile-world.js';
import { Producer } from '../producer/producer.js';
import type { ProducerOptions } from '../producer/producer-options.js';

/** Requests that ten seconds of one record may cost. */
const REQUESTS_MAX = 200;
const HOT = 2_000;
const RECORD = { topic: 't', partition: 0, value: new Uint8Array(3) };

type PartitionSays = Partial<ResponseOf<typeof Produce>['responses'][number]['partitionResponses'][number]>;

let world: HostileWorld;
let producer: Producer;

afterEach(async () => {
  await world.outcome(producer.close(), 60_000);
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
});

function written(says: PartitionSays = {}, over: Partial<ResponseOf<typeof Produce>> = {}): ResponseOf<typeof Produce> {
  const partition = { index: 0, errorCode: 0, baseOffset: 7n, logAppendTimeMs: -1n, logStartOffset: 0n, ...says };
  return { responses: [{ topicId: TOPIC_ID, name: 't', partitionResponses: [partition] }], throttleTimeMs: 0, ...over };
}

function identity(producerId: bigint, producerEpoch = 0, code: ErrorName = 'NONE'): ResponseOf<typeof InitProducerId> {
  return { throttleTimeMs: 0, errorCode: errorCode(code), producerId, producerEpoch };
}

/** Sends one record; the broker answers each Produce like this. */
async function send(
  says: (time: number) => ResponseOf<typeof Produce> | Uint8Array | 'silence' | 'hang up',
  options: ProducerOptions = {},
  id = identity(4n),
) {
  world = new HostileWorld();
  let time = 0;
  world.broker().on(Produce, () => (time > HOT ? 'silence' : says(time++)));
  world.broker().on(InitProducerId, () => (time++ > HOT ? 'silence' : id));
  await world.client.connect();
  producer = new Producer(world.client.cluster, { deliveryTimeoutMs: 10_000, requestTimeoutMs: 2_000, ...options });
  return await world.outcome(producer.send(RECORD), 30_000);
}

describe('a hostile broker: writing', () => {
  it.each([
    'NOT_LEADER_OR_FOLLOWER',
    'NOT_ENOUGH_REPLICAS',
    'KAFKA_STORAGE_ERROR',
    'UNKNOWN_TOPIC_ID',
    'CORRUPT_MESSAGE',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'UNKNOWN_PRODUCER_ID',
    'INVALID_PRODUCER_EPOCH',
    'DUPLICATE_SEQUENCE_NUMBER',
    'UNKNOWN_SERVER_ERROR',
    'MESSAGE_TOO_LARGE',
  ] as const)('that says %s for ever ends the record in time and without a hot loop', async (code) => {
    expect(await send(() => written({ errorCode: errorCode(code) }))).not.toBe('hangs');
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it('that says a code nobody knows is told with its number', async () => {
    expect(await send(() => written({ errorCode: 31_999 }))).toBe('UNKNOWN_SERVER_ERROR');
  });

  it('that names a new leader each time, itself, ends the record in time', async () => {
    const outcome = await send((time) =>
      written({
        errorCode: errorCode('NOT_LEADER_OR_FOLLOWER'),
        currentLeader: { leaderId: 1, leaderEpoch: time + 2 },
      }),
    );
    expect(outcome).not.toBe('hangs');
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it('that names a leader that does not exist ends the record in time', async () => {
    const outcome = await send((time) =>
      written(
        { errorCode: errorCode('NOT_LEADER_OR_FOLLOWER'), currentLeader: { leaderId: 9, leaderEpoch: time + 2 } },
        { nodeEndpoints: [{ nodeId: 9, host: 'nowhere', port: 1, rack: null }] },
      ),
    );
    expect(outcome).not.toBe('hangs');
    expect(world.brokers.dialled.length).toBeLessThan(REQUESTS_MAX);
  });

  it.each([
    ['nothing of the partition', () => written({}, { responses: [] })],
    ['of another partition', () => written({ index: 5 })],
    ['with bytes behind the end', () => new Uint8Array([0, 0, 0, 6, 0, 0, 0, 1, 9, 9])],
    ['by hanging up', () => 'hang up' as const],
    ['never', () => 'silence' as const],
  ])('that answers %s ends the record in time', async (_what, says) => {
    const outcome = await send(says);
    expect(['TIMED_OUT', 'PROTOCOL_VIOLATION', 'DISCONNECTED', 'UNKNOWN_SERVER_ERROR']).toContain(outcome);
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it.each([-1n, -(2n ** 63n), OFFSET_MAX])(
    'that gives the record offset %s does not break the client',
    async (baseOffset) => {
      expect(await send(() => written({ baseOffset, logAppendTimeMs: baseOffset }))).not.toBe('hangs');
    },
  );

  it('that throttles for years does not hold the next record up for ever', async () => {
    await send(() => written({}, { throttleTimeMs: 2 ** 31 - 1 }));
    expect(await world.outcome(producer.send(RECORD), 15_000)).toBe('TIMED_OUT'); // Its own deadline holds.
    await world.run(60_000);
    expect(await world.outcome(producer.send(RECORD), 5_000)).toMatchObject({ offset: 7 });
  });

  it.each([
    ['a producer id below zero', identity(-5n)],
    ['an epoch below zero', identity(4n, -3)],
    ['a producer id of 2^63 - 1', identity(OFFSET_MAX)],
    ['COORDINATOR_LOAD_IN_PROGRESS for ever', identity(-1n, -1, 'COORDINATOR_LOAD_IN_PROGRESS')],
    ['CLUSTER_AUTHORIZATION_FAILED', identity(-1n, -1, 'CLUSTER_AUTHORIZATION_FAILED')],
    ['UNKNOWN_SERVER_ERROR', identity(-1n, -1, 'UNKNOWN_SERVER_ERROR')],
  ])('that gives %s ends the record in time', async (_what, id) => {
    expect(await send(() => written(), {}, id)).not.toBe('hangs');
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it('whose metadata names a leader that does not exist ends the record in time', async () => {
    world = new HostileWorld();
    world.brokers.topics = [{ name: 't', topicId: TOPIC_ID, leaders: [{ leader: 77, epoch: 1 }] }];
    world.broker().on(InitProducerId, () => identity(4n));
    await world.client.connect();
    producer = new Producer(world.client.cluster, { deliveryTimeoutMs: 10_000 });
    expect(await world.outcome(producer.send(RECORD), 30_000)).not.toBe('hangs');
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });
});
