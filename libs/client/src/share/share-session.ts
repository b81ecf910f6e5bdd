import type { Uuid } from '@trunkline/kernel';
import type { Encodable, ShareAcknowledge, ShareFetch } from '@trunkline/protocol';
import { type AcknowledgementBatch, Acknowledgements, isRenewal } from './acknowledgements.js';
import type { SharePartition } from './share-record.js';

export type ShareFetchRequest = Encodable<(typeof ShareFetch)['request']>;
export type ShareAcknowledgeRequest = Encodable<(typeof ShareAcknowledge)['request']>;

/** Acknowledgements on their way. */
export type Sent = ReadonlyMap<SharePartition, readonly AcknowledgementBatch[]>;

/** What a fetch asks for; units as in the options. */
export interface FetchWish {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxRecords: number;
  readonly batchSize: number;
  readonly shareAcquireMode: number;
}

interface Member {
  readonly groupId: string;
  readonly memberId: string;
}

const NEW_SESSION = 0;
const END_SESSION = -1;
const THROTTLE_MS_MAX = 60_000;
const EPOCH_MAX = 2_147_483_647;

/**
 * The share session with one leader (KIP-932): its epoch, the partitions that the broker knows to be in it, and the
 * acknowledgements that wait for the next request. One request at a time: the epochs are a sequence.
 */
export class ShareSession {
  #epoch = NEW_SESSION;
  readonly #known = new Set<SharePartition>();
  #pending = new Map<SharePartition, Acknowledgements>();
  #sent: Sent | undefined;
  /** Tells this session from those before it, of any node: what was acquired in those is not held any more. */
  generation: number;
  /** Counts requests; what waits goes with the next. */
  requests = 0;
  /** Up to which request everything has its answer. */
  settledRequests = 0;
  /** The request that carries again what was refused for the time being. */
  owedRequest = 0;
  readonly #attempts = new Map<SharePartition, number>();
  /** Of ShareFetch and ShareAcknowledge, as the broker answered last. */
  version = 0;
  /** Nothing is asked before; milliseconds. */
  notBeforeMs = 0;
  /** Answers in a row that brought nothing though nobody waited for them, and failures. */
  fruitless = 0;
  /** Answers in a row whose acquired offsets held no record that can be read. */
  dry = 0;
  /** When the last fetch went, and how long the broker may keep it. */
  sentAtMs = -Infinity;
  waitMs = 0;
  /** Of the request that is under way. */
  asksForRecords = false;
  isLast = false;
  /** The broker may hold a session, and records acquired in it, of which this side knows nothing: it is ended first. */
  mustEnd = false;
  /** Acknowledgements of a renewal, or of a commit, do not wait for a fetch. */
  flushes = false;
  /** The partitions that it should read. */
  wanted: ReadonlySet<SharePartition> = new Set();

  constructor(
    readonly nodeId: number,
    readonly nextGeneration: () => number,
  ) {
    this.generation = nextGeneration();
  }

  get isOpen(): boolean {
    return this.#epoch !== NEW_SESSION;
  }
  get isAsking(): boolean {
    return this.#sent !== undefined;
  }
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Nothing is asked before then. */
  pause(untilMs: number): void {
    if (untilMs > this.notBeforeMs) this.notBeforeMs = untilMs;
  }

  /** What the broker asks for (KIP-219), up to a minute. */
  throttle(throttleTimeMs: number, nowMs: number): void {
    if (throttleTimeMs > 0) this.pause(nowMs + Math.min(throttleTimeMs, THROTTLE_MS_MAX));
  }

  /** What waits to be said of a partition's records. */
  pendingOf(partition: SharePartition): Acknowledgements {
    let pending = this.#pending.get(partition);
    if (pending === undefined) this.#pending.set(partition, (pending = new Acknowledgements()));
    return pending;
  }

  /** Puts back what was refused for the time being; returns how often in a row that was so. */
  restore(partition: SharePartition, batches: readonly AcknowledgementBatch[]): number {
    this.pendingOf(partition).restore(batches);
    this.owedRequest = this.requests + 1;
    this.flushes = true;
    const attempts = (this.#attempts.get(partition) ?? 0) + 1;
    this.#attempts.set(partition, attempts);
    return attempts;
  }

  attemptsOf(partition: SharePartition): number {
    return this.#attempts.get(partition) ?? 0;
  }

  forgetAttempts(partition: SharePartition): void {
    this.#attempts.delete(partition);
  }

  /** The request whose answer tells what becomes of all acknowledgements so far. */
  get lastWord(): number {
    return this.hasPending ? this.requests + 1 : this.requests;
  }

  hasSettled(request: number): boolean {
    return this.settledRequests >= Math.max(request, this.owedRequest);
  }

  /** A fetch for what is wanted; it carries what waits, and says what is no longer read. */
  fetch(member: Member, wish: FetchWish, nowMs: number): ShareFetchRequest {
    const sent = this.#send();
    this.asksForRecords = true;
    this.isLast = false;
    this.sentAtMs = nowMs;
    this.waitMs = wish.maxWaitMs;
    const named = new Set(sent.keys());
    const forgotten = [...this.#known].filter((partition) => !this.wanted.has(partition));
    for (const partition of this.wanted) if (!this.#known.has(partition)) named.add(partition);
    for (const partition of forgotten) this.#known.delete(partition);
    for (const partition of this.wanted) this.#known.add(partition);
    for (const partition of sent.keys()) if (!this.wanted.has(partition)) forgotten.push(partition);
    return {
      ...member,
      shareSessionEpoch: this.#epoch,
      ...wish,
      topics: topicsOf(named, sent),
      forgottenTopicsData: byTopic(new Set(forgotten)).map(([topicId, partitions]) => ({
        topicId,
        partitions: partitions.map(({ partition }) => partition),
      })),
    };
  }

  /** The acknowledgements alone; `last` ends the session, and the broker releases what is acquired in it. */
  acknowledge(member: Member, last: boolean): ShareAcknowledgeRequest {
    const sent = this.#send();
    this.isLast = last;
    if (last) this.mustEnd = false;
    return {
      ...member,
      shareSessionEpoch: last ? END_SESSION : this.#epoch,
      isRenewAck: [...sent.values()].some((batches) => batches.some(isRenewal)),
      topics: topicsOf(new Set(sent.keys()), sent),
    };
  }

  /** The request was answered: what it carried, for its results. */
  settled(isAccepted: boolean): Sent {
    const sent: Sent = this.#sent ?? new Map();
    this.#sent = undefined;
    this.asksForRecords = false;
    this.settledRequests = this.requests;
    if (isAccepted) this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
    return sent;
  }

  /** Begins anew with the next fetch. Whoever holds records of this session has lost them; what waited is void. */
  reset(): Sent {
    this.#epoch = NEW_SESSION;
    this.#known.clear();
    this.#attempts.clear();
    this.generation = this.nextGeneration();
    const lost = this.#send();
    this.settled(false);
    return lost;
  }

  #send(): Sent {
    const sent: Sent = new Map([...this.#pending].map(([partition, pending]) => [partition, pending.batches()]));
    this.#pending = new Map();
    this.#sent = sent;
    this.requests += 1;
    this.flushes = false;
    return sent;
  }
}

function topicsOf(named: ReadonlySet<SharePartition>, sent: Sent): ShareAcknowledgeRequest['topics'] {
  return byTopic(named).map(([topicId, partitions]) => ({
    topicId,
    partitions: partitions.map((each) => ({
      partitionIndex: each.partition,
      acknowledgementBatches: sent.get(each) ?? [],
    })),
  }));
}

function byTopic(partitions: ReadonlySet<SharePartition>): [Uuid, SharePartition[]][] {
  const topics = new Map<Uuid, SharePartition[]>();
  for (const partition of partitions) {
    const others = topics.get(partition.topicId);
    if (others === undefined) topics.set(partition.topicId, [partition]);
    else others.push(partition);
  }
  return [...topics];
}
