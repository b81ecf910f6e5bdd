import type { ShardLog, ShardRecord } from '@trunkline/coordinator';

interface Append {
  readonly records: readonly ShardRecord[];
  readonly commit: () => void;
  readonly fail: (reason: Error) => void;
}

/**
 * A shard's log in memory. While it is `held`, appends wait for `commit` or `fail`; what is not committed is lost with
 * a crash, or kept, as the test says.
 */
export class MemoryShardLog implements ShardLog {
  records: ShardRecord[] = [];
  startOffset = 0;
  /** Records of each append, in their order. */
  readonly appends: number[] = [];
  readonly waiting: Append[] = [];
  held = false;
  /** The log takes nothing, as on a full disk. */
  refusal: Error | undefined;
  /** Thrown by the next read of the log. */
  readFailure: Error | undefined;
  /** Reading waits for this. */
  readGate: Promise<void> = Promise.resolve();

  get endOffset(): number {
    return this.startOffset + this.records.length;
  }

  append(records: readonly ShardRecord[]): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal;
    this.records.push(...records);
    this.appends.push(records.length);
    if (!this.held) return Promise.resolve();
    return new Promise((commit, fail) => this.waiting.push({ records, commit, fail }));
  }

  async *readAll(): AsyncGenerator<readonly ShardRecord[]> {
    await this.readGate;
    if (this.readFailure !== undefined) throw this.readFailure;
    yield this.records.slice();
  }

  async advanceStart(offset: number): Promise<void> {
    this.records = this.records.slice(offset - this.startOffset);
    this.startOffset = offset;
  }

  /** The append that has waited longest is committed. */
  commit(): void {
    this.waiting.shift()!.commit();
  }

  /** The append that has waited longest fails, and its records are gone. */
  fail(reason: Error): void {
    const { records, fail } = this.waiting.shift()!;
    this.records.splice(this.records.length - records.length, records.length);
    fail(reason);
  }
}
