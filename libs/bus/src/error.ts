/** Every code that a {@link TrunklineError} may carry, and whether the same thing may work when it is tried again. */
export const ERROR_CODES = {
  /** A deadline passed before the answer came, or before the handler was through. */
  TIMED_OUT: { retriable: true },
  /** The caller's signal was aborted. */
  ABORTED: { retriable: false },
  /** A handler threw. */
  HANDLER_FAILED: { retriable: false },
  /** A handler said no: {@link Reject}. */
  REJECTED: { retriable: false },
  /** The responder answered with an error: see {@link RemoteError}. */
  REMOTE: { retriable: false },
  /** Bytes that are not what the content type or the codec says. */
  DECODE_FAILED: { retriable: false },
  /** A payload that was read, but does not satisfy its schema. `details` holds what is wrong. */
  INVALID_PAYLOAD: { retriable: false },
  /** A value that its codec cannot turn into bytes. */
  ENCODE_FAILED: { retriable: false },
  /** A value of more bytes than a message may have. */
  MESSAGE_TOO_LARGE: { retriable: false },
  /** A limit of this process is reached: pending requests, open streams, waiting sends. */
  OVERLOADED: { retriable: true },
  /** A stream lost a frame, or its frames came from two responders. */
  STREAM_BROKEN: { retriable: true },
  /** The engine cannot be reached, or did not answer in time. */
  ENGINE_UNAVAILABLE: { retriable: true },
  /** The engine answered, and said no for good. */
  ENGINE_REFUSED: { retriable: false },
  /** The engine lacks what a handler or a call asks for. */
  UNSUPPORTED: { retriable: false },
  /** A wrong name, option or registration: a mistake in the program. */
  MISUSE: { retriable: false },
  /** The bus is closed, or not started. */
  CLOSED: { retriable: false },
} as const satisfies Record<string, { retriable: boolean }>;

/** A code out of the closed table {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error may carry beside its text. */
export interface TrunklineErrorOptions {
  readonly cause?: unknown;
  /** Facts for programs: what is wrong with which field. Must survive JSON; travels to the caller of a request. */
  readonly details?: unknown;
}

/**
 * Something that went wrong and is not a defect of the library: `[CODE] what happened; what to do`.
 *
 * The text never holds payload bytes.
 */
export class TrunklineError extends Error {
  readonly details: unknown;

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    options?: TrunklineErrorOptions,
  ) {
    super(`[${code}] ${detail}`, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TrunklineError';
    this.details = options?.details;
  }

  /** Whether the same thing may work when it is tried again. */
  get retriable(): boolean {
    return ERROR_CODES[this.code].retriable;
  }

  /** `reason` itself when it is one already, else a new error with `code` that keeps it as `cause`. */
  static from(reason: unknown, code: ErrorCode = 'HANDLER_FAILED'): TrunklineError {
    if (reason instanceof TrunklineError) return reason;
    const detail = reason instanceof Error ? reason.message : String(reason);
    return new TrunklineError(code, detail, { cause: reason });
  }
}

/** What a responder's error looked like over there. */
export interface RemoteFailure {
  /** Code of a `TrunklineError`, of a {@link CallFailed}, or of any error with a text as `code`; else `HANDLER_FAILED`. */
  readonly code: string;
  readonly text: string;
  readonly details?: unknown;
}

/** The answer to a request was an error. Untrusted: `remote` is what the other side wrote, within the limits of headers. */
export class RemoteError extends TrunklineError {
  constructor(
    channel: string,
    readonly remote: RemoteFailure,
  ) {
    super('REMOTE', `${channel} answered ${remote.code}: ${remote.text}`, { details: remote.details });
    this.name = 'RemoteError';
  }

  /** The code over there. */
  get remoteCode(): string {
    return this.remote.code;
  }
}

/** Thrown by a responder that wants its caller to read a code of its own. `details` must survive JSON. */
export class CallFailed extends Error {
  constructor(
    readonly code: string,
    text: string,
    readonly details?: unknown,
  ) {
    super(text);
    this.name = 'CallFailed';
  }
}

/** Thrown by a handler: this message is for the dead letters, now, without another attempt. */
export class Reject extends Error {
  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'Reject';
  }
}

/**
 * Thrown by a handler: again in `delayMs` or a little later. It does not count as an attempt of the retry policy. Bounded
 * all the same: a message that was delivered 1,000 times goes to the dead letters.
 */
export class RetryLater extends Error {
  constructor(
    readonly delayMs: number,
    reason = `again in ${delayMs} ms`,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'RetryLater';
    if (!Number.isFinite(delayMs) || delayMs < 0) {
      throw new TrunklineError('MISUSE', `new RetryLater(${delayMs}): give milliseconds from 0 up`);
    }
  }
}

/**
 * What the bus rejects a delivery with when it names the pause before the next one. An engine waits that long, then
 * delivers the message again with `attempt` one higher; messages with other keys go on meanwhile.
 *
 * Any other rejection gets the engine's own pause.
 */
export class RedeliverAfter extends Error {
  constructor(
    readonly delayMs: number,
    options?: ErrorOptions,
  ) {
    super(`again in ${delayMs} ms`, options);
    this.name = 'RedeliverAfter';
  }
}

/**
 * What an engine rejects `publish` with when it knows which of the messages failed: those whose index is a key of
 * `failed`. It is answerable for all the others. Any other rejection stands for all of them.
 */
export class PublishFailed extends TrunklineError {
  constructor(readonly failed: ReadonlyMap<number, TrunklineError>) {
    const first = failed.values().next().value;
    super(first?.code ?? 'ENGINE_UNAVAILABLE', `${failed.size} messages failed, the first: ${first?.detail ?? ''}`, {
      cause: first,
    });
    this.name = 'PublishFailed';
  }
}
