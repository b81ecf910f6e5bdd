import type { NodeId, Offset } from '@trunkline/kernel';
import type { MetadataRecord } from './records.js';

/** Who leads the metadata log, as far as this node knows. */
export interface ControllerRole {
  /** -1: not known. */
  readonly leaderId: NodeId;
  /** The number of the reign; it never goes back. */
  readonly epoch: number;
  /** This node leads, and has replayed everything that was committed before its reign: it may decide. */
  readonly isActive: boolean;
}

/** Who hears what the log holds, in order. */
export interface MetadataSink {
  /** The state begins anew: these records are everything below `endOffset`. The log waits for it. */
  restored(records: readonly MetadataRecord[], endOffset: Offset): Promise<void>;
  /** One more batch is committed. The log waits for it before it says so to the appender. */
  committed(records: readonly MetadataRecord[], endOffset: Offset): Promise<void>;
  /** The role changed. A log that has one voter says nothing: its node leads always. */
  roleChanged(role: ControllerRole): void;
}

/**
 * The log beneath the metadata. One voter with a disk today; a quorum replaces it behind this interface.
 *
 * Batches are atomic: all of a batch's records are committed, or none. One append at a time.
 */
export interface MetadataLog {
  /** Records since the last snapshot, in bytes. */
  readonly bytesSinceSnapshot: number;
  /** Other nodes write to it, too: batches, and the role, come at any time. */
  readonly isReplicated: boolean;
  /** Hands over everything that is there, then every later batch. Rejects when it cannot be read, and says why. */
  open(sink: MetadataSink): Promise<void>;
  /**
   * Resolves once the batch is committed and the sink has taken it in. Rejects with ApiError NOT_CONTROLLER when another
   * node leads: the records may be committed or not; and KAFKA_STORAGE_ERROR when the log can take no more.
   */
  append(records: readonly MetadataRecord[]): Promise<void>;
  /** Keeps `records` as the state at `endOffset`, up to which everything was handed over, and lets go of what lies below. */
  writeSnapshot(records: Iterable<MetadataRecord>, endOffset: Offset): Promise<void>;
  close(): Promise<void>;
}
