import type { Epoch, NodeId } from '@trunkline/kernel';
import type { ReplicaKey } from './voters.js';

/** What a replica must not forget: on disk before anybody hears of it (C1). Kafka's `quorum-state`. */
export interface HardState {
  readonly epoch: Epoch;
  /** Who has this replica's vote in `epoch`. */
  readonly votedFor: ReplicaKey | undefined;
  /** Who was elected in `epoch`, once that is known; it may lead no more. */
  readonly leaderId: NodeId | undefined;
  /**
   * The log has lost what it had acknowledged: a write error, damage that was cut off. Such a replica neither votes nor
   * leads until it has caught up (C19). Whoever opens the log sets it; the core takes it back.
   */
  readonly needsRepair: boolean;
}

/** Of a replica that was never asked anything. */
export const INITIAL_HARD_STATE: HardState = {
  epoch: 0 as Epoch,
  votedFor: undefined,
  leaderId: undefined,
  needsRepair: false,
};
