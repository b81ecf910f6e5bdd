import {
  ApiError,
  asError,
  epoch,
  invariant,
  offset,
  type Crc32c,
  type Disk,
  type DiskFile,
  type Logger,
} from '@trunkline/kernel';
import type { ControlRecord, LogBatch, SnapshotId } from '@trunkline/raft';
import type { RecordBatch } from '@trunkline/records';
import { inventory, logName } from '../metadata-files.js';
import { scanLog, soundPrefix, type Scanned } from '../scan.js';
import { controlOf } from './control-batches.js';

interface Segment {
  readonly baseOffset: number;
  readonly file: DiskFile;
  endByte: number;
}

interface Entry {
  readonly baseOffset: number;
  readonly count: number;
  readonly epoch: number;
  readonly control: ControlRecord | undefined;
  readonly segment: Segment;
  readonly at: number;
  readonly sizeBytes: number;
  /** Newest batches stay in memory: followers ask for them within a moment. */
  bytes: Uint8Array | undefined;
}

export interface LogSegmentsOptions {
  readonly disk: Disk;
  readonly dir: string;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
  /** Other voters have what is damaged here: it is cut off and fetched again, instead of refused (P5). */
  readonly canRepair: boolean;
  /** Called before anything of a damaged log is cut off; after a crash nothing would tell that it was (C19). */
  readonly onDamage: () => Promise<void>;
}

const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/**
 * The batches of a replicated log in files: `NNN.log`, each named by its first offset, a new one after each snapshot, so
 * that what lies below can go.
 */
export class LogSegments {
  #segments: Segment[] = [];
  #entries: Entry[] = [];
  #keptBytes = 0;
  #firstKept = 0;
  #rolls = false;
  #epochMax: number | undefined;
  /** Something that had been acknowledged was damaged, and was cut off. */
  isDamaged = false;

  constructor(private readonly options: LogSegmentsOptions) {}

  /** Offset of the first batch that is there; undefined when there is none. */
  get firstOffset(): number | undefined {
    return this.#segments[0]?.baseOffset;
  }

  get endOffset(): number {
    const last = this.#entries.at(-1);
    return last === undefined ? (this.#segments.at(-1)?.baseOffset ?? 0) : last.baseOffset + last.count;
  }

  /** All batches, without their bytes. */
  get batches(): readonly Omit<Entry, 'bytes'>[] {
    return this.#entries;
  }

  /** Whether a snapshot that ends so may lie in this log: its last record is here, or the log goes on right behind it. */
  continues({ endOffset, epoch: of }: SnapshotId): boolean {
    const at = this.#entryOf(endOffset - 1);
    const last = this.#entries[at];
    if (last === undefined) return this.endOffset === endOffset;
    if (last.baseOffset >= endOffset) return last.baseOffset === endOffset && last.epoch >= of;
    return last.baseOffset + last.count === endOffset && last.epoch === of;
  }

  /** Bytes of the batches from an offset on. Asked with every batch that is committed. */
  bytesFrom(from: number): number {
    const first = this.#entries[this.#entryOf(from)];
    if (first === undefined) return 0;
    const later = this.#segments.filter(({ baseOffset }) => baseOffset > first.segment.baseOffset);
    return later.reduce((sum, { endByte }) => sum + endByte, first.segment.endByte - first.at);
  }

  /**
   * Reads what is there. What a crash cut short at the end goes. Rejects with KAFKA_STORAGE_ERROR for other damage, when
   * nobody can repair it. `epochMax`: an epoch is on disk before anything is appended in it.
   */
  async open(epochMax?: number): Promise<void> {
    const { disk, dir } = this.options;
    this.#epochMax = epochMax;
    const { logs } = await inventory(disk, dir);
    for (const [at, baseOffset] of logs.entries()) {
      if (at > 0 && baseOffset !== this.endOffset) {
        await this.#damaged(`${dir}: the log from offset ${this.endOffset} to ${baseOffset} is missing`);
      }
      if (this.isDamaged) return await this.#setAside(logs.slice(at));
      await this.#openSegment(baseOffset, at === logs.length - 1);
    }
  }

  async append(batches: readonly LogBatch[]): Promise<void> {
    const first = batches[0];
    if (first === undefined) return;
    invariant(this.#segments.length === 0 || first.baseOffset === this.endOffset, 'batches follow each other');
    if (this.#rolls || this.#segments.length === 0) await this.#roll(first.baseOffset);
    const segment = this.#segments.at(-1)!;
    const from = segment.endByte;
    await segment.file.write(from, batches.map(({ bytes }) => bytes)); // prettier-ignore
    for (const batch of batches) this.#put(batch, segment, batch.bytes);
  }

  /** All that was appended before the call. */
  async sync(): Promise<void> {
    await this.#segments.at(-1)?.file.sync();
  }

  /** Whole batches from the one that holds `from` up to `until` or `bytesMax`; at least one. */
  async read(from: number, until: number, bytesMax: number): Promise<LogBatch[]> {
    const batches: LogBatch[] = [];
    let bytes = 0;
    for (let at = this.#entryOf(from); at < this.#entries.length; at++) {
      const entry = this.#entries[at]!;
      if (entry.baseOffset >= until || (batches.length > 0 && bytes + entry.sizeBytes > bytesMax)) break;
      bytes += entry.sizeBytes;
      const content = entry.bytes ?? (await entry.segment.file.read(entry.at, entry.sizeBytes));
      batches.push({
        baseOffset: offset(entry.baseOffset),
        epoch: epoch(entry.epoch),
        count: entry.count,
        bytes: content,
        ...(entry.control !== undefined && { control: entry.control }),
      });
    }
    return batches;
  }

  /** Durable when it resolves. */
  async truncateTo(endOffset: number): Promise<void> {
    const cut = this.#entries.findIndex(({ baseOffset, count }) => baseOffset + count > endOffset);
    if (cut === -1) return;
    const { segment, at, baseOffset } = this.#entries[cut]!;
    invariant(baseOffset === endOffset, 'a log is cut between batches');
    this.#entries.length = cut;
    this.#forget();
    const gone = this.#segments.filter((each) => each.baseOffset > segment.baseOffset);
    this.#segments = this.#segments.filter((each) => each.baseOffset <= segment.baseOffset);
    segment.endByte = at;
    for (const each of gone.toReversed()) await this.#remove(each);
    await segment.file.truncate(at);
    await segment.file.sync();
  }

  /** The next batch begins a file of its own. */
  roll(): void {
    this.#rolls = this.#entries.length > 0;
  }

  /** Files whose batches all lie below go. */
  async removeBelow(startOffset: number): Promise<void> {
    const keep = this.#segments.findLastIndex(({ baseOffset }) => baseOffset <= startOffset);
    if (keep <= 0) return;
    const gone = this.#segments.splice(0, keep);
    const first = this.#segments[0]!.baseOffset;
    this.#entries = this.#entries.filter(({ baseOffset }) => baseOffset >= first);
    this.#forget();
    for (const each of gone) await this.#remove(each);
  }

  /** Everything goes, the end first: what a crash leaves can still be seen not to belong to a snapshot that came. */
  async clear(): Promise<void> {
    const gone = this.#segments.splice(0);
    this.#entries = [];
    this.#forget();
    for (const each of gone.toReversed()) await this.#remove(each);
  }

  async close(): Promise<void> {
    for (const { file } of this.#segments.splice(0)) await file.close();
  }

  async #openSegment(baseOffset: number, isLast: boolean): Promise<void> {
    const { disk, dir } = this.options;
    const path = `${dir}/${logName(baseOffset)}`;
    const file = await disk.open(path);
    const bytes = await file.read(0, await file.size());
    const segment: Segment = { baseOffset, file, endByte: 0 };
    this.#segments.push(segment);
    const { batches, endByte } = await this.#scan(bytes, baseOffset, isLast, path);
    for (const batch of batches) this.#putSound(batch, segment);
    if (endByte < bytes.byteLength) await file.truncate(endByte);
    // After a sync that failed the kernel takes its pages for clean: what is written again is what a sync saves.
    if (isLast && endByte > 0) await file.write(0, [bytes.subarray(0, endByte)]);
    if (isLast || endByte < bytes.byteLength) await file.sync();
  }

  async #scan(bytes: Uint8Array, baseOffset: number, isLast: boolean, path: string): Promise<Scanned> {
    const { crc32c } = this.options;
    try {
      const scanned = scanLog(bytes, baseOffset, crc32c, { areSeveralInFlight: true, epochMax: this.#epochMax });
      if (isLast || scanned.endByte === bytes.byteLength) return scanned;
      throw new ApiError('CORRUPT_MESSAGE', `it ends early, at byte ${scanned.endByte}, and other files follow it`);
    } catch (reason) {
      await this.#damaged(`${path} is damaged: ${asError(reason).message}`);
      return soundPrefix(bytes, baseOffset, crc32c, this.#epochMax);
    }
  }

  /** Nothing was changed yet. */
  async #damaged(why: string): Promise<void> {
    const { logger, canRepair, onDamage } = this.options;
    if (!canRepair) throw new ApiError('KAFKA_STORAGE_ERROR', why);
    logger.error(`${why}; what follows is fetched from the other voters again`);
    this.isDamaged = true;
    await onDamage();
  }

  /** Files that do not follow what is sound. */
  async #setAside(bases: readonly number[]): Promise<void> {
    const { disk, dir } = this.options;
    for (const base of bases) await disk.rename(`${dir}/${logName(base)}`, `${dir}/${logName(base)}.damaged`);
    await disk.syncDir(dir);
  }

  async #roll(baseOffset: number): Promise<void> {
    const { disk, dir } = this.options;
    await this.#segments.at(-1)?.file.sync(); // A later sync is of the new file alone.
    const file = await disk.open(`${dir}/${logName(baseOffset)}`);
    await file.truncate(0);
    await disk.syncDir(dir);
    this.#segments.push({ baseOffset, file, endByte: 0 });
    this.#rolls = false;
  }

  #putSound(batch: RecordBatch, segment: Segment): void {
    const { baseOffset, recordCount: count, leaderEpoch, bytes } = batch;
    const control = controlOf(batch);
    this.#put(
      { baseOffset, count, epoch: epoch(leaderEpoch), ...(control !== undefined && { control }) },
      segment,
      bytes,
    );
  }

  #put(batch: Omit<LogBatch, 'bytes'>, segment: Segment, bytes: Uint8Array): void {
    const { byteLength: sizeBytes } = bytes;
    const { baseOffset, count, control } = batch;
    this.#entries.push({
      baseOffset,
      count,
      epoch: batch.epoch,
      control,
      segment,
      at: segment.endByte,
      sizeBytes,
      bytes,
    });
    segment.endByte += sizeBytes;
    this.#keptBytes += sizeBytes;
    while (this.#keptBytes > KEPT_BYTES_MAX && this.#firstKept < this.#entries.length - 1) {
      const entry = this.#entries[this.#firstKept++]!;
      this.#keptBytes -= entry.bytes?.byteLength ?? 0;
      entry.bytes = undefined;
    }
  }

  /** Counts anew what is kept in memory. */
  #forget(): void {
    const first = this.#entries.findIndex(({ bytes }) => bytes !== undefined);
    this.#firstKept = first === -1 ? this.#entries.length : first;
    this.#keptBytes = this.#entries.reduce((sum, { bytes }) => sum + (bytes?.byteLength ?? 0), 0);
  }

  /** Index of the entry that holds an offset, or of the first behind it. */
  #entryOf(wanted: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { baseOffset, count } = this.#entries[middle]!;
      if (baseOffset + count > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Durable when it resolves: of several names that go together a crash may take any, and leave a gap. */
  async #remove({ baseOffset, file }: Segment): Promise<void> {
    const { disk, dir } = this.options;
    await file.close();
    await disk.remove(`${dir}/${logName(baseOffset)}`);
    await disk.syncDir(dir);
  }
}
