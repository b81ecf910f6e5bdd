import { invariant, offset as toOffset, type Lane, type Offset } from '@trunkline/kernel';
import type { Role, Settled } from './effects.js';
import { endOf, type LogBatch, type SnapshotId } from './log-batch.js';
import type { RaftListener, RaftStorage } from './ports.js';

export interface ApplierOptions {
  readonly storage: RaftStorage;
  readonly listener: RaftListener;
  /** Of the host: the log is read there, so that it does not change under the reader. */
  readonly lane: Lane;
  readonly fail: (reason: unknown) => void;
  /** What the storage begins with. */
  readonly snapshot: SnapshotId | undefined;
}

interface Later {
  /** Once everything below it was handed over. */
  readonly at: number;
  readonly run: () => Promise<void> | void;
}

/** Bytes of the log that are read at a time. */
const READ_BYTES_MAX = 1024 * 1024;

/** Hands what is committed to the listener, in order, beside the lane: a listener may be slow, heartbeats may not. */
export class Applier {
  #applied: Offset = toOffset(0);
  #committed: Offset = toOffset(0);
  #snapshot: SnapshotId | undefined;
  readonly #later: Later[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(private readonly options: ApplierOptions) {
    this.#snapshot = options.snapshot;
    this.#committed = options.snapshot?.endOffset ?? this.#committed;
  }

  start(): void {
    this.#go();
  }

  /** A snapshot came from the leader: what was not handed over by now is in it. */
  restart(snapshot: SnapshotId): void {
    this.#snapshot = snapshot;
    this.#committed = snapshot.endOffset;
    this.#go();
  }

  /** Everything below `committedTo`, then the ends of proposals, then the role. */
  take(
    committedTo: Offset | undefined,
    settled: readonly Settled[],
    role: Role | undefined,
    settle: (settled: Settled) => void,
  ): void {
    if (committedTo !== undefined) this.#committed = committedTo;
    const at = this.#committed;
    for (const each of settled) {
      // What was refused has nothing to wait for.
      if (each.errorCode === 'NONE') this.#later.push({ at, run: () => settle(each) });
      else settle(each);
    }
    if (role !== undefined) this.#later.push({ at, run: () => this.options.listener.roleChanged(role) });
    this.#go();
  }

  /** Resolves when the listener is not called any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  #go(): void {
    if (this.#running === undefined && this.#isDue) this.#running = this.#run();
  }

  async #run(): Promise<void> {
    try {
      // Asked before each wait, not after it: what comes while a wait ends must not be left lying.
      while (!this.#isClosed && this.#isDue) await this.#next();
      this.#running = undefined;
    } catch (reason) {
      this.options.fail(reason);
    }
  }

  get #isDue(): boolean {
    const isSomethingLater = this.#later[0] !== undefined && this.#later[0].at <= this.#applied;
    return this.#snapshot !== undefined || isSomethingLater || this.#applied < this.#committed;
  }

  async #next(): Promise<void> {
    const { listener } = this.options;
    const snapshot = this.#snapshot;
    if (snapshot !== undefined) {
      this.#snapshot = undefined;
      if (snapshot.endOffset <= this.#applied) return;
      await listener.snapshot(snapshot);
      this.#applied = snapshot.endOffset;
      return;
    }
    const later = this.#later[0];
    if (later !== undefined && later.at <= this.#applied) {
      this.#later.shift();
      await later.run();
      return;
    }
    const batches = await this.#read();
    if (batches.length === 0) return invariant(this.#snapshot !== undefined, 'what is committed can be read');
    await listener.committed(batches);
    this.#applied = endOf(batches.at(-1)!);
  }

  /** Nothing when a snapshot has taken the place of what was to be read. */
  async #read(): Promise<readonly LogBatch[]> {
    let batches: readonly LogBatch[] = [];
    await this.options.lane.run(async () => {
      if (this.#snapshot !== undefined) return;
      batches = await this.options.storage.read(this.#applied, this.#committed, READ_BYTES_MAX);
    });
    return batches;
  }
}
