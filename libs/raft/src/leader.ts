import { offset as toOffset, type Offset } from '@trunkline/kernel';
import { endOf } from './log-batch.js';
import { ParkedFetches } from './fetches.js';
import { Membership } from './membership.js';
import type { FetchRequest, FetchSnapshotRequest, MembershipRequest, RaftErrorCode, RaftResponse } from './messages.js';
import { ProgressTable } from './progress.js';
import type { Replica, Sent } from './replica.js';
import { RoleState } from './role.js';
import { Successions } from './successions.js';
import type { ReplicaKey } from './voters.js';

interface Proposal {
  readonly ticket: number;
  readonly baseOffset: Offset;
  readonly endOffset: Offset;
  readonly sizeBytes: number;
}

/** A leader goes when it has not heard a majority for so many fetch timeouts; as in Kafka. */
const CHECK_QUORUM_FACTOR = 1.5;
const NOT_TAKEN = toOffset(-1);

/**
 * Leads. Appends at once, answers parked fetches at once, and counts: what a majority has on disk, in its own epoch, is
 * committed.
 */
export class Leader extends RoleState {
  readonly kind = 'leader';
  readonly #startOffset: Offset;
  readonly #progress: ProgressTable;
  readonly #fetches: ParkedFetches;
  readonly #membership: Membership;
  readonly #successions: Successions;
  #proposals: Proposal[] = [];
  #uncommittedBytes = 0;
  #isReady = false;
  #excusedUntilMs = 0;
  /** It hands over, at the latest then. */
  #resignsAtMs = Number.POSITIVE_INFINITY;

  constructor(
    replica: Replica,
    private readonly grantingVoters: readonly ReplicaKey[],
  ) {
    super(replica);
    this.#startOffset = replica.outline.endOffset;
    const isReady = (): boolean => this.#isReady;
    this.#progress = new ProgressTable(replica, replica.nowMs);
    this.#fetches = new ParkedFetches(replica, this.#progress, isReady);
    this.#membership = new Membership(replica, this.#progress, isReady);
    this.#successions = new Successions(replica, this.#progress);
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get progress(): ProgressTable {
    return this.#progress;
  }

  get uncommittedBytes(): number {
    return this.#uncommittedBytes;
  }

  override get wakeAtMs(): number {
    return Math.min(
      this.#fetches.wakeAtMs,
      this.#membership.wakeAtMs,
      this.#successions.wakeAtMs,
      this.#goesAtMs(),
      this.#resignsAtMs,
    );
  }

  override start(): void {
    const { outline, self } = this.replica;
    const voters = outline.voters.toArray();
    this.replica.appendControl({
      kind: 'leader-change',
      leaderId: self.id,
      voters: voters.map(({ id, directoryId }) => ({ id, directoryId })),
      grantingVoters: this.grantingVoters,
    });
    // The first voters come from configurations. From here on they stand in the log, and nobody need be told.
    if (outline.votersOffset < 0) this.replica.appendControl({ kind: 'voters', voters });
    this.#successions.tick();
  }

  override tick(): void {
    const { nowMs, transitions } = this.replica;
    if (this.#goesAtMs() <= nowMs || this.#resignsAtMs <= nowMs) {
      return transitions.resigned(this.#progress.successors());
    }
    this.#successions.tick();
  }

  override excuse(untilMs: number): void {
    this.#excusedUntilMs = untilMs;
  }

  override refusesPreVoteOf(): boolean {
    return true;
  }

  override answered(sent: Sent, response: RaftResponse): void {
    this.#successions.answered(sent, response);
  }

  override unanswered(sent: Sent, _refused: boolean): void {
    this.#successions.unanswered(sent);
  }

  fetch(ticket: number, request: FetchRequest): void {
    this.#fetches.take(ticket, request);
  }

  fetchSnapshot(ticket: number, request: FetchSnapshotRequest): void {
    const { outline, config } = this.replica;
    const { snapshotId, position, maxBytes } = request;
    this.#progress.heard({ id: request.replicaId, directoryId: request.replicaDirectoryId });
    const isKnown = outline.snapshots.some(
      ({ endOffset, epoch }) => endOffset === snapshotId.endOffset && epoch === snapshotId.epoch,
    );
    const answer = (errorCode: RaftErrorCode): RaftResponse => ({
      api: 'fetch-snapshot',
      ...this.replica.leadership(errorCode),
      snapshotId,
      size: 0,
      position,
      unalignedRecords: new Uint8Array(0),
    });
    if (!isKnown) return this.replica.answer(ticket, answer('SNAPSHOT_NOT_FOUND'));
    if (position < 0) return this.replica.answer(ticket, answer('POSITION_OUT_OF_RANGE'));
    const readSnapshot = { id: snapshotId, position, bytesMax: Math.min(maxBytes, config.fetchBytesMax) };
    this.replica.draft.answers.push({ ticket, response: answer('NONE'), readSnapshot });
  }

  changeVoters(ticket: number, request: MembershipRequest): void {
    this.#membership.take(ticket, request);
  }

  propose(ticket: number, epoch: number, count: number, bytes: Uint8Array): void {
    if (epoch !== this.replica.epoch || Number.isFinite(this.#resignsAtMs)) {
      return this.#settled(ticket, 'NOT_LEADER_OR_FOLLOWER');
    }
    const isTooMuch = this.#uncommittedBytes + bytes.byteLength > this.replica.config.uncommittedBytesMax;
    if (isTooMuch && this.#uncommittedBytes > 0) return this.#settled(ticket, 'THROTTLING_QUOTA_EXCEEDED');
    const batch = this.replica.append(count, bytes);
    const { baseOffset } = batch;
    this.#proposals.push({ ticket, baseOffset, endOffset: endOf(batch), sizeBytes: bytes.byteLength });
    this.#uncommittedBytes += bytes.byteLength;
  }

  /** Hands over once everything is committed, or after a while. A sole voter has nobody to hand over to. */
  resign(): void {
    const { nowMs, config } = this.replica;
    if (this.replica.otherVoters().length === 0 || Number.isFinite(this.#resignsAtMs)) return;
    this.#resignsAtMs = nowMs + config.resignWaitMsMax;
  }

  override settle(): void {
    this.#commit();
    this.#membership.settle();
    this.#commit(); // A smaller set of voters may have what a larger had not.
    this.#fetches.settle();
    const { outline, highWatermark, transitions, isVoter } = this.replica;
    const isOut = !isVoter && highWatermark > outline.votersOffset;
    const isDone = Number.isFinite(this.#resignsAtMs) && highWatermark === outline.endOffset;
    if (isOut || isDone) transitions.resigned(this.#progress.successors());
  }

  override leave(): void {
    this.#fetches.abandon();
    this.#membership.abandon();
    for (const { ticket, baseOffset, endOffset } of this.#proposals) {
      this.#settled(ticket, 'NOT_LEADER_OR_FOLLOWER', baseOffset, toOffset(endOffset - 1));
    }
    this.#proposals = [];
    this.#uncommittedBytes = 0;
  }

  #goesAtMs(): number {
    const { config } = this.replica;
    const limitMs = config.fetchTimeoutMs * CHECK_QUORUM_FACTOR;
    return Math.max(this.#progress.majorityHeardAtMs() + limitMs, this.#excusedUntilMs);
  }

  /**
   * Records of earlier reigns are never committed by counting them, only by counting one of this reign behind them (C3).
   */
  #commit(): void {
    const end = this.#progress.majorityEnd();
    if (end <= this.#startOffset || !this.replica.commitTo(toOffset(end))) return;
    const open = this.#proposals.findIndex(({ endOffset }) => endOffset > end);
    const done = this.#proposals.splice(0, open < 0 ? this.#proposals.length : open);
    for (const { ticket, baseOffset, endOffset, sizeBytes } of done) {
      this.#uncommittedBytes -= sizeBytes;
      this.#settled(ticket, 'NONE', baseOffset, toOffset(endOffset - 1));
    }
    if (this.#isReady) return;
    this.#isReady = true;
    this.#membership.updateSelf();
  }

  #settled(ticket: number, errorCode: RaftErrorCode, baseOffset = NOT_TAKEN, lastOffset = NOT_TAKEN): void {
    this.replica.draft.settled.push({ ticket, errorCode, baseOffset, lastOffset });
  }
}
