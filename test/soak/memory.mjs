const SAMPLE_EVERY_MS = 1_000;
const MIB = 1024 * 1024;
const RSS_MIB_MAX = 512;
const GROWTH_MIB_MAX = 32;

/** Resident memory of this process, sampled. */
export class Memory {
  #samples = [];
  #timer = setInterval(() => this.#samples.push(process.memoryUsage.rss() / MIB), SAMPLE_EVERY_MS);

  constructor() {
    this.#timer.unref();
  }

  #medianOf(quarter) {
    const length = Math.floor(this.#samples.length / 4);
    const sorted = this.#samples.slice(quarter * length, (quarter + 1) * length).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** In the last quarter of the time no more than in the second, but for a quarter and a little. */
  isBounded() {
    return this.#medianOf(3) <= this.#medianOf(1) * 1.25 + GROWTH_MIB_MAX && Math.max(...this.#samples) < RSS_MIB_MAX;
  }

  text() {
    const medians = [0, 1, 2, 3].map((quarter) => this.#medianOf(quarter).toFixed(0));
    return `RSS ${medians.join(', ')} MiB (medians of the quarters), at most ${Math.max(...this.#samples).toFixed(0)} MiB`;
  }
}
