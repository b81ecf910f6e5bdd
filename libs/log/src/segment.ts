import { ApiError, type Crc32c, type Disk, type DiskFile, type Offset } from '@trunkline/kernel';
import { batchesIn, type RecordBatch } from '@trunkline/records';
import { readWhole, replaceFile } from './checkpoint-file.js';
import { fileName, SUFFIX } from './log-files.js';
import { OffsetIndex } from './offset-index.js';
import { TimeIndex } from './time-index.js';

const FIRST_PIECE_BYTES = 4096;
const PIECE_BYTES = 1024 * 1024;

/** One file of batches with its two indexes. The active one, the last of a log, is written; the others only read. */
export class Segment {
  /** Bytes appended, those that still wait to be written included. */
  sizeBytes = 0;
  /** Largest timestamp and the last offset of the first batch that has it; -1: no record with a timestamp. */
  maxTimestamp = -1;
  maxTimestampOffset = -1;
  /** The largest timestamp of the first batch, which `segment.ms` counts from; -1: none yet, or it has none. */
  firstTimestamp = -1;
  /** By the broker's clock, for records without timestamps. */
  createdAtMs: number;
  /** Its indexes are on disk for good: a restart need not scan it. */
  sealed = false;
  #offsets: OffsetIndex | undefined;
  #times: TimeIndex | undefined;
  #indexedUpTo = 0;
  #file: DiskFile | undefined;
  #opening: Promise<DiskFile> | undefined;
  #users = 0;
  /** Bytes whose checksums were seen to hold since this segment was opened, or that were written since. */
  #checkedFrom = 0;
  #checkedUntil = 0;
  #usedSinceRest = false;
  #closed = false;

  private constructor(
    readonly disk: Disk,
    readonly dir: string,
    readonly baseOffset: Offset,
    nowMs: number,
  ) {
    this.createdAtMs = nowMs;
  }

  /** A new, empty segment. Its file is made at once, in the background; `ready` tells how that went. */
  static create(disk: Disk, dir: string, baseOffset: Offset, nowMs: number): Segment {
    const segment = new Segment(disk, dir, baseOffset, nowMs);
    segment.resetIndexes();
    segment.#checkedUntil = Number.POSITIVE_INFINITY;
    segment.#opening = segment.#make();
    segment.#opening.catch(() => {}); // The writer waits for it and hears of the failure.
    return segment;
  }

  /** A segment that was found on disk. Its size is read, nothing else. */
  static async find(disk: Disk, dir: string, baseOffset: Offset, nowMs: number): Promise<Segment> {
    const segment = new Segment(disk, dir, baseOffset, nowMs);
    segment.sizeBytes = await (await segment.ready()).size();
    return segment;
  }

  get path(): string {
    return `${this.dir}/${fileName(this.baseOffset, SUFFIX.log)}`;
  }
  /** The open file, for writes in this very turn; undefined while it is being made. */
  get openFile(): DiskFile | undefined {
    return this.#file;
  }
  get indexBytes(): number {
    return Math.max(this.#offsets?.sizeBytes ?? 0, this.#times?.sizeBytes ?? 0);
  }

  /** Starts both indexes anew, for a scan from the first byte. */
  resetIndexes(): void {
    this.#offsets = new OffsetIndex(this.baseOffset);
    this.#times = new TimeIndex(this.baseOffset);
    this.#indexedUpTo = 0;
    this.maxTimestamp = -1;
    this.maxTimestampOffset = -1;
    this.firstTimestamp = -1;
  }

  ready(): Promise<DiskFile> {
    if (this.#closed) return Promise.reject(removed(this.path));
    if (this.#file !== undefined) return Promise.resolve(this.#file);
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** Takes note of a batch that stands, or will stand, at `position`. */
  note(batch: RecordBatch, position: number, indexIntervalBytes: number): void {
    const { maxTimestamp, lastOffset, sizeBytes } = batch;
    if (position === 0) this.firstTimestamp = maxTimestamp;
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp;
      this.maxTimestampOffset = lastOffset;
    }
    if (position - this.#indexedUpTo >= indexIntervalBytes) {
      this.#offsets!.append(batch.baseOffset, position);
      this.#times!.append(this.maxTimestamp, this.maxTimestampOffset);
      this.#indexedUpTo = position + sizeBytes;
    }
  }

  async offsets(): Promise<OffsetIndex> {
    this.#offsets ??= OffsetIndex.decode(
      this.baseOffset,
      await readWhole(this.disk, `${this.dir}/${fileName(this.baseOffset, SUFFIX.offsets)}`),
      this.sizeBytes,
    );
    if (this.#offsets === undefined)
      throw new ApiError('KAFKA_STORAGE_ERROR', `the offset index of ${this.path} is broken`);
    return this.#offsets;
  }

  async times(): Promise<TimeIndex> {
    this.#times ??= TimeIndex.decode(
      this.baseOffset,
      await readWhole(this.disk, `${this.dir}/${fileName(this.baseOffset, SUFFIX.times)}`),
    );
    if (this.#times === undefined)
      throw new ApiError('KAFKA_STORAGE_ERROR', `the time index of ${this.path} is broken`);
    return this.#times;
  }

  /** Loads what the indexes on disk say, so that no scan is needed. False: they are missing or cannot be right. */
  async loadIndexes(names: ReadonlySet<string>): Promise<boolean> {
    const wanted = [fileName(this.baseOffset, SUFFIX.offsets), fileName(this.baseOffset, SUFFIX.times)];
    if (!wanted.every((name) => names.has(name))) return false;
    try {
      await this.offsets();
      const last = (await this.times()).last;
      this.maxTimestamp = last?.timestampMs ?? -1;
      this.maxTimestampOffset = last?.offset ?? -1;
      return true;
    } catch (reason) {
      if (reason instanceof ApiError) return false;
      throw reason;
    }
  }

  /**
   * Where the offsets end: walks from the last entry of the index to the end of the file. undefined: index and file do
   * not fit together, or a checksum does not hold.
   */
  async endByIndex(crc32c: Crc32c): Promise<Offset | undefined> {
    const last = (await this.offsets()).last ?? { offset: this.baseOffset, position: 0 };
    let next: number = last.offset;
    let end = last.position;
    try {
      for await (const { batch, position } of this.batches(last.position, this.sizeBytes, PIECE_BYTES)) {
        const fits = end > last.position || last.position === 0 ? batch.baseOffset >= next : batch.baseOffset === next;
        if (!fits || !batch.checksumHolds(crc32c)) return undefined;
        next = batch.nextOffset;
        end = position + batch.sizeBytes;
      }
    } catch (reason) {
      if (reason instanceof ApiError) return undefined;
      throw reason;
    }
    if (end !== this.sizeBytes) return undefined;
    this.noteChecked(last.position, end);
    return next as Offset;
  }

  /** Takes up appending, after the indexes were loaded and `endByIndex` found the end. */
  async resume(): Promise<void> {
    this.#indexedUpTo = this.sizeBytes;
    this.#checkedUntil = Number.POSITIVE_INFINITY; // What is appended was checked on its way.
    for await (const { batch } of this.batches(0, this.sizeBytes, FIRST_PIECE_BYTES)) {
      this.firstTimestamp = batch.maxTimestamp;
      return;
    }
  }

  /** Whether all checksums between two positions were seen to hold in this life of the log. */
  isChecked(from: number, until: number): boolean {
    return from >= this.#checkedFrom && until <= this.#checkedUntil;
  }

  noteChecked(from: number, until: number): void {
    const apart = from > this.#checkedUntil || until < this.#checkedFrom;
    this.#checkedFrom = apart ? from : Math.min(from, this.#checkedFrom);
    this.#checkedUntil = apart ? until : Math.max(until, this.#checkedUntil);
  }

  /** Gives back the memory of the indexes of a sealed segment; they are read again when they are needed. */
  unloadIndexes(): void {
    if (!this.sealed) return;
    this.#offsets = undefined;
    this.#times = undefined;
  }

  /** Lets a sealed segment that nobody has used since the last call give back memory and file handle. */
  async rest(): Promise<void> {
    const idle = !this.#usedSinceRest && this.#users === 0;
    this.#usedSinceRest = false;
    if (!this.sealed || !idle) return;
    this.unloadIndexes();
    await this.#closeFile();
  }

  /** Writes both indexes. The caller has synced the content, and syncs the directory. */
  async writeIndexes(): Promise<void> {
    this.#times!.append(this.maxTimestamp, this.maxTimestampOffset);
    const { disk, dir, baseOffset } = this;
    await replaceFile(disk, dir, fileName(baseOffset, SUFFIX.offsets), this.#offsets!.encode(), false);
    await replaceFile(disk, dir, fileName(baseOffset, SUFFIX.times), this.#times!.encode(), false);
  }

  /** Bytes from `position`, fewer only where the file ends. */
  readAt(position: number, length: number): Promise<Uint8Array> {
    return this.#using((file) => file.read(position, length));
  }

  /** Walks the batches between two positions, in pieces of memory. Positions must be those of batches. */
  async *batches(
    from: number,
    until: number,
    pieceBytes: number,
  ): AsyncGenerator<{ batch: RecordBatch; position: number }> {
    let position = from;
    let length = pieceBytes;
    while (position < until) {
      const bytes = await this.readAt(position, Math.min(length, until - position));
      const start = position;
      for (const batch of batchesIn(bytes)) {
        yield { batch, position };
        position += batch.sizeBytes;
      }
      if (position === start) {
        if (bytes.byteLength === until - position) return; // The rest is no whole batch.
        length *= 4;
      } else length = pieceBytes;
    }
  }

  /** Makes its content durable; nothing to do when it was removed meanwhile. */
  async sync(): Promise<void> {
    if (!this.#closed) await this.#using((file) => file.sync());
  }

  /**
   * Brings what a former life wrote from `position` on to the disk. It is written once more: after a sync that failed
   * the kernel takes such pages for clean, and another sync would save nothing (Rebello et al., ATC 2020).
   */
  async save(position: number): Promise<void> {
    const file = await this.ready();
    for (let at = position; at < this.sizeBytes; at += PIECE_BYTES) {
      await file.write(at, [await file.read(at, Math.min(PIECE_BYTES, this.sizeBytes - at))]);
    }
    await file.sync();
  }

  /** Cuts the file, and for good: what is appended next must not lie beside bytes of a former life. */
  async truncate(position: number): Promise<void> {
    const file = await this.ready();
    await file.truncate(position);
    await file.sync();
    this.sizeBytes = position;
    this.#indexedUpTo = Math.min(this.#indexedUpTo, position);
  }

  /** Closes the file once nobody uses it any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#users === 0) await this.#closeFile();
  }

  async #using<T>(work: (file: DiskFile) => Promise<T>): Promise<T> {
    this.#users += 1;
    this.#usedSinceRest = true;
    try {
      return await work(await this.ready());
    } finally {
      this.#users -= 1;
      if (this.#closed && this.#users === 0) await this.#closeFile();
    }
  }

  async #closeFile(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#file = undefined;
    const file = await opening?.catch(() => undefined);
    await file?.close();
  }

  async #open(): Promise<DiskFile> {
    this.#file = await this.disk.open(this.path);
    return this.#file;
  }

  async #make(): Promise<DiskFile> {
    const file = await this.disk.open(this.path);
    await file.truncate(0);
    await this.disk.syncDir(this.dir);
    this.#file = file;
    return file;
  }
}

function removed(path: string): ApiError {
  return new ApiError('OFFSET_OUT_OF_RANGE', `${path} was removed`);
}
