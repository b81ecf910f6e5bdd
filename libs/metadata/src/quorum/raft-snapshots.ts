import { ApiError, epoch, invariant, offset, type Crc32c, type Disk, type DiskFile } from '@trunkline/kernel';
import { TEMPORARY, readWhole, replaceFile } from '@trunkline/log';
import type { SnapshotId, SnapshotPiece, Voter } from '@trunkline/raft';
import { batchesIn, controlTypeOf } from '@trunkline/records';
import { snapshotName } from '../metadata-files.js';
import type { MetadataRecord } from '../records.js';
import { decodeSnapshot } from '../snapshot.js';
import { votersOf } from './control-batches.js';

/** A snapshot that is whole and sound. */
export interface SoundSnapshot {
  readonly voters: readonly Voter[];
  readonly records: readonly MetadataRecord[];
}

const NAME = /^(\d{20})-(\d{10})\.checkpoint$/;

/** Snapshots of the metadata in a directory, and the one that is being fetched. */
export class RaftSnapshots {
  #ids: SnapshotId[] = [];
  #fetched: { readonly id: SnapshotId; readonly file: DiskFile; sizeBytes: number } | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly dir: string,
    private readonly crc32c: Crc32c,
  ) {}

  /** Ascending. */
  get ids(): readonly SnapshotId[] {
    return this.#ids;
  }

  async open(): Promise<void> {
    const found = (await this.disk.list(this.dir)).flatMap((name) => {
      const [, end, of] = NAME.exec(name) ?? [];
      return end === undefined || of === undefined
        ? []
        : [{ endOffset: offset(Number(end)), epoch: epoch(Number(of)) }];
    });
    this.#ids = found.toSorted((left, right) => left.endOffset - right.endOffset);
  }

  /** Reads one that is there. Throws CORRUPT_MESSAGE when it is not whole and sound from end to end (C21). */
  async load(id: SnapshotId): Promise<SoundSnapshot> {
    return decode(await readWhole(this.disk, this.#path(id)), this.crc32c);
  }

  /** Durable when it resolves. */
  async write(id: SnapshotId, bytes: Uint8Array): Promise<void> {
    await replaceFile(this.disk, this.dir, snapshotName(id.endOffset, id.epoch), bytes);
    this.#ids.push(id);
  }

  /** A piece of one; undefined when it is not there, or ends before. */
  async read(id: SnapshotId, position: number, bytesMax: number): Promise<SnapshotPiece | undefined> {
    if (!this.#ids.some((known) => isSame(known, id))) return undefined;
    const file = await this.disk.open(this.#path(id));
    try {
      const size = await file.size();
      return position > size
        ? undefined
        : { size, bytes: await file.read(position, Math.min(bytesMax, size - position)) };
    } finally {
      await file.close();
    }
  }

  /** Adds to the one that is being fetched; position 0 begins it. */
  async writeChunk(id: SnapshotId, position: number, bytes: Uint8Array): Promise<void> {
    if (position === 0) {
      await this.#fetched?.file.close();
      const file = await this.disk.open(this.#path(id) + TEMPORARY);
      await file.truncate(0);
      this.#fetched = { id, file, sizeBytes: 0 };
    }
    const fetched = this.#fetched;
    invariant(fetched !== undefined && isSame(fetched.id, id), 'a snapshot is fetched from its beginning');
    invariant(position === fetched.sizeBytes, 'pieces of a snapshot follow each other');
    await fetched.file.write(position, [bytes]);
    fetched.sizeBytes += bytes.byteLength;
  }

  /** Makes the fetched one durable; undefined, and it is gone, when it is not sound. */
  async install(id: SnapshotId): Promise<SoundSnapshot | undefined> {
    const fetched = this.#fetched;
    invariant(fetched !== undefined && isSame(fetched.id, id), 'what is installed was fetched');
    this.#fetched = undefined;
    const path = this.#path(id);
    try {
      const sound = decode(await fetched.file.read(0, fetched.sizeBytes), this.crc32c);
      await fetched.file.sync();
      await this.disk.rename(path + TEMPORARY, path);
      await this.disk.syncDir(this.dir);
      this.#ids.push(id);
      return sound;
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      await this.disk.remove(path + TEMPORARY);
      return undefined;
    } finally {
      await fetched.file.close();
    }
  }

  /** Older ones go. */
  async removeBefore(id: SnapshotId): Promise<void> {
    const gone = this.#ids.filter(({ endOffset }) => endOffset < id.endOffset);
    if (gone.length === 0) return;
    this.#ids = this.#ids.filter(({ endOffset }) => endOffset >= id.endOffset);
    for (const each of gone) await this.disk.remove(this.#path(each));
    await this.disk.syncDir(this.dir);
  }

  async close(): Promise<void> {
    await this.#fetched?.file.close();
    this.#fetched = undefined;
  }

  #path({ endOffset, epoch: of }: SnapshotId): string {
    return `${this.dir}/${snapshotName(endOffset, of)}`;
  }
}

function decode(bytes: Uint8Array, crc32c: Crc32c): SoundSnapshot {
  const records = decodeSnapshot(bytes, crc32c);
  for (const batch of batchesIn(bytes)) {
    if (controlTypeOf(batch) !== 'KRAFT_VOTERS') continue;
    const value = batch.records().next().value?.value;
    if (value !== null && value !== undefined) return { records, voters: votersOf(value) };
  }
  return { records, voters: [] };
}

const isSame = (left: SnapshotId, right: SnapshotId): boolean =>
  left.endOffset === right.endOffset && left.epoch === right.epoch;
