import {
  ApiError,
  asError,
  concatBytes,
  offset,
  type Clock,
  type Crc32c,
  type Logger,
  type NodeId,
} from '@trunkline/kernel';
import { batchesIn } from '@trunkline/records';
import type { MetadataFeed } from './fed-metadata-log.js';
import type { MetadataLog, MetadataSink } from './metadata-log.js';
import { decodeSnapshot, recordsIn } from './snapshot.js';

export interface FollowedMetadataLogOptions {
  /** Who has the log. */
  readonly leaderId: NodeId;
  /** What the leader has from an offset on; may take its time when there is nothing. Rejects when it cannot be asked. */
  readonly fetch: (from: number) => Promise<MetadataFeed>;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
}

const RETRY_MS = 100;

/**
 * The metadata log of a node without a vote: it follows the one voter there is, and keeps nothing on disk. After a
 * restart it gets everything anew.
 */
export class FollowedMetadataLog implements MetadataLog {
  readonly bytesSinceSnapshot = 0;
  readonly isReplicated = true;
  readonly #options: FollowedMetadataLogOptions;
  #next = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: FollowedMetadataLogOptions) {
    this.#options = options;
  }

  /** Resolves at once; what there is comes as soon as the leader is reached. */
  open(sink: MetadataSink): Promise<void> {
    sink.roleChanged({ leaderId: this.#options.leaderId, epoch: 0, isActive: false });
    void this.#follow(sink);
    return Promise.resolve();
  }

  append(): Promise<void> {
    const why = `node ${this.#options.leaderId} is the active controller`;
    return Promise.reject(new ApiError('NOT_CONTROLLER', why));
  }

  writeSnapshot(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    return Promise.resolve();
  }

  /** Never rejects. */
  async #follow(sink: MetadataSink): Promise<void> {
    while (!this.#closed) {
      try {
        const feed = await this.#options.fetch(this.#next);
        if (!this.#closed) await this.#take(feed, sink);
      } catch (reason) {
        this.#options.logger.debug(`the metadata log cannot be followed now: ${asError(reason).message}`);
        await this.#pause();
      }
    }
  }

  async #take({ endOffset, bytes, isSnapshot }: MetadataFeed, sink: MetadataSink): Promise<void> {
    const { crc32c } = this.#options;
    if (isSnapshot) {
      await sink.restored(decodeSnapshot(concatBytes(bytes), crc32c), endOffset);
      this.#next = endOffset;
      return;
    }
    for (const chunk of bytes) {
      for (const batch of batchesIn(chunk)) {
        if (!batch.checksumHolds(crc32c)) throw new ApiError('CORRUPT_MESSAGE', 'a batch of metadata came damaged');
        if (batch.nextOffset <= this.#next) continue;
        await sink.committed(recordsIn(batch), batch.nextOffset);
        this.#next = offset(batch.nextOffset);
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(RETRY_MS, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
