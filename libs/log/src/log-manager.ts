import { ApiError, asError, systemCode, type Offset, type Timer } from '@trunkline/kernel';
import { readWhole } from './checkpoint-file.js';
import { type CleanStop, takeCleanMarker, writeCleanMarker } from './clean-marker.js';
import type { LogConfig } from './log.js';
import { IDENTITY_FILE } from './log-files.js';
import { parseIdentity } from './log-loader.js';
import type { LogIdentity, LogWorld } from './log-options.js';
import { PartitionLog } from './partition-log.js';
import { TailBudget } from './tail-cache.js';
import { type KnownWatermark, readWatermarks, watermarkKey, writeWatermarks } from './watermark-file.js';

/** How the logs of a data directory are kept. Kafka's names in the comments; units in the names. */
export interface LogManagerConfig {
  /** log.retention.check.interval.ms */
  readonly retentionCheckMs: number;
  /** log.flush.offset.checkpoint.interval.ms */
  readonly checkpointMs: number;
  /** How often the room on the volume is looked at. */
  readonly spaceCheckMs: number;
  /** With fewer bytes left on the volume, nothing is taken from producers (topics of our own go on). 0: no reserve. */
  readonly reserveBytes: number;
  /** Newest batches kept in memory, by all logs together. */
  readonly tailBudgetBytes: number;
  /** Newest batches kept in memory, by one log. */
  readonly tailBytesMax: number;
  /** Logs that are closed at once. */
  readonly closedAtOnce: number;
}

export const DEFAULT_LOG_MANAGER_CONFIG: LogManagerConfig = Object.freeze({
  retentionCheckMs: 300_000,
  checkpointMs: 60_000,
  spaceCheckMs: 5_000,
  reserveBytes: 64 * 1024 * 1024,
  tailBudgetBytes: 32 * 1024 * 1024,
  tailBytesMax: 8 * 1024 * 1024,
  closedAtOnce: 16,
});

export interface LogManagerOptions extends LogWorld {
  /** The data directory. It is there, and the caller holds its lock. */
  readonly dir: string;
  readonly config?: Partial<LogManagerConfig>;
}

const DELETED = '-delete';
const STRAY = '-stray';
/** File names end at 255 bytes; a topic's may be 249 long. */
const NAME_PART_MAX = 180;

/**
 * All logs of a data directory: opens them, deletes them, and makes the rounds (retention, recovery points, room on the
 * disk). One log's failure is that log's alone (C70).
 *
 * Not done here: the lock on the directory and `meta.properties`, which the broker takes first.
 */
export class LogManager {
  readonly #config: LogManagerConfig;
  readonly #logs = new Map<string, PartitionLog>();
  readonly #opening = new Map<string, Promise<PartitionLog>>();
  readonly #budget: TailBudget;
  readonly #timers = new Map<string, Timer>();
  readonly #background = new Set<Promise<unknown>>();
  #isFull = false;
  #closed = false;

  private constructor(
    private readonly options: LogManagerOptions,
    /** How the last stop was; undefined: not clean, so every log is looked through. */
    readonly lastStop: CleanStop | undefined,
    private readonly watermarks: ReadonlyMap<string, Offset>,
  ) {
    this.#config = { ...DEFAULT_LOG_MANAGER_CONFIG, ...options.config };
    this.#budget = new TailBudget(this.#config.tailBudgetBytes);
  }

  /** Takes the clean marker, and removes what deletions left behind. Opens no log yet. */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const { disk, dir } = options;
    const watermarks = await readWatermarks(disk, dir).catch((reason: unknown) => {
      options.logger.warn('watermarks of the last uptime cannot be read; leaders tell new ones', {
        dir,
        why: asError(reason).message,
      });
      return new Map<string, Offset>();
    });
    const manager = new LogManager(options, await takeCleanMarker(disk, dir), watermarks);
    for (const name of await options.disk.list(options.dir)) {
      if (name.endsWith(DELETED)) await options.disk.remove(`${options.dir}/${name}`);
    }
    await manager.#checkSpace();
    manager.#every('retention', manager.#config.retentionCheckMs, () => manager.applyRetention());
    manager.#every('checkpoint', manager.#config.checkpointMs, () => manager.checkpoint());
    manager.#every('space', manager.#config.spaceCheckMs, () => manager.#checkSpace());
    return manager;
  }

  /** The data directory. */
  get dir(): string {
    return this.options.dir;
  }
  /** Whether producers are refused because the volume is almost full. */
  get isFull(): boolean {
    return this.#isFull;
  }

  logs(): Iterable<PartitionLog> {
    return this.#logs.values();
  }

  /** Whether a log failed since it was opened: it takes nothing any more, and its directory is not to be trusted. */
  get hasFailed(): boolean {
    for (const { failed } of this.#logs.values()) if (failed !== undefined) return true;
    return false;
  }

  /** How far the last uptime knew a partition to be committed; undefined: it did not say. May be too low. */
  knownWatermark(identity: Pick<LogIdentity, 'topicId' | 'partition'>): Offset | undefined {
    return this.watermarks.get(watermarkKey(identity));
  }

  /** Notes for the next uptime how far partitions are committed, all of them at once. */
  async writeWatermarks(known: readonly KnownWatermark[]): Promise<void> {
    await writeWatermarks(this.options.disk, this.dir, known);
  }

  /** Bytes that are left on the volume, and its size. */
  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.options.disk.space(this.dir);
  }

  /**
   * The log of a partition: the one that is open, the one that is on disk, or a new one. A directory with data of
   * another topic of that name is set aside, never used and never deleted (C49). Rejects with ApiError
   * KAFKA_STORAGE_ERROR when the log is damaged; all others are not concerned.
   */
  async openLog(identity: LogIdentity, config: LogConfig): Promise<PartitionLog> {
    if (this.#closed) throw new ApiError('KAFKA_STORAGE_ERROR', `${this.dir} is closed`);
    const name = dirName(identity);
    const open = this.#logs.get(name);
    if (open !== undefined && open.identity.topicId === identity.topicId) return open;
    const opening = this.#opening.get(name) ?? this.#open(name, identity, config);
    this.#opening.set(name, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(name);
    }
  }

  /** Forgets a partition's data. Once it resolves, a crash will not bring it back; the bytes go soon after. */
  async deleteLog(identity: LogIdentity): Promise<void> {
    const name = dirName(identity);
    const log = this.#logs.get(name);
    if (log !== undefined) {
      this.#logs.delete(name);
      await log.abandon();
    }
    const { disk } = this.options;
    if (!(await disk.list(this.dir)).includes(name)) return;
    const gone = await this.#setAside(name, identity, DELETED);
    this.#inBackground(disk.remove(gone));
  }

  /**
   * Sets aside every log directory of a replica that `isKnown` does not know: its topic was deleted, or it was moved to
   * another node, and a crash was quicker. They keep their data under a name ending in `-stray`. Returns those names. A directory that cannot be
   * looked into or renamed is reported to the logger and left as it is; rejects only when the data directory cannot be
   * read.
   */
  async setAsideStrays(isKnown: (topicId: string, partition: number) => boolean): Promise<readonly string[]> {
    const strays: string[] = [];
    const { disk } = this.options;
    for (const name of await disk.list(this.dir)) {
      if (!/-\d+$/.test(name) || this.#logs.has(name)) continue;
      try {
        const topicId = await this.#topicIdIn(name);
        if (topicId === undefined) continue;
        const identity = identityOf(name, topicId);
        if (!isKnown(topicId, identity.partition)) strays.push(await this.#setAside(name, identity, STRAY));
      } catch (reason) {
        const dir = `${this.dir}/${name}`;
        this.options.logger.warn('whose data this is could not be found out', { dir, why: asError(reason).message });
      }
    }
    return strays;
  }

  /** A round of retention over all logs. Returns the number of segments that went. */
  async applyRetention(): Promise<number> {
    let removed = 0;
    await this.#forEach('retention', async (log) => {
      removed += await log.applyRetention(this.options.clock.nowMs());
    });
    return removed;
  }

  /** Notes for every log how far it is on disk for good. */
  async checkpoint(): Promise<void> {
    await this.#forEach('checkpoint', (log) => log.checkpoint());
  }

  /** Closes all logs; when every one closed in order, leaves the clean marker, and only then. */
  async close(brokerEpoch = -1): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.allSettled([...this.#background, ...this.#opening.values()]);
    let isClean = true;
    const waiting = [...this.#logs.values()];
    const worker = async (): Promise<void> => {
      for (let log = waiting.pop(); log !== undefined; log = waiting.pop()) {
        await log.close().catch((reason: unknown) => this.#report('close', log!, reason));
        if (log.failed !== undefined) isClean = false;
      }
    };
    await Promise.all(Array.from({ length: this.#config.closedAtOnce }, worker));
    if (isClean) await writeCleanMarker(this.options.disk, this.dir, { brokerEpoch });
  }

  async #open(name: string, identity: LogIdentity, config: LogConfig): Promise<PartitionLog> {
    const { disk, logger } = this.options;
    const found = (await disk.list(this.dir)).includes(name) ? await this.#topicIdIn(name) : undefined;
    if (found !== undefined && found !== identity.topicId) {
      const aside = await this.#setAside(name, { ...identity, topicId: found as LogIdentity['topicId'] }, STRAY);
      logger.warn('set aside the data of a deleted topic of the same name', { dir: aside, topicId: found });
    }
    const log = await PartitionLog.open({
      ...this.options,
      dir: `${this.dir}/${name}`,
      identity,
      config,
      clean: this.lastStop !== undefined,
      tailBudget: this.#budget,
      tailBytesMax: this.#config.tailBytesMax,
    });
    log.refusesProduce = this.#isFull && !isInternal(identity);
    this.#logs.set(name, log);
    return log;
  }

  async #topicIdIn(name: string): Promise<string | undefined> {
    const { disk } = this.options;
    const dir = `${this.dir}/${name}`;
    const names = await disk.list(dir).catch((reason: unknown): readonly string[] => {
      if (systemCode(reason) === 'ENOTDIR') return []; // A file of somebody else's.
      throw new ApiError('KAFKA_STORAGE_ERROR', `${dir} cannot be read: ${asError(reason).message}`);
    });
    const path = `${dir}/${IDENTITY_FILE}`;
    return names.includes(IDENTITY_FILE) ? parseIdentity(await readWhole(disk, path), path) : undefined;
  }

  async #setAside(name: string, { topic, partition, topicId }: LogIdentity, suffix: string): Promise<string> {
    const { disk } = this.options;
    const aside = `${this.dir}/${topic.slice(0, NAME_PART_MAX)}-${partition}.${topicId}${suffix}`;
    if (suffix === DELETED) await disk.remove(aside); // Of a former try that did not come to its end.
    await disk.rename(`${this.dir}/${name}`, aside);
    await disk.syncDir(this.dir);
    return aside;
  }

  async #checkSpace(): Promise<void> {
    const { freeBytes } = await this.space();
    const isFull = freeBytes < this.#config.reserveBytes;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    const { logger } = this.options;
    const facts = { dir: this.dir, freeBytes, reserveBytes: this.#config.reserveBytes };
    if (isFull) logger.error('the disk is almost full: nothing is taken from producers', facts);
    else logger.info('there is room on the disk again: producers are served', facts);
    for (const log of this.#logs.values()) log.refusesProduce = isFull && !isInternal(log.identity);
  }

  async #forEach(round: string, work: (log: PartitionLog) => Promise<unknown>): Promise<void> {
    for (const log of this.#logs.values()) {
      if (log.failed !== undefined) continue;
      await work(log).catch((reason: unknown) => this.#report(round, log, reason));
    }
  }

  #report(round: string, log: PartitionLog, reason: unknown): void {
    if (log.failed === undefined)
      this.options.logger.warn(`${round} failed`, { dir: log.dir, why: asError(reason).message });
  }

  /** Makes a round again and again; the next waits for the last. */
  #every(name: string, delayMs: number, round: () => Promise<unknown>): void {
    const again = (): void => {
      if (this.#closed) return;
      this.#timers.set(
        name,
        this.options.clock.after(delayMs, () => {
          this.#inBackground(round().finally(again));
        }),
      );
    };
    again();
  }

  #inBackground(work: Promise<unknown>): void {
    const settled = work.catch((reason: unknown) => {
      this.options.logger.warn('maintenance of the logs failed', { dir: this.dir, why: asError(reason).message });
    });
    this.#background.add(settled);
    void settled.finally(() => this.#background.delete(settled));
  }
}

/** The directory of a partition, Kafka's own name. */
function dirName({ topic, partition }: LogIdentity): string {
  return `${topic}-${partition}`;
}

function identityOf(name: string, topicId: string): LogIdentity {
  const at = name.lastIndexOf('-');
  return {
    topic: name.slice(0, at),
    partition: Number(name.slice(at + 1)),
    topicId: topicId as LogIdentity['topicId'],
  };
}

/** Offsets and transactions go on while a producer's records wait for room (C71). */
function isInternal({ topic }: LogIdentity): boolean {
  return topic.startsWith('__');
}
