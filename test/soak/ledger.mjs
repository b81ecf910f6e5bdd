// What was written, what the log holds of it and what a group got, in numbers: one counter for each producer and
// partition, so that the books of a long soak are as small as those of a short one.

const VALUE_BYTES = 200;

/** The text of a record: who wrote it, and its number among that producer's of the partition. */
export const textOf = (producer, number) => `${producer}:${number}:`.padEnd(VALUE_BYTES, '.');

export function numberOf(text) {
  const [producer, number] = text.split(':');
  return { producer: Number(producer), number: Number(number) };
}

/** One reader's view: the next number that each producer's records of a partition must have. */
export class Reader {
  read = 0;
  lost = 0;
  again = 0;
  #next = new Map();

  take(partition, text) {
    const { producer, number } = numberOf(text);
    const key = `${producer}/${partition}`;
    const expected = this.#next.get(key) ?? 0;
    this.read += 1;
    if (number < expected) {
      this.again += 1;
      return;
    }
    this.lost += number - expected;
    this.#next.set(key, number + 1);
  }

  has(key) {
    return this.#next.get(key) ?? 0;
  }
}

export class Ledger {
  /** Of each producer and partition: how many were given to it. */
  sent = new Map();
  acknowledged = 0;
  refused = [];
  refusedCount = 0;
  /** Acknowledgements whose offset is not behind the one before: the order in the log was not that of the calls. */
  disordered = 0;
  #offsets = new Map();

  next(producer, partition) {
    const key = `${producer}/${partition}`;
    const number = this.sent.get(key) ?? 0;
    this.sent.set(key, number + 1);
    return number;
  }

  settled(producer, partition, error, offset) {
    if (error !== undefined) {
      this.refusedCount += 1;
      if (this.refused.length < 5) this.refused.push(error.message);
      return;
    }
    this.acknowledged += 1;
    if (offset < 0) return;
    const key = `${producer}/${partition}`;
    if (offset <= (this.#offsets.get(key) ?? -1)) this.disordered += 1;
    this.#offsets.set(key, offset);
  }

  get total() {
    let total = 0;
    for (const count of this.sent.values()) total += count;
    return total;
  }

  /** How many records of all a reader has not seen yet. */
  missing(reader) {
    let missing = 0;
    for (const [key, count] of this.sent) missing += Math.max(0, count - reader.has(key));
    return missing;
  }
}
