import type { BrokerNode } from '../cluster/cluster.js';
import type { KafkaError } from '../error.js';
import type { ProducerBatch } from './batch.js';
import type { PartitionWriter } from './partition-writer.js';
import type { EncodedRecord } from './topic-writers.js';

/** A batch in a request. */
export interface Shipped {
  readonly writer: PartitionWriter;
  readonly batch: ProducerBatch;
  readonly bytes: Uint8Array;
}

/** One Produce request: at most one batch a partition. */
export interface Shipment {
  readonly nodeId: number;
  readonly batches: Shipped[];
  bytes: number;
}

/** Tells everybody who waits for the batch. Numbers are -1 where they are not known. */
export interface SettleEffect {
  readonly kind: 'settle';
  readonly batch: ProducerBatch;
  readonly writer: PartitionWriter;
  readonly error: KafkaError | undefined;
  readonly baseOffset: number;
  readonly appendTimeMs: number;
  /** Of single records, by their place in the batch. */
  readonly recordErrors?: ReadonlyMap<number, string>;
}

/** What a producer's machine wants done, in this order. */
export type ProducerEffect =
  | { readonly kind: 'send'; readonly shipment: Shipment }
  | SettleEffect
  /** Tells one who waits for a record that is in no batch yet. */
  | { readonly kind: 'refuse'; readonly record: EncodedRecord; readonly error: KafkaError }
  | { readonly kind: 'doubt'; readonly topic: string; readonly partition: number }
  | {
      readonly kind: 'learn';
      readonly topic: string;
      readonly partition: number;
      readonly leader: { readonly nodeId: number; readonly epoch: number };
      readonly node: BrokerNode | undefined;
    }
  /** Looks the topic up, now. */
  | { readonly kind: 'lookUp'; readonly topic: string }
  /** Asks for a producer id. */
  | { readonly kind: 'identify' }
  /** Adds the partition to the open transaction. */
  | { readonly kind: 'admit'; readonly topic: string; readonly partition: number };
