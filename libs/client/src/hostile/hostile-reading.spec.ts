import { afterEach, describe, expect, it } from '@jest/globals';
import type { Epoch, Offset } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import {
  type ErrorName,
  Fetch,
  ListOffsets,
  OffsetForLeaderEpoch,
  type RequestOf,
  type ResponseOf,
  errorCode,
} from '@trunkline/protocol';
import { RecordBatch, buildBatch } from '@trunkline/records';
import { HostileWorld, NOTHING_LEFT, OFFSET_MAX, TOPIC_ID } from '../../test/hostile-world.js';
import { Consumer } from '../consumer/consumer.js';
import type { ConsumerOptions } from '../consumer/consumer-options.js';
import { KafkaError } from '../error.js';

/** Fetches that ten seconds may hold when each answer brings nothing: a few a second. */
const FETCHES_MAX = 150;
const TEN_SECONDS = 10_000;
const HOT = 2_000;

type PartitionSays = Partial<ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]>;

let world: HostileWorld;
let consumer: Consumer | undefined;

afterEach(async () => {
  const closing = consumer?.close();
  await world.run(1_000);
  await closing;
  consumer = undefined;
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
});

function batchAt(baseOffset: number, values: readonly string[] = ['a'], gzip = false): Uint8Array {
  const records = values.map((value) => ({ key: null, value: new TextEncoder().encode(value), timestampMs: 1 }));
  const bytes = buildBatch(records, { crc32c, ...(gzip && { compression: 'gzip', codecs: compression }) });
  RecordBatch.parse(bytes).assign(baseOffset as Offset, 1 as Epoch);
  return bytes;
}

function answer(says: PartitionSays, over: Partial<ResponseOf<typeof Fetch>> = {}): ResponseOf<typeof Fetch> {
  const partition = {
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 100n,
    lastStableOffset: 100n,
    logStartOffset: 0n,
    abortedTransactions: null,
    records: new Uint8Array(0),
    ...says,
  };
  const responses = [{ topicId: TOPIC_ID, topic: 't', partitions: [partition] }];
  return { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses, ...over };
}

/** Reads topic t from `offset` on, while the broker answers each fetch like this. */
async function read(
  says: (request: RequestOf<typeof Fetch>, time: number) => ResponseOf<typeof Fetch>,
  options: ConsumerOptions & { readonly offset?: number } = {},
): Promise<Consumer> {
  const { offset = 5, ...others } = options;
  world = new HostileWorld();
  let time = 0;
  // A hot loop is cut off, so that it is counted and does not hang.
  world.broker().on(Fetch, (request) => (time > HOT ? 'silence' : says(request, time++)));
  world.broker().on(ListOffsets, () => offsets(100n));
  await world.client.connect();
  consumer = new Consumer(world.client.cluster, { ...others });
  await consumer.assign([{ topic: 't', partition: 0, offset }]);
  return consumer;
}

function offsets(offset: bigint, code: ErrorName = 'NONE'): ResponseOf<typeof ListOffsets> {
  const partitions = [{ partitionIndex: 0, errorCode: errorCode(code), timestamp: -1n, offset, leaderEpoch: 1 }];
  return { throttleTimeMs: 0, topics: [{ name: 't', partitions }] };
}

/** What ten seconds of polling give: values and codes of errors, at most so many. */
async function tenSeconds(reader: Consumer): Promise<string[]> {
  const said: string[] = [];
  const untilMs = world.clock.monotonicMs() + TEN_SECONDS;
  while (world.clock.monotonicMs() < untilMs && said.length < 50) {
    const polling = reader.poll(untilMs - world.clock.monotonicMs());
    const records = await world.outcome(polling, TEN_SECONDS + 1_000);
    if (typeof records === 'string') said.push(records);
    else {
      try {
        for (const record of records) said.push(new TextDecoder().decode(record.value!));
      } catch (reason) {
        said.push(reason instanceof KafkaError ? reason.code : String(reason));
      }
    }
  }
  return said;
}

describe('a hostile broker: fetches', () => {
  it('answered at once with nothing are not asked in a hot loop', async () => {
    const reader = await read(() => answer({}));
    expect(await tenSeconds(reader)).toEqual([]);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });

  it('answered without the partition are not asked in a hot loop', async () => {
    const reader = await read(() => answer({}, { responses: [] }));
    expect(await tenSeconds(reader)).toEqual([]);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });

  it.each([
    ['NOT_LEADER_OR_FOLLOWER'],
    ['FENCED_LEADER_EPOCH'],
    ['UNKNOWN_LEADER_EPOCH'],
    ['UNKNOWN_TOPIC_ID'],
    ['KAFKA_STORAGE_ERROR'],
    ['OFFSET_NOT_AVAILABLE'],
    ['UNKNOWN_SERVER_ERROR'],
  ] as const)('answered with %s for ever are asked with pauses', async (code) => {
    const reader = await read(() => answer({ errorCode: errorCode(code) }));
    await tenSeconds(reader);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
    expect(world.heard.length).toBeLessThan(3 * FETCHES_MAX);
  });

  it('answered with a code that nobody knows end with an error or go on with pauses', async () => {
    const reader = await read(() => answer({ errorCode: 31_999 }));
    await tenSeconds(reader);
    expect(world.heard.length).toBeLessThan(3 * FETCHES_MAX);
  });

  it.each(['FETCH_SESSION_ID_NOT_FOUND', 'INVALID_FETCH_SESSION_EPOCH', 'FETCH_SESSION_TOPIC_ID_ERROR'] as const)(
    'answered with %s for ever are asked with pauses',
    async (code) => {
      const reader = await read(() => answer({}, { errorCode: errorCode(code), responses: [] }));
      await tenSeconds(reader);
      expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
    },
  );

  it('sent from leader to leader with rising epochs are asked with pauses', async () => {
    const reader = await read((_request, time) =>
      answer({ errorCode: errorCode('NOT_LEADER_OR_FOLLOWER'), currentLeader: { leaderId: 1, leaderEpoch: time + 2 } }),
    );
    await tenSeconds(reader);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });

  it('sent to a leader that does not exist go on with pauses', async () => {
    const reader = await read((_request, time) =>
      answer(
        { errorCode: errorCode('NOT_LEADER_OR_FOLLOWER'), currentLeader: { leaderId: 77, leaderEpoch: time + 2 } },
        { nodeEndpoints: [{ nodeId: 77, host: 'nowhere', port: 1, rack: null }] },
      ),
    );
    await tenSeconds(reader);
    expect(world.heard.length).toBeLessThan(3 * FETCHES_MAX);
    expect(world.brokers.dialled.length).toBeLessThan(100);
  });

  it('named a nearer replica that does not exist go on with pauses', async () => {
    const reader = await read(() => answer({ preferredReadReplica: 55 }), { clientRack: 'r' });
    await tenSeconds(reader);
    expect(world.heard.length).toBeLessThan(3 * FETCHES_MAX);
  });

  it('answered with records before the position stop with a reason, and give nothing', async () => {
    const reader = await read(() => answer({ records: batchAt(0) }));
    expect(await tenSeconds(reader)).toEqual(['PROTOCOL_VIOLATION']);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });

  it('answered with the same records again and again give them once', async () => {
    const reader = await read(() => answer({ records: batchAt(5, ['once']) }));
    expect(await tenSeconds(reader)).toEqual(['once', 'PROTOCOL_VIOLATION']);
  });

  it.each([
    ['a checksum that does not hold', (bytes: Uint8Array) => bytes.fill(0x55, bytes.length - 1), 'CORRUPT_MESSAGE'],
    ['another magic', (bytes: Uint8Array) => bytes.fill(9, 16, 17), 'CORRUPT_MESSAGE'],
    ['a negative length', (bytes: Uint8Array) => bytes.fill(0xff, 8, 12), 'CORRUPT_MESSAGE'],
    ['a length beyond the answer', (bytes: Uint8Array) => bytes.fill(0x7f, 8, 12), 'PROTOCOL_VIOLATION'],
  ])('answered with %s stop with a reason', async (_what, broken, code) => {
    const reader = await read(() => answer({ records: broken(batchAt(5)) }));
    expect(await tenSeconds(reader)).toEqual([code]);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });

  it('answered with a batch of 2^31 - 1 records that are not there stop with a reason', async () => {
    const lie = batchAt(5);
    new DataView(lie.buffer, lie.byteOffset).setInt32(57, 2_147_483_647);
    const reader = await read(() => answer({ records: lie }), { checkCrcs: false });
    expect(await tenSeconds(reader)).toContain('CORRUPT_MESSAGE');
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });

  it('answered with a batch that grows a thousandfold stop at the limit', async () => {
    const bomb = batchAt(5, ['x'.repeat(4_000_000)], true);
    const reader = await read(() => answer({ records: bomb }), { decompressedBytesMax: 100_000 });
    expect((await tenSeconds(reader))[0]).toBe('MESSAGE_TOO_LARGE');
  });

  it('answered with offsets that no log can have stop with a reason', async () => {
    const far = batchAt(5);
    new DataView(far.buffer, far.byteOffset).setBigInt64(0, OFFSET_MAX - 3n);
    const reader = await read(() => answer({ records: far }));
    expect(await tenSeconds(reader)).toEqual(['CORRUPT_MESSAGE']);
  });

  it('answered with watermarks of all sizes give the records all the same', async () => {
    const marks = [-1n, -(2n ** 63n), OFFSET_MAX];
    const reader = await read((_request, time) => {
      const mark = marks[time % 3]!;
      const says = { highWatermark: mark, lastStableOffset: mark, logStartOffset: mark };
      return answer({ ...says, records: time < 3 ? batchAt(5 + time, [`${time}`]) : new Uint8Array(0) });
    });
    expect(await tenSeconds(reader)).toEqual(['0', '1', '2']);
  });

  it('answered with partitions that nobody asked for are taken for what they are', async () => {
    const reader = await read(({ topics }) => {
      const asked = answer({});
      const [response] = asked.responses;
      const others = [1, 2_147_483_647, -1].map((partitionIndex) => ({ ...response!.partitions[0]!, partitionIndex }));
      return { ...asked, responses: topics.length === 0 ? [] : [{ ...response!, partitions: others }] };
    });
    expect(await tenSeconds(reader)).toEqual([]);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });

  it('answered with a throttle time of years go on after a minute', async () => {
    const reader = await read((_request, time) =>
      answer(
        { records: time < 2 ? batchAt(5 + time, [`${time}`]) : new Uint8Array(0) },
        { throttleTimeMs: 2 ** 31 - 1 },
      ),
    );
    expect(await tenSeconds(reader)).toEqual(['0']);
    await world.run(50_000);
    expect(await tenSeconds(reader)).toEqual(['1']);
  });

  it('never answered end with their deadline, and are asked again', async () => {
    world = new HostileWorld();
    await world.client.connect();
    consumer = new Consumer(world.client.cluster, { requestTimeoutMs: 1_000 });
    await consumer.assign([{ topic: 't', partition: 0, offset: 5 }]);
    await tenSeconds(consumer);
    expect(world.count(Fetch)).toBeGreaterThan(2);
    expect(world.count(Fetch)).toBeLessThan(FETCHES_MAX);
  });
});

describe('a hostile broker: positions', () => {
  it.each([
    ['an offset below zero', offsets(-5n)],
    ['an offset that no log can have', offsets(OFFSET_MAX)],
    ['UNKNOWN_SERVER_ERROR', offsets(0n, 'UNKNOWN_SERVER_ERROR')],
    ['NOT_LEADER_OR_FOLLOWER', offsets(0n, 'NOT_LEADER_OR_FOLLOWER')],
    ['nothing of the partition', { throttleTimeMs: 0, topics: [] }],
  ])('out of range, and %s where it may go on: no hot loop, no hanging', async (_what, says) => {
    const reader = await read(() => answer({ errorCode: errorCode('OFFSET_OUT_OF_RANGE') }), { reset: 'earliest' });
    world.broker().on(ListOffsets, () => says);
    await tenSeconds(reader);
    expect(world.heard.length).toBeLessThan(3 * FETCHES_MAX);
  });

  it('out of range for ever, though the log is said to hold them, are reset with pauses', async () => {
    const reader = await read(() => answer({ errorCode: errorCode('OFFSET_OUT_OF_RANGE') }), { reset: 'earliest' });
    world.broker().on(ListOffsets, () => offsets(0n));
    await tenSeconds(reader);
    expect(world.heard.length).toBeLessThan(6 * FETCHES_MAX);
  });

  it.each([OFFSET_MAX, -1n, -7n])('validated with an end offset of %s: no hot loop, no hanging', async (endOffset) => {
    world = new HostileWorld();
    world.broker().on(Fetch, () => answer({ errorCode: errorCode('FENCED_LEADER_EPOCH') }));
    world.broker().on(ListOffsets, () => offsets(100n));
    world.broker().on(OffsetForLeaderEpoch, () => ({
      throttleTimeMs: 0,
      topics: [{ topic: 't', partitions: [{ partition: 0, errorCode: 0, leaderEpoch: 3, endOffset }] }],
    }));
    await world.client.connect();
    consumer = new Consumer(world.client.cluster, { reset: 'earliest' });
    await consumer.assign([{ topic: 't', partition: 0, offset: 5 }]);
    await tenSeconds(consumer);
    expect(world.heard.length).toBeLessThan(6 * FETCHES_MAX);
  });
});
