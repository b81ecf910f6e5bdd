import {
  ApiError,
  Lane,
  asError,
  invariant,
  type Clock,
  type Epoch,
  type Logger,
  type Offset,
  type Timer,
} from '@trunkline/kernel';
import { Applier } from './applier.js';
import type { RaftConfig } from './config.js';
import type { Answer, Effects, Input, Outgoing, Settled } from './effects.js';
import { INITIAL_HARD_STATE } from './hard-state.js';
import type { SnapshotId } from './log-batch.js';
import type { RaftRequest, RaftResponse } from './messages.js';
import type { RaftListener, RaftStorage, RaftTransport } from './ports.js';
import { Raft } from './raft.js';
import type { RaftStatus } from './status.js';
import { Syncer } from './syncer.js';
import type { Voter } from './voters.js';

export interface RaftHostOptions {
  readonly config: RaftConfig;
  readonly storage: RaftStorage;
  readonly transport: RaftTransport;
  readonly listener: RaftListener;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Requests and proposals that may wait for the lane; one more is refused. Default 10,000. */
  readonly waitingMax?: number;
}

/** Where a proposal stands in the log. */
export interface Proposed {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

const WAITING_MAX = 10_000;
/** Inputs of the host's own that may wait beside: answers, a tick, a mark. They are as many as its requests. */
const OWN_WAITING_MAX = 10_000;

/**
 * Performs what a {@link Raft} wants done: one lane, one input after the other, each one's effects in their order. It
 * decides nothing.
 *
 * A disk that fails, or a rule of ours that is broken, ends it for good: `onFailed` hears of it once, and everybody who
 * waits is told KAFKA_STORAGE_ERROR.
 */
export class RaftHost {
  readonly #lane: Lane;
  readonly #waitingMax: number;
  readonly #syncer: Syncer;
  readonly #applier: Applier;
  readonly #answers = new Map<number, Waiting<RaftResponse>>();
  readonly #proposals = new Map<number, Waiting<Proposed>>();
  #ticket = 0;
  #timer: Timer | undefined;
  #failed: Error | undefined;
  #isClosed = false;
  #onFailed: ((reason: Error) => void) | undefined;

  private constructor(
    private readonly options: RaftHostOptions,
    private readonly raft: Raft,
  ) {
    this.#waitingMax = options.waitingMax ?? WAITING_MAX;
    this.#lane = new Lane('raft', this.#waitingMax + OWN_WAITING_MAX);
    const fail = (reason: unknown): void => this.#fail(reason);
    this.#syncer = new Syncer(options.storage, (mark) => this.#input({ kind: 'stable', ...mark }), fail);
    const { storage, listener } = options;
    const first = raft.status();
    this.#applier = new Applier({ storage, listener, lane: this.#lane, fail, snapshot: first.snapshots.at(-1) });
  }

  /** Opens the storage, and begins. Rejects as the storage does. */
  static async open(options: RaftHostOptions): Promise<RaftHost> {
    const { hardState, log } = await options.storage.open();
    const raft = new Raft(options.config, hardState ?? INITIAL_HARD_STATE, log);
    const host = new RaftHost(options, raft);
    host.#applier.start();
    host.#input({ kind: 'tick' });
    return host;
  }

  /** Called once, when this replica can go on no more; at once when that has happened already. */
  set onFailed(listener: (reason: Error) => void) {
    this.#onFailed = listener;
    if (this.#failed !== undefined) listener(this.#failed);
  }

  status(): RaftStatus {
    return this.raft.status();
  }

  /** Answers another node, perhaps much later. Rejects with the error that ended the host, or THROTTLING_QUOTA_EXCEEDED. */
  handle(request: RaftRequest): Promise<RaftResponse> {
    const ticket = ++this.#ticket;
    return this.#wait(this.#answers, ticket, { kind: 'request', ticket, request });
  }

  /**
   * Appends a batch of `count` records as the leader of `epoch`. Resolves when it is committed and the listener has taken
   * it in. Rejects with NOT_CONTROLLER when this node does not lead (`detail` says whether the batch may be committed all
   * the same), THROTTLING_QUOTA_EXCEEDED when too much is uncommitted, KAFKA_STORAGE_ERROR when the host has ended.
   */
  propose(epoch: Epoch, count: number, bytes: Uint8Array): Promise<Proposed> {
    const ticket = ++this.#ticket;
    return this.#wait(this.#proposals, ticket, { kind: 'propose', ticket, epoch, count, bytes });
  }

  /** The id and the voters of a snapshot that ends at `endOffset`, up to which everything was handed to the listener. */
  snapshotAt(endOffset: Offset): { readonly id: SnapshotId; readonly voters: readonly Voter[] } {
    return { id: this.raft.snapshotIdAt(endOffset), voters: this.raft.votersAt(endOffset) };
  }

  /** The storage holds this snapshot now, durably. What lies below an older one goes. */
  snapshotTaken(id: SnapshotId): void {
    this.#input({ kind: 'snapshot-taken', id });
  }

  /** Hands over the lead, if this node has it. See `status`, or the listener, for when it is done. */
  resign(): void {
    this.#input({ kind: 'resign' });
  }

  /** Stops. What waits is told NOT_CONTROLLER; what was promised stays on disk. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#refuseAll(new ApiError('NOT_CONTROLLER', 'this node is shutting down'));
    await this.#lane.idle();
    await this.#syncer.idle();
    await this.#applier.close();
    await this.options.storage.close();
  }

  #wait<T>(waiting: Map<number, Waiting<T>>, ticket: number, input: Input): Promise<T> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#isClosed) return Promise.reject(new ApiError('NOT_CONTROLLER', 'this node is shutting down'));
    if (this.#lane.waiting >= this.#waitingMax) {
      return Promise.reject(new ApiError('THROTTLING_QUOTA_EXCEEDED', `${this.#lane.waiting} inputs wait already`));
    }
    return new Promise<T>((resolve, reject) => {
      waiting.set(ticket, { resolve, reject });
      this.#lane
        .run(() => this.#take(input))
        .catch((reason: unknown) => {
          waiting.delete(ticket);
          reject(asError(reason));
        });
    });
  }

  /** For inputs that nobody waits for. */
  #input(input: Input): void {
    if (this.#isClosed || this.#failed !== undefined) return;
    this.#lane.run(() => this.#take(input)).catch((reason: unknown) => this.#fail(reason));
  }

  async #take(input: Input): Promise<void> {
    if (this.#isClosed || this.#failed !== undefined) return;
    try {
      let next: Input | undefined = input;
      while (next !== undefined) next = await this.#perform(this.raft.step(next, this.options.clock.monotonicMs()));
    } catch (reason) {
      this.#fail(reason);
    }
  }

  /** In the order of {@link Effects}. Gives the input that must come next, if there is one. */
  async #perform(effects: Effects): Promise<Input | undefined> {
    const { storage } = this.options;
    const { persist, truncateTo, snapshotChunk, installSnapshot, append, startAt, committedTo, role, sync } = effects;
    if (persist !== undefined) await storage.writeHardState(persist);
    if (truncateTo !== undefined) await storage.truncateTo(truncateTo);
    if (snapshotChunk !== undefined) {
      await storage.writeSnapshotChunk(snapshotChunk.id, snapshotChunk.position, snapshotChunk.bytes);
    }
    const installed = installSnapshot === undefined ? undefined : await this.#install(installSnapshot);
    if (append !== undefined) await storage.append(append);
    if (sync !== undefined) this.#syncer.want(sync);
    if (startAt !== undefined) storage.startAt(startAt).catch((reason: unknown) => this.#fail(reason));
    for (const outgoing of effects.send) this.#send(outgoing);
    for (const answer of effects.answers) await this.#answer(answer);
    this.#applier.take(committedTo, effects.settled, role, (settled) => this.#settle(settled));
    this.#wakeAt(effects.wakeAtMs);
    return installed;
  }

  async #install(id: SnapshotId): Promise<Input> {
    const voters = await this.options.storage.installSnapshot(id);
    if (voters === undefined) return { kind: 'snapshot-refused', id };
    this.#applier.restart(id);
    return { kind: 'snapshot-installed', id, voters };
  }

  #send({ to, correlation, request }: Outgoing): void {
    this.options.transport.send(to, request).then(
      (response) => {
        if (response.api === 'unanswered') {
          this.#input({ kind: 'unanswered', correlation, refused: response.refused });
        } else this.#input({ kind: 'response', correlation, response });
      },
      (reason: unknown) => this.#fail(reason),
    );
  }

  async #answer({ ticket, response, readLog, readSnapshot }: Answer): Promise<void> {
    const waiting = this.#answers.get(ticket);
    if (waiting === undefined) return;
    this.#answers.delete(ticket);
    if (readLog !== undefined) {
      invariant(response.api === 'fetch', 'records are for who fetches');
      const records = await this.options.storage.read(readLog.from, readLog.until, readLog.bytesMax);
      return waiting.resolve({ ...response, records });
    }
    if (readSnapshot === undefined) return waiting.resolve(response);
    invariant(response.api === 'fetch-snapshot', 'a piece of a snapshot is for who fetches it');
    const { id, position, bytesMax } = readSnapshot;
    this.options.storage.readSnapshot(id, position, bytesMax).then(
      (piece) => {
        if (piece === undefined) waiting.resolve({ ...response, errorCode: 'SNAPSHOT_NOT_FOUND' });
        else waiting.resolve({ ...response, size: piece.size, unalignedRecords: piece.bytes });
      },
      (reason: unknown) => this.#fail(reason),
    );
  }

  #settle({ ticket, errorCode, baseOffset, lastOffset }: Settled): void {
    const waiting = this.#proposals.get(ticket);
    if (waiting === undefined) return;
    this.#proposals.delete(ticket);
    if (errorCode === 'NONE') return waiting.resolve({ baseOffset, lastOffset });
    if (errorCode === 'THROTTLING_QUOTA_EXCEEDED') {
      return waiting.reject(new ApiError(errorCode, 'too much is appended and not committed; try again later'));
    }
    const why =
      baseOffset < 0 ? 'this node does not lead; nothing was appended' : 'another leader came; it may be committed';
    waiting.reject(new ApiError('NOT_CONTROLLER', why));
  }

  #wakeAt(atMs: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!Number.isFinite(atMs)) return;
    const delayMs = Math.max(0, atMs - this.options.clock.monotonicMs());
    this.#timer = this.options.clock.after(delayMs, () => this.#input({ kind: 'tick' }));
  }

  #fail(reason: unknown): void {
    if (this.#failed !== undefined || this.#isClosed) return;
    const cause = asError(reason);
    this.#failed = new ApiError('KAFKA_STORAGE_ERROR', `this replica has ended: ${cause.message}`, { cause });
    this.#timer?.cancel();
    this.options.logger.error('the replica of the metadata quorum has ended', { reason: cause.message });
    this.#refuseAll(this.#failed);
    this.#onFailed?.(this.#failed);
  }

  #refuseAll(reason: Error): void {
    for (const waiting of [this.#answers, this.#proposals]) {
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
    }
  }
}
