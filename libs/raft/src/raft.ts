import { invariant, type Epoch, type NodeId, type Offset } from '@trunkline/kernel';
import { Candidate, placeAmong } from './candidate.js';
import type { RaftConfig } from './config.js';
import { Draft } from './draft.js';
import type { Effects, Input, Role, StableMark } from './effects.js';
import { Follower } from './follower.js';
import type { HardState } from './hard-state.js';
import type { LogShape, SnapshotId } from './log-batch.js';
import { Leader } from './leader.js';
import { NO_LEADER, type BeginQuorumEpochRequest, type EndQuorumEpochRequest, type RaftResponse } from './messages.js';
import { Replica, type Sent } from './replica.js';
import { Requests } from './requests.js';
import { Resigned } from './resigned.js';
import type { RoleState } from './role.js';
import type { RaftStatus } from './status.js';
import { Unattached } from './unattached.js';
import { isSame, type Peer, type ReplicaKey, type Voter } from './voters.js';

/**
 * One replica of a replicated log: Raft after Kafka's KRaft (KIP-595, 630, 853, 996, 1166). Followers pull.
 *
 * Synchronous and pure: no clock, no dice but those it was given, no disk, no network. `step` takes one input and says
 * what to do, in order; see {@link Effects}. Give it the first `tick` to begin.
 *
 * Not promised: anything, when effects are performed out of order, or `stable` is said of what is not on disk.
 * Not done: reads that are linearizable without an append (C24).
 */
export class Raft {
  readonly #replica: Replica;
  readonly #requests: Requests;
  #role: RoleState;
  #told: Role;
  #marked: StableMark | undefined;
  #wakeAtMs = 0;
  /** The last tick came late, and others were given time for it. */
  #wasLate = false;
  /** The next input is what became of a snapshot. */
  #installing: SnapshotId | undefined;

  /** `restored` and `log` as the storage found them; see `raftConfig` for `config`. */
  constructor(config: RaftConfig, restored: HardState, log: LogShape) {
    this.#replica = new Replica(config, restored, log);
    this.#replica.transitions = {
      unattached: (epoch, electionInMs) => this.#unattached(epoch, electionInMs),
      prospective: () => this.#enter(new Candidate(this.#replica, 'prospective'), undefined),
      candidate: () => this.#candidate(),
      lead: (grantingVoters) => this.#lead(grantingVoters),
      follow: (leader, epoch) => this.#follow(leader, epoch),
      resigned: (preferred) => this.#resigned(preferred),
    };
    this.#requests = new Requests(this.#replica, () => this.#role, {
      begun: (request) => this.#begun(request),
      ended: (request) => this.#ended(request),
    });
    this.#role = new Asleep(this.#replica);
    this.#told = this.#roleNow();
  }

  /**
   * Takes one input. `nowMs`: of a clock that never goes back. Throws InvariantViolated when our own rules are broken:
   * the replica must end then.
   */
  step(input: Input, nowMs: number): Effects {
    const replica = this.#replica;
    invariant(nowMs >= replica.nowMs, 'time does not go back');
    const isOutcome = input.kind === 'snapshot-installed' || input.kind === 'snapshot-refused';
    invariant((this.#installing !== undefined) === isOutcome, 'a snapshot is installed before anything else happens');
    replica.nowMs = nowMs;
    replica.draft = new Draft();
    if (this.#role instanceof Asleep) this.#wake();
    this.#take(input);
    this.#role.settle();
    this.#installing = replica.draft.installSnapshot;
    this.#mark();
    this.#tellRole();
    this.#wakeAtMs = this.#nextWakeMs();
    return replica.draft.effects(this.#wakeAtMs);
  }

  /** The voters as of all records before `endOffset`, which is committed: for a snapshot that ends there (C14). */
  votersAt(endOffset: Offset): readonly Voter[] {
    invariant(endOffset <= this.#replica.highWatermark, 'a snapshot holds what is committed');
    return this.#replica.outline.votersAt(endOffset).toArray();
  }

  /** The id of a snapshot of all records before `endOffset`, which is committed. */
  snapshotIdAt(endOffset: Offset): SnapshotId {
    invariant(endOffset <= this.#replica.highWatermark, 'a snapshot holds what is committed');
    return this.#replica.outline.snapshotIdAt(endOffset);
  }

  status(): RaftStatus {
    const { self, isVoter, epoch, leader, highWatermark, outline, hard } = this.#replica;
    const role = this.#role;
    const isLeader = role instanceof Leader;
    return {
      self,
      role: role.kind,
      isVoter,
      isReady: isLeader && role.isReady,
      epoch,
      leaderId: leader?.id,
      highWatermark,
      logStartOffset: outline.startOffset,
      logEndOffset: outline.endOffset,
      stableEndOffset: outline.stableEnd,
      snapshots: [...outline.snapshots],
      voters: outline.voters.toArray(),
      needsRepair: hard.needsRepair,
      uncommittedBytes: isLeader ? role.uncommittedBytes : 0,
      voterProgress: isLeader ? role.progress.voters() : [],
      observerProgress: isLeader ? role.progress.observers() : [],
    };
  }

  #take(input: Input): void {
    const replica = this.#replica;
    switch (input.kind) {
      case 'tick':
        return this.#tick();
      case 'request':
        return this.#requests.take(input.ticket, input.request);
      case 'response':
        return this.#answered(input.correlation, input.response);
      case 'unanswered':
        return this.#unanswered(input.correlation, input.refused);
      case 'propose':
        if (this.#role instanceof Leader) {
          return this.#role.propose(input.ticket, input.epoch, input.count, input.bytes);
        }
        replica.draft.settled.push({ ticket: input.ticket, errorCode: 'NOT_LEADER_OR_FOLLOWER', ...NOT_TAKEN });
        return;
      case 'stable':
        if (replica.outline.confirm(input, replica.epoch)) this.#role.stable();
        return;
      case 'snapshot-taken':
        invariant(input.id.endOffset <= replica.highWatermark, 'a snapshot holds what is committed');
        replica.draft.startAt = replica.outline.addSnapshot(input.id);
        return;
      case 'snapshot-installed':
        invariant(this.#role instanceof Follower, 'only a follower loads a snapshot');
        return this.#role.installed(input.id, input.voters);
      case 'snapshot-refused':
        invariant(this.#role instanceof Follower, 'only a follower loads a snapshot');
        return this.#role.snapshotRefused();
      case 'resign':
        if (this.#role instanceof Leader) this.#role.resign();
        return;
    }
  }

  /**
   * A tick that comes much too late means that this process slept, not that others were silent: what they said
   * meanwhile waits to be read. They get some time, once.
   */
  #tick(): void {
    const { nowMs, config } = this.#replica;
    const graceMs = config.fetchTimeoutMs / 4;
    const isLate = nowMs - this.#wakeAtMs > graceMs;
    if (isLate && !this.#wasLate) this.#role.excuse(nowMs + graceMs);
    this.#wasLate = isLate;
    for (const [correlation, sent] of this.#replica.sent) {
      if (sent.deadlineMs > nowMs) continue;
      this.#replica.sent.delete(correlation);
      this.#role.unanswered(sent, false);
    }
    this.#role.tick();
  }

  #nextWakeMs(): number {
    let first = this.#role.wakeAtMs;
    for (const { deadlineMs } of this.#replica.sent.values()) first = Math.min(first, deadlineMs);
    return first;
  }

  /** The first step. Who led or stood when it ended can do so no more in that epoch. */
  #wake(): void {
    const { hard, self, isVoter, outline } = this.#replica;
    this.#wakeAtMs = this.#replica.nowMs;
    if (isVoter && outline.voters.size === 1) return this.#unattached(hard.epoch, 0);
    if (hard.leaderId === self.id) return this.#resigned(this.#replica.otherVoters());
    if (hard.leaderId !== undefined) return this.#follow(this.#replica.peerOf(hard.leaderId), hard.epoch);
    this.#unattached(hard.epoch);
  }

  #answered(correlation: number, response: RaftResponse): void {
    const replica = this.#replica;
    const sent = replica.sent.get(correlation);
    if (sent === undefined) return;
    replica.sent.delete(correlation);
    for (const peer of response.nodeEndpoints) replica.learn(peer);
    if (response.errorCode === 'INCONSISTENT_CLUSTER_ID') return this.#role.unanswered(sent, false);
    if (this.#learned(sent, response)) return;
    this.#role.answered(sent, response);
  }

  /**
   * Whether an answer says something new about who leads. Not when somebody names the leader that a node that stands has
   * just lost: others may hear it still, or grant their vote and name it all the same; whoever went back to it each time
   * would never be elected (KAFKA-17641). Only that leader's own answer shows that the way to it is open again.
   */
  #learned({ to }: Sent, response: RaftResponse): boolean {
    const { leaderId, leaderEpoch } = response;
    const { epoch, leader, self, endedEpoch } = this.#replica;
    if (response.api === 'vote' && response.voteGranted && leaderEpoch === epoch) return false;
    if (leaderEpoch === epoch && this.#hasLost(leaderId) && to.id !== leaderId) return false;
    const isSomebody = leaderId !== NO_LEADER && leaderId !== self.id;
    if (leaderEpoch > epoch) {
      if (isSomebody) this.#follow(this.#replica.peerOf(leaderId), leaderEpoch);
      else this.#unattached(leaderEpoch);
      return true;
    }
    const isNews = isSomebody && leaderEpoch === epoch && leader === undefined && endedEpoch !== epoch;
    if (isNews && !(this.#role instanceof Resigned)) {
      this.#follow(this.#replica.peerOf(leaderId), leaderEpoch);
      return true;
    }
    return false;
  }

  /** It stands because it did not hear from this leader of the epoch. */
  #hasLost(leaderId: NodeId): boolean {
    return this.#role instanceof Candidate && this.#replica.hard.leaderId === leaderId;
  }

  #unanswered(correlation: number, refused: boolean): void {
    const sent = this.#replica.sent.get(correlation);
    if (sent === undefined) return;
    this.#replica.sent.delete(correlation);
    this.#role.unanswered(sent, refused);
  }

  #begun({ leaderId, leaderEpoch, leaderEndpoints }: BeginQuorumEpochRequest): void {
    this.#replica.learn({ id: leaderId, endpoints: leaderEndpoints });
    const { epoch, leader } = this.#replica;
    if (leaderEpoch === epoch && (leader?.id === leaderId || this.#hasLost(leaderId))) return;
    this.#follow(this.#replica.peerOf(leaderId), leaderEpoch);
  }

  /** The leader goes: who it named first stands at once, the others one after the other, so that they do not meet. */
  #ended({ leaderEpoch, preferredCandidates }: EndQuorumEpochRequest): void {
    const { config, self } = this.#replica;
    this.#replica.endedEpoch = Math.max(this.#replica.endedEpoch, leaderEpoch);
    const preferred = preferredCandidates.map(({ candidateId, candidateDirectoryId }) => ({
      id: candidateId,
      directoryId: candidateDirectoryId,
    }));
    const place = placeAmong(preferred, self);
    this.#unattached(leaderEpoch, place < 0 ? undefined : place * config.electionTimeoutMs);
  }

  #unattached(epoch: Epoch, electionInMs?: number): void {
    this.#replica.enterEpoch(epoch);
    this.#enter(new Unattached(this.#replica, electionInMs), undefined);
  }

  #candidate(): void {
    this.#replica.persist({ epoch: this.#replica.nextEpoch(), votedFor: this.#replica.self, leaderId: undefined });
    this.#enter(new Candidate(this.#replica, 'candidate'), undefined);
  }

  #lead(grantingVoters: readonly ReplicaKey[]): void {
    const { self, config, hard } = this.#replica;
    invariant(hard.votedFor !== undefined && isSame(hard.votedFor, self), 'a leader voted for itself');
    this.#replica.attempts = 0;
    this.#replica.persist({ leaderId: self.id });
    this.#enter(new Leader(this.#replica, grantingVoters), { id: self.id, endpoints: config.endpoints });
  }

  #follow(leader: Peer, epoch: Epoch): void {
    const { hard, self } = this.#replica;
    invariant(leader.id !== self.id, 'nobody follows itself');
    invariant(!(this.#role instanceof Leader) || epoch > this.#replica.epoch, 'an epoch has one leader');
    const isKnown = epoch === hard.epoch && hard.leaderId !== undefined;
    invariant(!isKnown || hard.leaderId === leader.id, 'an epoch has one leader');
    this.#replica.enterEpoch(epoch);
    if (!isKnown) this.#replica.persist({ leaderId: leader.id });
    this.#replica.attempts = 0;
    this.#enter(new Follower(this.#replica, leader), leader);
  }

  #resigned(preferred: readonly ReplicaKey[]): void {
    this.#replica.endedEpoch = this.#replica.epoch;
    this.#enter(new Resigned(this.#replica, preferred), undefined);
  }

  #enter(role: RoleState, leader: Peer | undefined): void {
    const before = this.#role;
    this.#replica.sent.clear();
    this.#replica.leader = leader;
    this.#role = role;
    before.leave();
    role.start();
  }

  /** What is not on disk yet is asked for with each new epoch, too: a mark of an older one confirms nothing (C6). */
  #mark(): void {
    const mark = this.#replica.outline.mark(this.#replica.epoch);
    const before = this.#marked;
    this.#marked = mark;
    if (mark === undefined) return;
    const isSameMark =
      before?.endOffset === mark.endOffset && before.lastEpoch === mark.lastEpoch && before.epoch === mark.epoch;
    if (!isSameMark || this.#replica.draft.append.length > 0) this.#replica.draft.sync = mark;
  }

  #roleNow(): Role {
    const role = this.#role;
    const { epoch, leader } = this.#replica;
    return { kind: role.kind, epoch, leaderId: leader?.id, isReady: role instanceof Leader && role.isReady };
  }

  #tellRole(): void {
    const now = this.#roleNow();
    const { kind, epoch, leaderId, isReady } = this.#told;
    if (now.kind === kind && now.epoch === epoch && now.leaderId === leaderId && now.isReady === isReady) return;
    this.#told = now;
    this.#replica.draft.role = now;
  }
}

const NOT_TAKEN = { baseOffset: -1 as Offset, lastOffset: -1 as Offset };

/** Before the first step. */
class Asleep extends Unattached {
  constructor(replica: Replica) {
    super(replica, Number.POSITIVE_INFINITY);
  }
}
