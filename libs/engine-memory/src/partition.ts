import type { Delivery, OutgoingMessage } from '@trunkline/bus';

/** What a partition holds at most; beyond it the oldest messages go, read or not, as in any log with a retention. */
export interface PartitionLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

/** One partition: messages in the order in which they were written. */
export class MemoryPartition {
  #messages: (Delivery | undefined)[] = [];
  /** Places at the front of the array whose messages are gone. */
  #gone = 0;
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
    return this.#startOffset + this.#messages.length - this.#gone;
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
    return offset < this.#startOffset ? undefined : this.#messages[this.#gone + offset - this.#startOffset];
  }

  /** Calls `wake` after each append, until the answer is called. */
  onAppend(wake: () => void): () => void {
    this.#readers.add(wake);
    return () => this.#readers.delete(wake);
  }

  #trim(): void {
    const { messagesMax, bytesMax } = this.limits;
    while (this.#messages.length - this.#gone > messagesMax || this.#bytes > bytesMax) {
      const oldest = this.#messages[this.#gone];
      if (oldest === undefined || this.#messages.length - this.#gone === 1) break;
      this.#messages[this.#gone] = undefined;
      this.#bytes -= sizeOf(oldest);
      this.#gone += 1;
      this.#startOffset += 1;
    }
    if (this.#gone < COMPACT_AT || this.#gone * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#gone);
    this.#gone = 0;
  }
}

/** Empty places that are not worth moving the rest for. */
const COMPACT_AT = 1_024;

function sizeOf({ key, value }: { key?: Uint8Array | null; value: Uint8Array | null }): number {
  return (key?.byteLength ?? 0) + (value?.byteLength ?? 0);
}
