import type { Clock } from '@trunkline/kernel';
import { type Deadline, Deadlines } from './deadlines.js';

/** Something that waits for a watermark to move. */
export interface Waiting {
  /** Its time is over. Either this or `abandon` is called, once, unless it left before. */
  expire(): void;
  /** Nobody is there any more to be answered. */
  abandon(): void;
  /** The broker stops: what need not wait should leave. */
  stop(): void;
}

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
    return waits === undefined || waits.tickets.size < this.limits.waitingPerConnectionMax;
  }

  /** Lets `waiting` in, or returns undefined when there is no room or the connection has gone. */
  enter(waiting: Waiting, timeoutMs: number, connection: WaitingConnection): Ticket | undefined {
    if (!this.hasRoom(connection)) return undefined;
    const waits = this.#connections.get(connection.connectionId) ?? this.#meet(connection);
    const ticket = new Ticket(waits, this.#left);
    waits.tickets.set(ticket, waiting);
    this.#waiting += 1;
    ticket.deadline = this.#deadlines.set(Math.min(timeoutMs, WAIT_MS_MAX), () => {
      if (ticket.leave()) waiting.expire();
    });
    return ticket;
  }

  /** The broker stops: nothing enters any more, and what need not wait is asked to leave. */
  stop(): void {
    this.#stopped = true;
    for (const { tickets } of this.#connections.values()) for (const waiting of tickets.values()) waiting.stop();
  }

  /** Ends every wait that is left, as if its time were over. */
  close(): void {
    this.stop();
    for (const { tickets } of this.#connections.values()) {
      for (const [ticket, waiting] of tickets) if (ticket.leave()) waiting.expire();
    }
    this.#deadlines.clear();
    this.#connections.clear();
  }

  #meet({ connectionId, closed }: WaitingConnection): ConnectionWaits {
    const waits: ConnectionWaits = { tickets: new Map() };
    this.#connections.set(connectionId, waits);
    const gone = (): void => {
      this.#connections.delete(connectionId);
      for (const [ticket, waiting] of waits.tickets) if (ticket.leave()) waiting.abandon();
    };
    closed.addEventListener('abort', gone, { once: true });
    return waits;
  }

  readonly #left = (): void => {
    this.#waiting -= 1;
  };
}

/** One listener on the connection's end, however many of its requests wait. */
interface ConnectionWaits {
  readonly tickets: Map<Ticket, Waiting>;
}

/** The right to wait. */
export class Ticket {
  deadline: Deadline | undefined;
  #inside = true;

  constructor(
    private readonly waits: ConnectionWaits,
    private readonly left: () => void,
  ) {}

  /** Ends the wait: neither `expire` nor `abandon` comes any more. False when it had ended before. */
  leave(): boolean {
    if (!this.#inside) return false;
    this.#inside = false;
    this.waits.tickets.delete(this);
    this.deadline?.cancel();
    this.left();
    return true;
  }
}
