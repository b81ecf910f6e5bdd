import type { TopicPartition } from '../topic-partition.js';

/** What a member of the consumer protocol asks its coordinator (KIP-848): one request for everything. */
export interface ConsumerAsk {
  readonly memberId: string;
  /** 0 joins, -1 leaves, -2 leaves for a while (static members). */
  readonly epoch: number;
  /** Everything is told: on joining, and when it is not known what of the last request arrived. */
  readonly isFull: boolean;
  /** What it holds; null: as told before. Told when a new assignment is taken in, which acknowledges it. */
  readonly owned: readonly TopicPartition[] | null;
  readonly timeoutMs: number;
}

/** What comes back. Error codes have become `failed` inputs. */
export interface ConsumerReply {
  /** Of old brokers, which make member ids themselves; null: as before. */
  readonly memberId: string | null;
  readonly epoch: number;
  /** Until the next heartbeat; the broker says. */
  readonly heartbeatMs: number;
  /** null: as before. */
  readonly assigned: readonly TopicPartition[] | null;
  /** Whether the names of all topic ids in the assignment are known; the missing ones come with a later reply. */
  readonly isComplete: boolean;
}
