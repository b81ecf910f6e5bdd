import type { NodeId } from '@trunkline/kernel';
import type { RoleKind } from './effects.js';
import type { RaftResponse } from './messages.js';
import type { Replica, Sent } from './replica.js';

/** How a replica behaves at the moment. By default it does nothing, waits for nothing, and refuses no vote before the vote. */
export abstract class RoleState {
  abstract readonly kind: RoleKind;

  constructor(protected readonly replica: Replica) {}

  /** When `tick` is due. */
  get wakeAtMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Called once, when the replica has taken on this role. */
  start(): void {}

  tick(): void {}

  /** The answer is of this epoch, and says nothing new about who leads. */
  answered(_sent: Sent, _response: RaftResponse): void {}

  unanswered(_sent: Sent, _refused: boolean): void {}

  /** More of the log is on disk. */
  stable(): void {}

  /** Called at the end of each step. */
  settle(): void {}

  /** Called once, when the replica has left this role. */
  leave(): void {}

  /** This process slept: its own timers say nothing about others before `untilMs`. */
  excuse(_untilMs: number): void {}

  refusesPreVoteOf(_asker: NodeId): boolean {
    return false;
  }
}
