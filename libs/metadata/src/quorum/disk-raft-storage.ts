import {
  ApiError,
  asError,
  epoch,
  offset,
  type Clock,
  type Crc32c,
  type Disk,
  type Logger,
  type Offset,
} from '@trunkline/kernel';
import {
  INITIAL_HARD_STATE,
  type EpochStart,
  type HardState,
  type LogBatch,
  type LogShape,
  type RaftStorage,
  type SnapshotId,
  type SnapshotPiece,
  type StoredRaft,
  type Voter,
  type VotersAt,
} from '@trunkline/raft';
import { RecordBatch } from '@trunkline/records';
import { parentOf, removeUnfinished } from '../metadata-files.js';
import { controlBatch, controlOf } from './control-batches.js';
import { readHardState, writeHardState } from './hard-state-file.js';
import { LogSegments } from './log-segments.js';
import { RaftSnapshots, type SoundSnapshot } from './raft-snapshots.js';

export interface DiskRaftStorageOptions {
  readonly disk: Disk;
  /** A directory of its own; it is made when it is missing. Another process must not have it open: lock it first. */
  readonly dir: string;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
  /** There are other voters, who have what is damaged here. */
  readonly canRepair: boolean;
}

/** The disk of one replica of the metadata log: Kafka's batches in `NNN.log`, snapshots, and `quorum-state`. */
export class DiskRaftStorage implements RaftStorage {
  readonly #segments: LogSegments;
  readonly #snapshots: RaftSnapshots;
  #hardState: HardState | undefined;
  /** What `startAt` has begun. */
  #trimming: Promise<unknown> = Promise.resolve();
  #newest: { readonly id: SnapshotId; readonly content: SoundSnapshot } | undefined;

  constructor(private readonly options: DiskRaftStorageOptions) {
    this.#segments = new LogSegments({ ...options, onDamage: () => this.#markDamaged() });
    this.#snapshots = new RaftSnapshots(options.disk, options.dir, options.crc32c);
  }

  async open(): Promise<StoredRaft> {
    const { disk, dir } = this.options;
    await disk.makeDir(dir);
    await disk.syncDir(parentOf(dir)); // The directory's own name must not be lost either (C54).
    await removeUnfinished(disk, dir);
    this.#hardState = await readHardState(disk, dir);
    await this.#snapshots.open();
    await this.#loadNewest();
    await this.#segments.open(this.#hardState?.epoch);
    await this.#align();
    return { hardState: this.#hardState, log: this.#shape() };
  }

  writeHardState(state: HardState): Promise<void> {
    return writeHardState(this.options.disk, this.options.dir, state);
  }

  truncateTo(endOffset: Offset): Promise<void> {
    return this.#segments.truncateTo(endOffset);
  }

  append(batches: readonly LogBatch[]): Promise<void> {
    return this.#segments.append(batches.map((batch) => this.#stamped(batch)));
  }

  sync(): Promise<void> {
    return this.#segments.sync();
  }

  read(from: Offset, until: Offset, bytesMax: number): Promise<readonly LogBatch[]> {
    return this.#segments.read(from, until, bytesMax);
  }

  startAt(snapshot: SnapshotId): Promise<void> {
    const trimming = this.#trim(snapshot);
    this.#trimming = Promise.allSettled([this.#trimming, trimming]);
    return trimming;
  }

  readSnapshot(id: SnapshotId, position: number, bytesMax: number): Promise<SnapshotPiece | undefined> {
    return this.#snapshots.read(id, position, bytesMax);
  }

  writeSnapshotChunk(id: SnapshotId, position: number, bytes: Uint8Array): Promise<void> {
    return this.#snapshots.writeChunk(id, position, bytes);
  }

  async installSnapshot(id: SnapshotId): Promise<readonly Voter[] | undefined> {
    const content = await this.#snapshots.install(id);
    if (content === undefined) return undefined;
    this.#newest = { id, content };
    await this.#segments.clear();
    await this.#snapshots.removeBefore(id);
    return content.voters;
  }

  /** What a snapshot of this storage holds. */
  async snapshot(id: SnapshotId): Promise<SoundSnapshot> {
    const newest = this.#newest;
    if (newest?.id.endOffset !== id.endOffset) return this.#snapshots.load(id);
    this.#newest = undefined; // It was kept for this one question.
    return newest.content;
  }

  /** Keeps the state at an offset; the log goes on in a file of its own. Durable when it resolves. */
  async writeSnapshot(id: SnapshotId, bytes: Uint8Array): Promise<void> {
    await this.#snapshots.write(id, bytes);
    this.#segments.roll();
  }

  /** Bytes of the log from an offset on. */
  bytesFrom(from: number): number {
    return this.#segments.bytesFrom(from);
  }

  async close(): Promise<void> {
    await this.#trimming; // Whoever opens the directory next must not find files that go.
    await this.#snapshots.close();
    await this.#segments.close();
  }

  /** What is in memory goes at once: nobody reads it between two waits. */
  async #trim(snapshot: SnapshotId): Promise<void> {
    await this.#segments.removeBelow(snapshot.endOffset);
    await this.#snapshots.removeBefore(snapshot);
  }

  /** What the leader appends has no true offset and epoch in its bytes yet; the checksum covers neither. */
  #stamped(batch: LogBatch): LogBatch {
    const { baseOffset, epoch: of, control, bytes } = batch;
    if (control !== undefined && bytes.byteLength === 0) {
      const { clock, crc32c } = this.options;
      return { ...batch, bytes: controlBatch(control, { baseOffset, epoch: of, timestampMs: clock.nowMs(), crc32c }) };
    }
    RecordBatch.parse(bytes).assign(baseOffset, of);
    return batch;
  }

  async #loadNewest(): Promise<void> {
    const id = this.#snapshots.ids.at(-1);
    if (id === undefined) return;
    try {
      this.#newest = { id, content: await this.#snapshots.load(id) };
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      const why = `The snapshot at offset ${id.endOffset} in ${this.options.dir} is damaged: ${asError(reason).message}`;
      const advice = 'Restore the directory from a copy; or, when other voters are there, join with an empty directory';
      throw new ApiError('KAFKA_STORAGE_ERROR', `${why}. ${advice}`, { cause: reason });
    }
  }

  /**
   * The newest snapshot must lie in the log. When it does not, it came from the leader, and a crash kept the log from
   * making way for it; or the log's end was not synced yet, or damaged: all that counts is in the snapshot then.
   */
  async #align(): Promise<void> {
    const first = this.#segments.firstOffset;
    if (first === undefined) return;
    const id = this.#newest?.id;
    if (first > (id?.endOffset ?? 0)) throw this.#gap(id?.endOffset ?? 0, first);
    if (id === undefined) return;
    if (this.#segments.continues(id)) await this.startAt(id);
    else await this.#segments.clear();
  }

  async #markDamaged(): Promise<void> {
    this.#hardState = { ...(this.#hardState ?? INITIAL_HARD_STATE), needsRepair: true };
    await this.writeHardState(this.#hardState);
  }

  #shape(): LogShape {
    const newest = this.#newest;
    const startOffset = newest?.id.endOffset ?? 0;
    const epochs: EpochStart[] = [];
    const voters: VotersAt[] = [];
    if (newest !== undefined && newest.content.voters.length > 0) {
      voters.push({ offset: offset(startOffset - 1), voters: newest.content.voters });
    }
    for (const { baseOffset, epoch: of, control } of this.#segments.batches) {
      if (baseOffset < startOffset) continue;
      if (epochs.at(-1)?.epoch !== of) epochs.push({ epoch: epoch(of), startOffset: offset(baseOffset) });
      if (control?.kind === 'voters') voters.push({ offset: offset(baseOffset), voters: control.voters });
    }
    const endOffset = Math.max(startOffset, this.#segments.endOffset);
    return {
      startOffset: offset(startOffset),
      endOffset: offset(endOffset),
      epochs,
      snapshots: newest === undefined ? [] : [newest.id],
      voters,
    };
  }

  #gap(end: number, first: number): ApiError {
    const why = `${this.options.dir}: the log from offset ${end} to ${first} is missing`;
    return new ApiError('KAFKA_STORAGE_ERROR', `${why}. Restore it from a copy, or join with an empty directory`);
  }
}

/** What a batch that came from another node holds: raft's own view of it. Throws CORRUPT_MESSAGE. */
export function logBatchOf(batch: RecordBatch, crc32c: Crc32c): LogBatch {
  if (!batch.checksumHolds(crc32c)) {
    throw new ApiError('CORRUPT_MESSAGE', `the checksum of the batch at offset ${batch.baseOffset} does not hold`);
  }
  const control = controlOf(batch);
  return {
    baseOffset: batch.baseOffset,
    epoch: batch.leaderEpoch,
    count: batch.recordCount,
    bytes: batch.bytes,
    ...(control !== undefined && { control }),
  };
}
