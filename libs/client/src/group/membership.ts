import type { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';

/**
 * - `joining`: not yet given anything in this life of the member.
 * - `stable`: a member in good standing.
 * - `rebalancing`: was given something, and the group shares anew, or it looks for its coordinator.
 * - `failed`: ended by an error that does not pass. - `closed`: has left.
 */
export type MemberState = 'joining' | 'stable' | 'rebalancing' | 'failed' | 'closed';

/** Who a member is to its coordinator: goes with commits, also those inside of transactions (KIP-447). */
export interface MemberIdentity {
  readonly memberId: string;
  /** The generation (classic) or the member's epoch (KIP-848); -1 while it has none. */
  readonly generation: number;
  readonly instanceId: string | null;
}

/** What a machine wants done, in this order. `Ask` is what its protocol asks a broker. */
export type MembershipEffect<Ask> =
  /** Ask, and come back with `answered` or `failed` and this id. A later ask makes an earlier one's end worth nothing. */
  | { readonly kind: 'ask'; readonly id: number; readonly ask: Ask }
  /** Whoever is thought to be the coordinator is not, or does not answer. */
  | { readonly kind: 'forgetCoordinator' }
  /** Break off what is asked: the end is near. */
  | { readonly kind: 'breakOff' }
  /** Read these from now on. `isRound`: a whole assignment was taken in, though nothing may be new. */
  | { readonly kind: 'assigned'; readonly partitions: readonly TopicPartition[]; readonly isRound: boolean }
  /** Let go of these, and come back with `released` and this number. */
  | { readonly kind: 'revoke'; readonly revocation: number; readonly partitions: readonly TopicPartition[] }
  /** These are somebody else's by now: no commit of them will be taken. */
  | { readonly kind: 'lost'; readonly partitions: readonly TopicPartition[] }
  /** The end, by an error that does not pass. */
  | { readonly kind: 'failed'; readonly error: KafkaError }
  /** The end, as it was asked for. */
  | { readonly kind: 'left' };

/** What comes to a machine. Times are milliseconds of one monotonic clock. */
export type MembershipInput<Reply> =
  | { readonly kind: 'start'; readonly nowMs: number }
  /** `wakeAtMs` has come. */
  | { readonly kind: 'wake'; readonly nowMs: number }
  | { readonly kind: 'answered'; readonly nowMs: number; readonly id: number; readonly reply: Reply }
  | { readonly kind: 'failed'; readonly nowMs: number; readonly id: number; readonly error: KafkaError }
  | { readonly kind: 'released'; readonly nowMs: number; readonly revocation: number }
  /** Subscription or partition counts have changed. */
  | { readonly kind: 'changed'; readonly nowMs: number; readonly reason: string }
  /** A commit was refused: it is no member as of `generation`. */
  | { readonly kind: 'fenced'; readonly nowMs: number; readonly generation: number; readonly error: KafkaError }
  | { readonly kind: 'close'; readonly nowMs: number };

/** What both protocols' machines are to the shell that performs them. */
export interface Membership<Ask, Reply> {
  readonly state: MemberState;
  readonly identity: MemberIdentity;
  readonly held: readonly TopicPartition[];
  /** When it wants a `wake`; Infinity: only by other inputs. */
  readonly wakeAtMs: number;
  /** Why it is not in good standing, as the last error told it. */
  readonly trouble: KafkaError | undefined;
  step(input: MembershipInput<Reply>): readonly MembershipEffect<Ask>[];
}

/** How a membership takes an error. */
export type Verdict =
  /** It passes: try again after a pause. */
  | 'again'
  /** It passes when another coordinator is found. */
  | 'elsewhere'
  /** The group goes on without this member as it was. */
  | 'fenced'
  /** The group shares anew. */
  | 'rebalance'
  /** Passes only when somebody changes something (rights, sizes): trouble, tried again slowly. */
  | 'refused'
  /** Never passes. */
  | 'final';

/** What each error means to a member of either protocol. */
export function verdictOf(error: KafkaError): Verdict {
  switch (error.code) {
    case 'REBALANCE_IN_PROGRESS':
      return 'rebalance';
    case 'UNKNOWN_MEMBER_ID':
    case 'ILLEGAL_GENERATION':
    case 'FENCED_MEMBER_EPOCH':
    case 'GROUP_ID_NOT_FOUND':
      return 'fenced';
    case 'NOT_COORDINATOR':
    case 'COORDINATOR_NOT_AVAILABLE':
    case 'UNREACHABLE':
    case 'DISCONNECTED':
    case 'TIMED_OUT':
    case 'PROTOCOL_VIOLATION':
      return 'elsewhere';
    case 'FENCED_INSTANCE_ID':
    case 'INVALID_GROUP_ID':
    case 'INVALID_SESSION_TIMEOUT':
    case 'INVALID_REQUEST':
    case 'INVALID_REGULAR_EXPRESSION':
    case 'UNSUPPORTED_ASSIGNOR':
    case 'UNSUPPORTED_VERSION':
    case 'UNSUPPORTED_BROKER':
    case 'MISUSE':
    case 'CLOSED':
      return 'final';
    case 'GROUP_AUTHORIZATION_FAILED':
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'CLUSTER_AUTHORIZATION_FAILED':
    case 'SASL_AUTHENTICATION_FAILED':
    case 'GROUP_MAX_SIZE_REACHED':
    case 'INCONSISTENT_GROUP_PROTOCOL':
    case 'UNRELEASED_INSTANCE_ID':
      return 'refused';
    default:
      return 'again';
  }
}
