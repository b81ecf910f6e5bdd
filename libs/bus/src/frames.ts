import { fromUtf8, utf8 } from '@trunkline/kernel';
import type { Delivery, OutgoingMessage } from './engine.js';
import { CallFailed, Reject, RemoteError, TrunklineError } from './error.js';
import { HEADER, type ReplyAddress, boundedText } from './headers.js';
import { headerText } from './message.js';

/** What travels between the two ends of a request beside the plain reply. */
export const FRAME = {
  error: utf8('error'),
  item: utf8('item'),
  end: utf8('end'),
  credit: utf8('credit'),
  cancel: utf8('cancel'),
} as const;

const CODE_LENGTH_MAX = 100;
const TEXT_LENGTH_MAX = 4_000;
/** Bytes of an error's details as JSON; more are left out. */
const DETAILS_BYTES_MAX = 65_536;

/** Puts an error into headers, its details into the value: code, text and details reach the caller. */
export function errorFrame(to: ReplyAddress, headers: Map<string, Uint8Array>, reason: unknown): OutgoingMessage {
  headers.set(HEADER.frame, FRAME.error);
  headers.set(HEADER.errorCode, boundedText(codeOf(reason), CODE_LENGTH_MAX));
  headers.set(HEADER.errorText, boundedText(textOf(reason), TEXT_LENGTH_MAX));
  const details = detailsOf(reason);
  headers.delete(HEADER.contentType);
  if (details !== undefined) headers.set(HEADER.contentType, utf8('application/json'));
  return { channel: to.channel, partition: to.partition, value: details ?? NOTHING, headers };
}

/** The error that a responder sent. */
export function remoteError(channel: string, frame: Delivery): RemoteError {
  const code = headerText(frame.headers, HEADER.errorCode) ?? 'HANDLER_FAILED';
  const text = headerText(frame.headers, HEADER.errorText) ?? '';
  const details = parsedDetails(frame.value);
  return new RemoteError(channel, { code, text, ...(details !== undefined && { details }) });
}

/** Tells one responder, or all of a call, that nobody waits for the answer any more. */
export function cancelFrame(to: { channel: string; partition?: number }, id: string): OutgoingMessage {
  const headers = new Map([
    [HEADER.correlationId, utf8(id)],
    [HEADER.frame, FRAME.cancel],
  ]);
  return { ...to, value: NOTHING, headers };
}

const NOTHING = new Uint8Array(0);

function codeOf(reason: unknown): string {
  if (reason instanceof RemoteError) return reason.remoteCode;
  if (reason instanceof TrunklineError || reason instanceof CallFailed) return reason.code;
  if (reason instanceof Reject) return 'REJECTED';
  if (!(reason instanceof Error)) return 'HANDLER_FAILED';
  const code: unknown = Reflect.get(reason, 'code');
  return typeof code === 'string' && code.length > 0 ? code : 'HANDLER_FAILED';
}

function textOf(reason: unknown): string {
  if (reason instanceof RemoteError) return reason.remote.text;
  if (reason instanceof TrunklineError) return reason.detail;
  return reason instanceof Error ? reason.message : String(reason);
}

function detailsOf(reason: unknown): Uint8Array | undefined {
  if (!(reason instanceof TrunklineError || reason instanceof CallFailed) || reason.details === undefined)
    return undefined;
  try {
    const details: string | undefined = JSON.stringify(reason.details);
    const bytes = details === undefined ? undefined : utf8(details);
    return bytes !== undefined && bytes.byteLength <= DETAILS_BYTES_MAX ? bytes : undefined;
  } catch {
    return undefined; // Not for JSON: code and text still reach the caller.
  }
}

function parsedDetails(value: Uint8Array | null): unknown {
  if (value === null || value.byteLength === 0 || value.byteLength > DETAILS_BYTES_MAX) return undefined;
  try {
    return JSON.parse(fromUtf8(value)) as unknown;
  } catch {
    return undefined;
  }
}
