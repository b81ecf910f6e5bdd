import { fromUtf8, printable } from '@trunkline/kernel';

const SIZE_BYTES = 4;
/** Chunks below this size are gathered in memory of our own: a peer that sends byte by byte must not cost a view a byte. */
const SMALL_BYTES = 4 * 1024;
const GATHER_BYTES = 64 * 1024;

/** A peer sent a size that no request has. Nobody can say where the next frame begins: the connection ends. */
export class FrameRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'FrameRefused';
  }
}

/**
 * Finds frames in a stream of bytes that comes split and merged in any way.
 *
 * Chunks that lie one behind the other in memory become one view, so a frame is copied only when it straddles two
 * pieces of memory, and then once. Memory is taken for what has come, never for what a size claims.
 */
export class FrameAssembler {
  readonly #frameBytesMax: number;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #gathered: Uint8Array = new Uint8Array(0);
  #gatheredUntil = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes that came and are in no frame yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Bytes of the frame that has begun, its size included; undefined before its size is known. Throws {@link FrameRefused}. */
  get frameBytes(): number | undefined {
    return this.#bufferedBytes < SIZE_BYTES ? undefined : SIZE_BYTES + this.#size();
  }

  /** Takes bytes over for good. */
  push(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#bufferedBytes += bytes.byteLength;
    const last = this.#chunks.at(-1);
    if (last === undefined) this.#chunks.push(bytes);
    else if (follows(last, bytes)) this.#chunks[this.#chunks.length - 1] = joined(last, bytes);
    else if (bytes.byteLength < SMALL_BYTES) this.#gather(last, bytes);
    else this.#chunks.push(bytes);
  }

  /** The next frame without its size, or undefined when it is not whole yet. Throws {@link FrameRefused}. */
  next(): Uint8Array | undefined {
    const total = this.frameBytes;
    if (total === undefined || this.#bufferedBytes < total) return undefined;
    this.#bufferedBytes -= total;
    const first = this.#chunks[0]!;
    if (first.byteLength < total) return this.#copyOut(total).subarray(SIZE_BYTES);
    if (first.byteLength === total) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(total);
    return first.subarray(SIZE_BYTES, total);
  }

  #gather(last: Uint8Array, bytes: Uint8Array): void {
    if (this.#gatheredUntil + bytes.byteLength > this.#gathered.byteLength) {
      this.#gathered = new Uint8Array(GATHER_BYTES);
      this.#gatheredUntil = 0;
    }
    const own = this.#gathered.subarray(this.#gatheredUntil, this.#gatheredUntil + bytes.byteLength);
    own.set(bytes);
    this.#gatheredUntil += bytes.byteLength;
    if (follows(last, own)) this.#chunks[this.#chunks.length - 1] = joined(last, own);
    else this.#chunks.push(own);
  }

  #copyOut(total: number): Uint8Array {
    const whole = new Uint8Array(total);
    let done = 0;
    let used = 0;
    while (done < total) {
      const chunk = this.#chunks[used]!;
      const part = chunk.byteLength <= total - done ? chunk : chunk.subarray(0, total - done);
      whole.set(part, done);
      done += part.byteLength;
      if (part === chunk) used += 1;
      else this.#chunks[used] = chunk.subarray(part.byteLength);
    }
    this.#chunks.splice(0, used);
    return whole;
  }

  #size(): number {
    const size = (this.#byteAt(0) << 24) | (this.#byteAt(1) << 16) | (this.#byteAt(2) << 8) | this.#byteAt(3);
    if (size >= 0 && size <= this.#frameBytesMax) return size;
    throw new FrameRefused(`a request of ${size} bytes; ${this.#frameBytesMax} are allowed${this.#guess()}`);
  }

  #byteAt(place: number): number {
    let at = place;
    for (const chunk of this.#chunks) {
      if (at < chunk.byteLength) return chunk[at]!;
      at -= chunk.byteLength;
    }
    return 0;
  }

  /** Another protocol's first bytes read as a huge size: say so, it is the usual reason. */
  #guess(): string {
    const first = [0, 1, 2, 3].map((at) => this.#byteAt(at));
    if (first[0] === 0x16 && first[1] === 0x03)
      return ' (these are the first bytes of TLS; this listener speaks plaintext)';
    const text = fromUtf8(Uint8Array.from(first));
    return /^[A-Z]{3}[A-Z ]$/.test(text) ? ` (these are the first bytes of HTTP: ${printable(text)})` : '';
  }
}

function follows(before: Uint8Array, after: Uint8Array): boolean {
  return before.buffer === after.buffer && before.byteOffset + before.byteLength === after.byteOffset;
}

function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  return new Uint8Array(before.buffer, before.byteOffset, before.byteLength + after.byteLength);
}
