import { ApiError, type Address, type Clock, type Logger, type NodeId, type Timer, asError } from '@trunkline/kernel';
import {
  type BrokerHeartbeat,
  type BrokerHeartbeatAnswer,
  BrokerLiveness,
  type BrokerRegistration,
  type MetadataManager,
} from '@trunkline/metadata';
import type { RequestContext } from '../server/request-context.js';
import { AppliedEverywhere } from './applied-everywhere.js';
import { HeartbeatConnections } from './heartbeat-connections.js';

/** Whether somebody listens at an address: not asked what, only whether a connection is taken. */
export type Probe = (address: Address) => Promise<'listens' | 'refused' | 'unknown'>;

export interface ActiveControllerOptions {
  readonly nodeId: NodeId;
  readonly metadata: MetadataManager;
  /** Where a broker is reached; undefined: not known. */
  readonly addressOf: (id: NodeId) => Address | undefined;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly logger: Logger;
  /** broker.session.timeout.ms */
  readonly sessionTimeoutMs: number;
  /** broker.heartbeat.interval.ms */
  readonly heartbeatMs: number;
  /** Ends the sessions of nobody: the cluster of one node has none. */
  readonly isAlone: boolean;
}

/** When a suspect is tried again after its connection ended: a process that dies closes its listener a moment later. */
const PROBE_AFTER_MS = [0, 30, 100, 250, 500] as const;
const TAKEOVER_MS_MAX = 1_000;
/** Longest that the answer to a change waits for brokers that have not applied it. */
const APPLIED_MS_MAX = 1_000;

/**
 * What the active controller does beside deciding: it hears brokers, finds out which have died, and fences them.
 *
 * A broker whose heartbeat connection ends is tried at its own address: where nobody listens, it is fenced at once; else
 * it has a short grace to come back. A silent one is fenced after its session. A new active controller tries everybody.
 */
export class ActiveController {
  readonly #options: ActiveControllerOptions;
  readonly #connections: HeartbeatConnections;
  readonly #applied: AppliedEverywhere;
  #liveness: BrokerLiveness | undefined;
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined;
  #closed = false;

  constructor(options: ActiveControllerOptions) {
    this.#options = options;
    const { nodeId, clock, metadata } = options;
    this.#connections = new HeartbeatConnections((id) => this.#lost(id));
    this.#applied = new AppliedEverywhere(nodeId, clock, () => metadata.image);
    metadata.watchRole(() => this.#roleChanged());
    this.#roleChanged();
  }

  /** Takes a broker in. Rejects with what the decision throws, NOT_CONTROLLER when another node decides. */
  register(registration: BrokerRegistration): Promise<{ readonly brokerEpoch: bigint }> {
    const { metadata, clock } = this.#options;
    const liveness = this.#active();
    return metadata.submit((controller) =>
      controller.registerBroker(registration, { liveness, nowMs: clock.monotonicMs() }),
    );
  }

  /** Hears a broker. Rejects with STALE_BROKER_EPOCH, NOT_CONTROLLER. */
  async heartbeat(
    beat: BrokerHeartbeat,
    connection: Pick<RequestContext, 'connectionId' | 'closed'>,
  ): Promise<BrokerHeartbeatAnswer> {
    const { metadata, clock } = this.#options;
    const liveness = this.#active();
    const nowMs = clock.monotonicMs();
    const answer = await metadata.submit((controller) => {
      const decision = controller.brokerHeartbeat(beat, liveness, nowMs);
      // Only a broker of the right epoch gets here.
      if (connection.connectionId >= 0) this.#connections.carried(beat.brokerId, connection);
      return decision;
    });
    if (liveness === this.#liveness) {
      this.#applied.look(liveness);
      this.#arm();
    }
    return answer;
  }

  /** Resolves when live brokers have applied what is committed now, or cannot be waited for. Never rejects. */
  async appliedEverywhere(): Promise<void> {
    const { metadata, isAlone } = this.#options;
    if (isAlone || this.#liveness === undefined) return;
    await this.#applied.wait(metadata.image.endOffset, this.#liveness, APPLIED_MS_MAX);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.timer.cancel();
    this.#applied.giveUp();
  }

  #active(): BrokerLiveness {
    if (this.#liveness !== undefined) return this.#liveness;
    const { leaderId } = this.#options.metadata.role;
    throw new ApiError('NOT_CONTROLLER', leaderId === -1 ? 'no active controller is known' : `ask node ${leaderId}`);
  }

  #roleChanged(): void {
    const { metadata, clock, nodeId, sessionTimeoutMs, isAlone } = this.#options;
    if (metadata.role.isActive === (this.#liveness !== undefined)) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (!metadata.role.isActive) {
      this.#liveness = undefined;
      this.#applied.giveUp();
      return;
    }
    const nowMs = clock.monotonicMs();
    const alive = [...metadata.image.brokers.values()].flatMap(({ id, fenced }) => (fenced ? [] : [id]));
    const takeoverMs = Math.min(TAKEOVER_MS_MAX, sessionTimeoutMs);
    const timing = { sessionTimeoutMs, lostGraceMs: this.#graceMs(), takeoverMs };
    this.#liveness = new BrokerLiveness(timing, isAlone ? [] : alive, nowMs);
    for (const id of this.#liveness.suspects) if (id !== nodeId) this.#probe(id, this.#liveness);
    this.#arm();
  }

  /** Longer than the time from one heartbeat to the next: a broker that lives has come back by then. */
  #graceMs(): number {
    const { heartbeatMs, sessionTimeoutMs } = this.#options;
    return Math.min(sessionTimeoutMs, Math.ceil(1.5 * heartbeatMs) + 100);
  }

  #lost(id: NodeId): void {
    const liveness = this.#liveness;
    if (liveness === undefined || this.#closed) return;
    liveness.lost(id, this.#options.clock.monotonicMs());
    this.#applied.look(liveness);
    this.#probe(id, liveness);
    this.#arm();
  }

  /** Tries a suspect until it is heard of, or is known to be dead. */
  #probe(id: NodeId, liveness: BrokerLiveness, turn = 0): void {
    const waitMs = PROBE_AFTER_MS[turn];
    if (waitMs === undefined) return;
    this.#options.clock.after(waitMs, () => {
      if (this.#closed || liveness !== this.#liveness || !liveness.suspects.includes(id)) return;
      const address = this.#options.addressOf(id);
      if (address === undefined) return;
      this.#options.probe(address).then(
        (found) => {
          if (this.#closed || liveness !== this.#liveness) return;
          if (found !== 'refused') return this.#probe(id, liveness, turn + 1);
          liveness.refused(id, this.#options.clock.monotonicMs());
          this.#arm();
        },
        () => {},
      );
    });
  }

  /** One timer, at the earliest time at which somebody may count as dead. */
  #arm(): void {
    const { clock } = this.#options;
    const atMs = this.#liveness?.wakeAtMs ?? Infinity;
    if (this.#closed || atMs === this.#timer?.atMs) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (atMs === Infinity) return;
    const timer = clock.after(Math.max(0, atMs - clock.monotonicMs()), () => {
      this.#timer = undefined;
      void this.#fenceExpired();
    });
    this.#timer = { atMs, timer };
  }

  async #fenceExpired(): Promise<void> {
    const { metadata, clock, logger } = this.#options;
    const liveness = this.#liveness;
    if (liveness === undefined) return;
    try {
      const fenced = await metadata.submit((controller) =>
        controller.fenceExpiredBrokers(liveness, clock.monotonicMs()),
      );
      for (const id of fenced) logger.warn(`broker ${id} is fenced: it was not heard of in time, or its process ended`);
    } catch (reason) {
      logger.warn(`brokers that are not heard of cannot be fenced now: ${asError(reason).message}`);
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
    if (liveness !== this.#liveness) return;
    this.#applied.look(liveness);
    this.#arm();
  }
}

const RETRY_MS = 100;
