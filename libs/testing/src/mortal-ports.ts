import type { Clock, Disk, DiskFile } from '@trunkline/kernel';

/**
 * Disk and clock of one life of a node: when it is ended, the node stands still in the middle of whatever it did, as a
 * killed process does. What was written and not synced stays, as in the page cache.
 */
export class MortalPorts {
  #ended = false;
  readonly #running = new Set<Promise<unknown>>();
  readonly #held = new Set<() => Promise<void>>();

  get ended(): boolean {
    return this.#ended;
  }

  /** No timer fires and no disk operation begins any more. Resolves when those that had begun are over, and locks free. */
  async end(): Promise<void> {
    this.#ended = true;
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    for (const letGo of this.#held) await letGo().catch(() => {});
    this.#held.clear();
  }

  clock(inner: Clock): Clock {
    return {
      nowMs: () => inner.nowMs(),
      monotonicMs: () => inner.monotonicMs(),
      after: (delayMs, run) =>
        inner.after(delayMs, () => {
          if (!this.#ended) run();
        }),
    };
  }

  disk(inner: Disk): Disk {
    return {
      open: async (path) => this.#file(await this.#do(() => inner.open(path))),
      list: (dir) => this.#do(() => inner.list(dir)),
      makeDir: (dir) => this.#do(() => inner.makeDir(dir)),
      rename: (from, to) => this.#do(() => inner.rename(from, to)),
      remove: (path) => this.#do(() => inner.remove(path)),
      syncDir: (dir) => this.#do(() => inner.syncDir(dir)),
      space: (dir) => this.#do(() => inner.space(dir)),
      lock: async (path) => {
        const lock = await this.#do(() => inner.lock(path));
        const release = (): Promise<void> => lock.release();
        this.#held.add(release);
        return {
          release: () => {
            this.#held.delete(release);
            return this.#do(release);
          },
        };
      },
    };
  }

  #file(file: DiskFile): DiskFile {
    const close = (): Promise<void> => file.close();
    this.#held.add(close);
    return {
      size: () => this.#do(() => file.size()),
      read: (at, length) => this.#do(() => file.read(at, length)),
      write: (at, chunks) => this.#do(() => file.write(at, chunks)),
      writeNow: (at, chunks) => {
        if (!this.#ended) file.writeNow(at, chunks);
      },
      truncate: (size) => this.#do(() => file.truncate(size)),
      sync: () => this.#do(() => file.sync()),
      close: () => {
        this.#held.delete(close);
        return this.#do(close);
      },
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
