import { utf8 } from '@trunkline/kernel';
import type { Delivery } from './engine.js';
import { Reject, TrunklineError } from './error.js';
import { HEADER, boundedText } from './headers.js';
import type { BusParts } from './parts.js';

/** Why a message goes to the dead letters. */
export interface Death {
  readonly reason: unknown;
  /** How often its handler ran; 0 when it could not be decoded. */
  readonly attempts: number;
  readonly firstFailedMs: number;
  readonly lastFailedMs: number;
}

const TEXT_LENGTH_MAX = 2_000;

/** Writes messages to the dead letters of a group, as the bytes that came, with what went wrong in the headers. */
export class DeadLetters {
  /** `<name>.<group>.dead`. */
  readonly channel: string;

  constructor(
    readonly parts: BusParts,
    readonly group: string,
  ) {
    this.channel = `${group}.dead`;
  }

  /** Resolves once the engine is answerable for it. */
  write(delivery: Delivery, death: Death): Promise<void> {
    const headers = this.#bounded(delivery);
    headers.set(HEADER.originChannel, utf8(delivery.channel));
    headers.set(HEADER.originPartition, utf8(String(delivery.partition)));
    headers.set(HEADER.originOffset, utf8(String(delivery.offset)));
    headers.set(HEADER.originTimestamp, utf8(String(delivery.timestampMs)));
    headers.set(HEADER.originGroup, utf8(this.group));
    headers.set(HEADER.errorAttempts, utf8(String(death.attempts)));
    headers.set(HEADER.errorFirst, utf8(String(death.firstFailedMs)));
    headers.set(HEADER.errorLast, utf8(String(death.lastFailedMs)));
    const { reason } = death;
    headers.set(HEADER.errorCode, utf8(codeOf(reason)));
    headers.set(HEADER.errorClass, boundedText(reason instanceof Error ? reason.name : typeof reason, 100));
    headers.set(
      HEADER.errorText,
      boundedText(reason instanceof Error ? reason.message : String(reason), TEXT_LENGTH_MAX),
    );
    return this.parts.outbox.send({
      channel: this.channel,
      ...(delivery.key !== null && { key: delivery.key }),
      value: delivery.value,
      headers,
    });
  }

  /** The headers that came, as far as the limits allow: a message may be here because it has too many. */
  #bounded({ headers }: Delivery): Map<string, Uint8Array> {
    const { headersMax, headerBytesMax } = this.parts.limits;
    const kept = new Map<string, Uint8Array>();
    let bytes = 0;
    for (const [name, value] of headers) {
      bytes += name.length + value.byteLength;
      if (kept.size === headersMax || bytes > headerBytesMax) break;
      kept.set(name, value);
    }
    return kept;
  }
}

function codeOf(reason: unknown): string {
  if (reason instanceof TrunklineError) return reason.code;
  return reason instanceof Reject ? 'REJECTED' : 'HANDLER_FAILED';
}
