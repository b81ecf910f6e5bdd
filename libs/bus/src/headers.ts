import { bytesEqual, fromUtf8, utf8 } from '@trunkline/kernel';
import type { MessageHeaders } from './engine.js';
import { TrunklineError } from './error.js';
import type { Limits } from './limits.js';

/**
 * The headers that the bus writes: CloudEvents in Kafka's binary binding (`ce_`), W3C trace context, and `tl-` for the
 * rest. Numbers are decimal text, times milliseconds since 1970.
 */
export const HEADER = {
  contentType: 'content-type',
  ceSpecVersion: 'ce_specversion',
  ceId: 'ce_id',
  ceType: 'ce_type',
  ceSource: 'ce_source',
  ceTime: 'ce_time',
  traceParent: 'traceparent',
  traceState: 'tracestate',
  baggage: 'baggage',
  dedupeId: 'tl-dedupe-id',
  expiresAt: 'tl-expires-at',
  /** Which request a frame belongs to. */
  correlationId: 'tl-correlation-id',
  /** Where frames go: `channel:partition` of an inbox. */
  replyTo: 'tl-reply-to',
  /** A request is dropped unrun after it. */
  deadline: 'tl-deadline',
  /** What an inbox or control message is: missing for a plain reply, else `error item end credit cancel`. */
  frame: 'tl-frame',
  /** A frame's number in its stream, from 0. */
  sequence: 'tl-sequence',
  /** The responder's name for a stream: two responders of one request are told apart by it. */
  streamId: 'tl-stream-id',
  /** Items that may have been sent so far, counted from the start of the stream. */
  credit: 'tl-credit',
  /** The longest silence of a stream. */
  silenceMs: 'tl-silence-ms',
  errorCode: 'tl-error-code',
  errorText: 'tl-error-text',
  errorClass: 'tl-error-class',
  errorAttempts: 'tl-error-attempts',
  errorFirst: 'tl-error-first',
  errorLast: 'tl-error-last',
  originChannel: 'tl-origin-channel',
  originPartition: 'tl-origin-partition',
  originOffset: 'tl-origin-offset',
  originTimestamp: 'tl-origin-timestamp',
  originGroup: 'tl-origin-group',
} as const;

export const TRACE_HEADERS = [HEADER.traceParent, HEADER.traceState, HEADER.baggage] as const;

/** Copies the trace context of one message to another. */
export function passTrace(from: MessageHeaders, to: Map<string, Uint8Array>): void {
  for (const name of TRACE_HEADERS) {
    const value = from.get(name);
    if (value !== undefined) to.set(name, value);
  }
}

/** Adds a sender's own headers. Throws `MISUSE` for names that are not his to choose. */
export function addUserHeaders(
  to: Map<string, Uint8Array>,
  given: Readonly<Record<string, string | Uint8Array>>,
): void {
  for (const [name, value] of Object.entries(given)) {
    if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name)) {
      throw new TrunklineError('MISUSE', `header "${name.slice(0, 128)}": a name is 1 to 128 of A-Z a-z 0-9 _ . -`);
    }
    if (/^(tl-|ce_|content-type$)/i.test(name)) {
      throw new TrunklineError('MISUSE', `header "${name}": names that begin with tl- or ce_ are the bus's own`);
    }
    to.set(name, typeof value === 'string' ? utf8(value) : value);
  }
}

/** What is wrong with the headers of a message that came in, in words; undefined when they are within the limits. */
export function headerProblem(headers: MessageHeaders, limits: Limits): string | undefined {
  if (headers.size > limits.headersMax) {
    return `${headers.size} headers, over the limit of ${limits.headersMax} (limits.headersMax)`;
  }
  let total = 0;
  for (const [name, value] of headers) total += name.length + value.byteLength;
  if (total <= limits.headerBytesMax) return undefined;
  return `${total} bytes of headers, over the limit of ${limits.headerBytesMax} (limits.headerBytesMax)`;
}

const DIGITS_MAX = 16;
const DIGIT_ZERO = 0x30;

/** A header that holds a whole number from 0 up, undefined when it is missing or something else. */
export function headerNumber(headers: MessageHeaders, name: string): number | undefined {
  const said = headers.get(name);
  if (said === undefined || said.byteLength === 0 || said.byteLength > DIGITS_MAX) return undefined;
  let value = 0;
  for (let at = 0; at < said.byteLength; at++) {
    const digit = said[at]! - DIGIT_ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Where a frame goes. */
export interface ReplyAddress {
  readonly channel: string;
  readonly partition: number;
}

/** `channel:partition`. */
export function replyTo({ channel, partition }: ReplyAddress): Uint8Array {
  return utf8(`${channel}:${partition}`);
}

/**
 * Reads a reply address. Untrusted: only inboxes are accepted, so that nobody makes a responder write elsewhere.
 */
export function parseReplyTo(headers: MessageHeaders): ReplyAddress | undefined {
  const said = headers.get(HEADER.replyTo);
  if (said === undefined || said.byteLength > ADDRESS_BYTES_MAX) return undefined;
  let hash = said.byteLength;
  for (let at = 0; at < said.byteLength; at++) hash = (Math.imul(hash, 31) + said[at]!) | 0;
  const place = (hash ^ (hash >>> 11)) & (KNOWN_ADDRESSES_MAX - 1);
  const known = knownAddresses[place];
  if (known !== undefined && bytesEqual(known.said, said)) return known.address;
  const [, channel, partition] = /^([a-zA-Z0-9._-]{1,243}\.inbox):(\d{1,4})$/.exec(fromUtf8(said)) ?? [];
  if (channel === undefined || partition === undefined) return undefined;
  const address = { channel, partition: Number(partition) };
  knownAddresses[place] = { said: said.slice(), address };
  return address;
}

const ADDRESS_BYTES_MAX = 254;
const KNOWN_ADDRESSES_MAX = 256;

/** The addresses that asked last, one a place: a caller asks again. */
const knownAddresses: { readonly said: Uint8Array; readonly address: ReplyAddress }[] = [];

/** Text of at most `lengthMax` characters, as a header's value. */
export function boundedText(text: string, lengthMax: number): Uint8Array {
  return utf8(text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text);
}
