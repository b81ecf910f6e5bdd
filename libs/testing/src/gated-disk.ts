import type { Disk, DiskFile } from '@trunkline/kernel';

/** What can be made to wait. */
export type GatedAct = 'sync' | 'read';

/**
 * A disk that waits for the test: between `hold` and `release` no sync, or no read, of a matching file ends.
 *
 * Everything else goes to the disk inside.
 */
export class GatedDisk implements Disk {
  #path: RegExp | undefined;
  #act: GatedAct = 'sync';
  #waiting: (() => void)[] = [];

  constructor(private readonly inner: Disk) {}

  /** Acts that wait now. */
  get held(): number {
    return this.#waiting.length;
  }

  /** From now on these acts do not end. */
  hold(act: GatedAct = 'sync', path: RegExp = /\.log$/): void {
    this.#act = act;
    this.#path = path;
  }

  /** Lets those go on that wait now; later ones wait. */
  step(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Lets all go on, and all later ones. */
  release(): void {
    this.#path = undefined;
    this.step();
  }

  async open(path: string): Promise<DiskFile> {
    const file = await this.inner.open(path);
    return {
      size: () => file.size(),
      read: async (at, length) => {
        await this.#gate('read', path);
        return file.read(at, length);
      },
      write: (at, chunks) => file.write(at, chunks),
      writeNow: (at, chunks) => file.writeNow(at, chunks),
      truncate: (size) => file.truncate(size),
      sync: async () => {
        await this.#gate('sync', path);
        await file.sync();
      },
      close: () => file.close(),
    };
  }

  async #gate(act: GatedAct, path: string): Promise<void> {
    if (this.#act === act && this.#path?.test(path) === true) {
      await new Promise<void>((go) => this.#waiting.push(go));
    }
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
