import type { Compression, Crc32c, Uuid } from '@trunkline/kernel';
import type { Decoded, ShareAcknowledge, ShareFetch } from '@trunkline/protocol';
import { doubledMs } from '../backoff.js';
import { KafkaError } from '../error.js';
import type { AcknowledgementBatch } from './acknowledgements.js';
import { AcquiredRecords, acquiredRanges } from './acquired.js';
import { aboutRecord, numberOf, ShareHoldings } from './share-holdings.js';
import { ShareNews } from './share-news.js';
import type { ShareConsumerSettings } from './share-options.js';
import { ACKNOWLEDGE, type AcknowledgeType, type SharePartition, type ShareRecord } from './share-record.js';
import { type FetchWish, type ShareAcknowledgeRequest, type ShareFetchRequest, ShareSession } from './share-session.js';

export type ShareFetchResponse = Decoded<(typeof ShareFetch)['response']>;
export type ShareAcknowledgeResponse = Decoded<(typeof ShareAcknowledge)['response']>;
type FetchedPartition = ShareFetchResponse['responses'][number]['partitions'][number];

/** A partition that is read, and who leads it; -1: nobody. */
export interface LedPartition {
  readonly topicId: Uuid;
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
}

/** A request that is due. One at a time and node. */
export type ShareRequest = { readonly nodeId: number } & (
  | { readonly kind: 'fetch'; readonly body: ShareFetchRequest }
  | { readonly kind: 'acknowledge'; readonly body: ShareAcknowledgeRequest }
);

export interface ShareSessionsOptions extends Omit<ShareConsumerSettings, 'memberId'> {
  readonly memberId: string;
  readonly crc32c: Crc32c;
  readonly compression: Compression | undefined;
}

const LOCK_MS_MAX = 3_600_000;
/** Tries of an acknowledgement that the broker could not write down. */
const ACKNOWLEDGE_TRIES_MAX = 5;
/** The shortest wait of a fetch that takes its turn among several leaders. */
const TURN_MS_MIN = 20;
/** The first pause after an answer that brought nothing though it did not wait. */
const FRUITLESS_MS = 10;
/** A broker says UNKNOWN_SERVER_ERROR while a topic goes; only one that goes on is told. */
const UNKNOWN_ERRORS_MAX = 8;
/** After these the broker holds no session, or releases what was acquired in it by itself. */
const SESSIONLESS = ['SHARE_SESSION_NOT_FOUND', 'SHARE_SESSION_LIMIT_REACHED', 'DISCONNECTED', 'UNREACHABLE'] as const;
const LEADERSHIP = ['NOT_LEADER_OR_FOLLOWER', 'FENCED_LEADER_EPOCH'] as const;

/**
 * Share sessions with all leaders, without clock and network: which request is due to whom, and what its answer means
 * (KIP-932, KIP-1206, KIP-1222).
 *
 * Records are fetched when somebody polls, never ahead: what waits here is locked for everybody else. Time is
 * milliseconds that never go back.
 */
export class ShareSessions {
  readonly #sessions = new Map<number, ShareSession>();
  #generations = 0;
  #wantedUntilMs = -Infinity;
  #closing = false;
  readonly news = new ShareNews();
  readonly holdings = new ShareHoldings(this.news);
  /** How long a lock holds, as a broker said last; undefined before the first answer. */
  lockTimeoutMs: number | undefined;

  constructor(readonly options: ShareSessionsOptions) {}

  get isClosed(): boolean {
    return this.#closing && this.#sessions.size === 0;
  }

  /** All partitions that are to be read, each time anew. What was acquired of others and not given out is released. */
  assign(partitions: readonly LedPartition[]): void {
    const wanted = new Map<number, Set<SharePartition>>();
    const read = new Set<SharePartition>();
    for (const { topicId, topic, partition, leader } of partitions) {
      const known = this.holdings.partition(topicId, topic, partition);
      read.add(known);
      if (leader < 0) this.news.doubt(known);
      else wanted.set(leader, (wanted.get(leader) ?? new Set()).add(known));
    }
    for (const nodeId of wanted.keys()) {
      if (!this.#sessions.has(nodeId) && !this.#closing) {
        this.#sessions.set(nodeId, new ShareSession(nodeId, () => ++this.#generations));
      }
    }
    for (const session of this.#sessions.values()) session.wanted = wanted.get(session.nodeId) ?? new Set();
    this.holdings.keep(read);
  }

  /** Somebody waits for records until then. */
  want(untilMs: number, nowMs: number): void {
    this.#wantedUntilMs = untilMs;
    this.holdings.sweep(nowMs);
  }

  /** Nobody waits any more; a fetch that is under way still brings what it brings. */
  rest(): void {
    this.#wantedUntilMs = -Infinity;
  }

  /**
   * Notes what is to become of a record; the next request tells the broker. Throws KafkaError INVALID_RECORD_STATE when
   * the record is not held any more, UNSUPPORTED_VERSION for a renewal that the broker does not know, and MISUSE.
   */
  acknowledge(record: ShareRecord, type: AcknowledgeType): void {
    const number = numberOf(type, record);
    const { partition, held } = this.holdings.heldOf(record);
    const session = this.#sessions.get(held.nodeId);
    if (session === undefined || session.generation !== held.generation) {
      this.holdings.drop(partition, record.offset);
      const detail = `the share session with node ${held.nodeId} has ended, and with it the lock`;
      const lost = new KafkaError('SHARE_SESSION_NOT_FOUND', detail, { about: aboutRecord(record) });
      const { offset } = record;
      this.news.result(partition, [{ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [number] }], lost);
      return;
    }
    if (type === 'renew' && session.version < 2) {
      const detail = `node ${held.nodeId} knows no renewal of locks`;
      throw new KafkaError('UNSUPPORTED_VERSION', detail, { about: aboutRecord(record) });
    }
    session.pendingOf(partition).set(record.offset, number);
    if (type === 'renew') session.flushes = true;
    else this.holdings.drop(partition, record.offset);
  }

  /** Accepts everything that was given out. */
  acceptHeld(): void {
    for (const record of this.holdings.held()) this.acknowledge(record, 'accept');
  }

  /** Sends what waits at once, without a poll. Returns what `isSettled` wants to know. */
  flush(): ReadonlyMap<ShareSession, number> {
    const words = new Map<ShareSession, number>();
    for (const session of this.#sessions.values()) {
      if (session.hasPending) session.flushes = true;
      if (session.hasPending || session.isAsking) words.set(session, session.lastWord);
    }
    return words;
  }

  /** Whether it is known what became of everything that was flushed. */
  isSettled(words: ReadonlyMap<ShareSession, number>): boolean {
    for (const [session, word] of words) {
      if (this.#sessions.get(session.nodeId) === session && !session.hasSettled(word)) return false;
    }
    return true;
  }

  /** No more records. Each session ends with its next request, and the broker releases what is acquired in it. */
  close(): void {
    this.#closing = true;
    this.holdings.dropWaiting();
    this.rest();
  }

  /** The requests that are due; they count as sent. */
  next(nowMs: number): readonly ShareRequest[] {
    const due: ShareRequest[] = [];
    const fetching: ShareSession[] = [];
    let isFetching = false;
    for (const session of this.#sessions.values()) {
      if (session.isAsking) isFetching ||= session.asksForRecords;
      else if (this.#ends(session) && !session.isOpen && !session.mustEnd) this.#sessions.delete(session.nodeId);
      else if (session.notBeforeMs > nowMs && !this.#closing) continue;
      else if (this.#ends(session) || (session.flushes && session.hasPending)) due.push(this.#acknowledgement(session));
      else if (this.#wantsFrom(session, nowMs)) fetching.push(session);
      else if (session.hasPending && this.#wantedUntilMs > nowMs) due.push(this.#acknowledgement(session));
    }
    for (const session of this.#turns(fetching, isFetching)) due.push(this.#fetch(session, fetching.length, nowMs));
    return due;
  }

  /** When `next` wants to be called; Infinity: an answer or a call must come first. */
  wakeAtMs(nowMs: number): number {
    let wakeAtMs = Infinity;
    for (const session of this.#sessions.values()) {
      const { isAsking, notBeforeMs, flushes } = session;
      if (isAsking || notBeforeMs <= nowMs || notBeforeMs >= wakeAtMs) continue;
      if (flushes || this.#wantedUntilMs > notBeforeMs || this.#ends(session)) wakeAtMs = notBeforeMs;
    }
    return wakeAtMs;
  }

  fetched(nodeId: number, version: number, response: ShareFetchResponse, nowMs: number): void {
    const session = this.#sessions.get(nodeId);
    if (session === undefined) return;
    session.throttle(response.throttleTimeMs, nowMs);
    if (this.#isRefused(session, response, nowMs)) return;
    session.version = version;
    const sent = new Map(session.settled(true));
    this.#learnLock(response.acquisitionLockTimeoutMs);
    let isFruitful = false;
    for (const { topicId, partitions } of response.responses) {
      for (const answer of partitions) {
        const partition = this.holdings.known(topicId, answer.partitionIndex);
        if (partition === undefined) continue;
        const batches = sent.get(partition);
        sent.delete(partition);
        const { acknowledgeErrorCode: code, acknowledgeErrorMessage: said } = answer;
        if (batches !== undefined) this.#settle(session, partition, batches, { code, said, nowMs });
        if (answer.errorCode !== 0) this.#fetchFailed(session, partition, answer, response);
        else if (this.#acquire(session, partition, answer, nowMs)) isFruitful = true;
      }
    }
    this.#unmentioned(sent);
    this.#pace(session, isFruitful, nowMs);
  }

  acknowledged(nodeId: number, version: number, response: ShareAcknowledgeResponse, nowMs: number): void {
    const session = this.#sessions.get(nodeId);
    if (session === undefined) return;
    session.throttle(response.throttleTimeMs, nowMs);
    if (this.#isRefused(session, response, nowMs)) return;
    const sent = new Map(session.settled(true));
    if (version >= 2) this.#learnLock(response.acquisitionLockTimeoutMs);
    for (const { topicId, partitions } of response.responses) {
      for (const { partitionIndex, errorCode: code, errorMessage: said, currentLeader } of partitions) {
        const partition = this.holdings.known(topicId, partitionIndex);
        const batches = partition === undefined ? undefined : sent.get(partition);
        if (partition === undefined || batches === undefined) continue;
        sent.delete(partition);
        const error = KafkaError.ofCode(code, '');
        if (error?.is(...LEADERSHIP)) this.news.leader(partition, currentLeader, response.nodeEndpoints);
        this.#settle(session, partition, batches, { code, said, nowMs });
      }
    }
    this.#unmentioned(sent);
    if (!session.isLast) return;
    // A session that is wanted again has ended all the same.
    if (session.wanted.size === 0 || this.#closing) this.#sessions.delete(nodeId);
    else session.reset();
  }

  /** No answer: whether the request had an effect is not known, so the session begins anew. */
  failed(nodeId: number, error: KafkaError, nowMs: number): void {
    const session = this.#sessions.get(nodeId);
    if (session === undefined) return;
    for (const partition of session.wanted) this.news.doubt(partition);
    this.#restart(session, error, nowMs);
  }

  #fetch(session: ShareSession, others: number, nowMs: number): ShareRequest {
    const { fetchMaxWaitMs, maxPollRecords, fetchMinBytes, fetchMaxBytes, acquireMode } = this.options;
    const takesTurns = acquireMode === 'record_limit' && others > 1;
    const longestMs = takesTurns ? Math.max(Math.floor(fetchMaxWaitMs / others), TURN_MS_MIN) : fetchMaxWaitMs;
    const wish: FetchWish = {
      maxWaitMs: Math.max(0, Math.min(longestMs, Math.ceil(this.#wantedUntilMs - nowMs))),
      minBytes: fetchMinBytes,
      maxBytes: fetchMaxBytes,
      maxRecords: Math.min(maxPollRecords, this.#room()),
      batchSize: maxPollRecords,
      shareAcquireMode: acquireMode === 'record_limit' ? 1 : 0,
    };
    const body = session.fetch(this.#member(), wish, nowMs);
    return { nodeId: session.nodeId, kind: 'fetch', body };
  }

  #acknowledgement(session: ShareSession): ShareRequest {
    const body = session.acknowledge(this.#member(), this.#ends(session));
    return { nodeId: session.nodeId, kind: 'acknowledge', body };
  }

  /** With a limit on records one leader is asked at a time, the one that waited longest first. */
  #turns(fetching: ShareSession[], isFetching: boolean): ShareSession[] {
    if (this.options.acquireMode !== 'record_limit') return fetching;
    if (isFetching) return [];
    return fetching.sort((left, right) => left.sentAtMs - right.sentAtMs).slice(0, 1);
  }

  #wantsFrom(session: ShareSession, nowMs: number): boolean {
    const isWanted = this.#wantedUntilMs > nowMs && session.wanted.size > 0 && !this.#closing;
    return isWanted && this.#room() > 0 && !this.holdings.hasWaiting(session);
  }

  #room(): number {
    return this.options.inFlightRecordsMax - this.holdings.heldCount;
  }

  /** Whether a session has nothing more to do, or begins anew: its last request says so to the broker. */
  #ends(session: ShareSession): boolean {
    if (this.#closing || session.mustEnd) return true;
    return session.wanted.size === 0 && !session.hasPending && !this.holdings.hasHeld(session);
  }

  /** An answer that refuses the request as a whole. */
  #isRefused(
    session: ShareSession,
    { errorCode, errorMessage }: { readonly errorCode: number; readonly errorMessage: string | null },
    nowMs: number,
  ): boolean {
    const about = `share group ${this.options.groupId}, node ${session.nodeId}`;
    const error = KafkaError.ofCode(errorCode, about, errorMessage);
    if (error === undefined) return false;
    for (const partition of session.wanted) this.news.doubt(partition);
    this.#restart(session, error, nowMs);
    return true;
  }

  #restart(session: ShareSession, error: KafkaError, nowMs: number): void {
    for (const sent of [session.settled(false), session.reset()]) {
      for (const [partition, batches] of sent) this.news.result(partition, batches, error);
    }
    if (!this.#mayPass(session, error) && !this.#closing) this.news.fault(error);
    session.pause(nowMs + this.#backoffMs(++session.fruitless));
    // What was acquired by a request that failed halfway would stay locked; a broker that lost us has released it.
    session.mustEnd = !session.isLast && !error.is(...SESSIONLESS);
    if (this.#closing) this.#sessions.delete(session.nodeId);
  }

  #settle(
    session: ShareSession,
    partition: SharePartition,
    batches: readonly AcknowledgementBatch[],
    { code, said, nowMs }: { readonly code: number; readonly said: string | null; readonly nowMs: number },
  ): void {
    const error = KafkaError.ofCode(code, `topic ${partition.topic}/${partition.partition}`, said);
    const mayPass = error !== undefined && error.retriable && !error.is(...LEADERSHIP) && !session.isLast;
    if (mayPass && session.attemptsOf(partition) < ACKNOWLEDGE_TRIES_MAX) {
      session.pause(nowMs + this.#backoffMs(session.restore(partition, batches)));
      return;
    }
    session.forgetAttempts(partition);
    for (const { firstOffset, lastOffset, acknowledgeTypes } of batches) {
      if (acknowledgeTypes[0] !== ACKNOWLEDGE.renew) continue;
      const lockedUntilMs = error === undefined ? nowMs + (this.lockTimeoutMs ?? 0) : undefined;
      this.holdings.renewed(partition, firstOffset, lastOffset, lockedUntilMs);
    }
    this.news.result(partition, batches, error);
  }

  /** Acknowledgements of which the answer says nothing: nobody knows what became of them. */
  #unmentioned(sent: ReadonlyMap<SharePartition, readonly AcknowledgementBatch[]>): void {
    for (const [partition, batches] of sent) {
      const about = `topic ${partition.topic}/${partition.partition}`;
      const detail = 'the answer does not say what became of the acknowledgements';
      this.news.result(partition, batches, new KafkaError('UNKNOWN_SERVER_ERROR', detail, { about }));
    }
  }

  #fetchFailed(
    session: ShareSession,
    partition: SharePartition,
    answer: FetchedPartition,
    { nodeEndpoints }: ShareFetchResponse,
  ): void {
    const about = `topic ${partition.topic}/${partition.partition}`;
    const error = KafkaError.ofCode(answer.errorCode, about, answer.errorMessage);
    if (error === undefined) return;
    if (error.is(...LEADERSHIP)) this.news.leader(partition, answer.currentLeader, nodeEndpoints);
    else if (this.#mayPass(session, error)) this.news.doubt(partition);
    else this.news.fault(error);
  }

  #mayPass({ fruitless }: ShareSession, error: KafkaError): boolean {
    return error.retriable || (error.is('UNKNOWN_SERVER_ERROR') && fruitless < UNKNOWN_ERRORS_MAX);
  }

  /** Takes over what was acquired; false: nothing was, or nothing that can be. */
  #acquire(session: ShareSession, partition: SharePartition, answer: FetchedPartition, nowMs: number): boolean {
    if (answer.acquiredRecords.length === 0 || this.#closing) return false;
    try {
      const ranges = acquiredRanges(answer.acquiredRecords, `topic ${partition.topic}/${partition.partition}`);
      const { checkCrcs, crc32c, compression, decompressedBatchBytesMax: batchBytesMax } = this.options;
      const { generation } = session;
      const options = { crc32c: checkCrcs ? crc32c : undefined, compression, batchBytesMax };
      const records = new AcquiredRecords(answer.records, ranges, options, (firstOffset, lastOffset, type) => {
        if (generation === session.generation) session.pendingOf(partition).addRange(firstOffset, lastOffset, type);
      });
      const lockedUntilMs = nowMs + (this.lockTimeoutMs ?? LOCK_MS_MAX);
      this.holdings.waits({ partition, session, generation, lockedUntilMs, records });
      return true;
    } catch (reason) {
      this.news.fault(KafkaError.from(reason, 'PROTOCOL_VIOLATION'));
      return false;
    }
  }

  /** An answer that came early and empty, again and again, is asked for more and more seldom. */
  #pace(session: ShareSession, isFruitful: boolean, nowMs: number): void {
    const isEarly = nowMs - session.sentAtMs < session.waitMs / 2;
    session.fruitless = isFruitful || !isEarly ? 0 : session.fruitless + 1;
    if (session.fruitless === 0) return;
    session.pause(nowMs + doubledMs(session.fruitless + 1, FRUITLESS_MS, this.options.retryBackoffMaxMs));
  }

  #backoffMs(failures: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.options;
    return doubledMs(failures, retryBackoffMs, retryBackoffMaxMs);
  }

  #learnLock(timeoutMs: number): void {
    if (timeoutMs > 0) this.lockTimeoutMs = Math.min(timeoutMs, LOCK_MS_MAX);
  }

  #member(): { readonly groupId: string; readonly memberId: string } {
    return { groupId: this.options.groupId, memberId: this.options.memberId };
  }
}
