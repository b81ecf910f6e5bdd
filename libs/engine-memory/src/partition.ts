import type { Delivery, OutgoingMessage } from '@trunkline/bus';

/** What a partition holds at most; beyond it the oldest messages go, read or not, as in any log with a retention. */
export interface PartitionLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

/** One partition: messages in the order in which they were written. */
export class MemoryPartition {
  #messages: Delivery[] = [];
  #startOffset = 0;
  #bytes = 0;
  readonly #readers = new Set<() => void>();

  constructor(
    readonly channel: string,
    readonly index: number,
    readonly limits: PartitionLimits,
  ) {}

  /** The oldest message that is still there. */
  get startOffset(): number {
    return this.#startOffset;
  }

  /** The offset of the next message. */
  get endOffset(): number {
    return this.#startOffset + this.#messages.length;
  }

  /** Keeps copies: what the sender does with its bytes afterwards is its own affair. */
  append(message: OutgoingMessage, timestampMs: number): void {
    this.#messages.push({
      channel: this.channel,
      partition: this.index,
      offset: this.endOffset,
      key: message.key?.slice() ?? null,
      value: message.value?.slice() ?? null,
      headers: new Map([...message.headers].map(([name, value]) => [name, value.slice()])),
      timestampMs,
      attempt: 1,
    });
    this.#bytes += sizeOf(message);
    this.#trim();
    for (const wake of this.#readers) wake();
  }

  /** The message at an offset; undefined beyond the end. Offsets before the start are gone. */
  at(offset: number): Delivery | undefined {
    return this.#messages[offset - this.#startOffset];
  }

  /** Calls `wake` after each append, until the answer is called. */
  onAppend(wake: () => void): () => void {
    this.#readers.add(wake);
    return () => this.#readers.delete(wake);
  }

  #trim(): void {
    const { messagesMax, bytesMax } = this.limits;
    let gone = 0;
    while (this.#messages.length - gone > messagesMax || (this.#bytes > bytesMax && this.#messages.length - gone > 1)) {
      const oldest = this.#messages[gone];
      if (oldest === undefined) break;
      this.#bytes -= sizeOf(oldest);
      gone += 1;
    }
    if (gone === 0) return;
    this.#messages = this.#messages.slice(gone);
    this.#startOffset += gone;
  }
}

function sizeOf({ key, value }: { key?: Uint8Array | null; value: Uint8Array | null }): number {
  return (key?.byteLength ?? 0) + (value?.byteLength ?? 0);
}
