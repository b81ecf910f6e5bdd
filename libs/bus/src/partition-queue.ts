import { type Timer, invariant } from '@trunkline/kernel';
import { Emptiness } from './deadline.js';
import type { Delivery, DeliveryOrder } from './engine.js';

/** A message of a partition that was offered and is not yet behind the position. */
export interface Entry {
  readonly queue: PartitionQueue;
  readonly offset: number;
  readonly bytes: number;
  readonly lane: number;
  /** Dropped once it is done: what waits behind an unfinished message holds no payload. */
  delivery: Delivery | undefined;
  attempt: number;
  done: boolean;
  timer: Timer | undefined;
  /** The next in the order of offsets, in the lane of its key, in the queue of those that may start. */
  next: Entry | undefined;
  nextInLane: Entry | undefined;
  nextReady: Entry | undefined;
}

/** Lane of messages that wait for nobody. */
const OWN_LANE = -1;

/**
 * The messages of one partition behind its first unfinished one, and the lanes in which they run. Knows nothing of time
 * or of concurrency.
 */
export class PartitionQueue {
  /** Messages offered and not behind the position: finished ones that wait for an earlier one included. */
  count = 0;
  /** Bytes of those that are not finished. */
  bytes = 0;
  running = 0;
  /** Whether its reader was told to stop fetching. */
  full = false;
  state: 'assigned' | 'releasing' | 'revoked' = 'assigned';
  readonly idle = new Emptiness(() => this.running === 0);
  #first: Entry | undefined;
  #last: Entry | undefined;
  #next: number;
  readonly #lanes = new Map<number, Entry>();

  constructor(
    readonly channel: string,
    readonly partition: number,
    readonly order: DeliveryOrder,
    nextOffset: number,
  ) {
    this.#next = nextOffset;
  }

  /** The offset up to which, not including it, everything is finished. */
  get position(): number {
    return this.#first === undefined ? this.#next : this.#first.offset;
  }

  /** Says that there is nothing to deliver below `nextOffset`. */
  advance(nextOffset: number): void {
    if (nextOffset > this.#next) this.#next = nextOffset;
  }

  /** Takes a message in; answers it when it may start at once. */
  push(delivery: Delivery): Entry | undefined {
    invariant(delivery.offset >= this.#next, 'deliveries of a partition come in the order of their offsets');
    const entry: Entry = {
      queue: this,
      offset: delivery.offset,
      bytes: (delivery.value?.byteLength ?? 0) + (delivery.key?.byteLength ?? 0),
      lane: this.#laneOf(delivery.key),
      delivery,
      attempt: delivery.attempt,
      done: false,
      timer: undefined,
      next: undefined,
      nextInLane: undefined,
      nextReady: undefined,
    };
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#next = delivery.offset + 1;
    this.count += 1;
    this.bytes += entry.bytes;
    if (entry.lane === OWN_LANE) return entry;
    const before = this.#lanes.get(entry.lane);
    this.#lanes.set(entry.lane, entry);
    if (before === undefined) return entry;
    before.nextInLane = entry;
    return undefined;
  }

  /** Marks a message as finished; answers the next one of its lane. */
  finish(entry: Entry): Entry | undefined {
    invariant(!entry.done, 'a message is finished once');
    entry.done = true;
    entry.delivery = undefined;
    this.bytes -= entry.bytes;
    for (let first = this.#first; first?.done === true; first = this.#first) {
      this.#first = first.next;
      // A dead entry that has grown old must not keep all that came behind it alive.
      first.next = undefined;
      this.count -= 1;
    }
    if (this.#first === undefined) this.#last = undefined;
    if (entry.lane === OWN_LANE) return undefined;
    const { nextInLane } = entry;
    if (nextInLane === undefined) this.#lanes.delete(entry.lane);
    entry.nextInLane = undefined;
    return nextInLane;
  }

  /** Forgets everything; no timer of it runs any more. */
  drop(): void {
    this.cancelTimers();
    this.#next = this.position;
    this.#first = undefined;
    this.#last = undefined;
    this.#lanes.clear();
    this.count = 0;
    this.bytes = 0;
  }

  cancelTimers(): void {
    for (let entry = this.#first; entry !== undefined; entry = entry.next) {
      entry.timer?.cancel();
      entry.timer = undefined;
    }
  }

  /** Two keys may share a lane (their hashes are equal): that costs some concurrency, never the order. */
  #laneOf(key: Uint8Array | null): number {
    switch (this.order) {
      case 'none':
        return OWN_LANE;
      case 'partition':
        return 0;
      case 'key':
        return key === null ? OWN_LANE : hashOf(key);
    }
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
