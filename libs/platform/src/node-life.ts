import type { Clock, Disk, DiskFile, Timer } from '@trunkline/kernel';

/**
 * Disk and clock of one life of a node: when it ends, the node stands still in the middle of whatever it did, as a killed
 * process does. What was written and not synced stays, as in the page cache.
 */
export class NodeLife {
  #ended = false;
  readonly #running = new Set<Promise<unknown>>();
  /** What the system takes back from a dead process. */
  readonly #held = new Set<() => Promise<void>>();
  readonly #timers = new Set<Timer>();

  get ended(): boolean {
    return this.#ended;
  }

  /** No timer fires and no disk operation begins any more. Resolves when those that had begun are over, and locks free. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    for (const letGo of this.#held) await letGo().catch(() => {});
    this.#held.clear();
  }

  clock(inner: Clock): Clock {
    return {
      nowMs: () => inner.nowMs(),
      monotonicMs: () => inner.monotonicMs(),
      after: (delayMs, run) => this.#after(inner, delayMs, run),
    };
  }

  disk(inner: Disk): Disk {
    return {
      open: (path) => this.#do(async () => this.#file(await inner.open(path))),
      list: (dir) => this.#do(() => inner.list(dir)),
      makeDir: (dir) => this.#do(() => inner.makeDir(dir)),
      rename: (from, to) => this.#do(() => inner.rename(from, to)),
      remove: (path) => this.#do(() => inner.remove(path)),
      syncDir: (dir) => this.#do(() => inner.syncDir(dir)),
      space: (dir) => this.#do(() => inner.space(dir)),
      lock: (path) =>
        this.#do(async () => {
          const lock = await inner.lock(path);
          return { release: this.#holding(() => lock.release()) };
        }),
    };
  }

  #after(inner: Clock, delayMs: number, run: () => void): Timer {
    if (this.#ended) return { cancel() {} };
    const timer = inner.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#ended) run();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  #file(file: DiskFile): DiskFile {
    return {
      size: () => this.#do(() => file.size()),
      read: (at, length) => this.#do(() => file.read(at, length)),
      write: (at, chunks) => this.#do(() => file.write(at, chunks)),
      writeNow: (at, chunks) => {
        if (!this.#ended) file.writeNow(at, chunks);
      },
      truncate: (size) => this.#do(() => file.truncate(size)),
      sync: () => this.#do(() => file.sync()),
      close: this.#holding(() => file.close()),
    };
  }

  #holding(letGo: () => Promise<void>): () => Promise<void> {
    this.#held.add(letGo);
    return () => {
      if (!this.#ended) this.#held.delete(letGo);
      return this.#do(letGo);
    };
  }

  /** After the end nothing begins, and whoever waits waits for ever. */
  async #do<T>(act: () => Promise<T>): Promise<T> {
    if (this.#ended) return new Promise<T>(() => {});
    const running = act();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      if (this.#ended) await new Promise<never>(() => {});
    }
  }
}
