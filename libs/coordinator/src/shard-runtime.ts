import { ApiError, type Clock, type Logger, type Timer, asError } from '@trunkline/kernel';
import { LoadedShard, type PendingRequest, type ShardEvents } from './loaded-shard.js';
import { LogKeeper } from './log-keeper.js';
import type { Now, RecordCodec, Reply, ShardLog, StateMachine } from './state-machine.js';

/** Limits and times of one shard's runtime. */
export interface ShardRuntimeConfig {
  /** offsets.commit.timeout.ms: how long the log may take before those who wait for it are told. */
  readonly commitTimeoutMs: number;
  /** Requests of one shard that are not answered yet, parked ones included. */
  readonly requestsMax: number;
  /** Bytes that a shard's log may have before its state is said again and what was before is let go. */
  readonly snapshotBytesMin: number;
  /** Pause before a shard that could not be loaded is loaded again. */
  readonly reloadDelayMs: number;
}

export const DEFAULT_SHARD_RUNTIME_CONFIG: ShardRuntimeConfig = Object.freeze({
  commitTimeoutMs: 5_000,
  requestsMax: 50_000,
  snapshotBytesMin: 4 * 1024 * 1024,
  reloadDelayMs: 1_000,
});

export interface ShardRuntimeOptions<Input, Record, Machine extends StateMachine<Input, Record>> {
  /** For log lines: `__consumer_offsets-7`. */
  readonly name: string;
  readonly config: ShardRuntimeConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: ShardLog;
  readonly codec: RecordCodec<Record>;
  /** A machine without state. Called for each load. */
  readonly create: () => Machine;
}

/**
 * Runs one shard over its log, without locks.
 *
 * Nothing is answered, and nothing is seen, before it is committed. A failed append throws the machine away with all
 * that it knew and had not written: everybody who waits is told, and the shard is built again from the log. No request
 * waits for ever: for the log at most twice the commit timeout, for other members until the machine's own deadlines.
 */
export class ShardRuntime<Input, Record, Machine extends StateMachine<Input, Record>> {
  readonly #options: ShardRuntimeOptions<Input, Record, Machine>;
  readonly #requests = new Set<PendingRequest>();
  #machine: Machine | undefined;
  #shard: LoadedShard<Input, Record> | undefined;
  #refusal: ApiError = new ApiError('COORDINATOR_LOAD_IN_PROGRESS');
  #reload: Timer | undefined;
  #draining = false;
  #closed = false;

  constructor(options: ShardRuntimeOptions<Input, Record, Machine>) {
    this.#options = options;
  }

  /** What is committed, for reading. Throws an ApiError while the shard is not there, as `submit` rejects. */
  get machine(): Machine {
    if (this.#machine === undefined) throw this.#refusal;
    return this.#machine;
  }

  get isLoaded(): boolean {
    return this.#machine !== undefined;
  }

  get now(): Now {
    const { clock } = this.#options;
    return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  }

  /** Requests that are not answered yet. */
  get unanswered(): number {
    return this.#requests.size;
  }

  /** Builds the state from the log. Resolves when that is done or has failed; then it is tried again after a pause. */
  async load(): Promise<void> {
    const { clock, codec, config, create, log, logger, name } = this.#options;
    const machine = create();
    const keeper = new LogKeeper(log, codec, clock, config.snapshotBytesMin);
    try {
      await keeper.readAll(
        (record) => machine.replay(record),
        () => !this.#closed,
      );
    } catch (reason) {
      logger.error(`${name}: groups could not be loaded`, { reason: asError(reason).message });
      this.#refusal = new ApiError('NOT_COORDINATOR', `${name} could not be loaded`);
      if (!this.#closed) this.#reload = clock.after(config.reloadDelayMs, () => void this.load());
      return;
    }
    if (this.#closed) return;
    const events: ShardEvents = {
      late: (isStuck) => this.#late(isStuck),
      refused: (request, reason) => this.#fail(request, toCoordinatorError(asError(reason))),
      failed: (reason) => this.#failed(reason),
    };
    this.#machine = machine;
    this.#shard = new LoadedShard(machine, keeper, clock, config.commitTimeoutMs, events);
    logger.debug(`${name}: loaded`, { records: keeper.records, live: machine.entries });
  }

  /**
   * Hands in a request and resolves with its answer, once all that it rests upon is committed.
   *
   * Rejects with an ApiError when there will be no answer: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE (the
   * log is late, or too many wait: the request may still take effect), NOT_COORDINATOR (the shard went away, or its log
   * failed).
   */
  submit<Answer>(make: (reply: Reply<Answer>) => Input): Promise<Answer> {
    const { config, name } = this.#options;
    const shard = this.#shard;
    if (shard === undefined || this.#draining) return Promise.reject(this.#refusal);
    if (this.#requests.size >= config.requestsMax) {
      return Promise.reject(new ApiError('COORDINATOR_NOT_AVAILABLE', `${name}: ${config.requestsMax} requests wait`));
    }
    return new Promise((resolve, reject) => {
      const request: PendingRequest = { fail: reject, key: '', waitsForLog: false, settled: false };
      this.#requests.add(request);
      const input = make((answer) => {
        request.settled = true;
        this.#requests.delete(request);
        resolve(answer);
      });
      shard.take({ input, request });
    });
  }

  /** Takes no more requests. Those that wait for other members are told NOT_COORDINATOR; what is written is finished. */
  drain(): void {
    this.#draining = true;
    this.#refusal = new ApiError('NOT_COORDINATOR');
    for (const request of this.#requests) if (!request.waitsForLog) this.#fail(request, this.#refusal);
  }

  /** Takes no more requests; those that wait are told NOT_COORDINATOR. Decided and not yet appended: dropped. */
  close(): void {
    this.#closed = true;
    this.#reload?.cancel();
    this.#refusal = new ApiError('NOT_COORDINATOR');
    this.#forget(this.#refusal);
  }

  #late(isStuck: (key: string) => boolean): void {
    const { logger, name, config } = this.#options;
    logger.warn(`${name}: an append has not been committed in time`, { commitTimeoutMs: config.commitTimeoutMs });
    const reason = new ApiError(
      'COORDINATOR_NOT_AVAILABLE',
      `${name}: not committed within ${config.commitTimeoutMs} ms`,
    );
    for (const request of this.#requests) {
      if (request.waitsForLog || isStuck(request.key)) this.#fail(request, reason);
    }
  }

  #failed(reason: unknown): void {
    const { logger, name } = this.#options;
    const error = asError(reason);
    logger.error(`${name}: an append failed; the shard is loaded again`, { reason: error.message });
    this.#refusal = new ApiError('COORDINATOR_LOAD_IN_PROGRESS');
    this.#forget(toCoordinatorError(error));
    void this.load();
  }

  #forget(reason: ApiError): void {
    this.#shard?.stop();
    this.#shard = undefined;
    this.#machine = undefined;
    for (const request of this.#requests) this.#fail(request, reason);
  }

  #fail(request: PendingRequest, reason: ApiError): void {
    request.settled = true;
    this.#requests.delete(request);
    request.fail(reason);
  }
}

const NOT_AVAILABLE = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'REQUEST_TIMED_OUT',
]);
const NOT_HERE = new Set(['NOT_LEADER_OR_FOLLOWER', 'KAFKA_STORAGE_ERROR']);

/** What a client of the coordinator is told when the log said `reason`: never a partition's own error. */
function toCoordinatorError(reason: Error): ApiError {
  const code = reason instanceof ApiError ? reason.code : '';
  if (NOT_AVAILABLE.has(code)) return new ApiError('COORDINATOR_NOT_AVAILABLE', reason.message);
  if (NOT_HERE.has(code)) return new ApiError('NOT_COORDINATOR', reason.message);
  return new ApiError('UNKNOWN_SERVER_ERROR', reason.message);
}
