import type { Clock, Compression, Crc32c, Disk, Logger, Offset, Uuid } from '@trunkline/kernel';
import type { LogConfig } from './log.js';
import type { TailBudget } from './tail-cache.js';

/** Which partition's data a directory holds. Kept in `partition.metadata`; foreign data is refused (C49, C60). */
export interface LogIdentity {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
}

/** What a log takes from the world. */
export interface LogWorld {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly compression: Compression;
  readonly logger: Logger;
}

export interface LogOptions extends LogWorld {
  /** The log's own directory; made when it is missing. */
  readonly dir: string;
  readonly identity: LogIdentity;
  readonly config: LogConfig;
  /** The last stop was clean: only the tail is looked at. The metadata log always says false (C63). */
  readonly clean: boolean;
  /** What the caches of all logs may hold together; left out: 16 MiB for this one. */
  readonly tailBudget?: TailBudget;
  /** Bytes of newest batches that this log keeps in memory at most; left out: 8 MiB. */
  readonly tailBytesMax?: number;
  /** For a log that is made now: where it begins. Left out: 0. */
  readonly startOffset?: Offset;
}

/** Settings that suit a topic nobody has configured: Kafka's defaults, and `group-commit`. */
export const DEFAULT_LOG_CONFIG: LogConfig = Object.freeze({
  segmentBytesMax: 1024 ** 3,
  segmentMs: 7 * 24 * 3600 * 1000,
  indexBytesMax: 10 * 1024 ** 2,
  indexIntervalBytes: 4096,
  retentionMs: 7 * 24 * 3600 * 1000,
  retentionBytes: -1,
  deletes: true,
  compacts: false,
  timestampType: 'CreateTime',
  messageBytesMax: 1_048_588,
  flush: 'group-commit',
  flushIntervalMs: 1000,
  producerIdExpirationMs: 24 * 3600 * 1000,
});
