import {
  ApiError,
  asError,
  invariant,
  offset,
  type Clock,
  type Crc32c,
  type Disk,
  type DiskFile,
  type Logger,
  type Offset,
} from '@trunkline/kernel';
import { readWhole, replaceFile } from '@trunkline/log';
import { buildBatch } from '@trunkline/records';
import {
  inventory,
  logName,
  parentOf,
  readCleanEnd,
  removeCleanEnd,
  removeUnfinished,
  snapshotName,
  writeCleanEnd,
  type Inventory,
} from './metadata-files.js';
import type { MetadataLog, MetadataSink } from './metadata-log.js';
import { encodeRecord } from './record-codec.js';
import type { MetadataRecord } from './records.js';
import { scanLog, type Scanned } from './scan.js';
import { decodeSnapshot, encodeSnapshot, recordsIn } from './snapshot.js';

export interface DiskMetadataLogOptions {
  readonly disk: Disk;
  /** A directory of its own; it is made when it is missing. Another process must not have it open: lock it first. */
  readonly dir: string;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
}

/**
 * The metadata log of a cluster with one voter: record batches in a file, each synced before it counts.
 *
 * Only one batch is ever on its way to the disk, so after a crash only the last one can be torn: that is cut off,
 * nobody was answered for it. Anything else that does not fit is damage, and the log refuses to open (C20, C57).
 * A failed write or sync ends the log until the next start; it is never tried again (C56, C72).
 */
export class DiskMetadataLog implements MetadataLog {
  readonly isReplicated = false;
  #file: DiskFile | undefined;
  #sink: MetadataSink | undefined;
  #baseOffset = 0;
  #endOffset = 0;
  #endByte = 0;
  #bytesSinceSnapshot = 0;
  #failed: ApiError | undefined;

  constructor(private readonly options: DiskMetadataLogOptions) {}

  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot;
  }

  /** Next to be written. */
  get endOffset(): Offset {
    return offset(this.#endOffset);
  }

  async open(sink: MetadataSink): Promise<void> {
    const { disk, dir } = this.options;
    this.#sink = sink;
    await disk.makeDir(dir);
    await disk.syncDir(parentOf(dir)); // The directory's own name must not be lost either (C54).
    await removeUnfinished(disk, dir);
    const found = await inventory(disk, dir);
    const restoredTo = await this.#restore(found, sink);
    const isNew = found.logs.length === 0 && restoredTo === 0;
    const base = isNew ? 0 : found.logs.findLast((logBase) => logBase <= restoredTo);
    if (base === undefined || found.logs.some((logBase) => logBase > restoredTo)) throw this.#gap(restoredTo, found);
    this.#baseOffset = base;
    this.#file = await disk.open(`${dir}/${logName(base)}`);
    if (isNew) await disk.syncDir(dir);
    await this.#replay(restoredTo, found.clean);
    if (found.clean) await removeCleanEnd(disk, dir);
    await this.#removeBelow(base, restoredTo);
  }

  async append(records: readonly MetadataRecord[]): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    const { crc32c, clock } = this.options;
    const { file, sink } = this.#opened;
    const timestampMs = clock.nowMs();
    const bytes = buildBatch(
      records.map((record) => ({ value: encodeRecord(record), timestampMs })),
      { crc32c, baseOffset: this.#endOffset, leaderEpoch: 0 },
    );
    try {
      await file.write(this.#endByte, [bytes]);
      await file.sync();
    } catch (reason) {
      throw this.#fail(reason);
    }
    this.#endOffset += records.length;
    this.#endByte += bytes.byteLength;
    this.#bytesSinceSnapshot += bytes.byteLength;
    await sink.committed(records, this.endOffset);
  }

  async writeSnapshot(records: Iterable<MetadataRecord>): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    const { disk, dir, clock, crc32c } = this.options;
    const { file } = this.#opened;
    try {
      await replaceFile(disk, dir, snapshotName(this.#endOffset), encodeSnapshot(records, clock.nowMs(), crc32c));
      if (this.#baseOffset < this.#endOffset) {
        this.#file = await disk.open(`${dir}/${logName(this.#endOffset)}`);
        await disk.syncDir(dir);
        await file.close();
        this.#baseOffset = this.#endOffset;
        this.#endByte = 0;
      }
      this.#bytesSinceSnapshot = 0;
      await this.#removeBelow(this.#baseOffset, this.#endOffset);
    } catch (reason) {
      throw this.#fail(reason);
    }
  }

  /** Leaves a note where the log ends, so that the next start can tell a torn end from a damaged one. */
  async close(): Promise<void> {
    const { disk, dir } = this.options;
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    if (this.#failed === undefined) {
      this.#failed = new ApiError('KAFKA_STORAGE_ERROR', 'The metadata log is closed');
      const end = { baseOffset: this.#baseOffset, endOffset: this.#endOffset, endByte: this.#endByte };
      await writeCleanEnd(disk, dir, end);
    }
    await file.close();
  }

  get #opened(): { readonly file: DiskFile; readonly sink: MetadataSink } {
    invariant(this.#file !== undefined && this.#sink !== undefined, 'the metadata log was opened');
    return { file: this.#file, sink: this.#sink };
  }

  #fail(reason: unknown): ApiError {
    const { dir, logger } = this.options;
    const why = `The metadata log in ${dir} takes no more until the broker starts again: ${asError(reason).message}`;
    this.#failed ??= new ApiError('KAFKA_STORAGE_ERROR', why, { cause: reason });
    logger.error('metadata cannot change any more', { dir, reason: asError(reason).message });
    return this.#failed;
  }

  async #restore({ snapshots }: Inventory, sink: MetadataSink): Promise<number> {
    const at = snapshots.at(-1);
    if (at === undefined) return 0;
    const path = `${this.options.dir}/${snapshotName(at)}`;
    const records = await this.#orDamaged(path, async () =>
      decodeSnapshot(await readWhole(this.options.disk, path), this.options.crc32c),
    );
    await sink.restored(records, offset(at));
    return at;
  }

  async #replay(restoredTo: number, clean: boolean): Promise<void> {
    const { dir, crc32c } = this.options;
    const { file, sink } = this.#opened;
    const path = `${dir}/${logName(this.#baseOffset)}`;
    const bytes = await file.read(0, await file.size());
    const scanned = await this.#orDamaged(path, async () => {
      const found = scanLog(bytes, this.#baseOffset, crc32c);
      if (clean) await this.#refuseOtherEnd(found);
      if (found.endOffset >= restoredTo) return found;
      throw new ApiError(
        'CORRUPT_MESSAGE',
        `it ends at offset ${found.endOffset}, before the snapshot at ${restoredTo}`,
      );
    });
    const last = scanned.batches.at(-1);
    if (!clean && last !== undefined) await saveAgain(file, bytes, scanned.endByte - last.sizeBytes, scanned.endByte);
    for (const batch of scanned.batches) {
      if (batch.nextOffset <= restoredTo) continue;
      const records = await this.#orDamaged(path, async () => recordsIn(batch));
      await sink.committed(records, batch.nextOffset);
      this.#bytesSinceSnapshot += batch.sizeBytes;
    }
    this.#endOffset = scanned.endOffset;
    this.#endByte = scanned.endByte;
    if (scanned.endByte < bytes.byteLength) await this.#cutTorn(file, bytes.byteLength - scanned.endByte);
  }

  async #cutTorn(file: DiskFile, tornBytes: number): Promise<void> {
    const { dir, logger } = this.options;
    logger.warn('metadata log: a write that a crash interrupted is cut off', { dir, bytes: tornBytes });
    await file.truncate(this.#endByte);
    await file.sync();
  }

  /** Refuses a log that was closed in order and ends elsewhere now: nothing of it can be torn. */
  async #refuseOtherEnd({ endOffset, endByte }: Scanned): Promise<void> {
    const clean = await readCleanEnd(this.options.disk, this.options.dir);
    const same = clean.baseOffset === this.#baseOffset && clean.endOffset === endOffset && clean.endByte === endByte;
    if (same) return;
    const was = `offset ${clean.endOffset}, byte ${clean.endByte} of ${logName(clean.baseOffset)}`;
    throw new ApiError('CORRUPT_MESSAGE', `it was closed in order at ${was}, and is sound only up to byte ${endByte}`);
  }

  async #removeBelow(baseOffset: number, snapshotOffset: number): Promise<void> {
    const { disk, dir } = this.options;
    const { logs, snapshots } = await inventory(disk, dir);
    const names = [
      ...logs.filter((base) => base < baseOffset).map(logName),
      ...snapshots.filter((at) => at < snapshotOffset).map(snapshotName),
    ];
    for (const name of names) await disk.remove(`${dir}/${name}`);
    if (names.length > 0) await disk.syncDir(dir);
  }

  async #orDamaged<T>(path: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      const advice = 'Restore the directory from a copy; without it the topics of this broker are not known';
      throw new ApiError('KAFKA_STORAGE_ERROR', `${path} is damaged: ${reason.detail}. ${advice}`, { cause: reason });
    }
  }

  #gap(restoredTo: number, { logs }: Inventory): ApiError {
    const there = logs.length === 0 ? 'there is none' : `there are ${logs.map(logName).join(', ')}`;
    const why = `${this.options.dir}: the log from offset ${restoredTo} is missing (${there}). Restore it from a copy`;
    return new ApiError('KAFKA_STORAGE_ERROR', why);
  }
}

/**
 * The last batch is all that may not be on disk. It is written once more: after a sync that failed the kernel takes its
 * pages for clean, and another sync would save nothing (Rebello et al., ATC 2020).
 */
async function saveAgain(file: DiskFile, bytes: Uint8Array, from: number, until: number): Promise<void> {
  await file.write(from, [bytes.subarray(from, until)]);
  await file.sync();
}
