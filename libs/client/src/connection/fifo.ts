/** First in, first out, without moving what stays. */
export class Fifo<T> {
  #slots: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#slots.length - this.#head;
  }

  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  push(value: T): void {
    this.#slots.push(value);
  }

  shift(): T | undefined {
    if (this.#slots.length === 1) return this.#slots.pop(); // So its head is 0, and a length that is set costs more.
    const value = this.#slots[this.#head];
    if (this.length === 0) return undefined;
    this.#slots[this.#head++] = undefined;
    if (this.#head === this.#slots.length) {
      this.#slots.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }

  /** Empties it, and gives what was in it. */
  drain(): T[] {
    const all = this.#slots.slice(this.#head) as T[];
    this.#slots = [];
    this.#head = 0;
    return all;
  }

  /** Takes out those for which `leaves` says true, and gives them. */
  takeOut(leaves: (value: T) => boolean): T[] {
    const left: T[] = [];
    const stay: T[] = [];
    for (const value of this.drain()) (leaves(value) ? left : stay).push(value);
    this.#slots = stay;
    return left;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#head; at < this.#slots.length; at++) yield this.#slots[at] as T;
  }
}
