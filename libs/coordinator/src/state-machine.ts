import type { ReplicatedState } from '@trunkline/kernel';

/** The two times that a decision may read. They come in with each input: a machine has no clock of its own. */
export interface Now {
  /** Milliseconds since 1970, for timestamps that are stored. May jump. */
  readonly wallMs: number;
  /** Milliseconds from an arbitrary start that never go back, for deadlines. Means nothing after a restart. */
  readonly monotonicMs: number;
}

/** Gives the answer to one request. Called at most once. */
export type Reply<Answer> = (answer: Answer) => void;

/**
 * What one input came to: a decision whose answers may belong to other inputs, too (a join is answered when its
 * group's rebalance ends).
 *
 * `replies` are to be run in their order, and only when all `records` are committed and replayed.
 */
export interface Step<Record> {
  readonly records: readonly Record[];
  readonly replies: readonly (() => void)[];
}

/**
 * A coordinator's state machine over one log.
 *
 * What must survive a restart is durable: `replay` alone changes it. Beside it a machine may keep soft state that
 * Kafka, too, has in memory only (who waits, who must be heard of until when); `decide` changes that at once, and it
 * is thrown away with the machine when an append fails.
 *
 * Inputs of one `key` are serialized by the runtime: an `exclusive` one is decided when no record of its key is under
 * way, `shared` ones side by side. So a decision never has to reckon with records that may still fail.
 */
export interface StateMachine<Input, Record> extends ReplicatedState<Record> {
  keyOf(input: Input): string;
  modeOf(input: Input): 'shared' | 'exclusive';
  decide(input: Input, now: Now): Step<Record>;
  /** Everything was replayed: builds soft state, with deadlines counted from `now`. */
  loaded(now: Now): void;
  /** When `due` has something, in monotonic milliseconds; undefined: never, as things are. */
  nextDueMs(): number | undefined;
  /** Inputs that time itself makes. Each is given out once. */
  due(now: Now): readonly Input[];
  /** Records that say the whole durable state, to be appended in place of all earlier ones. Lazy. */
  snapshot(): Iterable<Record>;
  /** How many records `snapshot` would give. */
  readonly entries: number;
}

/** Turns records into what a log holds, and back. */
export interface RecordCodec<Record> {
  encode(record: Record): ShardRecord;
  /** Undefined for a record of a kind that this code does not know: it is skipped. */
  decode(record: ShardRecord): Record | undefined;
}

/** A record as a coordinator's log holds it. A null value is a tombstone. */
export interface ShardRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/**
 * The log of one shard: a partition of an internal topic, as far as the runtime cares.
 *
 * One append is under way at a time.
 */
export interface ShardLog {
  /** Offset of the next record. */
  readonly endOffset: number;
  /**
   * Appends all records behind each other, in one write if they fit into one batch. Resolves when they are below the
   * high watermark, and rejects with an ApiError when they will not get there. Throws one, at once, when the log takes
   * nothing now: then nothing was written.
   */
  append(records: readonly ShardRecord[], wallMs: number): Promise<void>;
  /** Everything from the log's start to its present end, in chunks. Rejects with an ApiError. */
  readAll(): AsyncIterable<readonly ShardRecord[]>;
  /** Records below `offset` are not needed any more. Durable when it resolves. */
  advanceStart(offset: number): Promise<void>;
}
