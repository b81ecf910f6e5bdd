import type { Epoch, NodeId, Offset, Uuid } from '@trunkline/kernel';
import type { Log } from '@trunkline/log';
import type { TopicConfig } from '@trunkline/metadata';
import type { IsrOutcome, IsrProposal, ReplicationRules } from './leader-replication.js';

/** Whoever waits until a partition has something to say: a watermark moved, it failed, it changed hands, it is gone. */
export interface PartitionWatcher {
  moved(): void;
}

/** What the metadata says of a partition. */
export interface PartitionState {
  readonly leaderEpoch: Epoch;
  readonly partitionEpoch: number;
  /** -1: none. */
  readonly leader: NodeId;
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
}

/** What partitions with several replicas need of their node. */
export interface ReplicationWorld extends ReplicationRules {
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** The partition has an ISR to propose: {@link Proposing.takeProposal}. */
  hasProposal(partition: Proposing): void;
}

/** What a partition is made of. */
export interface PartitionParts {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly index: number;
  readonly log: Log;
  readonly config: TopicConfig;
  readonly world: ReplicationWorld;
  /** What this replica had heard of as its high watermark before it was closed; left out: nothing. */
  readonly knownWatermark?: Offset;
}

/** A partition that has an ISR to propose. */
export interface Proposing {
  readonly topicId: Uuid;
  readonly index: number;
  /** What the controller is to be asked, once; undefined: nothing any more. */
  takeProposal(): IsrProposal | undefined;
  /** What became of it. */
  settleProposal(proposal: IsrProposal, outcome: IsrOutcome): void;
}
