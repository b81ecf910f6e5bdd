import type { Disk, Offset } from '@trunkline/kernel';
import { formatCheckpoint, replaceFile } from './checkpoint-file.js';
import type { EpochCache } from './epoch-cache.js';
import { EPOCH_FILE, fileName, RECOVERY_FILE, START_FILE, SUFFIX } from './log-files.js';

/** The small files beside a log's segments. Each is replaced whole and for good. */
export class LogCheckpoints {
  #epochsChanged = false;

  constructor(
    private readonly disk: Disk,
    private readonly dir: string,
    private readonly epochs: EpochCache,
    /** Below it everything is known to be on disk for good. */
    public recoveryPoint: Offset,
  ) {}

  /** The epochs in memory are others than those on disk. */
  epochsChanged(): void {
    this.#epochsChanged = true;
  }

  /** Writes the epochs if they changed. */
  async writeEpochs(): Promise<void> {
    if (!this.#epochsChanged) return;
    this.#epochsChanged = false;
    await this.#replace(EPOCH_FILE, this.epochs.encode());
  }

  async writeStart(start: Offset): Promise<void> {
    await this.#replace(START_FILE, formatCheckpoint([String(start)]));
  }

  async writeRecoveryPoint(end: Offset): Promise<void> {
    await this.#replace(RECOVERY_FILE, formatCheckpoint([String(end)]));
    this.recoveryPoint = end;
  }

  async writeSnapshot(at: Offset, snapshot: Uint8Array): Promise<void> {
    await this.#replace(fileName(at, SUFFIX.producers), snapshot);
  }

  #replace(name: string, bytes: Uint8Array): Promise<void> {
    return replaceFile(this.disk, this.dir, name, bytes);
  }
}
