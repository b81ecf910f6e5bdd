import { ApiError, type Clock, type Logger, type NodeId, type Timer, type Uuid, asError } from '@trunkline/kernel';
import { type BrokerImage, type Endpoint, type MetadataManager, SUPPORTED_FEATURES } from '@trunkline/metadata';
import { BrokerHeartbeat, BrokerRegistration, errorName } from '@trunkline/protocol';
import type { ControllerChannel } from '../peers/controller-channel.js';
import type { Told } from '../peers/peers.js';
import { StartFault } from '../start-fault.js';

/** Where a broker stands between its start and its end. */
export type LifeState = 'registering' | 'catching-up' | 'running' | 'leaving' | 'gone';

export interface BrokerLifeOptions {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly incarnationId: Uuid;
  readonly rack: string | null;
  readonly logDirs: readonly Uuid[];
  /** The epoch of the last uptime when it ended in order; -1n: no proof. */
  readonly previousBrokerEpoch: bigint;
  readonly metadata: MetadataManager;
  readonly channel: ControllerChannel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** broker.heartbeat.interval.ms */
  readonly heartbeatMs: number;
  /** broker.session.timeout.ms */
  readonly sessionTimeoutMs: number;
  /** initial.broker.registration.timeout.ms */
  readonly joinMsMax: number;
  /** controlled.shutdown.max.retries times controlled.shutdown.retry.backoff.ms; 0: leaders are not moved */
  readonly leaveMsMax: number;
  /** Directories that have failed since the start. */
  readonly offlineLogDirs: () => readonly Uuid[];
  /** The cluster does not want this broker any more, in a sentence. Called once. */
  readonly onEnded: (reason: StartFault) => void;
}

/** Between two heartbeats of a broker that waits to be let in, or to be let go. */
const IMPATIENT_MS = 50;
const LEAVING_ASK_MS = 2_000;
/** Longer than an election, shorter than people wait for the end of a cluster. */
const LEADERLESS_MS_MAX = 1_000;

/**
 * The life of a broker in its cluster: it registers, applies the metadata up to its own registration, is let in, tells
 * every now and then that it lives, and before it ends lets its leaders be moved away.
 *
 * Not promised: that a broker which believes it is in has not been fenced meanwhile. Epochs say so to whoever matters.
 */
export class BrokerLife {
  readonly #options: BrokerLifeOptions;
  #state: LifeState = 'registering';
  #epoch = -1n;
  #deadlineMs = 0;
  #timer: Timer | undefined;
  #beating = false;
  /** Something changed while a heartbeat was on its way: the next one follows at once. */
  #again = false;
  #toldOffset = -1;
  #mayGo: (() => void) | undefined;
  /** Looks whether this broker has been let in. */
  #looking: (() => void) | undefined;

  constructor(options: BrokerLifeOptions) {
    this.#options = options;
    options.metadata.watchImage(() => this.#imageChanged());
    options.metadata.watchRole(() => this.beatNow());
  }

  get state(): LifeState {
    return this.#state;
  }

  /** Of the registration; -1n before it. */
  get epoch(): bigint {
    return this.#epoch;
  }

  /** Takes an epoch. Rejects with a {@link StartFault} when the cluster refuses it, or does not answer in time. */
  async register(endPoints: readonly Endpoint[]): Promise<void> {
    const { clock, joinMsMax } = this.#options;
    this.#deadlineMs = clock.monotonicMs() + joinMsMax;
    this.#epoch = await this.#register(endPoints, this.#deadlineMs);
    this.#state = 'catching-up';
    this.beatNow();
  }

  /** Resolves once this node's metadata holds the registration, and so everything before it. Rejects as `letIn` does. */
  async caughtUp(): Promise<void> {
    await this.#untilImage((broker) => broker.epoch === this.#epoch, this.#deadlineMs);
  }

  /** Resolves once this broker has been let in and knows it. Rejects with a {@link StartFault} when that takes too long. */
  async letIn(): Promise<void> {
    await this.#untilImage((broker) => broker.epoch === this.#epoch && !broker.fenced, this.#deadlineMs);
    this.#state = 'running';
    this.beatNow();
  }

  /** Lets the leaders be moved away; resolves when that is done, or has taken too long. Never rejects. */
  async leave(): Promise<void> {
    const { clock, logger, leaveMsMax } = this.#options;
    const isIn = this.#state === 'running' || this.#state === 'catching-up';
    if (isIn && leaveMsMax > 0) {
      this.#state = 'leaving';
      await new Promise<void>((resolve) => {
        const late = clock.after(leaveMsMax, () => {
          logger.warn(`leaders have not moved away within ${leaveMsMax} ms: this broker ends all the same`);
          resolve();
        });
        const alone = this.#watchLeaderless(resolve);
        this.#mayGo = () => {
          late.cancel();
          alone();
          resolve();
        };
        this.beatNow();
      });
    }
    this.stop();
  }

  /** Calls `give` when no node has led the metadata for a while: then the others are gone, too. Gives how to end it. */
  #watchLeaderless(give: () => void): () => void {
    const { clock, metadata, logger } = this.#options;
    let sinceMs = clock.monotonicMs();
    let timer: Timer;
    const look = (): void => {
      const nowMs = clock.monotonicMs();
      if (metadata.role.leaderId !== -1) sinceMs = nowMs;
      if (nowMs - sinceMs < LEADERLESS_MS_MAX) {
        timer = clock.after(IMPATIENT_MS, look);
        return;
      }
      logger.warn('no active controller is known that could move leaders away: this broker ends all the same');
      give();
    };
    timer = clock.after(IMPATIENT_MS, look);
    return () => timer.cancel();
  }

  /** Says nothing more to the controller. */
  stop(): void {
    this.#state = 'gone';
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#mayGo?.();
    this.#looking?.();
  }

  /** A heartbeat leaves at once: the connection to the controller ended, or there is news for it. */
  beatNow(): void {
    if (this.#epoch === -1n || this.#state === 'gone') return;
    if (this.#beating) this.#again = true;
    else void this.#beat();
  }

  async #register(endPoints: readonly Endpoint[], deadlineMs: number): Promise<bigint> {
    const { nodeId, clock, channel, sessionTimeoutMs, joinMsMax } = this.#options;
    // Its own last run may count as alive until its session ends.
    const duplicateUntilMs = Math.min(deadlineMs, clock.monotonicMs() + 2 * sessionTimeoutMs);
    const request = {
      ...this.#identity(),
      listeners: endPoints,
      features: SUPPORTED_FEATURES,
    };
    for (;;) {
      const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
      const { errorCode, brokerEpoch } = await channel.ask(BrokerRegistration, request, leftMs).catch((reason) => {
        const why = reason instanceof ApiError ? reason.detail : asError(reason).message;
        throw new StartFault(`broker ${nodeId} could not join within ${joinMsMax} ms: ${why}`, { cause: reason });
      });
      if (errorCode === 0) return brokerEpoch;
      const code = errorName(errorCode);
      const isLate = clock.monotonicMs() >= (code === 'DUPLICATE_BROKER_REGISTRATION' ? duplicateUntilMs : deadlineMs);
      if (isLate || !PASSING.has(code)) throw this.#refused(code);
      await this.#pause(IMPATIENT_MS);
    }
  }

  #identity() {
    const { nodeId, clusterId, incarnationId, rack, logDirs, previousBrokerEpoch } = this.#options;
    return { brokerId: nodeId, clusterId, incarnationId, rack, logDirs, previousBrokerEpoch };
  }

  #refused(code: string): StartFault {
    const { nodeId, clusterId } = this.#options;
    const told = REFUSALS[code];
    if (told === undefined) return new StartFault(`the cluster refuses broker ${nodeId}: ${code}`);
    return new StartFault(`the cluster refuses broker ${nodeId}: ${told.replace('CLUSTER', clusterId)}`);
  }

  /** Never rejects. */
  async #beat(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#beating = true;
    this.#again = false;
    const { metadata, channel, logger, nodeId, heartbeatMs } = this.#options;
    const offset = metadata.image.endOffset - 1;
    const request = {
      brokerId: nodeId,
      brokerEpoch: this.#epoch,
      currentMetadataOffset: BigInt(offset),
      wantFence: this.#state === 'catching-up' && this.#self?.epoch !== this.#epoch,
      wantShutDown: this.#state === 'leaving',
      offlineLogDirs: this.#options.offlineLogDirs(),
    };
    try {
      const limitMs = this.#state === 'leaving' ? LEAVING_ASK_MS : Math.max(2 * heartbeatMs, 1_000);
      const answer = await channel.ask(BrokerHeartbeat, request, limitMs);
      this.#toldOffset = offset;
      this.#answered(answer);
    } catch (reason) {
      logger.debug(`a heartbeat was not answered: ${asError(reason).message}`);
    }
    this.#beating = false;
    this.#plan();
  }

  #answered({ errorCode, shouldShutDown }: Told<typeof BrokerHeartbeat>): void {
    if (shouldShutDown && this.#state === 'leaving') return this.#mayGo?.();
    const code = errorName(errorCode);
    if (code === 'STALE_BROKER_EPOCH' || code === 'BROKER_ID_NOT_REGISTERED') this.#replaced();
  }

  /** Another registration took the place of this one. Which one, the metadata tells; it may be a little behind. */
  #replaced(): void {
    const { nodeId, metadata, onEnded, logger } = this.#options;
    const now = this.#self;
    if (now !== undefined && now.epoch <= this.#epoch) return;
    if (now === undefined && BigInt(metadata.image.endOffset) <= this.#epoch) return;
    if (this.#state === 'gone') return;
    const why =
      now === undefined
        ? `broker ${nodeId} was unregistered from the cluster while it ran`
        : `another process has registered as broker ${nodeId}; give each its own node.id`;
    logger.error(`${why}: this one ends`);
    this.stop();
    onEnded(new StartFault(why));
  }

  #plan(): void {
    if (this.#state === 'gone') return;
    if (this.#again) return void this.#beat();
    const { clock, heartbeatMs } = this.#options;
    const waitMs = this.#state === 'running' ? heartbeatMs : Math.min(IMPATIENT_MS, heartbeatMs);
    this.#timer = clock.after(waitMs, () => this.beatNow());
  }

  /** The controller is told soon how far this broker is: answers to changes wait for it. */
  #imageChanged(): void {
    this.#looking?.();
    if (this.#options.metadata.image.endOffset - 1 > this.#toldOffset) this.beatNow();
  }

  get #self(): BrokerImage | undefined {
    return this.#options.metadata.image.brokers.get(this.#options.nodeId);
  }

  #untilImage(holds: (broker: BrokerImage) => boolean, deadlineMs: number): Promise<void> {
    const { nodeId, clock, joinMsMax } = this.#options;
    return new Promise((resolve, reject) => {
      const end = (fault?: StartFault): void => {
        late.cancel();
        this.#looking = undefined;
        if (fault === undefined) resolve();
        else reject(fault);
      };
      const late = clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), () => {
        end(new StartFault(`broker ${nodeId} was registered, but not let in within ${joinMsMax} ms`));
      });
      this.#looking = () => {
        const self = this.#self;
        if (this.#state === 'gone') end(new StartFault(`broker ${nodeId} ended before it was let in`));
        else if (self !== undefined && holds(self)) end();
      };
      this.#looking();
    });
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(waitMs, resolve));
  }
}

/** Answers to a registration that may be different the next time. */
const PASSING = new Set([
  'DUPLICATE_BROKER_REGISTRATION',
  'REQUEST_TIMED_OUT',
  'THROTTLING_QUOTA_EXCEEDED',
  'NOT_CONTROLLER',
]);

const REFUSALS: Readonly<Record<string, string>> = {
  DUPLICATE_BROKER_REGISTRATION: 'another process is registered under this id and lives; give each its own node.id',
  INCONSISTENT_CLUSTER_ID:
    'its data directory belongs to cluster CLUSTER, and this is another one; use another directory, or other voters',
  INVALID_REGISTRATION: 'its data directory is that of another broker; was it copied from there?',
  UNSUPPORTED_VERSION: 'this build cannot work at the feature levels of the cluster; use a neighbouring release',
};
