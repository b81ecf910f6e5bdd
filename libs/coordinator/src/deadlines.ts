interface Entry {
  readonly atMs: number;
  readonly key: string;
}

const STALE_ENTRIES_MAX = 64;

/**
 * When each key wants to be woken: a binary heap whose outdated entries are dropped when they come up.
 *
 * One time a key; setting another replaces it. Times are monotonic milliseconds.
 */
export class Deadlines {
  readonly #heap: Entry[] = [];
  readonly #byKey = new Map<string, number>();

  /** Undefined: the key has nothing to wait for. */
  set(key: string, atMs: number | undefined): void {
    if (atMs === undefined) this.#byKey.delete(key);
    else if (this.#byKey.get(key) !== atMs) {
      this.#byKey.set(key, atMs);
      this.#push({ atMs, key });
      if (this.#heap.length > 2 * this.#byKey.size + STALE_ENTRIES_MAX) this.#rebuild();
    }
  }

  /** The earliest time of all; undefined when no key waits. */
  next(): number | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#byKey.get(top.key) === top.atMs) return top.atMs;
      this.#pop();
    }
    return undefined;
  }

  /** Takes out the keys whose time has come, the earliest first. */
  take(nowMs: number): string[] {
    const keys: string[] = [];
    for (let at = this.next(); at !== undefined && at <= nowMs; at = this.next()) {
      const { key } = this.#pop();
      this.#byKey.delete(key);
      keys.push(key);
    }
    return keys;
  }

  #rebuild(): void {
    this.#heap.length = 0;
    for (const [key, atMs] of this.#byKey) this.#push({ atMs, key });
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.atMs <= entry.atMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child += 1;
      if (last.atMs <= heap[child]!.atMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
