import {
  endOf,
  type LogBatch,
  type RaftRequest,
  type RaftResponse,
  type RaftStatus,
  type Voter,
} from '@trunkline/raft';
import type { RaftDisk, MachineState } from './disk.js';
import { hashOf, type RaftSimNode, type Witness } from './node.js';

interface Seen {
  readonly life: number;
  readonly epoch: number;
  readonly highWatermark: number;
}

/** What somebody said of a proposal. */
export interface Told {
  readonly value: string;
  readonly baseOffset: number;
}

/**
 * What must hold of a quorum after every event (05-reliability B.1b): epochs and high watermarks of a life never go back,
 * an epoch has one leader and a disk one vote in it, what is committed is on the disks of a majority and in the log of
 * every later leader, every state machine sees the same, a log begins with a snapshot.
 */
export class QuorumInvariants implements Witness {
  readonly faults: string[] = [];
  /** By base offset: what was ever applied. */
  readonly committed = new Map<number, LogBatch>();
  /** By the offset behind a batch: the state then. */
  readonly #states = new Map<number, MachineState>([[0, { hash: 0, batches: 0 }]]);
  readonly #seen = new Map<number, Seen>();
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<string, string>();
  /** By directory: the newest epoch that a disk's replica told anybody. */
  readonly #toldEpochs = new Map<string, number>();
  /** By base offset: the epoch of whoever applied it first, and so at least that in which it was committed. */
  readonly #committedIn = new Map<number, number>();
  readonly #committedByMajority = new Set<number>();
  readonly #truncations = new Map<string, number>();
  #snapshotStates = 0;
  committedEnd = 0;

  constructor(
    private readonly nodes: readonly RaftSimNode[],
    /** Every disk that there ever was, by its directory. */
    private readonly disks: ReadonlyMap<string, RaftDisk>,
  ) {}

  /** States that came from snapshots and were compared. */
  get restores(): number {
    return this.#snapshotStates;
  }

  applied(node: RaftSimNode, batch: LogBatch): void {
    if (batch.baseOffset !== node.applied) {
      this.#fault(`${node.id} applies ${batch.baseOffset} behind ${node.applied}`);
    }
    const known = this.committed.get(batch.baseOffset);
    if (known === undefined) {
      this.committed.set(batch.baseOffset, batch);
      this.#committedIn.set(batch.baseOffset, node.status()?.epoch ?? 0);
      const before = this.#states.get(batch.baseOffset);
      if (before === undefined) return this.#fault(`nobody applied what is before ${batch.baseOffset}`);
      this.#states.set(endOf(batch), { hash: hashOf(before.hash, batch), batches: before.batches + 1 });
      this.committedEnd = Math.max(this.committedEnd, endOf(batch));
      return;
    }
    if (!isSameBatch(known, batch))
      this.#fault(`state machine safety: ${node.id} applies another batch at ${batch.baseOffset}`);
  }

  restored(node: RaftSimNode, endOffset: number, state: MachineState): void {
    this.#snapshotStates += 1;
    const known = this.#states.get(endOffset);
    if (known?.hash !== state.hash || known.batches !== state.batches) {
      this.#fault(`${node.id} begins with a snapshot at ${endOffset} that holds another state`);
    }
  }

  snapshotTaken(node: RaftSimNode, endOffset: number, voters: readonly Voter[]): void {
    const last = [...this.committed.values()].findLast(
      ({ control, baseOffset }) => control?.kind === 'voters' && baseOffset < endOffset,
    );
    if (last?.control?.kind !== 'voters' || namesOf(last.control.voters) === namesOf(voters)) return;
    this.#fault(`${node.id} takes a snapshot at ${endOffset} with voters that are not committed`);
  }

  /** What is committed is in the leader's log, and so nobody has a reason to cut it off. */
  truncated(id: number, batches: readonly LogBatch[]): void {
    for (const batch of batches) {
      const known = this.committed.get(batch.baseOffset);
      if (known === undefined || !isSameBatch(known, batch)) continue;
      this.#fault(`${id} cuts off what is committed at ${batch.baseOffset}`);
    }
  }

  failed(node: RaftSimNode, reason: Error): void {
    this.#fault(`${node.id} has ended: ${reason.message}`);
  }

  requested(from: RaftSimNode, request: RaftRequest): void {
    if (request.api === 'vote') {
      this.#told(from, request.replicaEpoch);
      if (!request.preVote)
        this.#voted(from, request.replicaEpoch, `${request.replicaId} ${request.replicaDirectoryId}`);
    } else if (request.api === 'fetch') this.#told(from, request.currentLeaderEpoch);
  }

  answered(by: RaftSimNode, request: RaftRequest, response: RaftResponse): void {
    this.#told(by, response.leaderEpoch);
    const isTaken = request.api === 'fetch' && response.errorCode === 'NONE';
    if (isTaken && request.currentLeaderEpoch !== response.leaderEpoch) {
      this.#fault(`${by.id} takes a fetch of epoch ${request.currentLeaderEpoch} in ${response.leaderEpoch}`);
    }
    if (request.api !== 'vote' || request.preVote || response.api !== 'vote' || !response.voteGranted) return;
    this.#voted(by, request.replicaEpoch, `${request.replicaId} ${request.replicaDirectoryId}`);
    if (by.status()?.needsRepair === true) this.#fault(`${by.id} votes, and needs repair`);
  }

  /** After every event. */
  check(): void {
    for (const node of this.nodes) {
      const status = node.status();
      if (status !== undefined) this.#checkNode(node, status);
    }
  }

  #checkNode(node: RaftSimNode, status: RaftStatus): void {
    const { epoch, highWatermark } = status;
    const { disk } = node;
    const before = this.#seen.get(node.id);
    if (before?.life === node.lives) {
      if (epoch < before.epoch) this.#fault(`monotonic epoch: ${node.id} goes from ${before.epoch} back to ${epoch}`);
      if (highWatermark < before.highWatermark)
        this.#fault(`monotonic high watermark: ${node.id} goes back to ${highWatermark}`);
    } else if (epoch < (this.#toldEpochs.get(disk.directoryId) ?? 0)) {
      this.#fault(`monotonic epoch: ${node.id} has forgotten an epoch that it told`);
    }
    if (before?.life !== node.lives || epoch !== before.epoch || highWatermark !== before.highWatermark) {
      this.#seen.set(node.id, { life: node.lives, epoch, highWatermark });
    }
    if (disk.startOffset > 0 && disk.snapshots[0]?.id.endOffset !== disk.startOffset) {
      this.#fault(`snapshot at log start: ${node.id} begins at ${disk.startOffset} without one`);
    }
    this.#checkVoters(node, status);
    if (status.role === 'leader') this.#checkLeader(node, status);
  }

  /** After something was cut off, the voters are those of what is left (C14). */
  #checkVoters({ id, disk }: RaftSimNode, { voters, logEndOffset }: RaftStatus): void {
    if (this.#truncations.get(disk.directoryId) === disk.truncations || disk.endOffset !== logEndOffset) return;
    this.#truncations.set(disk.directoryId, disk.truncations);
    const last = disk.shape().voters.at(-1);
    if (last === undefined || namesOf(last.voters) === namesOf(voters)) return;
    this.#fault(`${id} takes ${namesOf(voters)} for voters, and its log says ${namesOf(last.voters)}`);
  }

  #checkLeader(node: RaftSimNode, { epoch, highWatermark, voters, isReady }: RaftStatus): void {
    const { hard } = node.disk;
    // Until its disk says so it has told nobody, and may forget it.
    if (hard?.epoch !== epoch || hard.leaderId !== node.id) return;
    const name = `${node.id} ${node.disk.directoryId} life ${node.lives}`;
    const known = this.#leaders.get(epoch);
    if (known === undefined) {
      this.#leaders.set(epoch, name);
      this.#checkCompleteness(node, epoch);
    } else if (known !== name) this.#fault(`single leader: ${known} and ${name} lead epoch ${epoch}`);
    this.#checkChanges(node, epoch, highWatermark, isReady);
    if (!isReady || this.#committedByMajority.has(highWatermark)) return;
    this.#committedByMajority.add(highWatermark);
    this.#checkMajority(node, epoch, highWatermark, voters);
  }

  /** One change of the voters at a time, and none before the reign has committed something (C13). */
  #checkChanges({ id, disk }: RaftSimNode, epoch: number, highWatermark: number, isReady: boolean): void {
    const changes = disk.log.filter(({ batch: { control } }) => control?.kind === 'voters');
    const open = changes.filter(({ batch }) => batch.baseOffset >= highWatermark).length;
    const newest = changes.at(-1)?.batch;
    // The first of all puts into the log what is configured.
    const isFirst = changes.length === 1 && disk.startOffset === 0;
    if (!isReady && newest?.epoch === epoch && !isFirst) {
      this.#fault(`${id} changes voters before it has committed anything`);
    }
    if (isReady && open > 1) this.#fault(`${id} has ${open} changes of the voters on their way`);
  }

  /** Whoever leads has everything that was committed in earlier epochs. It may hear late that it leads, or led. */
  #checkCompleteness(node: RaftSimNode, epoch: number): void {
    for (const [baseOffset, batch] of this.committed) {
      if (baseOffset < node.disk.startOffset || (this.#committedIn.get(baseOffset) ?? 0) >= epoch) continue;
      const own = node.disk.log.find((kept) => kept.batch.baseOffset === baseOffset);
      if (own === undefined || !isSameBatch(own.batch, batch)) {
        return this.#fault(`leader completeness: ${node.id} leads without what was committed at ${baseOffset}`);
      }
    }
  }

  /** A high watermark says that a majority has what is below it, on disk. */
  #checkMajority(node: RaftSimNode, epoch: number, highWatermark: number, voters: readonly Voter[]): void {
    const last = node.disk.log.find(({ batch }) => endOf(batch) === highWatermark)?.batch;
    if (last === undefined) return;
    if (last.epoch !== epoch) this.#fault(`${node.id} commits ${highWatermark} of epoch ${last.epoch} by counting`);
    // What was counted with the voters before the newest is committed, too.
    const sets = [
      voters,
      ...node.disk
        .shape()
        .voters.slice(-2)
        .map((each) => each.voters),
    ];
    if (sets.some((set) => this.#isMajority(set, last))) return;
    const who = voters.filter(({ directoryId }) => this.disks.get(directoryId)?.holds(last) === true);
    const on = who.map(({ id }) => id).join(' ') || 'nobody';
    this.#fault(`majority reached high watermark: ${highWatermark} is on the disks of ${on} only`);
  }

  #isMajority(voters: readonly Voter[], last: LogBatch): boolean {
    const holders = voters.filter(({ directoryId }) => this.disks.get(directoryId)?.holds(last) === true);
    return holders.length * 2 > voters.length;
  }

  #told({ disk: { directoryId } }: RaftSimNode, epoch: number): void {
    this.#toldEpochs.set(directoryId, Math.max(epoch, this.#toldEpochs.get(directoryId) ?? 0));
  }

  #voted({ id, disk: { directoryId } }: RaftSimNode, epoch: number, candidate: string): void {
    const key = `${directoryId} e${epoch}`;
    const known = this.#votes.get(key);
    if (known === undefined) this.#votes.set(key, candidate);
    else if (known !== candidate) this.#fault(`one vote: ${id} votes for ${known} and ${candidate} in epoch ${epoch}`);
  }

  #fault(fault: string): void {
    if (!this.faults.includes(fault)) this.faults.push(fault);
  }
}

function namesOf(voters: readonly Voter[]): string {
  return voters.map(({ directoryId }) => directoryId).join(' ');
}

function isSameBatch(left: LogBatch, right: LogBatch): boolean {
  const { baseOffset, epoch, count, bytes } = left;
  const isSameHead = baseOffset === right.baseOffset && epoch === right.epoch && count === right.count;
  return isSameHead && bytes.length === right.bytes.length && bytes.every((byte, at) => byte === right.bytes[at]);
}
