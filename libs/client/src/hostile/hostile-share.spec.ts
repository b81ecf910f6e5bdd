import { afterEach, describe, expect, it } from '@jest/globals';
import { crc32c } from '@trunkline/platform';
import {
  type ErrorName,
  type ResponseOf,
  ShareAcknowledge,
  ShareFetch,
  ShareGroupHeartbeat,
  errorCode,
} from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import { HostileWorld, NOTHING_LEFT, TOPIC_ID } from '../../test/hostile-world.js';
import { KafkaError } from '../error.js';
import { ShareConsumer } from '../share/share-consumer.js';
import type { ShareConsumerOptions } from '../share/share-options.js';

const REQUESTS_MAX = 200;
const HOT = 2_000;
const TEN_SECONDS = 10_000;

type Fetched = ResponseOf<typeof ShareFetch>;
type PartitionSays = Partial<Fetched['responses'][number]['partitions'][number]>;

let world: HostileWorld;
let consumer: ShareConsumer;

afterEach(async () => {
  await world.outcome(consumer.close(), 30_000);
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
});

const code = (name: ErrorName) => ({ throttleTimeMs: 0, errorCode: errorCode(name), errorMessage: null });

function beat(over: Partial<ResponseOf<typeof ShareGroupHeartbeat>> = {}): ResponseOf<typeof ShareGroupHeartbeat> {
  const assignment = { topicPartitions: [{ topicId: TOPIC_ID, partitions: [0] }] };
  return { ...code('NONE'), memberId: null, memberEpoch: 1, heartbeatIntervalMs: 5_000, assignment, ...over };
}

function fetched(says: PartitionSays = {}, over: Partial<Fetched> = {}): Fetched {
  const partition = {
    partitionIndex: 0,
    errorCode: 0,
    acknowledgeErrorCode: 0,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    records: new Uint8Array(0),
    acquiredRecords: [],
    ...says,
  };
  const responses = [{ topicId: TOPIC_ID, partitions: [partition] }];
  return { ...code('NONE'), acquisitionLockTimeoutMs: 30_000, responses, nodeEndpoints: [], ...over };
}

const acquired = (firstOffset: bigint, lastOffset: bigint) => ({ firstOffset, lastOffset, deliveryCount: 1 });
const BATCH = buildBatch([{ key: null, value: new Uint8Array(1), timestampMs: 1 }], { crc32c });

/** A consumer in the hands of such a broker. */
async function start(
  says: (time: number) => Fetched | 'silence' | 'hang up' = () => fetched(),
  options: Partial<ShareConsumerOptions> = {},
): Promise<ShareConsumer> {
  world = new HostileWorld();
  let time = 0;
  world.broker().on(ShareFetch, () => (time > HOT ? 'silence' : says(time++)));
  world.broker().on(ShareAcknowledge, () => ({
    ...code('NONE'),
    acquisitionLockTimeoutMs: 30_000,
    responses: [],
    nodeEndpoints: [],
  }));
  world
    .broker()
    .on(ShareGroupHeartbeat, ({ memberEpoch }) =>
      time++ > HOT ? 'silence' : beat(memberEpoch === -1 ? { memberEpoch: -1, assignment: null } : {}),
    );
  await world.client.connect();
  consumer = new ShareConsumer(world.client.cluster, { groupId: 'g', requestTimeoutMs: 1_000, ...options });
  consumer.subscribe(['t']);
  return consumer;
}

/** What ten seconds of polling give: offsets and codes of errors, at most so many. */
async function tenSeconds(): Promise<(number | string)[]> {
  const said: (number | string)[] = [];
  const untilMs = world.clock.monotonicMs() + TEN_SECONDS;
  while (world.clock.monotonicMs() < untilMs && said.length < 50) {
    const records = await world.outcome(consumer.poll(untilMs - world.clock.monotonicMs()), TEN_SECONDS + 1_000);
    if (typeof records === 'string') said.push(records);
    else said.push(...records.map(({ offset }) => offset));
  }
  return said;
}

describe('a hostile broker: share groups', () => {
  it.each([
    ['an interval of nothing', beat({ heartbeatIntervalMs: 0 })],
    ['an interval below zero', beat({ heartbeatIntervalMs: -1 })],
    ['an epoch below zero', beat({ memberEpoch: -7 })],
    ['no partitions', beat({ assignment: { topicPartitions: [] } })],
    [
      'a topic that nobody knows',
      beat({
        assignment: { topicPartitions: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAZQ' as typeof TOPIC_ID, partitions: [0] }] },
      }),
    ],
    [
      'partitions that do not exist',
      beat({ assignment: { topicPartitions: [{ topicId: TOPIC_ID, partitions: [-1, 7, 2 ** 31 - 1] }] } }),
    ],
    ['FENCED_MEMBER_EPOCH', beat(code('FENCED_MEMBER_EPOCH'))],
    ['UNKNOWN_MEMBER_ID', beat(code('UNKNOWN_MEMBER_ID'))],
    ['NOT_COORDINATOR', beat(code('NOT_COORDINATOR'))],
    ['COORDINATOR_LOAD_IN_PROGRESS', beat(code('COORDINATOR_LOAD_IN_PROGRESS'))],
  ])('that answers each heartbeat with %s is not asked in a hot loop', async (_what, says) => {
    await start();
    let time = 0;
    world.broker().on(ShareGroupHeartbeat, () => (time++ > HOT ? 'silence' : says));
    await tenSeconds();
    expect(world.heard.length).toBeLessThan(2 * REQUESTS_MAX);
  });

  it('that refuses the group says so at each poll', async () => {
    await start();
    world.broker().on(ShareGroupHeartbeat, () => beat(code('GROUP_AUTHORIZATION_FAILED')));
    expect(await world.outcome(consumer.poll(1_000))).toBe('GROUP_AUTHORIZATION_FAILED');
    expect(await world.outcome(consumer.poll(1_000))).toBe('GROUP_AUTHORIZATION_FAILED');
    expect(world.count(ShareGroupHeartbeat)).toBe(1);
  });

  it('that answers fetches at once with nothing is not asked in a hot loop', async () => {
    await start();
    expect(await tenSeconds()).toEqual([]);
    expect(world.count(ShareFetch)).toBeLessThan(REQUESTS_MAX);
  });

  it.each([
    'SHARE_SESSION_NOT_FOUND',
    'INVALID_SHARE_SESSION_EPOCH',
    'SHARE_SESSION_LIMIT_REACHED',
    'UNKNOWN_SERVER_ERROR',
    'INVALID_REQUEST',
  ] as const)('that ends each session with %s is not asked in a hot loop', async (name) => {
    await start(() => fetched({}, { ...code(name), responses: [] }));
    await tenSeconds();
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it.each(['NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_TOPIC_ID', 'CORRUPT_MESSAGE', 'UNKNOWN_SERVER_ERROR'] as const)(
    'that says %s of the partition for ever is not asked in a hot loop',
    async (name) => {
      await start((time) =>
        fetched({ errorCode: errorCode(name), currentLeader: { leaderId: 1, leaderEpoch: time + 2 } }),
      );
      await tenSeconds();
      expect(world.heard.length).toBeLessThan(2 * REQUESTS_MAX);
    },
  );

  it.each([
    ['ends before they begin', [acquired(5n, 4n)]],
    ['overlaps', [acquired(0n, 5n), acquired(3n, 9n)]],
    ['offsets below zero', [acquired(-3n, 2n)]],
    ['offsets that no log can have', [acquired(0n, 2n ** 63n - 1n)]],
  ])('that acquires records with %s is told as a violation', async (_what, acquiredRecords) => {
    await start((time) => (time === 1 ? fetched({ acquiredRecords, records: BATCH }) : fetched()));
    expect(await tenSeconds()).toEqual(['PROTOCOL_VIOLATION']);
  });

  it('that acquires 2^52 offsets without a record costs no memory and no hot loop', async () => {
    await start(() => fetched({ acquiredRecords: [acquired(0n, 2n ** 52n)] }));
    expect(await tenSeconds()).toEqual([]);
    expect(world.count(ShareFetch)).toBeLessThan(REQUESTS_MAX);
  });

  it('that sends broken batches is told each time, and its records are released', async () => {
    const broken = BATCH.slice();
    broken[broken.length - 1]! ^= 1;
    await start((time) => (time < 3 ? fetched({ acquiredRecords: [acquired(0n, 0n)], records: broken }) : fetched()));
    const said = await tenSeconds();
    expect(new Set(said)).toEqual(new Set(['CORRUPT_MESSAGE']));
    const released = world.heard.filter(({ body }) => JSON.stringify(body, texts).includes('"acknowledgeTypes":[2]'));
    expect(released.length).toBeGreaterThan(0);
  });

  it('that says nothing about acknowledgements is told as such', async () => {
    const results: string[] = [];
    await start((time) => (time < 2 ? fetched({ acquiredRecords: [acquired(0n, 0n)], records: BATCH }) : fetched()), {
      onAcknowledged: (some) => void results.push(...some.map(({ error }) => error?.code ?? 'ok')),
    });
    await world.outcome(consumer.poll(1_000));
    expect(await world.outcome(consumer.commit(), 5_000)).toMatchObject([{ error: { code: 'UNKNOWN_SERVER_ERROR' } }]);
    expect(results).toEqual(['UNKNOWN_SERVER_ERROR']);
  });

  it('that never answers an acknowledgement ends commit in time, and close too', async () => {
    await start((time) => (time < 2 ? fetched({ acquiredRecords: [acquired(0n, 0n)], records: BATCH }) : fetched()), {
      closeTimeoutMs: 2_000,
      requestTimeoutMs: 60_000,
    });
    world.broker().on(ShareAcknowledge, () => 'silence');
    await world.outcome(consumer.poll(1_000));
    expect(await world.outcome(consumer.commit({ timeoutMs: 1_000 }), 2_000)).toBe('TIMED_OUT');
    expect(await world.outcome(consumer.close(), 2_500)).toBeUndefined();
  });

  it('that hangs up on each fetch is asked with pauses', async () => {
    await start(() => 'hang up');
    await tenSeconds();
    expect(world.count(ShareFetch)).toBeLessThan(REQUESTS_MAX);
  });

  it('that throttles for years is asked again after a minute', async () => {
    await start(() => fetched({}, { throttleTimeMs: 2 ** 31 - 1 }));
    await tenSeconds();
    expect(world.count(ShareFetch)).toBe(1);
    await world.run(50_000);
    await tenSeconds();
    expect(world.count(ShareFetch)).toBeGreaterThan(1);
  });
});

describe('a share consumer', () => {
  it('refuses what cannot be meant, in sentences', async () => {
    await start();
    const refused = async (act: () => unknown): Promise<string> => {
      try {
        await act();
        return 'taken';
      } catch (reason) {
        return reason instanceof KafkaError ? reason.message : String(reason);
      }
    };
    expect(await refused(() => consumer.subscribe([]))).toMatch(/MISUSE.*name one topic/);
    const polling = consumer.poll(100);
    expect(await refused(() => consumer.poll(100))).toMatch(/MISUSE.*while a poll is under way/);
    await world.outcome(polling);
    const signal = AbortSignal.abort();
    expect(await refused(() => consumer.poll(100, { signal }))).toMatch(/ABORTED/);
    consumer.unsubscribe();
    expect(await refused(() => consumer.poll(100))).toMatch(/MISUSE.*subscribe first/);
    await world.outcome(consumer.close());
    expect(await refused(() => consumer.poll(100))).toMatch(/CLOSED/);
    expect(await refused(() => consumer.commit())).toMatch(/CLOSED/);
  });

  it('ends a poll with CLOSED when it is closed meanwhile, and closes twice as once', async () => {
    await start();
    const polling = world.outcome(consumer.poll(60_000));
    await world.run(100);
    expect(await world.outcome(Promise.all([consumer.close(), consumer.close()]), 3_000)).toHaveLength(2);
    expect(await polling).toBe('CLOSED');
  });

  it('ends a poll when its signal says so', async () => {
    await start();
    const stop = new AbortController();
    const polling = world.outcome(consumer.poll(60_000, { signal: stop.signal }));
    await world.run(100);
    stop.abort();
    expect(await polling).toBe('ABORTED');
  });

  it('goes on when onAcknowledged throws', async () => {
    await start((time) => (time < 2 ? fetched({ acquiredRecords: [acquired(0n, 0n)], records: BATCH }) : fetched()), {
      onAcknowledged: () => {
        throw new Error('a handler that fails');
      },
    });
    await world.outcome(consumer.poll(1_000));
    expect(await world.outcome(consumer.commit(), 5_000)).toHaveLength(1);
  });
});

function texts(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
