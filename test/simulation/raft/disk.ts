import { fromUtf8, utf8, type Offset, type Uuid } from '@trunkline/kernel';
import {
  endOf,
  type HardState,
  type LogBatch,
  type LogShape,
  type RaftStorage,
  type SnapshotId,
  type SnapshotPiece,
  type StoredRaft,
  type Voter,
} from '@trunkline/raft';
import type { SimRandom } from '@trunkline/testing';

/** State of the machine above the log, as a snapshot holds it. */
export interface MachineState {
  readonly hash: number;
  readonly batches: number;
}

interface StoredSnapshot {
  readonly id: SnapshotId;
  readonly voters: readonly Voter[];
  readonly state: MachineState;
  readonly bytes: Uint8Array;
}

interface Kept {
  readonly batch: LogBatch;
  durable: boolean;
}

/** How a disk lies, for mutants. */
export interface DiskLies {
  /** A sync says that it is done, and nothing is. */
  readonly sync?: boolean;
  /** The hard state is not written. */
  readonly hardState?: boolean;
}

/** One replica's disk: what would be there after the power went, and what is only in the page cache. */
export class RaftDisk {
  hard: HardState | undefined;
  log: Kept[] = [];
  /** What damage took though it was durable: it was there once, and majorities may have counted it. */
  damaged: LogBatch[] = [];
  startOffset = 0;
  snapshots: StoredSnapshot[] = [];
  installs = 0;
  truncations = 0;
  /** How many times longer it takes. */
  slowness = 1;
  /** Looked at by the invariants. */
  onTruncated: (batches: readonly LogBatch[]) => void = () => {};

  constructor(readonly directoryId: Uuid) {}

  get endOffset(): number {
    const last = this.log.at(-1);
    return last === undefined ? this.startOffset : endOf(last.batch);
  }

  get durableEnd(): number {
    const last = this.log.findLast(({ durable }) => durable);
    return last === undefined ? this.startOffset : endOf(last.batch);
  }

  /** Whether it holds, or held, this batch where no power cut takes it. A snapshot holds everything below its end. */
  holds(batch: LogBatch): boolean {
    if (this.snapshots.some(({ id }) => id.endOffset >= endOf(batch))) return true;
    const isIt = ({ baseOffset, epoch }: LogBatch): boolean => baseOffset === batch.baseOffset && epoch === batch.epoch;
    return this.log.some((kept) => kept.durable && isIt(kept.batch)) || this.damaged.some(isIt);
  }

  /** Power goes: of what was not synced any number of batches from the first on may be there all the same. */
  crash(dice: SimRandom): void {
    const firstLost = this.log.findIndex(({ durable }) => !durable);
    if (firstLost < 0) return;
    const kept = dice.below(this.log.length - firstLost + 1);
    this.log = this.log.slice(0, firstLost + kept);
    for (const each of this.log) each.durable = true; // Recovery syncs what it found before it says so.
  }

  /** Durable batches at the end are unreadable, and recovery cut them off: the replica needs repair (C19). */
  damage(count: number): void {
    const lost = this.log.splice(Math.max(0, this.log.length - count));
    this.damaged.push(...lost.map(({ batch }) => batch));
    if (this.hard !== undefined) this.hard = { ...this.hard, needsRepair: true };
  }

  shape(): LogShape {
    const first = this.startOffset === 0 ? undefined : this.snapshots[0];
    const epochs = this.log.filter(({ batch }, at) => batch.epoch !== this.log[at - 1]?.batch.epoch);
    return {
      startOffset: this.startOffset as Offset,
      endOffset: this.endOffset as Offset,
      epochs: epochs.map(({ batch }) => ({ epoch: batch.epoch, startOffset: batch.baseOffset })),
      snapshots: this.snapshots.map(({ id }) => id),
      voters: [
        ...(first === undefined ? [] : [{ offset: (first.id.endOffset - 1) as Offset, voters: first.voters }]),
        ...this.log.flatMap(({ batch: { control, baseOffset } }) =>
          control?.kind === 'voters' ? [{ offset: baseOffset, voters: control.voters }] : [],
        ),
      ],
    };
  }

  putSnapshot(id: SnapshotId, voters: readonly Voter[], state: MachineState): void {
    if (this.snapshots.some((known) => known.id.endOffset >= id.endOffset)) return;
    this.snapshots.push({ id, voters, state, bytes: utf8(JSON.stringify({ id, voters, state })) });
  }

  startAt(id: SnapshotId): void {
    if (id.endOffset <= this.startOffset) return;
    this.startOffset = id.endOffset;
    this.log = this.log.filter(({ batch }) => batch.baseOffset >= id.endOffset);
    this.snapshots = this.snapshots.filter((known) => known.id.endOffset >= id.endOffset);
  }

  install(bytes: Uint8Array): readonly Voter[] | undefined {
    let found: Omit<StoredSnapshot, 'bytes'>;
    try {
      found = JSON.parse(fromUtf8(bytes)) as Omit<StoredSnapshot, 'bytes'>;
    } catch {
      return undefined;
    }
    this.installs += 1;
    this.startOffset = found.id.endOffset;
    this.log = [];
    this.snapshots = [{ ...found, bytes }];
    return found.voters;
  }
}

/** Lets time pass for an act of the disk; never resolves when the process ends before. */
export type Pace = (act: string, usMax: number) => Promise<void>;

const READ_BATCHES_MAX = 20;

/** A process's way to its disk. */
export class RaftDiskStorage implements RaftStorage {
  #partial: { readonly id: SnapshotId; bytes: number[] } | undefined;

  constructor(
    private readonly disk: RaftDisk,
    private readonly pace: Pace,
    private readonly lies: DiskLies,
  ) {}

  async open(): Promise<StoredRaft> {
    await this.pace('open', 5000);
    return { hardState: this.disk.hard, log: this.disk.shape() };
  }

  async writeHardState(state: HardState): Promise<void> {
    await this.pace('hard state', 3000);
    if (this.lies.hardState !== true) this.disk.hard = state;
  }

  async truncateTo(endOffset: Offset): Promise<void> {
    await this.pace('truncate', 2000);
    const gone = this.disk.log.filter(({ batch }) => batch.baseOffset >= endOffset);
    this.disk.log = this.disk.log.filter(({ batch }) => batch.baseOffset < endOffset);
    this.disk.truncations += 1;
    this.disk.onTruncated(gone.map(({ batch }) => batch));
  }

  async append(batches: readonly LogBatch[]): Promise<void> {
    await this.pace('append', 100);
    this.disk.log.push(...batches.map((batch) => ({ batch, durable: false })));
  }

  async sync(): Promise<void> {
    const written = [...this.disk.log];
    await this.pace('sync', 4000);
    if (this.lies.sync !== true) for (const each of written) each.durable = true;
  }

  async read(from: Offset, until: Offset, bytesMax: number): Promise<readonly LogBatch[]> {
    const found: LogBatch[] = [];
    let sizeBytes = 0;
    for (const { batch } of this.disk.log) {
      if (endOf(batch) <= from) continue;
      sizeBytes += batch.bytes.byteLength;
      const isEnough = found.length > 0 && (sizeBytes > bytesMax || found.length >= READ_BATCHES_MAX);
      if (batch.baseOffset >= until || isEnough) break;
      found.push(batch);
    }
    return found;
  }

  async startAt(snapshot: SnapshotId): Promise<void> {
    await this.pace('start at', 3000);
    this.disk.startAt(snapshot);
  }

  async readSnapshot(id: SnapshotId, position: number, bytesMax: number): Promise<SnapshotPiece | undefined> {
    await this.pace('read snapshot', 1000);
    const found = this.disk.snapshots.find((known) => known.id.endOffset === id.endOffset);
    if (found === undefined || position > found.bytes.byteLength) return undefined;
    return { size: found.bytes.byteLength, bytes: found.bytes.slice(position, position + bytesMax) };
  }

  async writeSnapshotChunk(id: SnapshotId, position: number, bytes: Uint8Array): Promise<void> {
    await this.pace('snapshot chunk', 500);
    if (position === 0) this.#partial = { id, bytes: [] };
    if (this.#partial?.id.endOffset !== id.endOffset || this.#partial.bytes.length !== position) {
      throw new Error(`a piece of snapshot ${id.endOffset} at ${position} does not follow`);
    }
    this.#partial.bytes.push(...bytes);
  }

  async installSnapshot(id: SnapshotId): Promise<readonly Voter[] | undefined> {
    await this.pace('install snapshot', 5000);
    if (this.#partial?.id.endOffset !== id.endOffset) throw new Error(`snapshot ${id.endOffset} was not fetched`);
    return this.disk.install(Uint8Array.from(this.#partial.bytes));
  }

  async close(): Promise<void> {}
}
