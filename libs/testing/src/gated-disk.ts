import type { Disk, DiskFile } from '@trunkline/kernel';

/**
 * A disk whose syncs wait for the test: between `hold` and `release` no fdatasync of a matching path ends.
 *
 * Everything else goes to the disk inside.
 */
export class GatedDisk implements Disk {
  #path: RegExp | undefined;
  #waiting: (() => void)[] = [];

  constructor(private readonly inner: Disk) {}

  /** Syncs that wait for `release`. */
  get held(): number {
    return this.#waiting.length;
  }

  /** From now on syncs of files whose path matches do not end. */
  hold(path: RegExp = /\.log$/): void {
    this.#path = path;
  }

  /** Lets the held syncs go on, and all later ones. */
  release(): void {
    this.#path = undefined;
    for (const go of this.#waiting.splice(0)) go();
  }

  async open(path: string): Promise<DiskFile> {
    const file = await this.inner.open(path);
    return {
      size: () => file.size(),
      read: (at, length) => file.read(at, length),
      write: (at, chunks) => file.write(at, chunks),
      writeNow: (at, chunks) => file.writeNow(at, chunks),
      truncate: (size) => file.truncate(size),
      sync: async () => {
        if (this.#path?.test(path) === true) await new Promise<void>((go) => this.#waiting.push(go));
        await file.sync();
      },
      close: () => file.close(),
    };
  }

  list(dir: string): Promise<readonly string[]> {
    return this.inner.list(dir);
  }
  makeDir(dir: string): Promise<void> {
    return this.inner.makeDir(dir);
  }
  rename(from: string, to: string): Promise<void> {
    return this.inner.rename(from, to);
  }
  remove(path: string): Promise<void> {
    return this.inner.remove(path);
  }
  syncDir(dir: string): Promise<void> {
    return this.inner.syncDir(dir);
  }
  space(dir: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.inner.space(dir);
  }
  lock(path: string): Promise<{ release(): Promise<void> }> {
    return this.inner.lock(path);
  }
}
