import type { Uuid } from '@trunkline/kernel';
import type { Decoded, Encodable, ShareGroupHeartbeat } from '@trunkline/protocol';
import { doubledMs } from '../backoff.js';
import { KafkaError } from '../error.js';

/** What a heartbeat came back with: the assignment is new, the membership is over, or nothing that matters to others. */
export type MembershipChange = 'assigned' | 'lost' | 'failed' | 'left' | 'none';

export type HeartbeatRequest = Encodable<(typeof ShareGroupHeartbeat)['request']>;
export type HeartbeatResponse = Decoded<(typeof ShareGroupHeartbeat)['response']>;
export type ShareAssignment = ReadonlyMap<Uuid, readonly number[]>;

export interface MembershipOptions {
  readonly groupId: string;
  readonly memberId: string;
  readonly rackId: string | undefined;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
}

const JOIN_EPOCH = 0;
const LEAVE_EPOCH = -1;
/** What a broker may ask for at most: a member that beats less often than this is not one. */
const INTERVAL_MS_MAX = 60_000;
const INTERVAL_MS_MIN = 50;
/** A member without partitions asks again so soon, then less and less often: the broker prepares a new group behind its answer. */
const FIRST_INTERVAL_MS = 100;
const NONE: ShareAssignment = new Map();

/**
 * A member of a share group, without clock and network (KIP-932): when a heartbeat is due, what it says, and what its
 * answer means. The broker assigns; a share group has no revocation to wait for.
 *
 * Errors that may pass are tried again for ever, with back-off; the others end the membership until the next `subscribe`.
 */
export class ShareMembership {
  #topics: readonly string[] | undefined;
  #epoch = JOIN_EPOCH;
  #dueAtMs = Infinity;
  #intervalMs = 0;
  #failures = 0;
  #emptyAnswers = 0;
  #asks = false;
  /** The member is about to leave, or the request that is under way says so. */
  #leaving = false;
  #asksToLeave = false;
  /** The topics of the request that is under way; the broker keeps what it was told. */
  #told: readonly string[] | undefined;
  #asked: readonly string[] | undefined;
  assignment: ShareAssignment = NONE;
  error: KafkaError | undefined;

  constructor(readonly options: MembershipOptions) {}

  get memberEpoch(): number {
    return this.#epoch;
  }

  /** When `next` wants to be called; Infinity: an answer or a call must come first. */
  get wakeAtMs(): number {
    return this.#asks ? Infinity : this.#dueAtMs;
  }

  /** Whether the broker may hold this member. */
  get isMember(): boolean {
    return this.#epoch > JOIN_EPOCH || this.#asks;
  }

  subscribe(topics: readonly string[], nowMs: number): void {
    this.#topics = topics;
    this.#leaving = false;
    this.error = undefined;
    this.#failures = 0;
    this.#emptyAnswers = 0;
    this.#dueAtMs = nowMs;
  }

  /** Leaves with the next heartbeat. A member that never came in leaves at once: false. */
  leave(nowMs: number): boolean {
    const wasMember = this.isMember;
    this.#topics = undefined;
    this.assignment = NONE;
    this.#leaving = wasMember;
    this.#dueAtMs = wasMember ? nowMs : Infinity;
    if (!wasMember) this.#epoch = JOIN_EPOCH;
    return wasMember;
  }

  /** The request that is due; it counts as sent. */
  next(nowMs: number): HeartbeatRequest | undefined {
    if (this.#asks || this.#dueAtMs > nowMs) return undefined;
    this.#asks = true;
    const { groupId, memberId, rackId } = this.options;
    this.#asksToLeave = this.#leaving;
    if (this.#leaving) return { groupId, memberId, memberEpoch: LEAVE_EPOCH };
    const joins = this.#epoch === JOIN_EPOCH;
    this.#asked = this.#topics;
    return {
      groupId,
      memberId,
      memberEpoch: this.#epoch,
      rackId: joins ? (rackId ?? null) : null,
      subscribedTopicNames: joins || this.#told !== this.#topics ? (this.#topics ?? null) : null,
    };
  }

  answered(response: HeartbeatResponse, nowMs: number): MembershipChange {
    const { errorCode, errorMessage } = response;
    if (errorCode !== 0) {
      return this.failed(KafkaError.ofCode(errorCode, `share group ${this.options.groupId}`, errorMessage)!, nowMs);
    }
    this.#asks = false;
    this.#failures = 0;
    if (this.#topics === undefined || this.#asksToLeave) return this.#left(nowMs);
    this.#epoch = Math.max(response.memberEpoch, JOIN_EPOCH);
    this.#told = this.#asked;
    this.#intervalMs = Math.min(Math.max(response.heartbeatIntervalMs, INTERVAL_MS_MIN), INTERVAL_MS_MAX);
    const { assignment } = response;
    if (assignment !== null) {
      this.assignment = new Map(assignment.topicPartitions.map(({ topicId, partitions }) => [topicId, partitions]));
    }
    // A subscription that changed meanwhile is told at once.
    this.#dueAtMs = this.#told === this.#topics ? nowMs + this.#pauseMs() : nowMs;
    return assignment === null ? 'none' : 'assigned';
  }

  /** No answer came, or one that refuses. */
  failed(error: KafkaError, nowMs: number): MembershipChange {
    this.#asks = false;
    this.#failures += 1;
    // Who leaves does not insist: the session timeout does the rest.
    if (this.#topics === undefined || this.#asksToLeave) return this.#left(nowMs);
    this.#dueAtMs = nowMs + this.#backoffMs();
    if (error.is('FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID')) {
      this.#rejoin();
      if (this.#failures === 1) this.#dueAtMs = nowMs;
      return 'lost';
    }
    if (error.retriable) return 'none';
    this.#rejoin();
    this.#dueAtMs = Infinity;
    this.error = error;
    return 'failed';
  }

  /** An answer while the member leaves. One to an earlier heartbeat is only the sign that the last one may go. */
  #left(nowMs: number): MembershipChange {
    this.#dueAtMs = nowMs;
    if (this.#leaving && !this.#asksToLeave) return 'none';
    this.#asksToLeave = false;
    this.#leaving = false;
    this.#rejoin();
    if (this.#topics === undefined) this.#dueAtMs = Infinity;
    return 'left';
  }

  #pauseMs(): number {
    if (this.assignment.size > 0) return this.#intervalMs;
    this.#emptyAnswers += 1;
    return doubledMs(this.#emptyAnswers, FIRST_INTERVAL_MS, this.#intervalMs);
  }

  #rejoin(): void {
    this.#epoch = JOIN_EPOCH;
    this.#told = undefined;
    this.assignment = NONE;
  }

  #backoffMs(): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.options;
    return doubledMs(this.#failures, retryBackoffMs, retryBackoffMaxMs);
  }
}
