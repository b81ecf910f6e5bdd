import type { Epoch, Offset } from '@trunkline/kernel';
import type { RecordBatch } from '@trunkline/records';

/**
 * When an append counts as done.
 *
 * `group-commit`: after the fdatasync that covers it; appends that wait share one. Survives `kill -9` and power loss.
 * `interval`: written to the page cache; synced every `flush.interval.ms`. May lose that much on power loss.
 * `os`: written to the page cache; the system writes back when it likes. May lose seconds on power loss.
 */
export type FlushMode = 'group-commit' | 'interval' | 'os';

/** What an append came to. */
export interface AppendInfo {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  /** Milliseconds since 1970 for `LogAppendTime`, else -1. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: Offset;
  /** The batch was here already (idempotent producer): nothing was written, the offsets are the first ones. */
  readonly duplicate: boolean;
}

/**
 * A partition's log on disk. It knows nothing of leaders, watermarks or ISR.
 *
 * Appends are synchronous: checks, offsets and producer state happen in the call, the bytes reach the file at the end
 * of the same turn of the event loop (one write for all appends of that turn), and `durableEnd` moves, and
 * `onDurable` is called, once the flush mode is satisfied. So the order of calls is the order of the log, no lane is
 * needed, and a parked fetch can be answered in the turn of the append.
 */
export interface Log {
  readonly startOffset: Offset;
  /** Next to be written. */
  readonly endOffset: Offset;
  /** Everything below it is done as `flush` wants it. Acknowledge, and show to readers, only what is below. */
  readonly durableEnd: Offset;
  /** Bytes of all segments. */
  readonly sizeBytes: number;
  /** Called synchronously after each move of `durableEnd`. One listener. */
  onDurable: ((durableEnd: Offset) => void) | undefined;
  /** Called once, when a write or sync failed: the log takes no more appends (KAFKA_STORAGE_ERROR) and reads are refused. */
  onFailed: ((reason: Error) => void) | undefined;

  /** Nothing at or behind this goes by retention, because other replicas may lack it; left out: what is durable here may. */
  replicatedEnd: (() => Offset) | undefined;

  /**
   * Assigns offsets and the leader epoch, checks sequences of idempotent producers (KIP-98), and appends. The batch was
   * validated before; its bytes belong to the log from here on. Throws ApiError: OUT_OF_ORDER_SEQUENCE_NUMBER,
   * INVALID_PRODUCER_EPOCH, RECORD_LIST_TOO_LARGE, KAFKA_STORAGE_ERROR ...
   */
  appendAsLeader(batch: RecordBatch, epoch: Epoch): AppendInfo;
  /**
   * Appends the leader's batches byte for byte; they begin at `endOffset` or, after a gap that compaction left, behind
   * it. Nothing is judged again: sequences and sizes were the leader's to judge (KAFKA-6003). Throws ApiError
   * KAFKA_STORAGE_ERROR.
   */
  appendAsFollower(batches: readonly RecordBatch[]): AppendInfo;
  /**
   * Whole batches as chunks of bytes, from the one that contains `from` up to, not including, the one that contains
   * `until`; at most `bytesMax`, but at least one batch if there is one and `atLeastOne`. Synchronous when the tail
   * cache holds them. `bytes` may hold several batches a chunk. Throws ApiError OFFSET_OUT_OF_RANGE.
   */
  read(from: Offset, until: Offset, bytesMax: number, atLeastOne: boolean): LogRead | Promise<LogRead>;
  /** The first record at or after `timestampMs` below `until`, looked up inside (compressed) batches. */
  offsetForTime(timestampMs: number, until: Offset): Promise<TimedOffset | undefined>;
  /** The record with the largest timestamp (KIP-734). */
  offsetForMaxTimestamp(): Promise<TimedOffset | undefined>;
  /** KIP-101/279: the largest epoch <= `epoch` and where it ends; undefined when nothing is known of it. */
  endOffsetForEpoch(epoch: Epoch): { readonly epoch: Epoch; readonly endOffset: Offset } | undefined;
  /** The epoch under which `at` was, or will be, written. */
  epochForOffset(at: Offset): Epoch | undefined;
  /** Persists the start of a leader's reign before it serves (KAFKA-7415). */
  beginEpoch(epoch: Epoch, startOffset: Offset): Promise<void>;
  /**
   * Forgets everything from the batch that holds `offset` on, for good when it resolves. Nothing may be appended
   * meanwhile: who truncates is a follower.
   */
  truncateTo(offset: Offset): Promise<void>;
  /**
   * Forgets everything and goes on at `offset`: at or behind the end, or anywhere when the log is empty. For a follower
   * whose leader does not have any more what comes next here.
   */
  restartAt(offset: Offset): Promise<void>;
  /** DeleteRecords and retention: moves the start forward, removes whole segments behind it. Durable when it resolves. */
  advanceStartOffset(offset: Offset): Promise<void>;
  /** Producers with state here, for DescribeProducers. */
  activeProducers(): readonly ActiveProducer[];
  /** Applies new topic configs from here on. */
  reconfigure(config: LogConfig): void;
  /** Resolves when everything appended before the call is on disk for good, whatever the flush mode. */
  flush(): Promise<Offset>;
  /** Removes what time and size say may go, whole segments only. Returns the segments removed. */
  applyRetention(nowMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Batches that were read. `bytes` may be views on shared memory: send them, never write into them. */
export interface LogRead {
  readonly chunks: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** One behind the last record read; `from` itself when nothing was. */
  readonly nextOffset: Offset;
}

export interface TimedOffset {
  readonly offset: Offset;
  readonly timestampMs: number;
  readonly leaderEpoch: Epoch;
}

/** What the log remembers of an idempotent or transactional producer. */
export interface ActiveProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestampMs: number;
  readonly coordinatorEpoch: number;
  /** First offset of its open transaction, or -1. */
  readonly currentTxnStartOffset: number;
}

/** A topic's settings as far as its logs care. Kafka's names in the comments; units in the names. */
export interface LogConfig {
  /** segment.bytes */
  readonly segmentBytesMax: number;
  /** segment.ms */
  readonly segmentMs: number;
  /** segment.index.bytes */
  readonly indexBytesMax: number;
  /** index.interval.bytes */
  readonly indexIntervalBytes: number;
  /** retention.ms; -1: for ever */
  readonly retentionMs: number;
  /** retention.bytes; -1: no limit */
  readonly retentionBytes: number;
  /** cleanup.policy holds `delete` */
  readonly deletes: boolean;
  /** cleanup.policy holds `compact` (kept, not yet acted upon) */
  readonly compacts: boolean;
  /** message.timestamp.type */
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  /** max.message.bytes */
  readonly messageBytesMax: number;
  /** trunkline.flush (topic), flush (broker) */
  readonly flush: FlushMode;
  /** flush.ms, for mode `interval` */
  readonly flushIntervalMs: number;
  /** producer.id.expiration.ms */
  readonly producerIdExpirationMs: number;
}
