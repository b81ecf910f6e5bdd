import type { NodeId } from '@trunkline/kernel';

export interface BrokerLivenessOptions {
  /** broker.session.timeout.ms: silence after which a broker counts as dead. */
  readonly sessionTimeoutMs: number;
  /** How long a broker whose connection ended has to come back. */
  readonly lostGraceMs: number;
  /** How long a new active controller waits for the first word of each broker. At most the session timeout. */
  readonly takeoverMs: number;
}

interface Session {
  heardMs: number;
  /** When the broker counts as dead. */
  deadlineMs: number;
  /** Its connection ended, or it was never heard of here. */
  isSuspect: boolean;
  /** The highest offset of the metadata log it has applied; -1: unknown. */
  metadataOffset: number;
  /** The offset that all others must have applied before the broker may go; undefined: it does not go down. */
  shutdownOffset: number | undefined;
}

/** How late a wake-up may be before it tells that this process itself stood still. */
const LATE_MS = 250;

/**
 * Which brokers live, as the active controller hears it: soft state, made anew by each new active controller, and never
 * replicated. Times are of a monotonic clock, in milliseconds.
 *
 * A silent broker is dead after the session timeout. A process that was killed is found sooner: its connections end, and
 * whoever asks for one more is refused. A controller that itself stood still blames nobody: all get a grace again.
 *
 * Not promised: that a broker which is told dead is dead. Epochs and the metadata log fence it.
 */
export class BrokerLiveness {
  readonly #sessions = new Map<NodeId, Session>();
  readonly #options: BrokerLivenessOptions;
  #plannedMs = Number.POSITIVE_INFINITY;

  /** `brokers`: those that are not fenced. Each has `takeoverMs` to be heard of. */
  constructor(options: BrokerLivenessOptions, brokers: Iterable<NodeId> = [], nowMs = 0) {
    this.#options = options;
    const deadlineMs = nowMs + Math.min(options.takeoverMs, options.sessionTimeoutMs);
    for (const id of brokers) {
      this.#sessions.set(id, {
        heardMs: nowMs,
        deadlineMs,
        isSuspect: true,
        metadataOffset: -1,
        shutdownOffset: undefined,
      });
    }
    this.#plan();
  }

  /** A broker spoke, by the epoch it has now; `metadataOffset` is the highest offset it has applied, if it said so. */
  heard(id: NodeId, nowMs: number, metadataOffset = -1): void {
    const before = this.#sessions.get(id);
    this.#sessions.set(id, {
      heardMs: nowMs,
      deadlineMs: nowMs + this.#options.sessionTimeoutMs,
      isSuspect: false,
      metadataOffset: Math.max(before?.metadataOffset ?? -1, metadataOffset),
      shutdownOffset: before?.shutdownOffset,
    });
    this.#plan();
  }

  /** The connection over which a broker spoke has ended. It has a short grace to come back. */
  lost(id: NodeId, nowMs: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    session.isSuspect = true;
    session.deadlineMs = Math.min(session.deadlineMs, nowMs + this.#options.lostGraceMs);
    this.#plan();
  }

  /**
   * Nobody listens where a broker was. A suspect is dead at once. One that is heard of may only have closed its listener
   * on its way down: it becomes a suspect.
   */
  refused(id: NodeId, nowMs: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    if (session.isSuspect) session.deadlineMs = Math.min(session.deadlineMs, nowMs);
    else this.lost(id, nowMs);
    this.#plan();
  }

  /** A broker is out: fenced, gone, or another uptime begins. */
  forget(id: NodeId): void {
    this.#sessions.delete(id);
    this.#plan();
  }

  /** Whether a broker was heard of within the session timeout and may still be there. */
  hasSession(id: NodeId, nowMs: number): boolean {
    const session = this.#sessions.get(id);
    return session !== undefined && nowMs < session.heardMs + this.#options.sessionTimeoutMs;
  }

  /** Whether a connection of the broker has ended since it was heard of, or it never was. */
  isSuspect(id: NodeId): boolean {
    return this.#sessions.get(id)?.isSuspect ?? true;
  }

  /** Those that are worth an attempt to connect: lost, or not heard of since this node became active. */
  get suspects(): readonly NodeId[] {
    return [...this.#sessions].flatMap(([id, { isSuspect }]) => (isSuspect ? [id] : []));
  }

  /** Those that count as dead now. They are told again until they are forgotten or heard of. */
  expired(nowMs: number): readonly NodeId[] {
    if (nowMs > this.#plannedMs + LATE_MS) this.#forgive(nowMs);
    this.#plan();
    return [...this.#sessions].flatMap(([id, { deadlineMs }]) => (deadlineMs <= nowMs ? [id] : []));
  }

  /** When to ask {@link expired} again; infinity: not before somebody is heard of. */
  get wakeAtMs(): number {
    return this.#plannedMs;
  }

  /** The highest offset of the metadata log that a broker has applied, as far as it told; -1: unknown. */
  metadataOffset(id: NodeId): number {
    return this.#sessions.get(id)?.metadataOffset ?? -1;
  }

  /** The offset that the others must have applied before the broker may go down. */
  shutdownOffset(id: NodeId): number | undefined {
    return this.#sessions.get(id)?.shutdownOffset;
  }

  /** A broker goes down in order: the others must apply up to `offset` first. The first offset holds. */
  goesDown(id: NodeId, offset: number): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) session.shutdownOffset ??= offset;
  }

  /** Sessions ran out while this process could not hear: each gets its grace again, but never two timeouts in all. */
  #forgive(nowMs: number): void {
    const { sessionTimeoutMs, lostGraceMs } = this.#options;
    for (const session of this.#sessions.values()) {
      const latestMs = session.heardMs + 2 * sessionTimeoutMs;
      session.deadlineMs = Math.max(session.deadlineMs, Math.min(nowMs + lostGraceMs, latestMs));
    }
  }

  #plan(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#sessions.values()) if (deadlineMs < next) next = deadlineMs;
    this.#plannedMs = next;
  }
}
