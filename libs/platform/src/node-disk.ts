import fs from 'node:fs';
import path from 'node:path';
import { byteLength, type Disk, type DiskFile, systemCode } from '@trunkline/kernel';
import { takeLock } from './node-lock.js';

/** A disk took fewer bytes than it was given, and does not say why. */
class ShortWrite extends Error {
  readonly code = 'EIO';
}

class NodeDiskFile implements DiskFile {
  readonly #path: string;
  readonly #fd: number;
  #closed = false;

  constructor(name: string, fd: number) {
    this.#path = name;
    this.#fd = fd;
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#fd, (error, stats) => (error ? reject(error) : resolve(stats.size)));
    });
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const count = await this.#readOnce(bytes, done, at + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  #readOnce(into: Buffer, from: number, at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, into, from, into.length - from, at, (error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async write(at: number, chunks: readonly Uint8Array[]): Promise<void> {
    const total = byteLength(chunks);
    let done = 0;
    let rest = chunks;
    while (done < total) {
      const count = await this.#writeOnce(at + done, rest);
      done += count;
      if (done < total) rest = this.#behind(rest, count);
    }
  }

  #writeOnce(at: number, chunks: readonly Uint8Array[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const told = (error: Error | null, count: number): void => (error ? reject(error) : resolve(count));
      if (chunks.length === 1) fs.write(this.#fd, chunks[0]!, 0, chunks[0]!.byteLength, at, told);
      else fs.writev(this.#fd, chunks, at, told);
    });
  }

  writeNow(at: number, chunks: readonly Uint8Array[]): void {
    const total = byteLength(chunks);
    let done = 0;
    let rest = chunks;
    while (done < total) {
      const single = rest.length === 1 ? rest[0]! : undefined;
      const count =
        single === undefined
          ? fs.writevSync(this.#fd, rest, at + done)
          : fs.writeSync(this.#fd, single, 0, single.byteLength, at + done);
      done += count;
      if (done < total) rest = this.#behind(rest, count);
    }
  }

  /** What is left of the chunks after `count` bytes: a full disk and a signal may both cut a write short. */
  #behind(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
    if (count === 0) throw new ShortWrite(`${this.#path}: the disk takes no more bytes`);
    let skip = count;
    let first = 0;
    while (skip >= chunks[first]!.byteLength) skip -= chunks[first++]!.byteLength;
    return [chunks[first]!.subarray(skip), ...chunks.slice(first + 1)];
  }

  truncate(size: number): Promise<void> {
    return settle((told) => fs.ftruncate(this.#fd, size, told));
  }

  sync(): Promise<void> {
    return settle((told) => fs.fdatasync(this.#fd, told));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await settle((told) => fs.close(this.#fd, told));
  }
}

/** Node's file system. Needs nothing but an existing volume; paths with `/` work on every platform. */
export class NodeDisk implements Disk {
  async open(name: string): Promise<DiskFile> {
    const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
    return new NodeDiskFile(name, await openFd(name, flags));
  }

  async list(dir: string): Promise<readonly string[]> {
    return (await fs.promises.readdir(dir)).toSorted();
  }

  async makeDir(dir: string): Promise<void> {
    // Not mkdir's own `recursive`: where a directory can never be made (/proc/x) it tries for ever.
    if (await this.#madeDir(dir)) return;
    await this.makeDir(path.dirname(dir));
    if (!(await this.#madeDir(dir))) throw Object.assign(new Error(`ENOENT: cannot make ${dir}`), { code: 'ENOENT' });
  }

  /** Whether the directory is there now; false when its parent is missing. */
  async #madeDir(dir: string): Promise<boolean> {
    try {
      await fs.promises.mkdir(dir);
      return true;
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT' && path.dirname(dir) !== dir) return false;
      if (code !== 'EEXIST' || !(await fs.promises.stat(dir)).isDirectory()) throw error;
      return true;
    }
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(from, to);
  }

  remove(name: string): Promise<void> {
    return fs.promises.rm(name, { recursive: true, force: true });
  }

  async syncDir(dir: string): Promise<void> {
    const fd = await openFd(dir, fs.constants.O_RDONLY);
    try {
      await settle((told) => fs.fsync(fd, told));
    } catch (error) {
      // Windows and some network file systems cannot sync a directory; they order names by other means.
      if (systemCode(error) !== 'EPERM' && systemCode(error) !== 'EINVAL') throw error;
    } finally {
      fs.closeSync(fd);
    }
  }

  async space(dir: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const stats = await fs.promises.statfs(dir);
    return { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize };
  }

  async lock(name: string): Promise<{ release(): Promise<void> }> {
    return takeLock(name);
  }
}

function openFd(name: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(name, flags, 0o644, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

function settle(start: (told: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}
