import { invariant, type Clock } from '@trunkline/kernel';
import { Deadline, Deadlines } from './deadlines.js';

/** What the purgatory must know of the connection that waits. */
export interface WaitingConnection {
  readonly connectionId: number;
  readonly closed: AbortSignal;
}

export interface DelayedLimits {
  /** Requests that may wait in the whole broker. */
  readonly waitingMax: number;
  /** Requests of one connection that may wait. */
  readonly waitingPerConnectionMax: number;
}

export const DELAYED_LIMITS: DelayedLimits = Object.freeze({ waitingMax: 100_000, waitingPerConnectionMax: 1_000 });

/** A wait of a day is for ever; it keeps a client from asking for 24 of them. */
export const WAIT_MS_MAX = 24 * 60 * 60 * 1000;

/** Something that waits for a watermark to move. It is a link of its lists itself, so that a wait costs no memory. */
export abstract class Waiting extends Deadline {
  /** Where it waits, and its neighbours there; the purgatory's affair. */
  place: ConnectionWaits | undefined;
  earlier: Waiting | undefined;
  later: Waiting | undefined;

  /** Its time is over. Either this or `abandon` is called, once, unless it left before. */
  abstract expire(): void;
  /** Nobody is there any more to be answered. */
  abstract abandon(): void;
  /** The broker stops: what need not wait should leave. */
  abstract stop(): void;

  /** Ends the wait: neither `expire` nor `abandon` comes any more. False when it did not wait. */
  leave(): boolean {
    return this.place !== undefined && this.place.delayed.let(this);
  }

  due(): void {
    if (this.leave()) this.expire();
  }
}

/**
 * The requests that wait: parked fetches, and produces that are not yet below the high watermark (Kafka's purgatory).
 *
 * It knows their deadlines and their connections. What wakes them stands in `Partition`. Over a limit nothing may
 * enter: a fetch is then answered with what there is, a produce is refused before it is appended.
 */
export class Delayed {
  readonly #deadlines: Deadlines;
  readonly #connections = new Map<number, ConnectionWaits>();
  #waiting = 0;
  #stopped = false;

  constructor(
    clock: Clock,
    readonly limits: DelayedLimits = DELAYED_LIMITS,
  ) {
    this.#deadlines = new Deadlines(clock);
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether one request more of this connection may wait. */
  hasRoom({ connectionId, closed }: WaitingConnection): boolean {
    if (this.#stopped || closed.aborted || this.#waiting >= this.limits.waitingMax) return false;
    const waits = this.#connections.get(connectionId);
    return waits === undefined || waits.count < this.limits.waitingPerConnectionMax;
  }

  /** Lets `waiting` in; false when there is no room or the connection has gone. */
  enter(waiting: Waiting, timeoutMs: number, connection: WaitingConnection): boolean {
    invariant(waiting.place === undefined, 'a request waits once');
    if (!this.hasRoom(connection)) return false;
    const waits = this.#connections.get(connection.connectionId) ?? this.#meet(connection);
    waits.add(waiting);
    this.#waiting += 1;
    this.#deadlines.set(waiting, Math.min(timeoutMs, WAIT_MS_MAX));
    return true;
  }

  /** Lets `waiting` out; see {@link Waiting.leave}. */
  let(waiting: Waiting): boolean {
    waiting.place?.take(waiting);
    this.#deadlines.cancel(waiting);
    this.#waiting -= 1;
    return true;
  }

  /** The broker stops: nothing enters any more, and what need not wait is asked to leave. */
  stop(): void {
    this.#stopped = true;
    for (const waits of this.#connections.values()) for (const waiting of waits.all()) waiting.stop();
  }

  /** Ends every wait that is left, as if its time were over. */
  close(): void {
    this.stop();
    for (const waits of this.#connections.values()) for (const waiting of waits.all()) waiting.due();
    this.#deadlines.clear();
    this.#connections.clear();
  }

  /** One listener on the connection's end, however many of its requests wait. */
  #meet({ connectionId, closed }: WaitingConnection): ConnectionWaits {
    const waits = new ConnectionWaits(this);
    this.#connections.set(connectionId, waits);
    const gone = (): void => {
      this.#connections.delete(connectionId);
      for (const waiting of waits.all()) if (waiting.leave()) waiting.abandon();
    };
    closed.addEventListener('abort', gone, { once: true });
    return waits;
  }
}

/** What waits of one connection, the latest first. */
class ConnectionWaits {
  count = 0;
  #latest: Waiting | undefined;

  constructor(readonly delayed: Delayed) {}

  /** As they are now, whoever leaves meanwhile. */
  all(): Waiting[] {
    const all: Waiting[] = [];
    for (let at = this.#latest; at !== undefined; at = at.earlier) all.push(at);
    return all.toReversed();
  }

  add(waiting: Waiting): void {
    waiting.place = this;
    waiting.earlier = this.#latest;
    if (this.#latest !== undefined) this.#latest.later = waiting;
    this.#latest = waiting;
    this.count += 1;
  }

  take(waiting: Waiting): void {
    if (waiting.later === undefined) this.#latest = waiting.earlier;
    else waiting.later.earlier = waiting.earlier;
    if (waiting.earlier !== undefined) waiting.earlier.later = waiting.later;
    waiting.place = undefined;
    waiting.earlier = undefined;
    waiting.later = undefined;
    this.count -= 1;
  }
}
