const ENTRY_BYTES = 12;

/**
 * A segment's sparse map from timestamps to offsets: an entry (T, O) says that every record with a timestamp beyond T
 * stands behind offset O. Kafka's file format: int64 timestamp, int32 relative offset.
 */
export class TimeIndex {
  #timestamps: number[] = [];
  #offsets: number[] = [];

  constructor(readonly baseOffset: number) {}

  get sizeBytes(): number {
    return this.#timestamps.length * ENTRY_BYTES;
  }

  get last(): { readonly timestampMs: number; readonly offset: number } | undefined {
    const timestampMs = this.#timestamps.at(-1);
    return timestampMs === undefined ? undefined : { timestampMs, offset: this.#offsets.at(-1)! };
  }

  /** Adds an entry if it says something new: both its timestamp and its offset lie beyond the last one's. */
  append(timestampMs: number, offset: number): void {
    const last = this.last;
    if (timestampMs < 0 || (last !== undefined && (timestampMs <= last.timestampMs || offset <= last.offset))) return;
    this.#timestamps.push(timestampMs);
    this.#offsets.push(offset);
  }

  /** From which offset on to look for the first record at or after `timestampMs`. */
  offsetFor(timestampMs: number): number {
    let low = 0;
    let high = this.#timestamps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamps[middle]! <= timestampMs) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? this.baseOffset : this.#offsets[low - 1]!;
  }

  truncateTo(offset: number): void {
    while (this.#offsets.length > 0 && this.#offsets.at(-1)! >= offset) {
      this.#offsets.pop();
      this.#timestamps.pop();
    }
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(this.sizeBytes);
    const view = new DataView(bytes.buffer);
    this.#timestamps.forEach((timestampMs, entry) => {
      view.setBigInt64(entry * ENTRY_BYTES, BigInt.asIntN(64, BigInt(timestampMs)));
      view.setUint32(entry * ENTRY_BYTES + 8, this.#offsets[entry]! - this.baseOffset);
    });
    return bytes;
  }

  /** undefined when the bytes cannot be an index: then it is made anew. */
  static decode(baseOffset: number, bytes: Uint8Array): TimeIndex | undefined {
    if (bytes.byteLength % ENTRY_BYTES !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const index = new TimeIndex(baseOffset);
    for (let at = 0; at < bytes.byteLength; at += ENTRY_BYTES) {
      index.append(Number(view.getBigInt64(at)), baseOffset + view.getUint32(at + 8));
      if (index.sizeBytes !== at + ENTRY_BYTES) return undefined;
    }
    return index;
  }
}
