import { fromUtf8 } from '@trunkline/kernel';
import type { Delivery, MessageHeaders } from './engine.js';
import type { TrunklineError } from './error.js';

/** What a handler may know of its message beside the payload. */
export interface Message {
  readonly channel: string;
  readonly partition: number;
  readonly offset: number;
  /** The key as text, null when there is none. */
  readonly key: string | null;
  readonly keyBytes: Uint8Array | null;
  /** The header `ce_id`, else `tl-correlation-id`, else `channel/partition/offset`. Untrusted. */
  readonly id: string;
  /** 1 the first time. Counts what this process did: after a crash it begins anew on engines that do not keep it. */
  readonly attempt: number;
  /** Milliseconds since 1970, when the message was written. */
  readonly timestampMs: number;
  /** Headers are untrusted input: bounded in number and size, and only bytes. */
  readonly headers: MessageHeaders;
  /** A header as text, undefined when it is not there. */
  header(name: string): string | undefined;
  /** Aborted when the caller of a request gave up, its deadline passed, or the bus stops waiting while it drains. */
  readonly signal: AbortSignal;
  /** The bytes as they came. */
  readonly raw: Uint8Array | null;
}

/** A header's text, undefined when it is not there. */
export function headerText(headers: MessageHeaders, name: string): string | undefined {
  const found = headers.get(name);
  return found === undefined ? undefined : fromUtf8(found);
}

/** Whether bytes are exactly this ASCII text: without making a text of them. */
export function saysText(bytes: Uint8Array, text: string): boolean {
  if (bytes.byteLength !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (bytes[at] !== text.charCodeAt(at)) return false;
  return true;
}

/** A delivery as its handler sees it. Text and signal are made only when somebody asks for them. */
export class DeliveredMessage implements Message {
  #key: string | null | undefined;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;
  #aborted: TrunklineError | undefined;

  constructor(readonly delivery: Delivery) {}

  get channel(): string {
    return this.delivery.channel;
  }

  get partition(): number {
    return this.delivery.partition;
  }

  get offset(): number {
    return this.delivery.offset;
  }

  get key(): string | null {
    this.#key ??= this.delivery.key === null ? null : fromUtf8(this.delivery.key);
    return this.#key;
  }

  get keyBytes(): Uint8Array | null {
    return this.delivery.key;
  }

  get id(): string {
    const { channel, partition, offset } = this.delivery;
    return this.header('ce_id') ?? this.header('tl-correlation-id') ?? `${channel}/${partition}/${offset}`;
  }

  get attempt(): number {
    return this.delivery.attempt;
  }

  get timestampMs(): number {
    return this.delivery.timestampMs;
  }

  get headers(): MessageHeaders {
    return this.delivery.headers;
  }

  header(name: string): string | undefined {
    return headerText(this.delivery.headers, name);
  }

  get raw(): Uint8Array | null {
    return this.delivery.value;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#controller = new AbortController();
      this.#signal = this.#controller.signal;
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#signal;
  }

  /** Why the signal is aborted; undefined while it is not. */
  get aborted(): TrunklineError | undefined {
    return this.#aborted;
  }

  abort(reason: TrunklineError): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }

  /** The same message with another signal. */
  withSignal(signal: AbortSignal): DeliveredMessage {
    const same = new DeliveredMessage(this.delivery);
    same.#signal = signal;
    return same;
  }
}
