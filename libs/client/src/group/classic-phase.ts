import type { MemberState } from './membership.js';
import type { MembershipOptions } from './membership-machine.js';

/** What the machine of a classic member must know of the settings. */
export interface ClassicMembershipOptions extends MembershipOptions {
  /** Members keep what they have while the group shares anew (KIP-429): when every assignor of theirs is cooperative. */
  readonly isCooperative: boolean;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
}

export type ClassicPhase =
  /** Not started yet. */
  | 'idle'
  /** No member for now; joins at `#retryAtMs`. */
  | 'waiting'
  /** Eager: lets go of everything, then joins. A member still: it beats. */
  | 'revoking'
  | 'joining'
  /** Leads, and shares the partitions. */
  | 'assigning'
  | 'syncing'
  | 'stable'
  /** Lets go of everything, then leaves. A member still: it beats. */
  | 'closing'
  | 'leaving'
  | 'closed'
  | 'failed';

/** As its owner sees it. */
export function stateOf(phase: ClassicPhase, hadAssignment: boolean): MemberState {
  if (phase === 'closed' || phase === 'failed' || phase === 'stable') return phase;
  return hadAssignment ? 'rebalancing' : 'joining';
}
