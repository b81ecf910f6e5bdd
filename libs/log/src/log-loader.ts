import { ApiError, fromUtf8, type Offset, offset, utf8 } from '@trunkline/kernel';
import { checkpointNumber, parseCheckpoint, readWhole, replaceFile } from './checkpoint-file.js';
import { EpochCache } from './epoch-cache.js';
import {
  EPOCH_FILE,
  fileName,
  IDENTITY_FILE,
  offsetOfName,
  RECOVERY_FILE,
  START_FILE,
  SUFFIX,
  TEMPORARY,
} from './log-files.js';
import type { LogIdentity, LogOptions } from './log-options.js';
import { loadSnapshot, restoreProducers } from './producer-restore.js';
import { encodeSnapshot } from './producer-snapshot.js';
import { ProducerState } from './producer-state.js';
import { corruptLog, isTorn, type Scan, scanSegment } from './recovery.js';
import { Segment } from './segment.js';

/** A log as it was found on disk, whole and consistent. */
export interface LoadedLog {
  readonly segments: Segment[];
  readonly epochs: EpochCache;
  readonly producers: ProducerState;
  readonly startOffset: Offset;
  readonly endOffset: Offset;
  readonly recoveryPoint: Offset;
}

/** Opens a directory, or makes it, and repairs what a crash may leave: see the README, "How a log comes back". */
export async function loadLog(options: LogOptions): Promise<LoadedLog> {
  return new Loader(options).load();
}

class Loader {
  readonly #dir: string;
  #names: Set<string> = new Set();
  #epochs = new EpochCache();
  #producers = new ProducerState();
  #startOffset: number;
  #recoveryPoint = 0;

  constructor(private readonly options: LogOptions) {
    this.#dir = options.dir;
    this.#startOffset = options.startOffset ?? 0;
  }

  async load(): Promise<LoadedLog> {
    await this.#openDir();
    await this.#readCheckpoints();
    const segments = await this.#findSegments();
    const endOffset = segments.length === 0 ? await this.#begin(segments) : await this.#restore(segments);
    if (endOffset < this.#startOffset) {
      // Everything was deleted by request and the tail behind it was torn, or a follower began anew: go on at the start.
      for (const segment of segments.splice(0)) await this.#remove(segment);
      await this.#begin(segments);
      this.#producers.clear();
      await this.#writeSnapshot(this.#startOffset);
      if (this.#epochs.clear()) await this.#writeEpochs();
    }
    const end = offset(Math.max(endOffset, this.#startOffset));
    if (this.#epochs.truncateEnd(offset(end + 1))) await this.#writeEpochs();
    const startOffset = offset(Math.max(this.#startOffset, segments[0]!.baseOffset));
    this.#epochs.truncateStart(startOffset);
    return {
      segments,
      epochs: this.#epochs,
      producers: this.#producers,
      startOffset,
      endOffset: end,
      recoveryPoint: offset(this.#recoveryPoint),
    };
  }

  async #openDir(): Promise<void> {
    const { disk, identity } = this.options;
    await disk.makeDir(this.#dir);
    this.#names = new Set(await disk.list(this.#dir));
    for (const name of this.#names) {
      if (!name.endsWith(TEMPORARY)) continue;
      await disk.remove(`${this.#dir}/${name}`);
      this.#names.delete(name);
    }
    if (this.#names.has(IDENTITY_FILE)) await this.#checkIdentity();
    else if (this.#names.size === 0) {
      await replaceFile(disk, this.#dir, IDENTITY_FILE, formatIdentity(identity));
      await disk.syncDir(parentOf(this.#dir));
    } else throw foreign(this.#dir, `it holds files, and no ${IDENTITY_FILE} that says of which topic`);
  }

  async #checkIdentity(): Promise<void> {
    const { topicId } = this.options.identity;
    const found = parseIdentity(await this.#read(IDENTITY_FILE), `${this.#dir}/${IDENTITY_FILE}`);
    if (found !== topicId) throw foreign(this.#dir, `it holds topic id ${found}, and ${topicId} was expected`);
  }

  async #readCheckpoints(): Promise<void> {
    this.#startOffset = await this.#readNumber(START_FILE, this.#startOffset);
    this.#recoveryPoint = await this.#readNumber(RECOVERY_FILE, 0);
    if (!this.#names.has(EPOCH_FILE)) return;
    this.#epochs = EpochCache.decode(await this.#read(EPOCH_FILE), `${this.#dir}/${EPOCH_FILE}`);
  }

  async #readNumber(name: string, missing: number): Promise<number> {
    if (!this.#names.has(name)) return missing;
    const path = `${this.#dir}/${name}`;
    return checkpointNumber(parseCheckpoint(await this.#read(name), path)[0], path);
  }

  /** Opens the segments, oldest first. What lies before the log's start goes now: a crash was quicker. */
  async #findSegments(): Promise<Segment[]> {
    const bases: Offset[] = [];
    for (const name of this.#names) {
      const base = offsetOfName(name, SUFFIX.log);
      if (base !== undefined) bases.push(base);
    }
    bases.sort((left, right) => left - right);
    const first = this.#firstNeeded(bases);
    const segments: Segment[] = [];
    for (const base of bases) {
      const segment = await Segment.find(this.options.disk, this.#dir, base, this.options.clock.nowMs());
      if (base < first) await this.#remove(segment);
      else segments.push(segment);
    }
    return segments;
  }

  /**
   * The last segment that begins at or before the start, and has the producers' state before it in a snapshot. Without
   * that the older ones are still needed; and then nobody has begun to remove them.
   */
  #firstNeeded(bases: readonly Offset[]): number {
    const found = bases.findLast(
      (base) => base <= this.#startOffset && this.#names.has(fileName(base, SUFFIX.producers)),
    );
    return found ?? bases[0] ?? 0;
  }

  async #begin(segments: Segment[]): Promise<number> {
    const start = offset(this.#startOffset);
    if (this.#recoveryPoint > start) {
      throw foreign(this.#dir, `offsets up to ${this.#recoveryPoint} were on disk for good, and no segment is there`);
    }
    const segment = Segment.create(this.options.disk, this.#dir, start, this.options.clock.nowMs());
    await segment.ready();
    segments.push(segment);
    return start;
  }

  async #restore(segments: Segment[]): Promise<number> {
    const first = await this.#loadSealed(segments);
    const tail =
      this.options.clean && first === segments.length - 1 ? await this.#loadCleanTail(segments[first]!) : undefined;
    const end = tail ?? (await this.#recover(segments, first));
    if (end < this.#recoveryPoint) {
      const last = segments.at(-1)!;
      throw corruptLog(
        last,
        last.sizeBytes,
        end,
        `the log ends here, and offsets up to ${this.#recoveryPoint} were on disk for good`,
      );
    }
    return end;
  }

  /**
   * Takes over segments below the recovery point by their indexes, once they were seen to lead to the next segment.
   * Returns the first one that must be scanned.
   */
  async #loadSealed(segments: readonly Segment[]): Promise<number> {
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1];
      if (next === undefined || next.baseOffset > this.#recoveryPoint) return index;
      const end = (await segment.loadIndexes(this.#names)) ? await segment.endByIndex(this.options.crc32c) : undefined;
      if (end === undefined || !this.#leadsTo(end, next.baseOffset)) await this.#rescanSealed(segment, next.baseOffset);
      segment.sealed = true;
      await segment.rest();
      await segment.rest();
    }
    return segments.length - 1;
  }

  async #rescanSealed(segment: Segment, nextBase: Offset): Promise<void> {
    const scan = await this.#scan(segment, () => {});
    if (scan.broken !== undefined) throw corruptLog(segment, scan.position, scan.nextOffset, scan.broken);
    if (!this.#leadsTo(scan.nextOffset, nextBase)) {
      throw corruptLog(segment, scan.position, scan.nextOffset, `the next segment begins at offset ${nextBase}`);
    }
    await this.#seal(segment);
  }

  /** Only compaction leaves gaps between segments. */
  #leadsTo(end: number, nextBase: number): boolean {
    return this.options.config.compacts ? end <= nextBase : end === nextBase;
  }

  /** After a clean stop: indexes and snapshot are there, and the last batches lead to the end. undefined: they do not. */
  async #loadCleanTail(segment: Segment): Promise<number | undefined> {
    if (!(await segment.loadIndexes(this.#names))) return undefined;
    const end = await segment.endByIndex(this.options.crc32c);
    if (end === undefined || end !== this.#recoveryPoint) return undefined;
    if (!(await loadSnapshot(this.options, this.#dir, this.#names, end, this.#producers))) return undefined;
    await segment.resume();
    return end;
  }

  /** Reads everything from segment `first` on, cuts a torn tail, refuses corruption, and makes the rest durable. */
  async #recover(segments: Segment[], first: number): Promise<number> {
    await restoreProducers(this.options, this.#dir, segments, first, this.#producers);
    if (first > 0) await this.#writeSnapshot(segments[first]!.baseOffset);
    const nowMs = this.options.clock.nowMs();
    let end: number = segments[first]!.baseOffset;
    for (let index = first; index < segments.length; index++) {
      const segment = segments[index]!;
      const gap = segment.baseOffset !== end;
      let durableBytes = 0;
      const scan = gap
        ? undefined
        : await this.#scan(segment, (batch) => {
            if (batch.nextOffset <= this.#recoveryPoint) durableBytes += batch.sizeBytes;
            if (batch.hasProducerId) this.#producers.apply(batch, nowMs);
            this.#epochs.begin(batch.leaderEpoch, batch.baseOffset);
          });
      end = scan?.nextOffset ?? end;
      if (scan !== undefined && scan.broken === undefined) {
        await segment.save(durableBytes);
        if (index < segments.length - 1) await this.#writeSnapshot(end);
        continue;
      }
      await this.#judge(segments, index, scan, end);
      const kept = gap ? index : index + 1;
      await this.#cutTail(segments, kept, scan);
      if (!gap) await segment.save(durableBytes);
      break;
    }
    for (const segment of segments.slice(first, -1)) await this.#seal(segment);
    await this.#writeEpochs();
    await this.options.disk.syncDir(this.#dir);
    return end;
  }

  async #judge(segments: readonly Segment[], index: number, scan: Scan | undefined, end: number): Promise<void> {
    const segment = scan === undefined ? segments[index - 1]! : segments[index]!;
    const position = scan?.position ?? segment.sizeBytes;
    const why = scan?.broken ?? `the next segment begins at offset ${segments[index]!.baseOffset}`;
    const torn =
      end >= this.#recoveryPoint && (scan === undefined || (await isTorn(segment, position, end, this.options.crc32c)));
    if (!torn) throw corruptLog(segment, position, end, why);
    this.options.logger.warn('cut a torn tail', {
      file: segment.path,
      position,
      offset: end,
      bytes: segment.sizeBytes - position,
      segmentsRemoved: segments.length - 1 - (scan === undefined ? index - 1 : index),
      why,
    });
  }

  /** Removes segments from the newest on, each for good before the next, so that a crash leaves no gap; then cuts. */
  async #cutTail(segments: Segment[], kept: number, scan: Scan | undefined): Promise<void> {
    while (segments.length > kept) {
      await this.#remove(segments.pop()!);
      await this.options.disk.syncDir(this.#dir);
    }
    if (scan !== undefined) await segments.at(-1)!.truncate(scan.position);
  }

  #scan(segment: Segment, found: Parameters<typeof scanSegment>[3]): Promise<Scan> {
    return scanSegment(segment, this.options.crc32c, this.options.config.indexIntervalBytes, found);
  }

  async #seal(segment: Segment): Promise<void> {
    await segment.writeIndexes();
    await this.options.disk.syncDir(this.#dir);
    segment.sealed = true;
    segment.unloadIndexes();
  }

  /** So that the segment that begins here may become the first one of the log. */
  async #writeSnapshot(at: number): Promise<void> {
    const bytes = encodeSnapshot(this.#producers.entries(), this.options.crc32c);
    await replaceFile(this.options.disk, this.#dir, fileName(at, SUFFIX.producers), bytes);
  }

  async #writeEpochs(): Promise<void> {
    await replaceFile(this.options.disk, this.#dir, EPOCH_FILE, this.#epochs.encode());
  }

  async #remove(segment: Segment): Promise<void> {
    await segment.close();
    for (const suffix of Object.values(SUFFIX)) await this.#removeFile(fileName(segment.baseOffset, suffix));
  }

  async #removeFile(name: string): Promise<void> {
    await this.options.disk.remove(`${this.#dir}/${name}`);
    this.#names.delete(name);
  }

  #read(name: string): Promise<Uint8Array> {
    return readWhole(this.options.disk, `${this.#dir}/${name}`);
  }
}

/** Of `partition.metadata`, Kafka's. */
const IDENTITY_VERSION = 0;

function formatIdentity({ topicId, topic, partition }: LogIdentity): Uint8Array {
  return utf8(`version: ${IDENTITY_VERSION}\ntopic_id: ${topicId}\ntopic: ${topic}\npartition: ${partition}\n`);
}

/**
 * The topic id in a `partition.metadata`. Throws ApiError UNSUPPORTED_VERSION for a form that only a newer version knows,
 * and KAFKA_STORAGE_ERROR for what cannot be understood: such data is not used, and not taken for another topic's.
 */
export function parseIdentity(bytes: Uint8Array, path: string): string {
  const text = fromUtf8(bytes);
  const version = /^version: (\d{1,9})$/m.exec(text)?.[1];
  const topicId = /^topic_id: ([\w-]{22})$/m.exec(text)?.[1];
  if (version !== undefined && Number(version) > IDENTITY_VERSION) {
    const why = `${path} says version: ${version}, and this broker knows version: ${IDENTITY_VERSION}`;
    throw new ApiError('UNSUPPORTED_VERSION', `${why}; it was written by a newer version: start that one on it`);
  }
  if (version !== undefined && topicId !== undefined) return topicId;
  const missing = version === undefined ? 'version' : 'topic_id';
  throw new ApiError(
    'KAFKA_STORAGE_ERROR',
    `${path} is malformed: there is no line "${missing}: ..." as it was written`,
  );
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

function foreign(dir: string, why: string): ApiError {
  return new ApiError('KAFKA_STORAGE_ERROR', `${dir} cannot be used: ${why}`);
}
