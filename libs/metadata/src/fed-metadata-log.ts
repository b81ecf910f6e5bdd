import { offset, type Clock, type Crc32c, type Offset } from '@trunkline/kernel';
import { buildBatch } from '@trunkline/records';
import type { MetadataLog, MetadataSink } from './metadata-log.js';
import { encodeRecord } from './record-codec.js';
import type { MetadataRecord } from './records.js';
import { encodeSnapshot } from './snapshot.js';

/** What a node that follows is told: batches from where it was, or a snapshot when they are not kept any more. */
export interface MetadataFeed {
  /** Everything below it is in what is told. */
  readonly endOffset: Offset;
  /** Whole batches, one behind the other; with `isSnapshot` those of a snapshot. */
  readonly bytes: readonly Uint8Array[];
  readonly isSnapshot: boolean;
}

export interface FedMetadataLogOptions {
  readonly log: MetadataLog;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  /** The state at the newest offset; a MetadataManager has it. */
  readonly snapshot: () => { readonly records: Iterable<MetadataRecord>; readonly endOffset: Offset };
}

interface Kept {
  readonly endOffset: number;
  readonly bytes: Uint8Array;
}

/** Newest batches kept in memory for nodes that follow; one that is farther behind gets a snapshot. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** A metadata log with one voter, which nodes without a vote follow: it keeps the newest batches for them. */
export class FedMetadataLog implements MetadataLog {
  readonly isReplicated = false;
  readonly #options: FedMetadataLogOptions;
  #kept: Kept[] = [];
  #keptBytes = 0;
  #startOffset = 0;
  #endOffset = 0;
  readonly #waiting = new Set<() => void>();

  constructor(options: FedMetadataLogOptions) {
    this.#options = options;
  }

  get bytesSinceSnapshot(): number {
    return this.#options.log.bytesSinceSnapshot;
  }

  async open(sink: MetadataSink): Promise<void> {
    await this.#options.log.open({
      restored: (records, endOffset) => {
        this.#startOffset = this.#endOffset = endOffset;
        return sink.restored(records, endOffset);
      },
      committed: async (records, endOffset) => {
        await sink.committed(records, endOffset);
        this.#keep(records, endOffset);
      },
      roleChanged: (role) => sink.roleChanged(role),
    });
  }

  append(records: readonly MetadataRecord[]): Promise<void> {
    return this.#options.log.append(records);
  }

  writeSnapshot(records: Iterable<MetadataRecord>, endOffset: Offset): Promise<void> {
    return this.#options.log.writeSnapshot(records, endOffset);
  }

  async close(): Promise<void> {
    this.#wakeAll();
    await this.#options.log.close();
  }

  /** What there is from an offset on; when there is nothing yet, waits for it up to `maxWaitMs`. */
  async feed(from: number, maxWaitMs: number): Promise<MetadataFeed> {
    if (from === this.#endOffset && maxWaitMs > 0) await this.#more(maxWaitMs);
    if (from < this.#startOffset || from > this.#endOffset) return this.#snapshot();
    const bytes = this.#kept.flatMap((kept) => (kept.endOffset > from ? [kept.bytes] : []));
    return { endOffset: offset(this.#endOffset), bytes, isSnapshot: false };
  }

  #snapshot(): MetadataFeed {
    const { snapshot, clock, crc32c } = this.#options;
    const { records, endOffset } = snapshot();
    return { endOffset, bytes: [encodeSnapshot(records, clock.nowMs(), crc32c)], isSnapshot: true };
  }

  #more(maxWaitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.after(maxWaitMs, wake);
      this.#waiting.add(wake);
    });
  }

  #keep(records: readonly MetadataRecord[], endOffset: Offset): void {
    const { clock, crc32c } = this.#options;
    const timestampMs = clock.nowMs();
    const values = records.map((record) => ({ value: encodeRecord(record), timestampMs }));
    const bytes = buildBatch(values, { crc32c, baseOffset: endOffset - records.length, leaderEpoch: 0 });
    this.#kept.push({ endOffset, bytes });
    this.#keptBytes += bytes.byteLength;
    while (this.#keptBytes > KEPT_BYTES_MAX && this.#kept.length > 1) {
      const gone = this.#kept.shift();
      this.#keptBytes -= gone?.bytes.byteLength ?? 0;
      this.#startOffset = gone?.endOffset ?? this.#startOffset;
    }
    this.#endOffset = endOffset;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }
}
