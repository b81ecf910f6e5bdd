import type { Clock, Timer } from '@trunkline/kernel';
import { type GateMode, KeyGates } from './key-gates.js';
import type { LogKeeper } from './log-keeper.js';
import type { Now, StateMachine } from './state-machine.js';

/** A request that is not answered yet. */
export interface PendingRequest {
  readonly fail: (reason: Error) => void;
  /** What it is about; empty before it was taken. */
  key: string;
  /** Waits for the log, and not for other members. */
  waitsForLog: boolean;
  /** Answered or failed: what has not begun is not done any more. */
  settled: boolean;
}

interface Task<Input> {
  readonly input: Input;
  /** Undefined for inputs that time made. */
  readonly request: PendingRequest | undefined;
}

/** What was decided since the last append. */
interface Batch<Record> {
  readonly records: Record[];
  readonly replies: (() => void)[];
  readonly held: Held[];
}

/** A key whose records are in a batch, and the request that they are for. */
interface Held {
  readonly key: string;
  readonly mode: GateMode;
  readonly request: PendingRequest | undefined;
}

/** Whom a loaded shard tells what it cannot decide itself. */
export interface ShardEvents {
  /**
   * The log has not committed an append for a whole commit timeout. Called again after each further one. Requests about
   * a key that `isStuck`, wait for what is being written, too, whoever asked for it.
   */
  late(isStuck: (key: string) => boolean): void;
  /** The log took nothing for this request, which changed nothing else. */
  refused(request: PendingRequest, reason: unknown): void;
  /** An append failed: this shard takes nothing any more. */
  failed(reason: unknown): void;
}

/**
 * One machine from its loading to its end: input → decide → append → committed → replay → answer.
 *
 * Decisions are made in the turn in which their input came. What is decided while an append is under way goes into the
 * next one, so that many requests share one write and one sync.
 */
export class LoadedShard<Input, Record> {
  readonly #gates = new KeyGates<Task<Input>>();
  #batch: Batch<Record> = { records: [], replies: [], held: [] };
  #flushing = false;
  #stopped = false;
  #wake: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(
    readonly machine: StateMachine<Input, Record>,
    readonly keeper: LogKeeper<Record>,
    readonly clock: Clock,
    readonly commitTimeoutMs: number,
    readonly events: ShardEvents,
  ) {
    machine.loaded(this.now);
    this.#setWake();
    this.#scheduleFlush(); // What was loaded may be worth a snapshot.
  }

  get now(): Now {
    return { wallMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() };
  }

  /** Decides an input now, or when what is under way for its key is committed. */
  take(task: Task<Input>): void {
    const key = this.machine.keyOf(task.input);
    if (task.request !== undefined) task.request.key = key;
    if (this.#gates.enter(key, this.machine.modeOf(task.input), task)) this.#run(key, task);
    else if (task.request !== undefined) task.request.waitsForLog = true;
  }

  /** Nothing is decided, appended or answered from here on. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.timer.cancel();
  }

  #run(key: string, { input, request }: Task<Input>): void {
    if (request?.settled === true) return;
    const { records, replies } = this.machine.decide(input, this.now);
    if (request !== undefined) request.waitsForLog = records.length > 0;
    this.#setWake();
    if (records.length === 0) {
      for (const reply of replies) reply();
      return;
    }
    const mode = this.machine.modeOf(input);
    this.#gates.hold(key, mode);
    this.#batch.held.push({ key, mode, request });
    for (const record of records) this.#batch.records.push(record);
    for (const reply of replies) this.#batch.replies.push(reply);
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => void this.#flush());
  }

  /** Appends what was decided, again and again until nothing is left. Never rejects, but for a fault of ours. */
  async #flush(): Promise<void> {
    while (!this.#stopped) {
      const snapshot = this.keeper.snapshotIsDue(this.machine.entries);
      if (!snapshot && this.#batch.records.length === 0) break;
      try {
        if (snapshot) await this.#watched(this.keeper.snapshot(this.machine.snapshot()));
        else await this.#append();
      } catch (reason) {
        if (!this.#stopped) this.events.failed(reason);
        return;
      }
    }
    this.#flushing = false;
  }

  async #append(): Promise<void> {
    const batch = this.#batch;
    this.#batch = { records: [], replies: [], held: [] };
    let done: Promise<void>;
    try {
      done = this.keeper.append(batch.records);
    } catch (reason) {
      // Nothing was written. What `shared` inputs changed in memory holds all the same: only their requests failed.
      if (batch.held.some(({ mode }) => mode === 'exclusive')) throw reason;
      for (const { request } of batch.held) if (request !== undefined) this.events.refused(request, reason);
      this.#release(batch);
      return;
    }
    await this.#watched(done);
    if (this.#stopped) return;
    for (const record of batch.records) this.machine.replay(record);
    for (const reply of batch.replies) reply();
    this.#release(batch);
  }

  async #watched(done: Promise<void>): Promise<void> {
    let timer = this.clock.after(this.commitTimeoutMs, () => late());
    const late = (): void => {
      timer = this.clock.after(this.commitTimeoutMs, late);
      this.events.late((key) => this.#gates.isExclusive(key));
    };
    await done.finally(() => timer.cancel());
  }

  /** What waited for this batch goes on. */
  #release({ held }: Batch<Record>): void {
    for (const { key, mode } of held) this.#gates.release(key, mode);
    for (const { key } of held) {
      for (let task = this.#gates.next(key); task !== undefined; task = this.#gates.next(key)) this.#run(key, task);
    }
  }

  #setWake(): void {
    const atMs = this.machine.nextDueMs();
    if (atMs === this.#wake?.atMs) return;
    this.#wake?.timer.cancel();
    this.#wake = undefined;
    if (atMs === undefined || this.#stopped) return;
    const timer = this.clock.after(Math.max(0, atMs - this.clock.monotonicMs()), () => this.#awake());
    this.#wake = { atMs, timer };
  }

  #awake(): void {
    this.#wake = undefined;
    for (const input of this.machine.due(this.now)) this.take({ input, request: undefined });
    this.#setWake();
  }
}
