import type { Clock } from '@trunkline/kernel';
import type { RecordCodec, ShardLog, ShardRecord } from './state-machine.js';

const CHUNK_RECORDS_MAX = 4_096;
const CHUNK_BYTES_MAX = 512 * 1024;

/** What a shard's log holds now, roughly: what decides when the state is worth saying again. */
interface Held {
  records: number;
  bytes: number;
}

/**
 * Writes a shard's records, reads them back, and keeps its log from growing for ever.
 *
 * Once the log holds twice what the live state needs, the whole state is appended as ordinary records, and only when
 * these are committed does the log's start move up to the first of them. A crash at any point leaves a log whose replay
 * gives the same state: before the start has moved, the old records and some that repeat their outcome; after it, the
 * repetition and what came later.
 */
export class LogKeeper<Record> {
  readonly #held: Held = { records: 0, bytes: 0 };
  #bytesAfterSnapshot = 0;

  constructor(
    readonly log: ShardLog,
    readonly codec: RecordCodec<Record>,
    readonly clock: Clock,
    /** The log may have so many bytes whatever it holds. */
    readonly snapshotBytesMin: number,
  ) {}

  /** Records that the log holds, repeated and overruled ones included. */
  get records(): number {
    return this.#held.records;
  }

  /** Gives every record to `replay`, in their order. Rejects when the log cannot be read; stops when `isWanted` says so. */
  async readAll(replay: (record: Record) => void, isWanted: () => boolean): Promise<void> {
    for await (const chunk of this.log.readAll()) {
      if (!isWanted()) return;
      for (const record of chunk) {
        this.#count(record);
        const decoded = this.codec.decode(record);
        if (decoded !== undefined) replay(decoded);
      }
    }
    this.#bytesAfterSnapshot = this.#held.bytes;
  }

  /** Resolves when all records are committed. Throws at once when the log takes nothing now. */
  append(records: readonly Record[]): Promise<void> {
    return this.#append(records.map((record) => this.codec.encode(record)));
  }

  /** `entries`: records that the live state needs. */
  snapshotIsDue(entries: number): boolean {
    const { records, bytes } = this.#held;
    if (bytes < this.snapshotBytesMin) return false;
    return records > 2 * entries || bytes > 2 * Math.max(this.#bytesAfterSnapshot, this.snapshotBytesMin);
  }

  /** Appends the state and lets go of what was before it. Nothing else may be appended meanwhile. */
  async snapshot(state: Iterable<Record>): Promise<void> {
    const before = { ...this.#held };
    const firstOffset = this.log.endOffset;
    for (const chunk of chunks(state, this.codec)) await this.#append(chunk);
    await this.log.advanceStart(firstOffset);
    this.#held.records -= before.records;
    this.#held.bytes -= before.bytes;
    this.#bytesAfterSnapshot = this.#held.bytes;
  }

  #append(records: readonly ShardRecord[]): Promise<void> {
    return this.log.append(records, this.clock.nowMs()).then(() => {
      for (const record of records) this.#count(record);
    });
  }

  #count(record: ShardRecord): void {
    this.#held.records += 1;
    this.#held.bytes += sizeOf(record);
  }
}

/** About what a record takes in a log. */
function sizeOf({ key, value }: ShardRecord): number {
  return RECORD_OVERHEAD_BYTES + key.byteLength + (value?.byteLength ?? 0);
}

const RECORD_OVERHEAD_BYTES = 10;

function* chunks<Record>(records: Iterable<Record>, codec: RecordCodec<Record>): Generator<readonly ShardRecord[]> {
  let chunk: ShardRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const encoded = codec.encode(record);
    chunk.push(encoded);
    bytes += sizeOf(encoded);
    if (chunk.length < CHUNK_RECORDS_MAX && bytes < CHUNK_BYTES_MAX) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}
