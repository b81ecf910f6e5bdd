import type { ProducerIdBlock } from '@trunkline/metadata';

/** A block is asked for when so much of the last one has been given away, so that nobody waits for the disk. */
const PREFETCH_AT = 0.9;

/**
 * Hands out producer ids, each once in the life of the cluster (Kafka's ProducerIdManager).
 *
 * They come in blocks out of the metadata; what is left of a block when the broker ends is never used.
 */
export class ProducerIds {
  #next = 0n;
  #end = 0n;
  #prefetchAt = 0n;
  #following: ProducerIdBlock | undefined;
  #asking: Promise<void> | undefined;

  /** `allocate` takes a block out of the metadata; it rejects when that is not possible now. */
  constructor(private readonly allocate: () => Promise<ProducerIdBlock>) {}

  /** An id that nobody has had. Rejects with what `allocate` rejects with; the next call tries again. */
  async next(): Promise<bigint> {
    while (this.#next === this.#end) {
      if (this.#following === undefined) await this.#ask();
      this.#turnTo(this.#following);
    }
    const id = this.#next;
    this.#next += 1n;
    if (this.#next >= this.#prefetchAt && this.#following === undefined) {
      this.#ask().catch(() => {}); // Whoever finds the block used up asks again, and hears why.
    }
    return id;
  }

  #turnTo(block: ProducerIdBlock | undefined): void {
    if (block === undefined || this.#next !== this.#end) return; // Another one who waited turned to it already.
    this.#following = undefined;
    this.#next = block.first;
    this.#end = block.first + block.size;
    this.#prefetchAt = block.first + BigInt(Math.floor(Number(block.size) * PREFETCH_AT));
  }

  #ask(): Promise<void> {
    this.#asking ??= this.allocate()
      .then((block) => void (this.#following = block))
      .finally(() => (this.#asking = undefined));
    return this.#asking;
  }
}
