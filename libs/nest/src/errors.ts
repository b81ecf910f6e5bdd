import { HttpException } from '@nestjs/common';
import { CallFailed, Reject, TrunklineError } from '@trunkline/bus';

/** Statuses of the 4xx family that may pass when the same thing is tried again. */
const RETRIABLE_STATUSES: ReadonlySet<number> = new Set([408, 409, 423, 425, 429]);

/**
 * What an error of Nest means to the bus.
 *
 * Nest's guards and pipes throw HttpExceptions whatever the transport. One of the 4xx family says that the message itself
 * is at fault, so it is not tried again: a `Reject` for topics and queues, and for calls an answer whose code is the
 * exception's name (`FORBIDDEN`). Everything else stays what it is and follows the retry policy.
 */
export function outcomeOf(reason: unknown, isCall: boolean): unknown {
  if (!(reason instanceof HttpException)) return reason;
  const status = reason.getStatus();
  const final = status >= 400 && status < 500 && !RETRIABLE_STATUSES.has(status);
  const text = textOf(reason);
  if (isCall) return new CallFailed(codeOf(reason), text, detailsOf(reason));
  return final ? new Reject(`${reason.name}: ${text}`, { cause: reason }) : reason;
}

/** `ForbiddenException` becomes `FORBIDDEN`. */
function codeOf(reason: HttpException): string {
  return reason.name
    .replace(/Exception$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase();
}

function textOf(reason: HttpException): string {
  const details = detailsOf(reason);
  return Array.isArray(details) ? details.join('; ') : reason.message;
}

function detailsOf(reason: HttpException): unknown {
  const response = reason.getResponse();
  return typeof response === 'object' ? Reflect.get(response, 'message') : response;
}

/** A mistake in the program, said at start-up. */
export function misuse(text: string): TrunklineError {
  return new TrunklineError('MISUSE', text);
}
