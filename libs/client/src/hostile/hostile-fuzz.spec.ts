import { describe, expect, it } from '@jest/globals';
import { concatBytes } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import {
  type AnyApi,
  ConsumerGroupHeartbeat,
  Fetch,
  FindCoordinator,
  Heartbeat,
  InitProducerId,
  JoinGroup,
  LeaveGroup,
  ListOffsets,
  Metadata,
  OffsetFetch,
  Produce,
  type ResponseOf,
  ShareAcknowledge,
  ShareFetch,
  ShareGroupHeartbeat,
  SyncGroup,
  encodeAssignment,
  encodeResponse,
} from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import fc from 'fast-check';
import { HostileWorld, NOTHING_LEFT, TOPIC_ID } from '../../test/hostile-world.js';
import { Consumer } from '../consumer/consumer.js';
import { GroupMember } from '../group/group-member.js';
import { Producer } from '../producer/producer.js';
import { ShareConsumer } from '../share/share-consumer.js';

const OK = { throttleTimeMs: 0, errorCode: 0, errorMessage: null };
/** Requests that five seconds of all parts together may cost, whatever comes back. */
const REQUESTS_MAX = 3_000;
const FIVE_SECONDS = 5_000;
const RUNS = 40;
const BATCH = buildBatch(
  ['a', 'b', 'c'].map((value) => ({ key: null, value: new TextEncoder().encode(value.repeat(50)), timestampMs: 1 })),
  { crc32c, compression: 'gzip', codecs: compression },
);

/** What is done to an answer: bytes are changed, left out, put in, cut off. Places are parts of its length. */
interface Mutation {
  readonly kind: 'set' | 'flip' | 'drop' | 'insert' | 'cut' | 'huge';
  readonly place: number;
  readonly value: number;
  /** Whether the size in front is made to fit again, so that what is inside is read. */
  readonly fits: boolean;
}

const mutations = fc.array(
  fc.record({
    kind: fc.constantFrom('set', 'flip', 'drop', 'insert', 'cut', 'huge'),
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    value: fc.integer({ min: 0, max: 255 }),
    fits: fc.boolean(),
  }) satisfies fc.Arbitrary<Mutation>,
  { minLength: 1, maxLength: 40 },
);

const HEADER_BYTES = 8;

function mutated(frame: Uint8Array, { kind, place, value, fits }: Mutation): Uint8Array {
  // The size and the correlation id stay: what they do when they lie has specs of its own.
  const at = HEADER_BYTES + Math.floor(place * Math.max(0, frame.length - HEADER_BYTES));
  const [head, tail] = [frame.slice(0, at), frame.slice(at)];
  let bytes = frame.slice();
  if (kind === 'set') bytes[at] = value;
  else if (kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << (value & 7));
  else if (kind === 'drop') bytes = concatBytes([head, tail.subarray(1 + (value & 7))]).slice();
  else if (kind === 'insert') bytes = concatBytes([head, Uint8Array.of(value, value, value, value), tail]).slice();
  else if (kind === 'cut') bytes = head;
  else bytes.set(Uint8Array.of(0x7f, 255, 255, 255).subarray(0, Math.max(0, bytes.length - at)), at);
  if (fits && bytes.length >= HEADER_BYTES) new DataView(bytes.buffer).setInt32(0, bytes.length - 4);
  return bytes;
}

function answers(world: HostileWorld): [AnyApi, (body: never, version: number) => ResponseOf<AnyApi>][] {
  const partition = { partitionIndex: 0, errorCode: 0 };
  const acquired = [{ firstOffset: 0n, lastOffset: 2n, deliveryCount: 1 }];
  const assigned = { topicPartitions: [{ topicId: TOPIC_ID, partitions: [0] }] };
  const noLeader = { leaderId: -1, leaderEpoch: -1 };
  const lock = { acquisitionLockTimeoutMs: 30_000, nodeEndpoints: [] };
  const marks = { highWatermark: 9n, lastStableOffset: 9n, logStartOffset: 0n, abortedTransactions: null };
  const said = <A extends AnyApi>(api: A, body: (request: never, version: number) => ResponseOf<A>) =>
    [api, body] as unknown as [AnyApi, (body: never, version: number) => ResponseOf<AnyApi>];
  return [
    said(Metadata, (request) => world.brokers.metadata(request)),
    said(FindCoordinator, (request) => world.coordinator(request)),
    said(InitProducerId, () => ({ ...OK, producerId: 4n, producerEpoch: 0 })),
    said(Produce, () => ({
      throttleTimeMs: 0,
      responses: [
        {
          topicId: TOPIC_ID,
          name: 't',
          partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 0n, logAppendTimeMs: -1n }],
        },
      ],
    })),
    said(ListOffsets, () => ({
      throttleTimeMs: 0,
      topics: [{ name: 't', partitions: [{ ...partition, timestamp: 1n, offset: 0n, leaderEpoch: 1 }] }],
    })),
    said(Fetch, () => ({
      ...OK,
      sessionId: 0,
      responses: [{ topicId: TOPIC_ID, topic: 't', partitions: [{ ...partition, ...marks, records: BATCH }] }],
    })),
    said(JoinGroup, () => ({
      ...OK,
      generationId: 1,
      protocolType: 'consumer',
      protocolName: 'cooperative-sticky',
      leader: 'x',
      memberId: 'm',
      members: [],
    })),
    said(SyncGroup, () => ({
      ...OK,
      protocolType: 'consumer',
      protocolName: 'cooperative-sticky',
      assignment: encodeAssignment(0, { assignedPartitions: [{ topic: 't', partitions: [0] }] }),
    })),
    said(Heartbeat, () => OK),
    said(LeaveGroup, () => ({ ...OK, members: [] })),
    said(OffsetFetch, () => ({ ...OK, groups: [{ groupId: 'g', errorCode: 0, topics: [] }] })),
    said(ConsumerGroupHeartbeat, () => ({
      ...OK,
      memberId: 'm',
      memberEpoch: 1,
      heartbeatIntervalMs: 3_000,
      assignment: assigned,
    })),
    said(ShareGroupHeartbeat, () => ({
      ...OK,
      memberId: 'm',
      memberEpoch: 1,
      heartbeatIntervalMs: 3_000,
      assignment: assigned,
    })),
    said(ShareFetch, () => ({
      ...OK,
      ...lock,
      responses: [
        {
          topicId: TOPIC_ID,
          partitions: [
            {
              ...partition,
              acknowledgeErrorCode: 0,
              currentLeader: noLeader,
              records: BATCH,
              acquiredRecords: acquired,
            },
          ],
        },
      ],
    })),
    said(ShareAcknowledge, () => ({
      ...OK,
      ...lock,
      responses: [{ topicId: TOPIC_ID, partitions: [{ ...partition, currentLeader: noLeader }] }],
    })),
  ];
}

/** A broker that answers well, but that one in `every` answers is changed. */
function hostile(list: readonly Mutation[], every: number): HostileWorld {
  const world = new HostileWorld(1, { requestTimeoutMs: 1_000 });
  let count = 0;
  for (const [api, body] of answers(world)) {
    world.broker().on(api, (request, version, correlationId) => {
      if (count > REQUESTS_MAX) return 'silence';
      const frame = concatBytes(encodeResponse(api, version, correlationId, body(request as never, version)));
      count += 1;
      return count % every === 0 ? mutated(frame, list[count % list.length]!) : frame;
    });
  }
  return world;
}

/** Reads for five seconds, whatever comes. */
async function reading(world: HostileWorld, poll: (waitMs: number) => Promise<unknown>): Promise<unknown> {
  const untilMs = world.clock.monotonicMs() + FIVE_SECONDS;
  for (let polls = 0; polls < 30 && world.clock.monotonicMs() < untilMs; polls++) {
    const outcome = await poll(500).catch((reason: unknown) => reason);
    if (outcome instanceof Error && !('code' in outcome)) throw outcome;
    await new Promise<void>((resolve) => void world.clock.after(100, resolve));
  }
  return 'done';
}

async function survives(list: readonly Mutation[], every: number, checkCrcs: boolean): Promise<void> {
  const world = hostile(list, every);
  const { cluster } = world.client;
  const producer = new Producer(cluster, { deliveryTimeoutMs: 4_000, requestTimeoutMs: 1_000 });
  const consumer = new Consumer(cluster, { requestTimeoutMs: 1_000, checkCrcs, reset: 'earliest' });
  const members = (['classic', 'consumer'] as const).map(
    (protocol) =>
      new GroupMember(
        cluster,
        { groupId: protocol, topics: ['t'], protocol },
        { onAssigned() {}, onRevoked() {}, onLost() {} },
      ),
  );
  const share = new ShareConsumer(cluster, { groupId: 's', requestTimeoutMs: 1_000, checkCrcs, closeTimeoutMs: 2_000 });
  share.subscribe(['t']);
  const outcomes = await Promise.all([
    world.outcome(producer.send({ topic: 't', value: new Uint8Array(3) }), 30_000),
    world.outcome(
      consumer.assign([{ topic: 't', partition: 0, offset: 0 }]).then(() => reading(world, (ms) => consumer.poll(ms))),
      90_000,
    ),
    world.outcome(
      reading(world, (ms) => share.poll(ms)),
      30_000,
    ),
    world.run(FIVE_SECONDS),
  ]);
  const closing = [producer, consumer, share, ...members].map((part) => world.outcome(part.close(), 60_000));
  outcomes.push(...(await Promise.all(closing)));
  expect(outcomes.filter((outcome) => outcome === 'hangs' || String(outcome).startsWith('not a KafkaError'))).toEqual(
    [],
  );
  expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
}

describe('every part of the client', () => {
  it('survives a broker that answers as it should', () =>
    survives([{ kind: 'set', place: 0, value: 0, fits: true }], Infinity, true));

  it('survives answers that are changed at random, in time and without a hot loop', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
    const property = fc.asyncProperty(mutations, fc.integer({ min: 1, max: 6 }), fc.boolean(), survives);
    await fc.assert(property, { seed, numRuns: Number(process.env['RUNS'] ?? RUNS), endOnFailure: true });
  }, 120_000);
});
