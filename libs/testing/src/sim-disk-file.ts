import type { SimRandom } from './sim-random.js';

/** What a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;

/** Fate of a sector that was written and not synced, when the power goes. */
export interface CrashOdds {
  /** Percent of unsynced sectors that reached the disk nevertheless. */
  readonly keptPercent: number;
  /** Percent of unsynced sectors that hold garbage. Real disks all but never do it; 0 unless a test wants it. */
  readonly garbagePercent: number;
}

/** A file as the kernel sees it (`cached`) and as it would be after a power cut (`durable`). */
export class SimInode {
  cached = new Uint8Array(0);
  durable = new Uint8Array(0);
  /** Sectors that differ, or may. */
  readonly dirty = new Set<number>();
  /** The smallest size it was cut to since the last sync. */
  #cutTo: number | undefined;
  /** Syncs that failed. */
  #lost = 0;
  #syncsBegun = 0;
  #syncedOrder = 0;

  get size(): number {
    return this.cached.byteLength;
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.byteLength;
    if (end > this.cached.byteLength) this.cached = resized(this.cached, end);
    this.cached.set(bytes, at);
    for (let sector = Math.floor(at / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) this.dirty.add(sector);
  }

  truncate(size: number): void {
    if (size < this.cached.byteLength) this.#cutTo = Math.min(this.#cutTo ?? size, size);
    this.cached = resized(this.cached, size);
    for (const sector of this.dirty) if (sector * SECTOR_BYTES >= size) this.dirty.delete(sector);
  }

  /** A sync saves what was written before it began; call the result when it ends. What is written meanwhile waits. */
  beginSync(): () => void {
    const saved = new Map([...this.dirty].map((sector) => [sector, sectorOf(this.cached, sector).slice()]));
    const savedSize = this.cached.byteLength;
    const cutTo = this.#cutTo;
    const lost = this.#lost;
    const order = ++this.#syncsBegun;
    return () => {
      if (order < this.#syncedOrder) return; // A later one has saved more already.
      if (lost !== this.#lost) return; // A sync of the same file failed meanwhile: nothing is known to be saved.
      this.#syncedOrder = order;
      if (cutTo !== undefined) this.durable = resized(this.durable, Math.min(cutTo, this.durable.byteLength));
      if (cutTo === this.#cutTo) this.#cutTo = undefined;
      this.durable = resized(this.durable, Math.max(this.durable.byteLength, savedSize));
      for (const [sector, bytes] of saved) {
        this.durable.set(bytes, sector * SECTOR_BYTES);
        if (Buffer.compare(bytes, sectorOf(this.cached, sector)) === 0) this.dirty.delete(sector);
      }
    };
  }

  /** A sync that fails: the kernel calls the pages clean, and nobody will ever write them (Rebello et al., ATC 2020). */
  loseDirty(): void {
    this.#lost += 1;
    this.dirty.clear();
  }

  /** The power goes. What was synced is there; of the rest each sector has its own fate. */
  crash(random: SimRandom, odds: CrashOdds): void {
    let after = this.durable.slice();
    if (this.#cutTo !== undefined && random.chance(odds.keptPercent)) {
      after = resized(after, Math.min(this.#cutTo, after.byteLength));
    }
    const kept = [...this.dirty].filter(() => random.chance(odds.keptPercent));
    const lastKept = kept.reduce((last, sector) => Math.max(last, sector), -1);
    const reached = Math.min(this.cached.byteLength, (lastKept + 1) * SECTOR_BYTES);
    const grown = this.dirty.size > 0 && random.chance(odds.keptPercent) ? this.cached.byteLength : reached;
    after = resized(after, Math.max(after.byteLength, grown));
    for (const sector of kept) {
      after.set(
        sectorOf(this.cached, sector).subarray(0, after.byteLength - sector * SECTOR_BYTES),
        sector * SECTOR_BYTES,
      );
      if (random.chance(odds.garbagePercent)) scramble(after, sector, random);
    }
    this.cached = after;
    this.durable = after.slice();
    this.dirty.clear();
    this.#cutTo = undefined;
  }
}

function sectorOf(bytes: Uint8Array, sector: number): Uint8Array {
  return bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
}

/** Cut, or grown by zeros. Memory doubles, so that a file may grow by small writes. */
function resized(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (size <= bytes.byteLength) return size === bytes.byteLength ? bytes : bytes.slice(0, size);
  if (bytes.buffer.byteLength >= size) {
    const same = new Uint8Array(bytes.buffer, 0, size);
    return same.fill(0, bytes.byteLength);
  }
  const larger = new Uint8Array(new ArrayBuffer(Math.max(size, 2 * bytes.byteLength)), 0, size);
  larger.set(bytes);
  return larger;
}

function scramble(bytes: Uint8Array, sector: number, random: SimRandom): void {
  const end = Math.min(bytes.byteLength, (sector + 1) * SECTOR_BYTES);
  for (let at = sector * SECTOR_BYTES; at < end; at++) bytes[at] = random.below(256);
}
