import type { Offset } from '@trunkline/kernel';
import type { RecordBatch } from '@trunkline/records';
import type { LogRead } from './log.js';

/** Smaller batches are copied side by side, so that they leave in one chunk and hold no network buffer in memory. */
const COPIED_BELOW_BYTES = 4 * 1024;
const CHUNK_BYTES_MIN = 4 * 1024;
const CHUNK_BYTES_MAX = 64 * 1024;
const TAIL_BYTES_MAX = 8 * 1024 * 1024;
const TAIL_BUDGET_BYTES = 16 * 1024 * 1024;

/** Bytes as a part of a chunk: a view costs more than the append itself, so it is made once for many batches. */
export interface Piece {
  readonly chunk: Uint8Array;
  readonly start: number;
  readonly end: number;
}

interface TailEntry extends Piece {
  readonly baseOffset: number;
  readonly nextOffset: number;
}

/** What all tail caches of a process may hold together. Over it, the ones that were filled first give up half. */
export class TailBudget {
  #usedBytes = 0;
  readonly #caches = new Set<TailCache>();

  constructor(readonly bytesMax: number) {}

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @internal */
  took(cache: TailCache, bytes: number): void {
    if (this.#usedBytes === 0 || cache.sizeBytes === bytes) this.#caches.add(cache);
    this.#usedBytes += bytes;
    while (this.#usedBytes > this.bytesMax && this.#caches.size > 0) {
      const [first] = this.#caches;
      this.#caches.delete(first!);
      first!.shrinkTo(first!.sizeBytes >> 1);
      if (first!.sizeBytes > 0) this.#caches.add(first!); // Its turn comes again after the others.
    }
  }

  /** @internal */
  gave(cache: TailCache, bytes: number): void {
    this.#usedBytes -= bytes;
    if (cache.sizeBytes === 0) this.#caches.delete(cache);
  }
}

/** A log's newest batches in memory: reads of the tail are synchronous and copy nothing. */
export class TailCache {
  #entries: TailEntry[] = [];
  /** Entries before it are gone. */
  #head = 0;
  #sizeBytes = 0;
  #chunk = new Uint8Array(0);
  #chunkEnd = 0;

  constructor(
    readonly bytesMax: number = TAIL_BYTES_MAX,
    private readonly budget: TailBudget = new TailBudget(TAIL_BUDGET_BYTES),
  ) {}

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** First offset that it can serve; undefined when it is empty. */
  get startOffset(): number | undefined {
    return this.#entries[this.#head]?.baseOffset;
  }

  /** Keeps a batch that has its offsets, and returns the bytes to be written: they never change again. */
  add(batch: RecordBatch): Piece {
    const bytes = batch.bytes;
    const size = bytes.byteLength;
    let chunk = bytes;
    let start = 0;
    if (size < COPIED_BELOW_BYTES) {
      start = this.#room(size);
      chunk = this.#chunk;
      chunk.set(bytes, start);
    }
    const { baseOffset, nextOffset } = batch;
    const entry: TailEntry = { baseOffset, nextOffset, chunk, start, end: start + size };
    this.#entries.push(entry);
    this.#sizeBytes += size;
    if (this.#sizeBytes > this.bytesMax) this.shrinkTo(this.bytesMax);
    this.budget.took(this, size);
    return entry;
  }

  /** What {@link Log.read} says; undefined when `from` lies before the cache. */
  read(from: number, until: number, bytesMax: number, atLeastOne: boolean): LogRead | undefined {
    const entries = this.#entries;
    if (this.#head === entries.length || from < entries[this.#head]!.baseOffset) return undefined;
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    let nextOffset = from;
    let at = this.#find(from);
    while (at < entries.length) {
      const first = entries[at]!;
      let end = first.start;
      for (let entry: TailEntry | undefined = first; entry !== undefined; entry = entries[at]) {
        if (entry.chunk !== first.chunk || entry.start !== end) break;
        if (
          entry.baseOffset >= until ||
          !fits(sizeBytes + entry.end - first.start, bytesMax, atLeastOne && nextOffset === from)
        ) {
          at = entries.length;
          break;
        }
        end = entry.end;
        nextOffset = entry.nextOffset;
        at += 1;
      }
      if (end === first.start) break;
      sizeBytes += end - first.start;
      const whole = first.start === 0 && end === first.chunk.byteLength;
      chunks.push(whole ? first.chunk : first.chunk.subarray(first.start, end));
    }
    return { chunks, sizeBytes, nextOffset: nextOffset as Offset };
  }

  /** Drops oldest batches until at most `bytesMax` are held. */
  shrinkTo(bytesMax: number): void {
    let freed = 0;
    while (this.#sizeBytes - freed > bytesMax && this.#head < this.#entries.length) {
      const { start, end } = this.#entries[this.#head++]!;
      freed += end - start;
    }
    if (this.#head > 64 && this.#head * 2 > this.#entries.length) this.#compact();
    this.#free(freed);
  }

  /** Drops what reaches `end` or lies behind it (C69). */
  truncateTo(end: number): void {
    let freed = 0;
    while (this.#entries.length > this.#head && this.#entries.at(-1)!.nextOffset > end) {
      const entry = this.#entries.pop()!;
      freed += entry.end - entry.start;
    }
    this.#chunk = new Uint8Array(0);
    this.#chunkEnd = 0;
    this.#free(freed);
  }

  clear(): void {
    this.truncateTo(0);
  }

  #free(bytes: number): void {
    if (bytes === 0) return;
    this.#sizeBytes -= bytes;
    this.budget.gave(this, bytes);
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  /** The entry that holds `offset`, or the first behind it. */
  #find(offset: number): number {
    const entries = this.#entries;
    let low = this.#head;
    let high = entries.length;
    if (entries[high - 1]!.baseOffset <= offset) low = high - 1; // A consumer at the tail wants the newest.
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.nextOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where `size` bytes go in the chunk; a new chunk when they do not fit. */
  #room(size: number): number {
    if (this.#chunk.byteLength - this.#chunkEnd < size) {
      const larger = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, this.#chunk.byteLength * 2));
      this.#chunk = new Uint8Array(larger);
      this.#chunkEnd = 0;
    }
    const start = this.#chunkEnd;
    this.#chunkEnd += size;
    return start;
  }
}

function fits(sizeBytes: number, bytesMax: number, first: boolean): boolean {
  return sizeBytes <= bytesMax || first;
}
