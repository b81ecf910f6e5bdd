/** A connection that says little costs this much while it is idle. */
const SLAB_BYTES_MIN = 8 * 1024;
const SLAB_BYTES_MAX = 1024 * 1024;
const GROWTH = 8;
/** One read of a socket takes at most this much, so that other sockets get their turn. */
const READ_BYTES_MAX = 256 * 1024;

/**
 * Memory that a socket reads into, handed on without copying.
 *
 * Each read lands behind the one before, in memory that was never handed out, so receivers may keep views for good.
 * An old slab is left to the garbage collector once nobody holds a view on it: a pool of slabs would save some percent
 * of a busy receiver's time, and would need every holder of a view to say when it is done.
 */
export class Slab {
  #memory = Buffer.allocUnsafeSlow(SLAB_BYTES_MIN);
  #at = 0;
  #wasFilled = false;
  #room = this.#memory;

  /** Where the next read shall land. */
  room(): Buffer {
    return this.#room;
  }

  /** Takes the `count` bytes that were read into the room, and makes the next room. */
  take(count: number): Uint8Array {
    const bytes = this.#room.subarray(0, count);
    if (count === this.#room.length) this.#wasFilled = true;
    this.#at += count;
    if (this.#memory.length - this.#at < this.#memory.length / 16) this.#renew();
    this.#room = this.#memory.subarray(this.#at, this.#at + READ_BYTES_MAX);
    return bytes;
  }

  /** A socket that filled a room has more to say than fitted: its next slab is larger. A quieter one's is smaller. */
  #renew(): void {
    const size = this.#wasFilled ? this.#memory.length * GROWTH : this.#memory.length / GROWTH;
    this.#memory = Buffer.allocUnsafeSlow(Math.min(SLAB_BYTES_MAX, Math.max(SLAB_BYTES_MIN, size)));
    this.#at = 0;
    this.#wasFilled = false;
  }
}
