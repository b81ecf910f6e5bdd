const SLAB_BYTES = 64 * 1024;
/** Longer memory is allocated alone: a slab would be spent by a few of them. */
const SHARED_BYTES_MAX = 8 * 1024;

/**
 * Memory for many small batches that live shortly: taking a piece of a slab costs a tenth of an allocation.
 *
 * A slab stays alive as long as any piece of it, so it is not for batches that are kept. What was handed out is never
 * handed out again, but for the unused end that its taker gave back.
 */
export class BatchSlab {
  #slab = new Uint8Array(0);
  #at = 0;

  /** `length` bytes of undefined content. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > SHARED_BYTES_MAX) return new Uint8Array(length);
    if (this.#slab.length - this.#at < length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += length;
    return this.#slab.subarray(from, from + length);
  }

  /** The first `used` bytes of what was taken; the rest is free again if nothing was taken after it. */
  keep(piece: Uint8Array<ArrayBuffer>, used: number): Uint8Array<ArrayBuffer> {
    const isLast = piece.buffer === this.#slab.buffer && piece.byteOffset + piece.byteLength === this.#at;
    if (isLast) this.#at = piece.byteOffset + used;
    return piece.subarray(0, used);
  }
}
