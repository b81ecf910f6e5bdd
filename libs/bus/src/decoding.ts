import { fromUtf8 } from '@trunkline/kernel';
import { type Codec, acceptsContentType, isPromise } from './codec.js';
import type { Delivery } from './engine.js';
import { TrunklineError } from './error.js';
import { HEADER, headerProblem } from './headers.js';
import type { Limits } from './limits.js';
import { saysText } from './message.js';

/**
 * A delivery's payload. Throws `DECODE_FAILED` or `INVALID_PAYLOAD`, or rejects with them; neither is worth another try.
 *
 * A content type that the codec does not accept is an error. Without one the contract's codec reads it: other clients of
 * the log need not write ours.
 */
export function decodePayload<T>(codec: Codec<T, never>, delivery: Delivery, limits: Limits): T | Promise<T> {
  const { value, headers, channel } = delivery;
  const problem = headerProblem(headers, limits);
  if (problem !== undefined) throw new TrunklineError('DECODE_FAILED', `${channel}: ${problem}`);
  const contentType = otherContentType(codec, headers.get(HEADER.contentType));
  if (contentType !== undefined) {
    const detail = `content-type is ${contentType.slice(0, 100)}, the contract says ${codec.contentType}`;
    throw new TrunklineError('DECODE_FAILED', `${channel}: ${detail}`);
  }
  if (value === null)
    throw new TrunklineError('DECODE_FAILED', `${channel}: no value, and the contract has no tombstones`);
  try {
    const payload = codec.decode(value);
    return isPromise(payload) ? payload.catch((reason: unknown) => fail(channel, reason)) : payload;
  } catch (reason) {
    return fail(channel, reason);
  }
}

/** The content type when the codec does not accept it. */
function otherContentType(codec: Codec<unknown, never>, said: Uint8Array | undefined): string | undefined {
  if (said === undefined || saysText(said, codec.contentType)) return undefined;
  const contentType = fromUtf8(said);
  return acceptsContentType(codec, contentType) ? undefined : contentType;
}

function fail(channel: string, reason: unknown): never {
  if (reason instanceof TrunklineError) throw reason;
  const said = reason instanceof Error ? reason.message : String(reason);
  throw new TrunklineError('DECODE_FAILED', `${channel}: ${said.slice(0, 500)}`, { cause: reason });
}
