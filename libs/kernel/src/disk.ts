/**
 * Files as a port: Node's in production, a page cache and a durable image in the simulation.
 *
 * Paths use `/`. Nothing is durable before `sync` (content) and `syncDir` (names). Failures are system errors with a
 * `code` (`ENOENT`, `ENOSPC`, `EIO`); a failed `sync` must never be tried again as if nothing had happened
 * (Rebello et al., ATC 2020).
 */
export interface Disk {
  /** Opens for reading and writing, and creates the file when it is missing. The directory must exist. */
  open(path: string): Promise<DiskFile>;
  /** Names (not paths) inside a directory, sorted. A missing directory rejects with `ENOENT`. */
  list(dir: string): Promise<readonly string[]>;
  /** Makes a directory and its parents. Exists already: nothing happens. */
  makeDir(dir: string): Promise<void>;
  /** Replaces `to` atomically. Durable only after `syncDir` of both directories. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a directory with all it holds. Missing: nothing happens. */
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals inside `dir` durable. */
  syncDir(dir: string): Promise<void>;
  /** Bytes that are left on the volume of `dir`, and its size. */
  space(dir: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
  /** Takes an exclusive lock that ends with the process, whatever ends it. Rejects with `ELOCKED` when another holds it. */
  lock(path: string): Promise<{ release(): Promise<void> }>;
}

/** An open file. Reads and writes may overlap in time; the caller orders those that touch the same bytes. */
export interface DiskFile {
  size(): Promise<number>;
  /** Bytes from `at`, fewer than `length` only at the end of the file. The result belongs to the caller. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** Writes the chunks one behind the other from `at`. Rejects when not every byte was written. */
  write(at: number, chunks: readonly Uint8Array[]): Promise<void>;
  /**
   * The same as `write`, in this turn of the event loop: 3 µs against 36 µs for a small write into the page cache.
   * For up to some 256 KB; larger writes go through `write`.
   */
  writeNow(at: number, chunks: readonly Uint8Array[]): void;
  /** Cuts, or fills with zeros, to `size` bytes. */
  truncate(size: number): Promise<void>;
  /** Makes the content durable (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}
