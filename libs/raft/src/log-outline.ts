import { invariant, type Epoch, type Offset } from '@trunkline/kernel';
import type { StableMark } from './effects.js';
import { endOf, type EpochStart, type LogBatch, type LogShape, type SnapshotId } from './log-batch.js';
import { VoterSet, type Voter } from './voters.js';

/** How a replica's log relates to the leader's. */
export type Fit =
  | { readonly kind: 'fits' }
  | { readonly kind: 'diverges'; readonly epoch: Epoch; readonly endOffset: Offset }
  | { readonly kind: 'snapshot'; readonly id: SnapshotId };

const NO_EPOCH = 0 as Epoch;

/**
 * The log without its records: where it begins and ends, which epoch wrote what, who voted when, how much is on disk.
 * All that Raft needs to know of it.
 */
export class LogOutline {
  #startOffset: Offset;
  /** Of the record before the start: of the snapshot that stands there. */
  #startEpoch: Epoch;
  #endOffset: Offset;
  #stableEnd: Offset;
  /** Ascending in both. */
  #epochs: EpochStart[];
  #snapshots: SnapshotId[];
  /** Ascending; the first is what counts before any record of the log. */
  #voters: { readonly offset: number; readonly set: VoterSet }[];

  constructor(shape: LogShape, initialVoters: readonly Voter[]) {
    this.#startOffset = shape.startOffset;
    this.#endOffset = shape.endOffset;
    this.#stableEnd = shape.endOffset; // What a start finds is on disk: the storage has seen to it.
    this.#epochs = [...shape.epochs];
    this.#snapshots = [...shape.snapshots];
    this.#voters = shape.voters.map(({ offset, voters }) => ({ offset, set: new VoterSet(voters) }));
    const hasFirst = this.#voters[0] !== undefined && this.#voters[0].offset < shape.startOffset;
    if (!hasFirst) this.#voters.unshift({ offset: -1, set: new VoterSet(initialVoters) });
    const first = this.#snapshots[0];
    const isAligned = shape.startOffset === 0 || first?.endOffset === shape.startOffset;
    invariant(isAligned, 'a snapshot stands at the start of the log (C20)');
    this.#startEpoch = shape.startOffset === 0 ? NO_EPOCH : (first?.epoch ?? NO_EPOCH);
    invariant(shape.startOffset <= shape.endOffset, 'a log begins before it ends');
  }

  get startOffset(): Offset {
    return this.#startOffset;
  }

  get endOffset(): Offset {
    return this.#endOffset;
  }

  /** All before it is on disk. */
  get stableEnd(): Offset {
    return this.#stableEnd;
  }

  get snapshots(): readonly SnapshotId[] {
    return this.#snapshots;
  }

  /** Of the last record; 0 when there never was one. */
  get lastEpoch(): Epoch {
    return this.#epochs.at(-1)?.epoch ?? this.#startEpoch;
  }

  /** The newest, committed or not (C12). */
  get voters(): VoterSet {
    return this.#voters.at(-1)!.set;
  }

  /** Those before the newest, when the log still says. */
  get earlierVoters(): VoterSet | undefined {
    return this.#voters.at(-2)?.set;
  }

  /** Of the record that made the newest; -1 or the like when it was not one of this log. */
  get votersOffset(): number {
    return this.#voters.at(-1)!.offset;
  }

  /** As of all records before `endOffset` (C14). */
  votersAt(endOffset: Offset): VoterSet {
    const found = this.#voters.findLast(({ offset }) => offset < endOffset);
    invariant(found !== undefined, 'the voters are known from the start of the log on');
    return found.set;
  }

  /** Of the record at this offset, which is in the log or the last of its first snapshot. */
  epochAt(offset: number): Epoch {
    const found = this.#epochs.findLast(({ startOffset }) => startOffset <= offset);
    return found?.epoch ?? this.#startEpoch;
  }

  snapshotIdAt(endOffset: Offset): SnapshotId {
    invariant(endOffset > 0 && endOffset <= this.#endOffset, 'a snapshot ends behind a record');
    return { endOffset, epoch: this.epochAt(endOffset - 1) };
  }

  /** The largest epoch up to `epoch` that the log knows, and where it ends (KIP-101, KIP-279). */
  endOffsetFor(epoch: Epoch): { readonly epoch: Epoch; readonly endOffset: Offset } {
    const at = this.#epochs.findLastIndex((known) => known.epoch <= epoch);
    if (at < 0) return { epoch: this.#startEpoch, endOffset: this.#startOffset };
    return { epoch: this.#epochs[at]!.epoch, endOffset: this.#epochs[at + 1]?.startOffset ?? this.#endOffset };
  }

  /** Whether a log that ends at `endOffset` with a record of `lastEpoch` is a beginning of this one. */
  fit(endOffset: Offset, lastEpoch: Epoch): Fit {
    if (this.#startOffset === 0 && endOffset === 0 && lastEpoch === 0) return { kind: 'fits' };
    if (this.#startOffset > 0) {
      const isBehind = endOffset < this.#startOffset || lastEpoch < this.#startEpoch;
      const isOther = endOffset === this.#startOffset && lastEpoch !== this.#startEpoch;
      if (isBehind || isOther) return { kind: 'snapshot', id: this.#snapshots.at(-1)! };
    }
    const known = this.endOffsetFor(lastEpoch);
    if (known.epoch !== lastEpoch || known.endOffset < endOffset) return { kind: 'diverges', ...known };
    return { kind: 'fits' };
  }

  /** Whether a log that ends so has at least what this one has: the rule of votes. */
  isUpToDate(endOffset: Offset, lastEpoch: Epoch): boolean {
    return lastEpoch > this.lastEpoch || (lastEpoch === this.lastEpoch && endOffset >= this.#endOffset);
  }

  append(batch: LogBatch): void {
    invariant(batch.baseOffset === this.#endOffset, 'a batch begins where the log ends');
    invariant(batch.count > 0, 'a batch has records');
    invariant(batch.epoch >= this.lastEpoch, 'epochs of a log never go back');
    if (batch.epoch > (this.#epochs.at(-1)?.epoch ?? -1)) {
      this.#epochs.push({ epoch: batch.epoch, startOffset: batch.baseOffset });
    }
    if (batch.control?.kind === 'voters') {
      this.#voters.push({ offset: batch.baseOffset, set: new VoterSet(batch.control.voters) });
    }
    this.#endOffset = endOf(batch);
  }

  /** What is behind goes, and the voters become again who they were (C14). */
  truncateTo(endOffset: Offset): void {
    invariant(endOffset >= this.#startOffset, 'nothing below the start is cut off');
    this.#endOffset = endOffset;
    if (this.#stableEnd > endOffset) this.#stableEnd = endOffset;
    this.#epochs = this.#epochs.filter(({ startOffset }) => startOffset < endOffset);
    this.#voters = this.#voters.filter(({ offset }, at) => at === 0 || offset < endOffset);
  }

  /** What must be on disk for the whole log to be there; undefined when it is. */
  mark(epoch: Epoch): StableMark | undefined {
    if (this.#stableEnd === this.#endOffset) return undefined;
    return { endOffset: this.#endOffset, lastEpoch: this.epochAt(this.#endOffset - 1), epoch };
  }

  /**
   * Takes a mark for done; false when it speaks of a log that is no more. Offset and epoch of the record do not
   * suffice: a record may have been cut off and have come back (C6).
   */
  confirm(mark: StableMark, epoch: Epoch): boolean {
    if (mark.epoch !== epoch || mark.endOffset > this.#endOffset || mark.endOffset <= this.#stableEnd) return false;
    if (this.epochAt(mark.endOffset - 1) !== mark.lastEpoch) return false;
    this.#stableEnd = mark.endOffset;
    return true;
  }

  /** Takes in a new snapshot, and begins at the one before it: who lags a little needs none. Tells the start, if it moves. */
  addSnapshot(id: SnapshotId): SnapshotId | undefined {
    const last = this.#snapshots.at(-1);
    if (last !== undefined && id.endOffset <= last.endOffset) return undefined;
    invariant(id.epoch === this.epochAt(id.endOffset - 1), 'a snapshot is of this log');
    this.#snapshots.push(id);
    return last === undefined ? undefined : this.#startAt(last);
  }

  /** Begins anew with a snapshot that came from the leader. */
  reset(id: SnapshotId, voters: readonly Voter[]): void {
    this.#startOffset = id.endOffset;
    this.#startEpoch = id.epoch;
    this.#endOffset = id.endOffset;
    this.#stableEnd = id.endOffset;
    this.#epochs = [];
    this.#snapshots = [id];
    this.#voters = [{ offset: id.endOffset - 1, set: new VoterSet(voters) }];
  }

  #startAt(id: SnapshotId): SnapshotId | undefined {
    if (id.endOffset <= this.#startOffset) return undefined;
    const voters = this.votersAt(id.endOffset);
    const later = this.#voters.filter(({ offset }) => offset >= id.endOffset);
    this.#voters = [{ offset: id.endOffset - 1, set: voters }, ...later];
    this.#startOffset = id.endOffset;
    this.#startEpoch = id.epoch;
    this.#snapshots = this.#snapshots.filter(({ endOffset }) => endOffset >= id.endOffset);
    const inForce = this.#epochs.findLast(({ startOffset }) => startOffset <= id.endOffset);
    const epochs = this.#epochs.filter(({ startOffset }) => startOffset > id.endOffset);
    if (inForce !== undefined && id.endOffset < this.#endOffset) {
      epochs.unshift({ epoch: inForce.epoch, startOffset: id.endOffset });
    }
    this.#epochs = epochs;
    return id;
  }
}
