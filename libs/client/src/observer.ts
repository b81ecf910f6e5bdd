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
  /** A batch of records was answered. */
  batchAnswered?(topic: string, partition: number, records: number, tookMs: number, error: Error | undefined): void;
  /** Records came from a fetch. */
  recordsFetched?(topic: string, partition: number, bytes: number): void;
  /** A member of a group got another assignment. */
  rebalanced?(group: string, memberId: string, generation: number, partitions: number): void;
}
