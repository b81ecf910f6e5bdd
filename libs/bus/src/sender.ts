import { EMPTY_BYTES, utf8 } from '@trunkline/kernel';
import type { Codec } from './codec.js';
import type { Contract } from './contract.js';
import { TrunklineError } from './error.js';
import { HEADER, addUserHeaders, passTrace } from './headers.js';
import { type SendExchange, type SendKind, type SendNext, compose } from './interceptor.js';
import type { SendOptions } from './options.js';
import type { BusParts } from './parts.js';
import { tooLarge } from './outbox.js';

/** Turns payloads into messages: interceptors, codec, headers. The four verbs share it. */
export class Sender {
  readonly #contentTypes = new Map<string, Uint8Array>();
  readonly #types = new Map<string, Uint8Array>();
  readonly #source: Uint8Array;
  #timeMs = -1;
  #timeBytes: Uint8Array = EMPTY_BYTES;

  constructor(readonly parts: BusParts) {
    this.#source = utf8(`/${parts.service}`);
  }

  /** Runs `innermost` inside the interceptors of sends. */
  intercepted(
    kind: SendKind,
    contract: Contract,
    payload: unknown,
    options: SendOptions,
    innermost: SendNext,
  ): Promise<unknown> {
    const headers = new Map<string, Uint8Array>();
    if (options.cause !== undefined) passTrace(options.cause.headers, headers);
    if (options.headers !== undefined) addUserHeaders(headers, options.headers);
    const exchange: SendExchange = { kind, channel: contract.name, payload, headers };
    const { sendInterceptors } = this.parts;
    return sendInterceptors.length === 0 ? innermost(exchange) : compose(sendInterceptors, innermost)(exchange);
  }

  /** A payload's bytes and its content type in the headers. Throws `ENCODE_FAILED` or `MESSAGE_TOO_LARGE`. */
  encode<In>(codec: Codec<unknown, In>, channel: string, payload: In, headers: Map<string, Uint8Array>): Uint8Array {
    let value: Uint8Array;
    try {
      value = codec.encode(payload);
    } catch (reason) {
      if (reason instanceof TrunklineError) throw reason;
      const said = reason instanceof Error ? reason.message : String(reason);
      throw new TrunklineError('ENCODE_FAILED', `${channel}: ${said}`, { cause: reason });
    }
    const { messageBytesMax } = this.parts.limits;
    if (value.byteLength > messageBytesMax) throw tooLarge(channel, value.byteLength, messageBytesMax);
    headers.set(HEADER.contentType, this.#known(this.#contentTypes, codec.contentType));
    return value;
  }

  /** The CloudEvents of a topic's or queue's message. */
  addCloudEvent(headers: Map<string, Uint8Array>, channel: string): void {
    headers.set(HEADER.ceSpecVersion, CE_SPEC_VERSION);
    headers.set(HEADER.ceId, utf8(this.parts.uniqueId()));
    headers.set(HEADER.ceType, this.#known(this.#types, channel));
    headers.set(HEADER.ceSource, this.#source);
    headers.set(HEADER.ceTime, this.#time(this.parts.clock.nowMs()));
  }

  /** Written once a millisecond: making it costs more than all other headers together. */
  #time(nowMs: number): Uint8Array {
    if (nowMs !== this.#timeMs) {
      this.#timeMs = nowMs;
      this.#timeBytes = utf8(new Date(nowMs).toISOString());
    }
    return this.#timeBytes;
  }

  #known(known: Map<string, Uint8Array>, text: string): Uint8Array {
    let bytes = known.get(text);
    if (bytes === undefined) {
      bytes = utf8(text);
      known.set(text, bytes);
    }
    return bytes;
  }
}

const CE_SPEC_VERSION = utf8('1.0');

/** The bytes of a key; undefined when none was given. */
export function keyBytes(key: string | Uint8Array | undefined): Uint8Array | undefined {
  return typeof key === 'string' ? utf8(key) : key;
}
