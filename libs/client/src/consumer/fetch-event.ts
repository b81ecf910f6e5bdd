import type { BrokerNode } from '../cluster/cluster.js';
import type { KafkaError } from '../error.js';
import type { FetchedPartition } from './fetched-partition.js';
import type { Reading } from './reading.js';

/** Why a position was moved by the reset policy. */
export type MoveReason = 'out-of-range' | 'truncated' | 're-created';

/** What the machine has to tell, in order. */
export type FetchEvent =
  | { readonly kind: 'records'; readonly reading: Reading; readonly turn: number; readonly fetched: FetchedPartition }
  /** The partition stands still until somebody seeks. */
  | { readonly kind: 'failed'; readonly reading: Reading; readonly turn: number; readonly error: KafkaError }
  | {
      readonly kind: 'moved';
      readonly reading: Reading;
      readonly turn: number;
      readonly from: number;
      readonly to: number;
      readonly reason: MoveReason;
    }
  | {
      readonly kind: 'leader';
      readonly reading: Reading;
      readonly leader: { readonly nodeId: number; readonly epoch: number };
      readonly node?: BrokerNode;
    }
  | { readonly kind: 'doubt'; readonly reading: Reading };
