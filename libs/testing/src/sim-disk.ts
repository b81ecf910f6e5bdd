import { byteLength, type Disk, type DiskFile } from '@trunkline/kernel';
import { type CrashOdds, SimInode } from './sim-disk-file.js';
import { SimDir, SimNames } from './sim-disk-names.js';
import { SimRandom } from './sim-random.js';

/** What a disk does, for faults that are planted by name. */
export type DiskAct =
  'open' | 'read' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'syncDir' | 'makeDir' | 'list';

export interface SimDiskOptions {
  readonly seed: number;
  readonly capacityBytes?: number;
  /** Acts take up to so many turns of the microtask queue, by the dice, so that they overtake each other. */
  readonly jitter?: number;
  /** What each act that may wait waits for, instead of `jitter`: time of a simulation. Never settled: it never happens. */
  readonly pace?: (act: DiskAct, path: string) => Promise<void>;
  readonly odds?: Partial<CrashOdds>;
}

/** A fault of the simulated disk, with the code a real one would have. */
export class SimDiskFault extends Error {
  constructor(
    readonly code: string,
    detail: string,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'SimDiskFault';
  }
}

const ALWAYS_CHANGING: ReadonlySet<DiskAct> = new Set([
  'write',
  'truncate',
  'sync',
  'rename',
  'remove',
  'syncDir',
  'makeDir',
]);

/**
 * A disk in memory that forgets what a real one may forget: content before `sync`, names before `syncDir`, 512 bytes at
 * a time, by a seed. `crash` cuts the power, `kill` only ends the process; both make every open file and lock useless.
 * Give the code under test `process()`, so that what a dead process still had in mind cannot touch the disk.
 */
export class SimDisk implements Disk {
  /** Acts that change something, so far. */
  acts = 0;
  /** Before this act the power goes: it, and all after it, reject until {@link crash} or {@link kill}. */
  powerFailsAt = Number.POSITIVE_INFINITY;
  capacityBytes: number;
  readonly random: SimRandom;
  readonly #odds: CrashOdds;
  readonly #jitter: number;
  readonly #pace: SimDiskOptions['pace'];
  readonly #names = new SimNames();
  readonly #locks = new Set<string>();
  #life = 0;
  #faults: { readonly act: DiskAct; readonly path: RegExp; readonly code: string; times: number }[] = [];

  constructor(options: SimDiskOptions) {
    this.random = new SimRandom(options.seed);
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
    this.#jitter = options.jitter ?? 0;
    this.#pace = options.pace;
    this.#odds = { keptPercent: 50, garbagePercent: 0, ...options.odds };
  }

  /** Power goes and comes back: what is not durable meets its fate. */
  crash(): void {
    const files = new Set(this.#names.files());
    this.#names.crash(this.random, this.#odds.keptPercent);
    for (const file of this.#names.files()) files.add(file);
    for (const file of files) file.crash(this.random, this.#odds);
    this.kill();
  }

  /** The process ends; the page cache stays (kill -9). */
  kill(): void {
    this.#life += 1;
    this.#locks.clear();
    this.powerFailsAt = Number.POSITIVE_INFINITY;
  }

  /** The next `times` acts of this kind on paths that match fail. A sync that fails loses what it should have saved. */
  fail(act: DiskAct, path: RegExp, code: string, times = 1): void {
    this.#faults.push({ act, path, code, times });
  }

  /** Takes back the faults that were planted and have not struck. */
  heal(): void {
    this.#faults = [];
  }

  /** Turns a bit over, in the page cache and on the disk. */
  flip(path: string, at: number, bit: number): void {
    const { cached, durable } = this.#file(path);
    cached[at]! ^= 1 << bit;
    if (at < durable.byteLength) durable[at]! ^= 1 << bit;
  }

  /** What a file holds now, for looking at. */
  peek(path: string): Uint8Array {
    return this.#file(path).cached.slice();
  }

  open(path: string): Promise<DiskFile> {
    return this.#act('open', path, () => {
      const { dir, name } = this.#names.place(path);
      if (dir === undefined) throw new SimDiskFault('ENOENT', `no directory for ${path}`);
      let node = dir.children.get(name);
      if (node instanceof SimDir) throw new SimDiskFault('EISDIR', path);
      if (node === undefined) {
        node = new SimInode();
        this.#names.put(dir, name, node);
      }
      return this.#handle(path, node);
    });
  }

  list(path: string): Promise<readonly string[]> {
    return this.#act('list', path, () => [...this.#dir(path).children.keys()].toSorted());
  }

  makeDir(path: string): Promise<void> {
    return this.#act('makeDir', path, () => {
      let at = this.#names.root;
      for (const part of path.split('/').filter((each) => each !== '')) {
        let next = at.children.get(part);
        if (next === undefined) {
          next = new SimDir();
          this.#names.put(at, part, next);
        }
        if (!(next instanceof SimDir)) throw new SimDiskFault('ENOTDIR', path);
        at = next;
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#act('rename', from, () => {
      const source = this.#names.place(from);
      const target = this.#names.place(to);
      if (source.dir?.children.has(source.name) !== true) throw new SimDiskFault('ENOENT', from);
      if (target.dir === undefined) throw new SimDiskFault('ENOENT', to);
      this.#names.rename({ dir: source.dir, name: source.name }, { dir: target.dir, name: target.name });
    });
  }

  remove(path: string): Promise<void> {
    return this.#act('remove', path, () => {
      const { dir, name } = this.#names.place(path);
      if (dir !== undefined) this.#names.drop(dir, name);
    });
  }

  syncDir(path: string): Promise<void> {
    return this.#act('syncDir', path, () => this.#names.sync(this.#dir(path)));
  }

  /** The disk as one process sees it: useless after {@link crash} or {@link kill}, whatever the process still tries. */
  process(): Disk {
    const life = this.#life;
    const alive = <T>(act: (disk: SimDisk) => T): T => {
      this.#mustLive(life, 'a path');
      return act(this);
    };
    return {
      open: async (path) => alive((disk) => disk.open(path)),
      list: async (path) => alive((disk) => disk.list(path)),
      makeDir: async (path) => alive((disk) => disk.makeDir(path)),
      rename: async (from, to) => alive((disk) => disk.rename(from, to)),
      remove: async (path) => alive((disk) => disk.remove(path)),
      syncDir: async (path) => alive((disk) => disk.syncDir(path)),
      space: async () => alive((disk) => disk.space()),
      lock: async (path) => alive((disk) => disk.lock(path)),
    };
  }

  async space(): Promise<{ freeBytes: number; totalBytes: number }> {
    return { freeBytes: Math.max(0, this.capacityBytes - this.#usedBytes()), totalBytes: this.capacityBytes };
  }

  async lock(path: string): Promise<{ release(): Promise<void> }> {
    if (this.#locks.has(path)) throw new SimDiskFault('ELOCKED', path);
    this.#locks.add(path);
    return { release: async () => void this.#locks.delete(path) };
  }

  #handle(path: string, inode: SimInode): DiskFile {
    const life = this.#life;
    const act = <T>(kind: DiskAct, run: () => T): Promise<T> => this.#act(kind, path, run, inode, life);
    return {
      size: () => act('read', () => inode.size),
      read: (at, length) => act('read', () => inode.cached.slice(at, at + length)),
      write: (at, chunks) => act('write', () => this.#write(inode, at, chunks)),
      writeNow: (at, chunks) => {
        this.#mustLive(life, path);
        this.#count('write', path, inode);
        this.#write(inode, at, chunks);
      },
      truncate: (size) => act('truncate', () => inode.truncate(size)),
      sync: () => act('sync', inode.beginSync()),
      close: async () => {},
    };
  }

  /** A full disk takes what there is room for, then fails. */
  #write(inode: SimInode, at: number, chunks: readonly Uint8Array[]): void {
    const room = this.capacityBytes - this.#usedBytes();
    const more = Math.max(0, at + byteLength(chunks) - inode.size);
    let left = more <= room ? Number.POSITIVE_INFINITY : byteLength(chunks) - (more - room);
    for (const chunk of chunks) {
      if (left <= 0) break;
      inode.write(at, chunk.subarray(0, left));
      at += chunk.byteLength;
      left -= chunk.byteLength;
    }
    if (more > room) throw new SimDiskFault('ENOSPC', 'no space left on the simulated disk');
  }

  /** What an act does happens in the very step in which it counts: a crash comes before or after, never between. */
  async #act<T>(kind: DiskAct, path: string, run: () => T, inode?: SimInode, life = this.#life): Promise<T> {
    this.#mustLive(life, path);
    if (this.#pace !== undefined) await this.#pace(kind, path);
    else await turns(this.#jitter === 0 ? 1 : 1 + this.random.below(this.#jitter));
    this.#mustLive(life, path);
    this.#count(kind, path, inode);
    return run();
  }

  #mustLive(life: number, path: string): void {
    if (life !== this.#life) throw new SimDiskFault('EIO', `${path}: the machine crashed`);
  }

  #count(kind: DiskAct, path: string, inode: SimInode | undefined): void {
    if (ALWAYS_CHANGING.has(kind)) this.acts += 1;
    if (this.acts > this.powerFailsAt) throw new SimDiskFault('EIO', `${path}: the power is gone`);
    const fault = this.#faults.find(({ act, path: pattern }) => act === kind && pattern.test(path));
    if (fault === undefined) return;
    fault.times -= 1;
    if (fault.times === 0) this.#faults = this.#faults.filter((each) => each !== fault);
    if (kind === 'sync') inode?.loseDirty();
    throw new SimDiskFault(fault.code, `${kind} ${path}`);
  }

  #dir(path: string): SimDir {
    const node = this.#names.find(path);
    if (node instanceof SimDir) return node;
    throw new SimDiskFault(node === undefined ? 'ENOENT' : 'ENOTDIR', path);
  }

  #file(path: string): SimInode {
    const node = this.#names.find(path);
    if (node instanceof SimInode) return node;
    throw new SimDiskFault('ENOENT', path);
  }

  #usedBytes(): number {
    let used = 0;
    for (const { size } of this.#names.files()) used += size;
    return used;
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
