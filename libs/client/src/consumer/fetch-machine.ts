import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { type Decoded, type Fetch, errorCode } from '@trunkline/protocol';
import type { BrokerNode, ClusterImage, Lane } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { FetchError } from './fetch-error.js';
import type { FetchEvent } from './fetch-event.js';
import type { FetchWork } from './fetch-work.js';
import type { FetchedPartition } from './fetched-partition.js';
import type { FetcherSettings } from './fetcher-options.js';
import { type FetchOrders, type LeaderFetch, LeaderFetches } from './leader-fetches.js';
import { PositionDesk } from './position-desk.js';
import { Reading } from './reading.js';
import { roomFor } from './room.js';
import { takeBatches } from './take-batches.js';
import type { FetchTools } from './fetch-tools.js';

type FetchAnswer = Decoded<(typeof Fetch)['response']>;
type FetchedTopic = FetchAnswer['responses'][number];
type PartitionAnswer = FetchedTopic['partitions'][number];

const OFFSET_OUT_OF_RANGE = errorCode('OFFSET_OUT_OF_RANGE');
const INVALID_FETCH_SESSION_EPOCH = errorCode('INVALID_FETCH_SESSION_EPOCH');
const LOST_SESSIONS: ReadonlySet<number> = new Set([
  errorCode('FETCH_SESSION_ID_NOT_FOUND'),
  errorCode('FETCH_SESSION_TOPIC_ID_ERROR'),
]);
/** Changes of a partition's leader, without a good answer between, that are followed at once. */
const MOVES_MAX = 3;
/** A broker that wants more silence than this is asked again all the same. */
const THROTTLE_MAX_MS = 60_000;

/**
 * Reads partitions from their leaders: which fetch goes where, and what its answer means. Pure: time is a number that is
 * given, brokers are the shell's.
 *
 * Every input changes state and may leave events; the shell takes them (`takeEvents`), then asks for the work that
 * follows (`work`), until there is none.
 */
export class FetchMachine {
  readonly #topics = new Map<string, Map<number, Reading>>();
  readonly #namesById = new Map<Uuid, string>();
  readonly #nodes = new Map<number, LeaderFetches>();
  readonly #desk: PositionDesk;
  readonly #cuts: Lane[] = [];
  #events: FetchEvent[] = [];
  #count = 0;
  #bufferedBytes = 0;
  /** Whether the answer that is being taken had anything to say. */
  #hadNews = false;
  #brokers: ClusterImage['brokers'] = new Map();

  constructor(
    private readonly laneName: string,
    private readonly settings: FetcherSettings,
    private readonly tools: FetchTools,
  ) {
    this.#desk = new PositionDesk(settings, tools, (event) => this.#events.push(event));
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  reading(topic: string, partition: number): Reading | undefined {
    return this.#topics.get(topic)?.get(partition);
  }

  *readings(): Generator<Reading, void, void> {
    for (const partitions of this.#topics.values()) yield* partitions.values();
  }

  topics(): Iterable<string> {
    return this.#topics.keys();
  }

  takeEvents(): readonly FetchEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  add(topic: string, partition: number, offset: number, offsetEpoch: number, image: ClusterImage): void {
    const reading = new Reading(topic, partition, offset, offsetEpoch);
    let partitions = this.#topics.get(topic);
    if (partitions === undefined) this.#topics.set(topic, (partitions = new Map()));
    partitions.set(partition, reading);
    this.#count += 1;
    this.#brokers = image.brokers;
    this.#learn(reading, image);
  }

  remove(reading: Reading): void {
    const partitions = this.#topics.get(reading.topic);
    if (partitions?.get(reading.partition) !== reading) return;
    partitions.delete(reading.partition);
    if (partitions.size === 0) this.#topics.delete(reading.topic);
    this.#count -= 1;
    this.#bufferedBytes -= reading.bufferedBytes;
    reading.turn += 1;
    reading.fetch = undefined;
    this.#leave(reading);
  }

  /** Gives up everything. Returns the sessions that brokers still keep. */
  removeAll(): { readonly nodeId: number; readonly sessionId: number }[] {
    const sessions = [...this.#nodes.values()].map(({ nodeId, session }) => ({ nodeId, sessionId: session.id }));
    for (const reading of this.readings()) this.remove(reading);
    return sessions.filter(({ sessionId }) => sessionId !== 0);
  }

  /** Whether an event still is about the partition as it is read. */
  isCurrent({ reading, turn }: { readonly reading: Reading; readonly turn: number }): boolean {
    return reading.turn === turn;
  }

  /** Whatever of the partition waits for its reader is the caller's to throw away: it does not count any more. */
  seek(reading: Reading, offset: number, offsetEpoch: number): void {
    this.#bufferedBytes -= reading.bufferedBytes;
    reading.bufferedBytes = 0;
    reading.isFull = false;
    this.#desk.move(reading, offset, offsetEpoch);
  }

  /** The reader has no more use for so many bytes. True when the partition may be wanted again by that. */
  drained(reading: Reading, bytes: number): boolean {
    const freed = Math.min(bytes, reading.bufferedBytes);
    reading.bufferedBytes -= freed;
    this.#bufferedBytes -= freed;
    return reading.isFull;
  }

  image(image: ClusterImage): void {
    this.#brokers = image.brokers;
    for (const reading of this.readings()) this.#learn(reading, image);
  }

  work(nowMs: number): FetchWork {
    const fetches: LeaderFetch[] = [];
    const cuts = this.#cuts.splice(0);
    let wakeAtMs = Infinity;
    const orders: FetchOrders = {
      fetches,
      cuts,
      wakeAt: (ms) => {
        if (ms < wakeAtMs) wakeAtMs = ms;
      },
    };
    const room = roomFor(this.settings, this.#bufferedBytes, this.#count);
    for (const node of this.#nodes.values()) node.plan(nowMs, room, orders);
    const { validations, looks, leaderless } = this.#desk.work(nowMs, this.#topics, orders);
    return { cuts, fetches, validations, looks, leaderless, wakeAtMs: wakeAtMs === Infinity ? undefined : wakeAtMs };
  }

  answered(request: LeaderFetch, version: number, answer: FetchAnswer, nowMs: number): void {
    const node = this.#nodes.get(request.nodeId);
    if (node?.isUnderWay(request) !== true) return;
    if (answer.throttleTimeMs > 0) node.notBeforeMs = nowMs + Math.min(answer.throttleTimeMs, THROTTLE_MAX_MS);
    if (answer.errorCode !== 0) {
      this.#refused(node, request, answer.errorCode, nowMs);
      return;
    }
    if (request.laneIndex === 0) node.session.answered(answer.sessionId);
    node.failures = 0;
    this.#hadNews = false;
    const endpoints = endpointsOf(answer);
    for (const topic of answer.responses) {
      const name = version >= 13 ? this.#namesById.get(topic.topicId) : topic.topic;
      const partitions = name === undefined ? undefined : this.#topics.get(name);
      if (partitions === undefined) continue;
      for (const partition of topic.partitions) {
        const reading = partitions.get(partition.partitionIndex);
        if (reading === undefined || reading.fetch !== request) continue;
        reading.fetch = undefined;
        this.#take(reading, partition, endpoints, nowMs);
      }
    }
    // In a session, what is not mentioned is as it was: well.
    for (const reading of request.readings) if (reading.fetch === request) this.#healthy(reading);
    node.settled(request);
    if (!this.#hadNews) node.cameEmpty(request, nowMs, this.tools);
    else node.empties = 0;
  }

  /** There is no answer. */
  failed(request: LeaderFetch, error: KafkaError, nowMs: number): void {
    const node = this.#nodes.get(request.nodeId);
    if (node?.isUnderWay(request) !== true) return;
    if (request.laneIndex === 0) node.session.interrupted();
    this.#fault(node, request, error, nowMs);
    for (const reading of request.readings) {
      if (reading.preferred === request.nodeId) {
        this.#prefer(reading, -1);
        this.#desk.rest(reading, error, nowMs);
      } else this.#events.push({ kind: 'doubt', reading });
    }
  }

  /** What OffsetForLeaderEpoch said, or why it said nothing. */
  validated(...parameters: Parameters<PositionDesk['validated']>): void {
    this.#desk.validated(...parameters);
  }

  /** What ListOffsets said, or why it said nothing. */
  found(...parameters: Parameters<PositionDesk['found']>): void {
    this.#desk.found(...parameters);
  }

  /** The partition stands still until somebody seeks. */
  stop(reading: Reading, error: KafkaError): void {
    this.#desk.stop(reading, error);
  }

  /** Why nothing is read from this broker, as far as its last fetch said. */
  #refused(node: LeaderFetches, request: LeaderFetch, code: number, nowMs: number): void {
    const isNew = request.step.sessionEpoch <= 0;
    const isSession = LOST_SESSIONS.has(code) || code === INVALID_FETCH_SESSION_EPOCH;
    if (LOST_SESSIONS.has(code)) node.session.lost();
    else if (request.laneIndex === 0) node.session.interrupted();
    if (isSession && !isNew) node.settled(request);
    else this.#fault(node, request, KafkaError.ofCode(code, `broker ${node.nodeId}`)!, nowMs);
  }

  #fault(node: LeaderFetches, request: LeaderFetch, error: KafkaError, nowMs: number): void {
    node.failures += 1;
    node.notBeforeMs = nowMs + this.tools.pauseMs(node.failures);
    for (const reading of request.readings) {
      if (reading.fetch !== request) continue;
      if (error.retriable) reading.trouble = error;
      else this.#desk.stop(reading, error);
    }
    node.settled(request);
  }

  #take(reading: Reading, answer: PartitionAnswer, endpoints: Endpoints, nowMs: number): void {
    this.#hear(reading, answer, endpoints);
    if (answer.errorCode !== 0) {
      this.#hadNews = true;
      this.#partitionFailed(reading, answer, nowMs);
      return;
    }
    reading.highWatermark = Number(answer.highWatermark);
    reading.lastStableOffset = Number(answer.lastStableOffset);
    reading.logStartOffset = Number(answer.logStartOffset);
    const { preferredReadReplica } = answer;
    if (
      preferredReadReplica >= 0 &&
      preferredReadReplica !== reading.source &&
      this.#brokers.has(preferredReadReplica)
    ) {
      this.#hadNews = true;
      reading.preferredUntilMs = nowMs + this.settings.preferredReplicaMaxAgeMs;
      this.#prefer(reading, preferredReadReplica);
    } else {
      this.#healthy(reading);
      if (reading.preferred >= 0 && nowMs >= reading.preferredUntilMs) this.#prefer(reading, -1);
    }
    const { records } = answer;
    if (records !== null && records.byteLength > 0) this.#deliver(reading, records, answer);
  }

  #deliver(reading: Reading, bytes: Uint8Array, answer: PartitionAnswer): void {
    const { topic, partition, highWatermark, lastStableOffset, logStartOffset } = reading;
    const isCommitted = this.settings.isolationLevel === 'read_committed';
    const taken = takeBatches(topic, partition, bytes, reading.offset, {
      ...this.tools.taking,
      aborted: isCommitted ? (answer.abortedTransactions ?? []) : undefined,
    });
    const { batches, nextOffset, error } = taken;
    if (nextOffset > reading.offset) {
      this.#hadNews = true;
      let sizeBytes = 0;
      for (const batch of batches) sizeBytes += batch.sizeBytes;
      reading.offset = nextOffset;
      reading.offsetEpoch = taken.leaderEpoch;
      reading.bufferedBytes += sizeBytes;
      this.#bufferedBytes += sizeBytes;
      // Behind the others: with little room in an answer each has its turn.
      const readings = reading.home?.readings;
      if (readings !== undefined && readings.size > 1 && readings.delete(reading)) readings.add(reading);
      const marks = { highWatermark, lastStableOffset, logStartOffset };
      const fetched: FetchedPartition = { topic, partition, batches, nextOffset, sizeBytes, ...marks };
      this.#events.push({ kind: 'records', reading, turn: reading.turn, fetched });
    }
    if (error !== undefined) this.#desk.stop(reading, error);
  }

  #healthy(reading: Reading): void {
    reading.failures = 0;
    reading.moves = 0;
    reading.trouble = undefined;
  }

  /** Who leads, when the answer says so (KIP-951). */
  #hear(reading: Reading, answer: PartitionAnswer, endpoints: Endpoints): void {
    const { leaderId, leaderEpoch } = answer.currentLeader;
    if (leaderId < 0 || leaderEpoch <= reading.leaderEpoch) return;
    const leader = { nodeId: leaderId, epoch: leaderEpoch };
    const node = endpoints.get(leaderId);
    this.#events.push({ kind: 'leader', reading, leader, ...(node !== undefined && { node }) });
  }

  #partitionFailed(reading: Reading, answer: PartitionAnswer, nowMs: number): void {
    const { topic, partition, offset: position } = reading;
    const wasFollower = reading.preferred >= 0;
    if (wasFollower) this.#prefer(reading, -1);
    if (answer.errorCode === OFFSET_OUT_OF_RANGE) {
      // A follower may lag, or have begun later: its leader knows.
      if (!wasFollower) this.#desk.look(reading, nowMs);
      return;
    }
    const known = KafkaError.ofCode(answer.errorCode, `topic ${topic}/${partition}`)!;
    if (known.is('CORRUPT_MESSAGE') || (!known.retriable && !known.is('UNKNOWN_SERVER_ERROR'))) {
      const error = new FetchError(
        known.code,
        { topic, partition, position },
        `cannot be fetched at offset ${position}`,
      );
      this.#desk.stop(reading, error);
      return;
    }
    this.#desk.rest(reading, known, nowMs);
    const hasNewLeader = answer.currentLeader.leaderId >= 0 && answer.currentLeader.leaderEpoch > reading.leaderEpoch;
    if (!hasNewLeader) this.#events.push({ kind: 'doubt', reading });
  }

  #prefer(reading: Reading, nodeId: number): void {
    reading.preferred = nodeId;
    this.#place(reading);
  }

  #learn(reading: Reading, image: ClusterImage): void {
    const topic = image.topics.get(reading.topic);
    const found = topic?.partitions[reading.partition];
    const topicId = topic?.topicId ?? ZERO_UUID;
    const isAnew = topicId !== ZERO_UUID && reading.topicId !== ZERO_UUID && topicId !== reading.topicId;
    if (topicId !== ZERO_UUID) {
      reading.topicId = topicId;
      this.#namesById.set(topicId, reading.topic);
    }
    if (isAnew) {
      reading.leaderEpoch = -1;
      this.#desk.madeAnew(reading);
    }
    const leader = found?.leader ?? -1;
    const leaderEpoch = found?.leaderEpoch ?? reading.leaderEpoch;
    if (leaderEpoch < reading.leaderEpoch && leaderEpoch >= 0) return; // From a broker that lags.
    const isNewEpoch = leaderEpoch !== reading.leaderEpoch;
    const isGone = reading.preferred >= 0 && !image.brokers.has(reading.preferred);
    if (leader === reading.leader && !isNewEpoch && !isGone) return;
    reading.preferred = -1;
    // A leader that is named is asked at once, but not one after the other for ever.
    if ((leader !== reading.leader || isNewEpoch) && leader >= 0 && ++reading.moves <= MOVES_MAX)
      reading.notBeforeMs = 0;
    reading.leader = leader;
    reading.leaderEpoch = leaderEpoch;
    if (isNewEpoch) this.#desk.newEpoch(reading);
    this.#place(reading);
  }

  /** To the broker that it is read from now. What is under way elsewhere counts no more. */
  #place(reading: Reading): void {
    const { source } = reading;
    if (reading.home?.nodeId === source) return;
    this.#leave(reading);
    if (source < 0) return;
    let node = this.#nodes.get(source);
    if (node === undefined) {
      this.#nodes.set(source, (node = new LeaderFetches(source, this.laneName, this.settings)));
    }
    node.readings.add(reading);
    reading.home = node;
  }

  #leave(reading: Reading): void {
    const node = reading.home;
    reading.fetch = undefined;
    reading.home = undefined;
    node?.readings.delete(reading);
    if (node === undefined || node.readings.size > 0) return;
    this.#cuts.push(...node.cutAll());
    this.#nodes.delete(node.nodeId);
  }
}

type Endpoints = ReadonlyMap<number, BrokerNode>;
const NO_ENDPOINTS: Endpoints = new Map();

function endpointsOf({ nodeEndpoints }: FetchAnswer): Endpoints {
  if (nodeEndpoints.length === 0) return NO_ENDPOINTS;
  return new Map(
    nodeEndpoints.map(({ nodeId, host, port, rack }) => [nodeId, { nodeId, host, port, rack: rack ?? undefined }]),
  );
}
