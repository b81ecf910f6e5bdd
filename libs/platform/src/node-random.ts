import { randomBytes } from 'node:crypto';
import { invariant, type Random, type Uuid } from '@trunkline/kernel';

const POOL_BYTES = 4096;
const RANGE = 2 ** 32;

/** The system's random numbers, drawn in blocks of 4 KB: one call into OpenSSL serves some hundred dice. */
class NodeRandom implements Random {
  #pool = Buffer.alloc(0);
  #used = 0;

  below(limit: number): number {
    invariant(Number.isInteger(limit) && limit >= 1 && limit <= RANGE, 'a limit of dice is a whole number up to 2^32');
    const fairMax = RANGE - (RANGE % limit); // Above it the lower results would come more often.
    for (;;) {
      const drawn = this.#take(4).readUInt32BE(0);
      if (drawn < fairMax) return drawn % limit;
    }
  }

  uuid(): Uuid {
    for (;;) {
      const bytes = Buffer.from(this.#take(16));
      bytes[6] = (bytes[6]! & 0x0f) | 0x40;
      bytes[8] = (bytes[8]! & 0x3f) | 0x80;
      const text = bytes.toString('base64url');
      if (!text.startsWith('-')) return text as Uuid;
    }
  }

  #take(count: number): Buffer {
    if (this.#used + count > this.#pool.length) {
      this.#pool = randomBytes(POOL_BYTES);
      this.#used = 0;
    }
    this.#used += count;
    return this.#pool.subarray(this.#used - count, this.#used);
  }
}

export const nodeRandom: Random = new NodeRandom();
