import type { Disk, DiskFile } from '@trunkline/kernel';

const PAGE_BYTES = 65_536;

/** A failure as a file system says it. */
class MemoryDiskError extends Error {
  constructor(
    readonly code: 'ENOENT' | 'ENOSPC' | 'ELOCKED',
    what: string,
  ) {
    super(`${code}: ${what}`);
    this.name = 'MemoryDiskError';
  }
}

/** Files in the memory of this process, gone with it. Pages are taken as they are written: holes cost nothing. */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, MemoryFile>();
  readonly #dirs = new Set<string>();
  readonly #locks = new Set<string>();
  readonly #volume: Volume;

  /** `bytesMax`: once files hold so much, writes fail with `ENOSPC`. */
  constructor(bytesMax: number) {
    this.#volume = new Volume(bytesMax);
  }

  async open(path: string): Promise<DiskFile> {
    if (!this.#dirs.has(parentOf(path))) throw new MemoryDiskError('ENOENT', `${path}: its directory does not exist`);
    let file = this.#files.get(path);
    if (file === undefined) this.#files.set(path, (file = new MemoryFile(this.#volume)));
    return file;
  }

  async list(dir: string): Promise<readonly string[]> {
    if (!this.#dirs.has(dir)) throw new MemoryDiskError('ENOENT', dir);
    const names = new Set<string>();
    for (const path of [...this.#files.keys(), ...this.#dirs]) {
      if (path.startsWith(`${dir}/`)) names.add(path.slice(dir.length + 1).split('/', 1)[0] ?? '');
    }
    return [...names].toSorted();
  }

  async makeDir(dir: string): Promise<void> {
    for (let path = dir; path !== '' && !this.#dirs.has(path); path = parentOf(path)) this.#dirs.add(path);
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(from);
    if (file !== undefined) {
      await this.remove(to);
      this.#files.delete(from);
      this.#files.set(to, file);
      return;
    }
    if (!this.#dirs.has(from)) throw new MemoryDiskError('ENOENT', from);
    await this.remove(to);
    const moved = (path: string): string => `${to}${path.slice(from.length)}`;
    for (const [path, inside] of this.#under(from)) {
      this.#files.delete(path);
      this.#files.set(moved(path), inside);
    }
    for (const dir of this.#dirs) {
      if (dir !== from && !dir.startsWith(`${from}/`)) continue;
      this.#dirs.delete(dir);
      this.#dirs.add(moved(dir));
    }
  }

  async remove(path: string): Promise<void> {
    for (const [name, file] of this.#under(path)) {
      this.#files.delete(name);
      file.drop();
    }
    for (const dir of this.#dirs) if (dir === path || dir.startsWith(`${path}/`)) this.#dirs.delete(dir);
  }

  async syncDir(): Promise<void> {}

  async space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return { freeBytes: this.#volume.freeBytes, totalBytes: this.#volume.bytesMax };
  }

  async lock(path: string): Promise<{ release(): Promise<void> }> {
    if (this.#locks.has(path)) throw new MemoryDiskError('ELOCKED', `${path} is locked`);
    this.#locks.add(path);
    return { release: async () => void this.#locks.delete(path) };
  }

  *#under(path: string): Iterable<[string, MemoryFile]> {
    for (const entry of this.#files) if (entry[0] === path || entry[0].startsWith(`${path}/`)) yield entry;
  }
}

/** The pages of all files of one disk, counted. */
class Volume {
  #pages = 0;

  constructor(readonly bytesMax: number) {}

  get freeBytes(): number {
    return Math.max(0, this.bytesMax - this.#pages * PAGE_BYTES);
  }

  take(): Uint8Array {
    if (this.freeBytes < PAGE_BYTES) {
      throw new MemoryDiskError('ENOSPC', `the memory disk holds ${this.bytesMax} bytes at most (memory.bytesMax)`);
    }
    this.#pages += 1;
    return new Uint8Array(PAGE_BYTES);
  }

  giveBack(pages: number): void {
    this.#pages -= pages;
  }
}

class MemoryFile implements DiskFile {
  readonly #pages = new Map<number, Uint8Array>();
  #size = 0;

  constructor(private readonly volume: Volume) {}

  async size(): Promise<number> {
    return this.#size;
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - at)));
    for (let done = 0; done < bytes.byteLength;) {
      const [page, from] = placeOf(at + done);
      const count = Math.min(PAGE_BYTES - from, bytes.byteLength - done);
      const held = this.#pages.get(page);
      if (held !== undefined) bytes.set(held.subarray(from, from + count), done);
      done += count;
    }
    return bytes;
  }

  async write(at: number, chunks: readonly Uint8Array[]): Promise<void> {
    this.writeNow(at, chunks);
  }

  writeNow(at: number, chunks: readonly Uint8Array[]): void {
    let to = at;
    for (const chunk of chunks) {
      for (let done = 0; done < chunk.byteLength;) {
        const [page, from] = placeOf(to);
        const count = Math.min(PAGE_BYTES - from, chunk.byteLength - done);
        this.#pageAt(page).set(chunk.subarray(done, done + count), from);
        done += count;
        to += count;
        if (to > this.#size) this.#size = to;
      }
    }
  }

  async truncate(size: number): Promise<void> {
    if (size < this.#size) {
      const [last, from] = placeOf(size);
      const firstGone = from === 0 ? last : last + 1;
      let gone = 0;
      for (const page of this.#pages.keys()) if (page >= firstGone && this.#pages.delete(page)) gone += 1;
      this.volume.giveBack(gone);
      if (from > 0) this.#pages.get(last)?.fill(0, from);
    }
    this.#size = size;
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}

  /** Its name is gone, so nobody finds it again; whoever has it open must not use it any more. */
  drop(): void {
    this.volume.giveBack(this.#pages.size);
    this.#pages.clear();
    this.#size = 0;
  }

  #pageAt(page: number): Uint8Array {
    let held = this.#pages.get(page);
    if (held === undefined) this.#pages.set(page, (held = this.volume.take()));
    return held;
  }
}

function placeOf(at: number): [page: number, from: number] {
  return [Math.floor(at / PAGE_BYTES), at % PAGE_BYTES];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
