/** The bytes end before what they promise to hold, or promise more than they may. */
export class Truncated extends Error {
  constructor(what: string) {
    super(`the broker's answer is not valid: ${what}`);
    this.name = 'Truncated';
  }
}

/** Reads big-endian fields and record varints one behind the other. Throws {@link Truncated} at the end of the bytes. */
export class Cursor {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
    public end: number = bytes.length,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  int8(): number {
    return this.bytes.readInt8(this.#take(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#take(4));
  }

  /** An int64 as a number; offsets and timestamps are safe integers. */
  int64(): number {
    const from = this.#take(8);
    return this.bytes.readInt32BE(from) * 0x1_0000_0000 + this.bytes.readUInt32BE(from + 4);
  }

  /** A zigzag varint of at most 53 significant bits. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.bytes[this.#take(1)]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 0x80;
    }
    throw new Truncated('a number of more than 10 bytes');
  }

  text(): string {
    const length = this.int16();
    if (length < 0) return '';
    const from = this.#take(length);
    return this.bytes.toString('utf8', from, from + length);
  }

  /** A view of `length` bytes; null for a negative length. */
  view(length: number): Buffer | null {
    if (length < 0) return null;
    const from = this.#take(length);
    return this.bytes.subarray(from, from + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  #take(length: number): number {
    const from = this.at;
    if (length < 0 || length > this.end - from) throw new Truncated(`${length} bytes wanted, ${this.end - from} left`);
    this.at = from + length;
    return from;
  }
}
