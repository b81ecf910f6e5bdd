import { Backoff } from '../backoff.js';
import { KafkaError } from '../error.js';
import type { CommitStanding, GroupOffset } from './offsets.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

/** One OffsetCommit to be sent, in the name of this standing. */
export interface CommitBatch {
  readonly memberId: string;
  readonly generation: number;
  readonly instanceId: string | null;
  readonly offsets: readonly GroupOffset[];
}

export interface CommitQueueOptions {
  readonly groupId: string;
  readonly commitTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
}

interface Waiting {
  /** Partitions of this call that are not settled yet, by name. */
  readonly names: Set<string>;
  readonly deadlineMs: number;
  readonly settle: (error: KafkaError | undefined) => void;
  error: KafkaError | undefined;
  isSent: boolean;
}

interface Value {
  readonly offset: GroupOffset;
  /** It was held when it was committed: it goes nowhere once it is another's. */
  readonly wasHeld: boolean;
}

/**
 * Orders the commits of one member: at most one request is under way; what is committed meanwhile is merged, the last
 * word for each partition; what is tried again never overwrites a later word. Pure.
 */
export class CommitQueue {
  #values = new Map<string, Value>();
  #sent: ReadonlyMap<string, Value> | undefined;
  #sentGeneration = -1;
  /** Lost since they were sent: an answer counts, another try does not. */
  readonly #lostSinceSent = new Set<string>();
  /** Held once by this member, and not since: no commit of them is its own. */
  readonly #gone = new Set<string>();
  #waiting: Waiting[] = [];
  #notBeforeMs = 0;
  /** A rebalance was told: this generation takes no commits until the round is over. */
  #refusedGeneration: number | undefined;
  #last: KafkaError | undefined;
  readonly #backoff: Backoff;

  constructor(private readonly options: CommitQueueOptions) {
    this.#backoff = new Backoff(options.retryBackoffMs, options.retryBackoffMaxMs);
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#sent === undefined;
  }

  /** `settle` is called once, never inside of this call. */
  add(
    offsets: readonly GroupOffset[],
    standing: CommitStanding,
    nowMs: number,
    settle: (error: KafkaError | undefined) => void,
  ): void {
    const names = new Set<string>();
    let error: KafkaError | undefined;
    for (const offset of offsets) {
      const name = nameOfPartition(offset);
      if (this.#gone.has(name)) {
        error ??= this.#givenAway(name);
        continue;
      }
      names.add(name);
      this.#values.set(name, { offset, wasHeld: standing.holds(offset) });
    }
    const deadlineMs = nowMs + this.options.commitTimeoutMs;
    this.#waiting.push({ names, deadlineMs, settle, error, isSent: false });
  }

  /** What to send now; undefined: nothing, look again at `wakeAtMs` or when the standing changes. */
  next(standing: CommitStanding, nowMs: number): CommitBatch | undefined {
    this.#settleDone();
    this.#expire(nowMs);
    if (this.#sent !== undefined || this.#values.size === 0) return undefined;
    if (standing.generation < 0) {
      this.#settleNames([...this.#values.keys()], this.#noMember());
      return undefined;
    }
    if (this.#refusedGeneration !== undefined) {
      if (!standing.isStable) return undefined;
      this.#refusedGeneration = undefined;
    }
    if (nowMs < this.#notBeforeMs) return undefined;
    const values = this.#stillOurs(standing);
    if (values.size === 0) return undefined;
    this.#values = new Map();
    this.#sent = values;
    this.#lostSinceSent.clear();
    this.#sentGeneration = standing.generation;
    for (const waiting of this.#waiting) waiting.isSent = true;
    const { memberId, generation, instanceId } = standing;
    return { memberId, generation, instanceId, offsets: [...values.values()].map(({ offset }) => offset) };
  }

  /** When `next` is to be asked again though nothing else happens. */
  get wakeAtMs(): number {
    let wakeAtMs = Infinity;
    for (const { deadlineMs } of this.#waiting) wakeAtMs = Math.min(wakeAtMs, deadlineMs);
    const isPaused = this.#sent === undefined && this.#values.size > 0 && this.#refusedGeneration === undefined;
    return isPaused && this.#notBeforeMs > 0 ? Math.min(wakeAtMs, this.#notBeforeMs) : wakeAtMs;
  }

  /**
   * The answer for what was sent: the error of each partition, by name; what is missing went well. Returns the error that
   * says that this member is none any more, if one does.
   */
  answered(errors: ReadonlyMap<string, KafkaError>, standing: CommitStanding, nowMs: number): KafkaError | undefined {
    const sent = this.#sent ?? new Map<string, Value>();
    this.#sent = undefined;
    const again: string[] = [];
    let fenced: KafkaError | undefined;
    for (const name of sent.keys()) {
      const error = errors.get(name);
      if (error !== undefined && this.#lostSinceSent.has(name)) {
        this.#mark(name, this.#givenAway(name), true);
        continue;
      }
      if (error !== undefined && this.#isWorthAnotherTry(error, standing)) {
        again.push(name);
        this.#last = error;
        if (error.is('REBALANCE_IN_PROGRESS') || isFencing(error)) this.#refusedGeneration = this.#sentGeneration;
        continue;
      }
      if (error !== undefined && isFencing(error) && standing.generation === this.#sentGeneration) fenced = error;
      this.#mark(name, error === undefined ? undefined : this.#explained(error), true);
    }
    for (const name of again) if (!this.#values.has(name)) this.#values.set(name, sent.get(name)!);
    for (const waiting of this.#waiting) waiting.isSent = false;
    if (again.length > 0) this.#notBeforeMs = nowMs + this.#backoff.next();
    else {
      this.#notBeforeMs = 0;
      this.#backoff.reset();
    }
    this.#settleDone();
    return fenced;
  }

  /**
   * These are others' from now on, though they may come back: what waits for them is refused, or it would then overwrite
   * what the others have committed meanwhile.
   */
  lost(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const name = nameOfPartition(partition);
      this.#gone.add(name);
      if (this.#sent?.get(name)?.wasHeld === true) this.#lostSinceSent.add(name);
      if (this.#values.get(name)?.wasHeld === true) this.#settleNames([name], this.#givenAway(name));
    }
  }

  /** These are this member's own from now on, in a new generation. */
  given(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#gone.delete(nameOfPartition(partition));
  }

  /** There was no answer, or one for the whole request. */
  failed(error: KafkaError, standing: CommitStanding, nowMs: number): KafkaError | undefined {
    return this.answered(new Map([...(this.#sent?.keys() ?? [])].map((name) => [name, error])), standing, nowMs);
  }

  /** The end: everything that waits is refused with this. */
  close(error: KafkaError): void {
    this.#values.clear();
    for (const waiting of this.#waiting.splice(0)) waiting.settle(error);
  }

  #isWorthAnotherTry(error: KafkaError, standing: CommitStanding): boolean {
    if (error.is('REBALANCE_IN_PROGRESS', 'STALE_MEMBER_EPOCH')) return true;
    if (error.is('FENCED_INSTANCE_ID')) return false;
    // It joined again while the commit was on its way, or the answer of its join is not here yet: the next generation may
    // make it. A member that is none hears so from its join or its next beat.
    if (isFencing(error)) {
      return standing.generation >= 0 && (standing.generation !== this.#sentGeneration || !standing.isStable);
    }
    return error.retriable;
  }

  #stillOurs(standing: CommitStanding): Map<string, Value> {
    const ours = new Map<string, Value>();
    for (const [name, value] of this.#values) {
      if (!value.wasHeld || standing.holds(value.offset)) ours.set(name, value);
      else this.#settleNames([name], this.#givenAway(name));
    }
    return ours;
  }

  #expire(nowMs: number): void {
    const expired = this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (expired.length === 0) return;
    this.#waiting = this.#waiting.filter(({ deadlineMs }) => deadlineMs > nowMs);
    for (const { names, settle, error } of expired) {
      for (const name of names) if (!this.#waiting.some((other) => other.names.has(name))) this.#values.delete(name);
      settle(
        error ??
          this.#refusal('TIMED_OUT', `no commit within ${this.options.commitTimeoutMs} ms`, 'it may have been made'),
      );
    }
  }

  #settleNames(names: readonly string[], error: KafkaError): void {
    for (const name of names) {
      this.#values.delete(name);
      this.#mark(name, error, false);
    }
    this.#settleDone();
  }

  #mark(name: string, error: KafkaError | undefined, isAnswer: boolean): void {
    for (const waiting of this.#waiting) {
      if (isAnswer && !waiting.isSent) continue;
      if (waiting.names.delete(name)) waiting.error ??= error;
    }
  }

  /** In the order of the calls. */
  #settleDone(): void {
    const done = this.#waiting.filter(({ names }) => names.size === 0);
    if (done.length === 0) return;
    this.#waiting = this.#waiting.filter(({ names }) => names.size > 0);
    for (const { settle, error } of done) settle(error);
  }

  #explained(error: KafkaError): KafkaError {
    if (!isFencing(error)) return error;
    const advice = 'its partitions are read by others now, from what was committed before';
    return this.#refusal(error.code, 'the group goes on without this member', advice, error);
  }

  #noMember(): KafkaError {
    return this.#refusal('ILLEGAL_GENERATION', 'this is no member of the group now', 'commit what it is given next');
  }

  #givenAway(name: string): KafkaError {
    return this.#refusal(
      'ILLEGAL_GENERATION',
      `${name} was taken away before it was committed: the generation in which this member held it is over`,
      'commit inside of onRevoked, before it resolves and within revokeTimeoutMs',
    );
  }

  #refusal(code: KafkaError['code'], detail: string, advice: string, cause: unknown = this.#last): KafkaError {
    return new KafkaError(code, detail, {
      about: `group ${this.options.groupId}: commit`,
      advice,
      ...(cause !== undefined && { cause }),
    });
  }
}

/** The group has gone on without the member that committed. */
export function isFencing(error: KafkaError): boolean {
  return error.is('UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_MEMBER_EPOCH', 'FENCED_INSTANCE_ID');
}
