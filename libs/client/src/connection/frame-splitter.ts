import { FRAME_SIZE_BYTES } from '@trunkline/protocol';
import { KafkaError } from '../error.js';

/** Every answer begins with a correlation id. */
const FRAME_BYTES_MIN = 4;
/** A frame up to this size gets its memory at once; a longer one earns it by the bytes that came. */
const TRUSTED_BYTES = 256 * 1024;

/** How a TLS record of the kind alert begins, where the size of an answer should stand (RFC 8446, 5.1). */
const TLS_ALERT = 0x1503;

/**
 * Frames out of bytes that are split and merged in any way.
 *
 * A frame that came in one piece is a view on it; only one that came in several is put together in memory of its own,
 * which never grows beyond twice of what really came. Throws PROTOCOL_VIOLATION for a size that cannot be, before any
 * memory is taken for it.
 */
export class FrameSplitter {
  /** The size's bytes that came so far, and how many. */
  #sizeBits = 0;
  #sizeBytes = 0;
  #size = -1;
  #frame: Uint8Array | undefined;
  #filled = 0;

  constructor(private readonly frameBytesMax: number) {}

  /** Whether a frame has begun and has not ended. */
  get isInside(): boolean {
    return this.#sizeBytes > 0;
  }

  push(bytes: Uint8Array, frame: (frame: Uint8Array) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#sizeBytes === 0 && bytes.length - at >= FRAME_SIZE_BYTES) {
        const size = this.#checked(
          (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!,
        );
        const from = at + FRAME_SIZE_BYTES;
        if (bytes.length - from >= size) {
          at = from + size;
          frame(bytes.subarray(from, at));
          continue;
        }
      }
      at = this.#keep(bytes, at, frame);
    }
  }

  #keep(bytes: Uint8Array, from: number, frame: (frame: Uint8Array) => void): number {
    let at = from;
    while (this.#sizeBytes < FRAME_SIZE_BYTES && at < bytes.length) {
      this.#sizeBits = (this.#sizeBits << 8) | bytes[at++]!;
      this.#sizeBytes += 1;
    }
    if (this.#sizeBytes < FRAME_SIZE_BYTES) return at;
    if (this.#size < 0) this.#size = this.#checked(this.#sizeBits);
    const part = bytes.subarray(at, at + this.#size - this.#filled);
    const memory = this.#room(part.length);
    memory.set(part, this.#filled);
    this.#filled += part.length;
    at += part.length;
    if (this.#filled === this.#size) {
      this.#sizeBits = this.#sizeBytes = this.#filled = 0;
      this.#size = -1;
      this.#frame = undefined;
      frame(memory);
    }
    return at;
  }

  #room(bytes: number): Uint8Array {
    const needed = this.#filled + bytes;
    const current = this.#frame;
    if (current !== undefined && current.length >= needed) return current;
    const wanted = this.#size <= TRUSTED_BYTES ? this.#size : Math.max(TRUSTED_BYTES, needed * 2);
    const memory = new Uint8Array(Math.min(this.#size, wanted));
    if (current !== undefined) memory.set(current.subarray(0, this.#filled));
    this.#frame = memory;
    return memory;
  }

  #checked(size: number): number {
    if (size >= FRAME_BYTES_MIN && size <= this.frameBytesMax) return size;
    const why = size < FRAME_BYTES_MIN ? `at least ${FRAME_BYTES_MIN} are there` : `${this.frameBytesMax} are allowed`;
    const isTls = size >>> 16 === TLS_ALERT ? ' (it begins as a TLS alert does: this port may want TLS)' : '';
    throw new KafkaError('PROTOCOL_VIOLATION', `an answer of ${size} bytes was announced; ${why}${isTls}`, {
      ...(size > this.frameBytesMax && { advice: 'raise responseBytesMax if brokers may answer so much' }),
    });
  }
}
