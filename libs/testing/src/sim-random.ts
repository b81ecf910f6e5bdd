import type { Random, Uuid } from '@trunkline/kernel';

const TWO_32 = 0x1_0000_0000;

/** Dice that fall the same way for the same seed (splitmix32). Not for secrets. */
export class SimRandom implements Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed | 0;
  }

  below(limit: number): number {
    return Math.floor((this.#next() / TWO_32) * limit);
  }

  /** True `percent` times in a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  uuid(): Uuid {
    const bytes = Uint8Array.from({ length: 16 }, () => this.below(256));
    bytes[0]! &= 0x7f; // Never begins with `-` or `_`.
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return Buffer.from(bytes).toString('base64url') as Uuid;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0_aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
}
