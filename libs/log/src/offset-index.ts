import { invariant } from '@trunkline/kernel';

const ENTRY_BYTES = 8;
const INITIAL_ENTRIES = 16;

/**
 * A segment's sparse map from offsets to byte positions: an entry for the first batch behind every
 * `index.interval.bytes`. Kafka's file format: int32 relative offset, int32 position.
 */
export class OffsetIndex {
  #entries = new Uint32Array(2 * INITIAL_ENTRIES);
  #count = 0;

  constructor(readonly baseOffset: number) {}

  /** Bytes of its file. */
  get sizeBytes(): number {
    return this.#count * ENTRY_BYTES;
  }

  get last(): { readonly offset: number; readonly position: number } | undefined {
    if (this.#count === 0) return undefined;
    return { offset: this.baseOffset + this.#offset(this.#count - 1), position: this.#position(this.#count - 1) };
  }

  append(offset: number, position: number): void {
    const relative = offset - this.baseOffset;
    invariant(this.#count === 0 || relative > this.#offset(this.#count - 1), 'offsets of an index ascend');
    if (2 * this.#count === this.#entries.length) {
      const larger = new Uint32Array(2 * this.#entries.length);
      larger.set(this.#entries);
      this.#entries = larger;
    }
    this.#entries[2 * this.#count] = relative;
    this.#entries[2 * this.#count + 1] = position;
    this.#count += 1;
  }

  /** Where to begin to look for `offset`: the position of the last entry that is not behind it, else 0. */
  positionFor(offset: number): number {
    const relative = offset - this.baseOffset;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offset(middle) <= relative) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#position(low - 1);
  }

  /** Drops the entries that point at `position` or behind it. */
  truncateToPosition(position: number): void {
    while (this.#count > 0 && this.#position(this.#count - 1) >= position) this.#count -= 1;
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(this.sizeBytes);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < 2 * this.#count; at++) view.setUint32(4 * at, this.#entries[at]!);
    return bytes;
  }

  /** undefined when the bytes cannot be the index of a segment of `segmentBytes`: then it is made anew. */
  static decode(baseOffset: number, bytes: Uint8Array, segmentBytes: number): OffsetIndex | undefined {
    if (bytes.byteLength % ENTRY_BYTES !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const index = new OffsetIndex(baseOffset);
    let lastOffset = -1;
    let lastPosition = -1;
    for (let at = 0; at < bytes.byteLength; at += ENTRY_BYTES) {
      const offset = view.getUint32(at);
      const position = view.getUint32(at + 4);
      if (offset <= lastOffset || position <= lastPosition || position >= segmentBytes) return undefined;
      index.append(baseOffset + offset, position);
      lastOffset = offset;
      lastPosition = position;
    }
    return index;
  }

  #offset(entry: number): number {
    return this.#entries[2 * entry]!;
  }
  #position(entry: number): number {
    return this.#entries[2 * entry + 1]!;
  }
}
