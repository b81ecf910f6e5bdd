import type { KafkaError } from './error.js';

/**
 * What a client tells of its own work: for metrics and traces.
 *
 * Every callback is optional, is called synchronously on the hot path and must neither throw nor wait.
 */
export interface ClientObserver {
  /** A connection is open, agreed upon and authenticated. */
  connected?(nodeId: number, lane: string, tookMs: number): void;
  /** A connection that was open has ended. */
  disconnected?(nodeId: number, lane: string, reason: KafkaError): void;
  /** An attempt to connect has failed. */
  connectFailed?(nodeId: number, lane: string, reason: KafkaError): void;
  /** A request has been handed to the network. */
  requestSent?(api: string, nodeId: number, bytes: number): void;
  /** Its answer came. `tookMs` from leaving to decoding. */
  answered?(api: string, nodeId: number, tookMs: number, bytes: number): void;
  /** It left, and no answer will come. */
  requestFailed?(api: string, nodeId: number, reason: KafkaError): void;
  /** The broker asks the client to wait: it has used up its quota (KIP-219). */
  throttled?(api: string, nodeId: number, throttleTimeMs: number): void;
  /** There is a new image of the cluster. */
  metadataChanged?(brokers: number, topics: number): void;
  /** A batch of records has left. */
  batchSent?(topic: string, partition: number, records: number, bytes: number): void;
  /**
   * A batch of records was answered, or no answer will come. `tookMs` from leaving; `bytes` as it was sent; `error`: what the
   * broker said of this batch, which may be sent again all the same.
   */
  batchAnswered?(
    topic: string,
    partition: number,
    records: number,
    bytes: number,
    tookMs: number,
    error: KafkaError | undefined,
  ): void;
  /**
   * Batches came from a fetch. `records` as their headers count them, those below the position included; `bytes` as they
   * came, compressed or not.
   */
  recordsFetched?(topic: string, partition: number, records: number, bytes: number): void;
  /** A member of a group got another assignment. */
  rebalanced?(group: string, memberId: string, generation: number, partitions: number): void;
  /** A share consumer acquired records (KIP-932); offsets without a record count too. */
  recordsAcquired?(group: string, topic: string, partition: number, records: number): void;
  /** It is known what became of the acknowledgements of so many offsets. */
  recordsAcknowledged?(
    group: string,
    topic: string,
    partition: number,
    records: number,
    error: KafkaError | undefined,
  ): void;
}
