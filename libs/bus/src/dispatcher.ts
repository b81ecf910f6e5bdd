import { type Clock, invariant } from '@trunkline/kernel';
import type { Deliver, Delivery, DeliveryOrder } from './engine.js';
import { Emptiness, within } from './deadline.js';
import { RedeliverAfter } from './error.js';
import { type Entry, PartitionQueue } from './partition-queue.js';

/** What the reader of partitions wants to hear. Called inside the dispatcher's own calls: do no more than take a note. */
export interface DispatcherEvents {
  /** Enough is waiting: stop fetching this partition. What was fetched already may still be offered. */
  full?(partition: AssignedPartition): void;
  /** Half of it is done: fetch again. */
  ready?(partition: AssignedPartition): void;
  /** The position rose: there is something to commit. */
  moved?(partition: AssignedPartition): void;
}

export interface DispatcherOptions {
  readonly order: DeliveryOrder;
  /** Deliveries under way at once, over all partitions. 1 and up. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly deliver: Deliver;
  readonly events?: DispatcherEvents;
  /** Messages of one partition from its first unfinished one on. Default 1,000. */
  readonly lookAheadMax?: number;
  /** Bytes of unfinished messages over all partitions, each having an equal share. Default 64 MiB. */
  readonly lookAheadBytesMax?: number;
  /** First pause before a message is delivered again when the rejection names none; doubles with each. Default 100. */
  readonly redeliverFirstMs?: number;
  /** The longest such pause. Default 10,000. */
  readonly redeliverMaxMs?: number;
}

/** A partition that a dispatcher runs. Made by {@link PartitionDispatcher.assign}. */
export interface AssignedPartition {
  readonly channel: string;
  readonly partition: number;
  /** The offset up to which, not including it, everything is finished: what may be committed. It never falls. */
  readonly position: number;
  /** Whether fetching should pause. */
  readonly full: boolean;
  /** Hands over the next message. Offsets rise; gaps are allowed. Ignored once the partition is released or revoked. */
  offer(delivery: Delivery): void;
  /** Nothing is to be delivered below `nextOffset`: lets the position pass control records and compacted ones. */
  advance(nextOffset: number): void;
  /** Drops it at once: nothing more starts, late results are ignored, the position stays where it is. */
  revoke(): void;
  /** Starts nothing more, waits at most `deadlineMs` for what runs, then revokes. Resolves with the position. */
  release(deadlineMs: number): Promise<number>;
}

/**
 * Runs the messages of partitions, in order of offset, key or none, with bounded concurrency and bounded look-ahead, and
 * knows what may be committed. Pure: shared by every engine that reads partitioned logs.
 *
 * - Deliveries start in the order in which they were offered, as far as `order` and retries allow.
 * - The position of a partition never passes a message that is not acknowledged.
 * - A rejected message is delivered again after its pause with `attempt` one higher; its lane waits, others go on, and it
 *   takes no part of `concurrency` meanwhile.
 *
 * Not promised: that a handler stops when its partition is revoked. Its result is ignored.
 */
export class PartitionDispatcher {
  readonly #options: Required<Omit<DispatcherOptions, 'events'>> & { readonly events: DispatcherEvents };
  readonly #partitions = new Map<PartitionQueue, AssignedPartition>();
  #firstReady: Entry | undefined;
  #lastReady: Entry | undefined;
  #running = 0;
  #paused = false;
  #stopped = false;
  #pumping = false;
  readonly #idle = new Emptiness(() => this.#running === 0);

  constructor(options: DispatcherOptions) {
    invariant(Number.isInteger(options.concurrency) && options.concurrency >= 1, 'concurrency is 1 or more');
    this.#options = {
      lookAheadMax: 1_000,
      lookAheadBytesMax: 67_108_864,
      redeliverFirstMs: 100,
      redeliverMaxMs: 10_000,
      events: {},
      ...options,
    };
  }

  /** Deliveries under way, those of revoked partitions included until they settle. */
  get inFlight(): number {
    return this.#running;
  }

  get partitions(): Iterable<AssignedPartition> {
    return this.#partitions.values();
  }

  /** Takes a partition on, to be read from `nextOffset`. */
  assign(channel: string, partition: number, nextOffset: number): AssignedPartition {
    const queue = new PartitionQueue(channel, partition, this.#options.order, nextOffset);
    const assigned: AssignedPartition = {
      channel,
      partition,
      get position() {
        return queue.position;
      },
      get full() {
        return queue.full;
      },
      offer: (delivery) => this.#offer(queue, delivery),
      advance: (offset) => this.#advance(queue, offset),
      revoke: () => this.#revoke(queue),
      release: (deadlineMs) => this.#release(queue, deadlineMs),
    };
    this.#partitions.set(queue, assigned);
    return assigned;
  }

  /** Nothing starts until `resume`; what runs goes on. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  /**
   * Starts nothing more, for good, and waits at most `deadlineMs` for what runs. Resolves with whether all of it settled.
   * Positions may be committed afterwards; then `close`.
   */
  async drain(deadlineMs: number): Promise<boolean> {
    this.#stopped = true;
    for (const queue of this.#partitions.keys()) queue.cancelTimers();
    if (this.#running === 0) return true;
    return await within(this.#options.clock, deadlineMs, this.#idle.wait());
  }

  /** Revokes every partition: results that come later are ignored. */
  close(): void {
    this.#stopped = true;
    for (const queue of this.#partitions.keys()) this.#revoke(queue);
  }

  #offer(queue: PartitionQueue, delivery: Delivery): void {
    if (queue.state !== 'assigned' || this.#stopped) return;
    const entry = queue.push(delivery);
    if (entry !== undefined) this.#enqueue(entry);
    if (!queue.full && this.#isOver(queue, 1)) {
      queue.full = true;
      this.#tell(queue, 'full');
    }
    this.#pump();
  }

  #advance(queue: PartitionQueue, nextOffset: number): void {
    // What was offered below it since was not taken.
    if (queue.state !== 'assigned' || this.#stopped) return;
    const before = queue.position;
    queue.advance(nextOffset);
    if (queue.position !== before) this.#tell(queue, 'moved');
  }

  #tell(queue: PartitionQueue, event: keyof DispatcherEvents): void {
    const partition = this.#partitions.get(queue);
    invariant(partition !== undefined, 'only an assigned partition has something to tell');
    this.#options.events[event]?.(partition);
  }

  /** Whether a partition holds more than its share, or than a part of it. */
  #isOver(queue: PartitionQueue, part: number): boolean {
    const { lookAheadMax, lookAheadBytesMax } = this.#options;
    return queue.count >= lookAheadMax * part || queue.bytes >= (lookAheadBytesMax * part) / this.#partitions.size;
  }

  #enqueue(entry: Entry): void {
    if (this.#lastReady === undefined) this.#firstReady = entry;
    else this.#lastReady.nextReady = entry;
    this.#lastReady = entry;
  }

  #dequeue(): Entry | undefined {
    const entry = this.#firstReady;
    if (entry === undefined) return undefined;
    this.#firstReady = entry.nextReady;
    if (this.#firstReady === undefined) this.#lastReady = undefined;
    entry.nextReady = undefined;
    return entry;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#paused && !this.#stopped && this.#running < this.#options.concurrency) {
      const entry = this.#dequeue();
      if (entry === undefined) break;
      if (entry.queue.state === 'assigned') this.#start(entry);
    }
    this.#pumping = false;
  }

  #start(entry: Entry): void {
    const first = entry.delivery;
    invariant(first !== undefined, 'a message that was not finished has its payload');
    this.#running += 1;
    entry.queue.running += 1;
    const delivery = entry.attempt === first.attempt ? first : { ...first, attempt: entry.attempt };
    this.#options.deliver(delivery).then(
      () => this.#acknowledged(entry),
      (reason: unknown) => this.#rejected(entry, reason),
    );
  }

  #acknowledged(entry: Entry): void {
    const { queue } = entry;
    if (queue.state !== 'revoked') {
      const before = queue.position;
      const next = queue.finish(entry);
      if (next !== undefined) this.#enqueue(next);
      if (queue.position !== before) this.#tell(queue, 'moved');
      if (queue.full && !this.#isOver(queue, 0.5)) {
        queue.full = false;
        this.#tell(queue, 'ready');
      }
    }
    this.#settled(queue);
  }

  #rejected(entry: Entry, reason: unknown): void {
    const { queue } = entry;
    if (queue.state === 'assigned' && !this.#stopped) {
      const pauseMs = reason instanceof RedeliverAfter ? reason.delayMs : this.#pauseMs(entry);
      entry.attempt += 1;
      entry.timer = this.#options.clock.after(pauseMs, () => {
        entry.timer = undefined;
        this.#enqueue(entry);
        this.#pump();
      });
    }
    this.#settled(queue);
  }

  #pauseMs({ attempt, delivery }: Entry): number {
    const { redeliverFirstMs, redeliverMaxMs } = this.#options;
    return Math.min(redeliverMaxMs, redeliverFirstMs * 2 ** (attempt - (delivery?.attempt ?? 1)));
  }

  #settled(queue: PartitionQueue): void {
    this.#running -= 1;
    queue.running -= 1;
    queue.idle.changed();
    this.#idle.changed();
    this.#pump();
  }

  #revoke(queue: PartitionQueue): void {
    queue.state = 'revoked';
    queue.drop();
    this.#partitions.delete(queue);
  }

  async #release(queue: PartitionQueue, deadlineMs: number): Promise<number> {
    if (queue.state === 'assigned') queue.state = 'releasing';
    queue.cancelTimers();
    if (queue.running > 0) await within(this.#options.clock, deadlineMs, queue.idle.wait());
    const { position } = queue;
    this.#revoke(queue);
    return position;
  }
}
