import { invariant } from '@trunkline/kernel';
import type {
  AddRaftVoterRequest,
  MembershipRequest,
  RaftErrorCode,
  RemoveRaftVoterRequest,
  UpdateRaftVoterRequest,
  VoterChangeResponse,
} from './messages.js';
import type { ProgressTable } from './progress.js';
import type { Replica } from './replica.js';
import { sameEndpoints, type VoterSet } from './voters.js';

interface Pending {
  readonly ticket: number;
  readonly request: MembershipRequest;
  readonly untilMs: number;
  /** Of its VotersRecord; undefined while the new voter catches up. */
  offset: number | undefined;
}

/** A change that is not committed after so many fetch timeouts is answered; it may be committed later. */
const COMMIT_FETCH_TIMEOUTS_MAX = 10;

/**
 * Changes of the voters, one at a time (C13), each by one voter, so that majorities before and after overlap. A change
 * counts from the moment it is appended (C12), and the next begins when it is committed. None before the leader's own
 * first record is: an older change might still be undone (Ongaro's erratum of 2015).
 */
export class Membership {
  #pending: Pending | undefined;

  constructor(
    private readonly replica: Replica,
    private readonly progress: ProgressTable,
    private readonly isReady: () => boolean,
  ) {}

  get wakeAtMs(): number {
    return this.#pending?.untilMs ?? Number.POSITIVE_INFINITY;
  }

  take(ticket: number, request: MembershipRequest): void {
    const why = this.#busy();
    if (why !== undefined) return this.#answer(ticket, request, 'REQUEST_TIMED_OUT', why);
    switch (request.api) {
      case 'add-raft-voter':
        return this.#add(ticket, request);
      case 'remove-raft-voter':
        return this.#remove(ticket, request);
      case 'update-raft-voter':
        return this.#update(ticket, request);
    }
  }

  /** A voter that leads under a new address says so itself. */
  updateSelf(): void {
    const { config, outline, self } = this.replica;
    const mine = outline.voters.byId(self.id);
    if (mine === undefined || config.endpoints.length === 0 || this.#busy() !== undefined) return;
    if (!outline.voters.has(self) || sameEndpoints(mine.endpoints, config.endpoints)) return;
    this.#append(outline.voters.with({ ...mine, endpoints: config.endpoints }));
  }

  /** Somebody got further, something was committed, or time has passed. */
  settle(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { ticket, request, untilMs, offset } = pending;
    if (offset === undefined && this.#hasCaughtUp(request)) return this.#admit(pending);
    if (offset !== undefined && this.replica.highWatermark > offset) {
      this.#pending = undefined;
      return this.#answer(ticket, request, 'NONE');
    }
    if (untilMs > this.replica.nowMs) return;
    this.#pending = undefined;
    const why = offset === undefined ? 'the new voter did not catch up in time' : 'it is not committed yet, but may be';
    this.#answer(ticket, request, 'REQUEST_TIMED_OUT', why);
  }

  /** Not a leader any more. */
  abandon(): void {
    if (this.#pending === undefined) return;
    const { ticket, request } = this.#pending;
    this.#pending = undefined;
    this.#answer(ticket, request, 'NOT_LEADER_OR_FOLLOWER', 'another leader came; the change may be in force or not');
  }

  #busy(): string | undefined {
    if (!this.isReady()) return 'the leader has not committed anything yet';
    if (this.#pending !== undefined) return 'another change of the voters is under way';
    const { outline, highWatermark } = this.replica;
    return outline.votersOffset >= highWatermark ? 'the last change of the voters is not committed yet' : undefined;
  }

  #add(ticket: number, request: AddRaftVoterRequest): void {
    const { voters } = this.replica.outline;
    const known = voters.byId(request.voterId);
    if (known !== undefined) {
      const why = `node ${known.id} votes already, with directory ${known.directoryId}; remove that voter first`;
      return this.#answer(ticket, request, 'DUPLICATE_VOTER', why);
    }
    this.#pending = { ticket, request, untilMs: this.replica.nowMs + request.timeoutMs, offset: undefined };
  }

  #admit(pending: Pending): void {
    const { ticket, request } = pending;
    invariant(request.api === 'add-raft-voter', 'only who is added catches up first');
    const { voterId: id, voterDirectoryId: directoryId, listeners: endpoints } = request;
    const offset = this.#append(this.replica.outline.voters.with({ id, directoryId, endpoints }));
    if (request.ackWhenCommitted) {
      this.#pending = { ...pending, offset };
      return;
    }
    this.#pending = undefined;
    this.#answer(ticket, request, 'NONE');
  }

  #remove(ticket: number, request: RemoveRaftVoterRequest): void {
    const { voters } = this.replica.outline;
    const key = { id: request.voterId, directoryId: request.voterDirectoryId };
    if (!voters.has(key)) {
      const why = `node ${key.id} with directory ${key.directoryId} does not vote`;
      return this.#answer(ticket, request, 'VOTER_NOT_FOUND', why);
    }
    if (voters.size === 1) return this.#answer(ticket, request, 'INVALID_REQUEST', 'the last voter cannot be removed');
    this.#begin(ticket, request, voters.without(key));
  }

  #update(ticket: number, request: UpdateRaftVoterRequest): void {
    const { voters } = this.replica.outline;
    const { voterId: id, voterDirectoryId: directoryId, listeners: endpoints } = request;
    const known = voters.byId(id);
    if (known === undefined || !voters.has({ id, directoryId })) {
      return this.#answer(ticket, request, 'VOTER_NOT_FOUND', `node ${id} with directory ${directoryId} does not vote`);
    }
    if (sameEndpoints(known.endpoints, endpoints)) return this.#answer(ticket, request, 'NONE');
    this.#begin(ticket, request, voters.with({ id, directoryId, endpoints }));
  }

  #begin(ticket: number, request: MembershipRequest, voters: VoterSet): void {
    const { nowMs, config } = this.replica;
    const untilMs = nowMs + config.fetchTimeoutMs * COMMIT_FETCH_TIMEOUTS_MAX;
    this.#pending = { ticket, request, untilMs, offset: this.#append(voters) };
  }

  #append(voters: VoterSet): number {
    return this.replica.appendControl({ kind: 'voters', voters: voters.toArray() }).baseOffset;
  }

  /** It was at the end of the log lately, so the change will not wait for it. */
  #hasCaughtUp(request: MembershipRequest): boolean {
    const { nowMs, config } = this.replica;
    const progress = this.progress.of({ id: request.voterId, directoryId: request.voterDirectoryId });
    return (progress?.caughtUpAtMs ?? Number.NEGATIVE_INFINITY) > nowMs - config.fetchTimeoutMs;
  }

  #answer(ticket: number, request: MembershipRequest, errorCode: RaftErrorCode, errorMessage?: string): void {
    this.replica.answer(ticket, voterChangeResponse(this.replica, request, errorCode, errorMessage));
  }
}

/** An answer to a change of the voters. */
export function voterChangeResponse(
  replica: Replica,
  { api }: MembershipRequest,
  errorCode: RaftErrorCode,
  errorMessage?: string,
): VoterChangeResponse {
  return { api, ...replica.leadership(errorCode), errorMessage };
}
