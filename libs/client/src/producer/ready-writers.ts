import type { PartitionWriter } from './partition-writer.js';

/**
 * Partitions that may have something to send, in the order in which they got it. A list with a mark at each partition: a
 * Set that goes from empty to one and back with every record is made anew each time.
 */
export class ReadyWriters {
  readonly #writers: PartitionWriter[] = [];

  get all(): readonly PartitionWriter[] {
    return this.#writers;
  }

  add(writer: PartitionWriter): void {
    if (writer.isReady) return;
    writer.isReady = true;
    this.#writers.push(writer);
  }

  /** Lets go of those whose mark is gone. */
  sweep(): void {
    const writers = this.#writers;
    let kept = 0;
    for (let at = 0; at < writers.length; at++) {
      const writer = writers[at]!;
      if (writer.isReady) writers[kept++] = writer;
    }
    while (writers.length > kept) writers.pop();
  }
}
