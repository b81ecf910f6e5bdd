import type { Uuid } from '@trunkline/kernel';
import { KafkaError } from '../error.js';
import type { AcquiredRecords } from './acquired.js';
import type { ShareNews } from './share-news.js';
import { ACKNOWLEDGE, type AcknowledgeType, type Held, type SharePartition, ShareRecord } from './share-record.js';
import type { ShareSession } from './share-session.js';

/** What one answer brought of one partition, not given out yet. */
export interface Buffered {
  readonly partition: SharePartition;
  readonly session: ShareSession;
  readonly generation: number;
  readonly lockedUntilMs: number;
  readonly records: AcquiredRecords;
}

/** How long after the end of its lock, as this side sees it, a record is given up: the broker's clock decides. */
const LOCK_GRACE_MS = 5_000;
const SWEEP_MS = 1_000;
/** The longest pause after answers without a record. */
const DRY_MS_MAX = 1_024;

/**
 * What this member has acquired: waiting here to be given out, or held by the caller until it is acknowledged.
 *
 * Bounded by whoever asks for more: one answer a leader waits, and nothing is fetched while too much is held.
 */
export class ShareHoldings {
  readonly #partitions = new Map<string, SharePartition>();
  #buffer: Buffered[] = [];
  #sweepAtMs = -Infinity;
  /** Records that were given out and are not acknowledged for good. */
  heldCount = 0;

  constructor(readonly news: ShareNews) {}

  /** One object a partition, made when it is first named. */
  partition(topicId: Uuid, topic: string, partition: number): SharePartition {
    const name = `${topicId}/${partition}`;
    let known = this.#partitions.get(name);
    if (known === undefined) this.#partitions.set(name, (known = { topicId, topic, partition, held: new Map() }));
    return known;
  }

  known(topicId: Uuid, partition: number): SharePartition | undefined {
    return this.#partitions.get(`${topicId}/${partition}`);
  }

  /** Forgets the partitions that are not read any more and of which nobody holds a record. */
  keep(read: ReadonlySet<SharePartition>): void {
    for (const [name, partition] of this.#partitions) {
      if (partition.held.size === 0 && !read.has(partition)) this.#partitions.delete(name);
    }
    this.#buffer = this.#buffer.filter((buffered) => {
      const stays = buffered.session.wanted.has(buffered.partition);
      if (!stays && buffered.generation === buffered.session.generation) {
        buffered.records.release();
        buffered.session.flushes = true;
      }
      return stays;
    });
  }

  waits(buffered: Buffered): void {
    this.#buffer.push(buffered);
  }

  /** Whether something of this session waits to be given out. */
  hasWaiting(session: ShareSession): boolean {
    return this.#buffer.some((buffered) => buffered.session === session);
  }

  dropWaiting(): void {
    this.#buffer = [];
  }

  /** Whether the caller holds records of this session. */
  hasHeld(session: ShareSession): boolean {
    for (const { held } of this.#partitions.values()) {
      for (const { nodeId, generation } of held.values()) {
        if (nodeId === session.nodeId && generation === session.generation) return true;
      }
    }
    return false;
  }

  /** Up to `count` records, in the order in which they came. What cannot be read ends it, and is told as news. */
  take(count: number, nowMs: number): ShareRecord[] {
    const taken: ShareRecord[] = [];
    while (taken.length < count) {
      const first = this.#buffer[0];
      if (first === undefined) break;
      const isLost = first.generation !== first.session.generation || first.lockedUntilMs <= nowMs;
      if (isLost || first.records.isDone) {
        this.#buffer.shift();
        continue;
      }
      try {
        const next = first.records.next();
        if (next === undefined) this.#dried(first.session, nowMs);
        else taken.push(this.#hold(first, new ShareRecord(first.partition, next.record, next.deliveryCount)));
      } catch (reason) {
        const { topic, partition } = first.partition;
        const error = KafkaError.from(reason, 'PROTOCOL_VIOLATION');
        const about = `topic ${topic}/${partition}`;
        this.news.fault(new KafkaError(error.code, error.detail, { about, cause: error, ...advice(error) }));
        this.#dried(first.session, nowMs);
        break;
      }
    }
    return taken;
  }

  /**
   * What the caller holds of a record. Throws KafkaError INVALID_RECORD_STATE when that is nothing any more, MISUSE for a
   * record of somebody else.
   */
  heldOf(record: ShareRecord): { readonly partition: SharePartition; readonly held: Held } {
    const partition = ShareRecord.partitionOf(record);
    const about = aboutRecord(record);
    if (this.known(partition.topicId, partition.partition) !== partition) {
      throw new KafkaError('MISUSE', 'this consumer did not give out the record, or its topic is gone', { about });
    }
    const held = partition.held.get(record.offset);
    if (held === undefined || held.record !== record) {
      const detail = 'the record is not held any more: it was acknowledged, its lock ended, or it was delivered again';
      throw new KafkaError('INVALID_RECORD_STATE', detail, { about });
    }
    return { partition, held };
  }

  /** Whether the caller holds this record. */
  holds(record: ShareRecord): boolean {
    return ShareRecord.partitionOf(record).held.get(record.offset)?.record === record;
  }

  /** Every record that the caller holds. */
  *held(): Generator<ShareRecord, void, void> {
    for (const { held } of this.#partitions.values()) for (const { record } of held.values()) yield record;
  }

  drop(partition: SharePartition, offset: number): void {
    if (partition.held.delete(offset)) this.heldCount -= 1;
  }

  /** What a renewal did: the lock begins anew, or it was lost. */
  renewed(partition: SharePartition, firstOffset: number, lastOffset: number, lockedUntilMs: number | undefined): void {
    for (const [offset, held] of partition.held) {
      if (offset < firstOffset || offset > lastOffset) continue;
      if (lockedUntilMs === undefined) this.drop(partition, offset);
      else held.lockedUntilMs = lockedUntilMs;
    }
  }

  /** Gives up records whose lock ended long ago, so that a caller who forgot them does not stand still for ever. */
  sweep(nowMs: number): void {
    if (this.heldCount === 0 || nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + SWEEP_MS;
    for (const partition of this.#partitions.values()) {
      for (const [offset, { lockedUntilMs }] of partition.held) {
        if (lockedUntilMs + LOCK_GRACE_MS <= nowMs) this.drop(partition, offset);
      }
    }
  }

  /** The end of an answer. Those that held nothing, again and again, are asked for more and more seldom. */
  #dried(session: ShareSession, nowMs: number): void {
    const pauseMs = session.dry === 0 ? 0 : Math.min(2 ** session.dry, DRY_MS_MAX);
    session.dry += 1;
    session.pause(nowMs + pauseMs);
  }

  #hold({ partition, session, generation, lockedUntilMs }: Buffered, record: ShareRecord): ShareRecord {
    session.dry = 0;
    if (!partition.held.has(record.offset)) this.heldCount += 1;
    partition.held.set(record.offset, { record, nodeId: session.nodeId, generation, lockedUntilMs });
    return record;
  }
}

/** The number of a type that a caller named. Throws KafkaError MISUSE for another word. */
export function numberOf(type: AcknowledgeType, record: ShareRecord): number {
  const number = Object.hasOwn(ACKNOWLEDGE, type) ? ACKNOWLEDGE[type] : ACKNOWLEDGE.gap;
  if (number !== ACKNOWLEDGE.gap) return number;
  throw new KafkaError('MISUSE', `${JSON.stringify(type) ?? String(type)} is no way to acknowledge`, {
    about: aboutRecord(record),
    advice: "give 'accept', 'release', 'reject' or 'renew'",
  });
}

export function aboutRecord({ topic, partition, offset }: ShareRecord): string {
  return `topic ${topic}/${partition}, offset ${offset}`;
}

function advice(error: KafkaError): { advice?: string } {
  return error.advice === undefined ? {} : { advice: error.advice };
}
