import { ERROR_CODES, type ErrorName, errorName } from '@trunkline/protocol';

/**
 * What can go wrong on this side of the wire, beside Kafka's own codes. No broker ever sends these; they have no number.
 */
export const CLIENT_ERRORS = {
  /** The client, or the part that was asked, is closed. */
  CLOSED: { retriable: false },
  /** No connection to any broker that could answer. */
  UNREACHABLE: { retriable: true },
  /** The connection ended before the answer came. Whether the request had an effect is not known. */
  DISCONNECTED: { retriable: true },
  /** No answer within the time that was given. Whether the request had an effect is not known. */
  TIMED_OUT: { retriable: true },
  /** A buffer, queue or in-flight limit of this client is full. */
  OVERLOADED: { retriable: true },
  /** The caller asked for something that cannot be meant. */
  MISUSE: { retriable: false },
  /** A broker sent bytes that no broker may send; its connection is closed. */
  PROTOCOL_VIOLATION: { retriable: true },
  /** The broker speaks no version of an API that this client can use. */
  UNSUPPORTED_BROKER: { retriable: false },
  /** The caller's AbortSignal was aborted. */
  ABORTED: { retriable: false },
  /** The log was cut behind the position that was read: what was read there is no longer there (KIP-320). */
  LOG_TRUNCATED: { retriable: false },
} as const satisfies Record<string, { retriable: boolean }>;

export type ClientErrorName = keyof typeof CLIENT_ERRORS;
export type KafkaErrorName = Exclude<ErrorName, 'NONE'> | ClientErrorName;

export interface KafkaErrorOptions {
  /** What it was about: `topic orders/3`, `group mail`, `broker 127.0.0.1:9092`. */
  readonly about?: string;
  /** What the caller may do, as a sentence without its full stop. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/**
 * The one error of this client: Kafka's code where a broker sent one, or one of {@link CLIENT_ERRORS}.
 *
 * `retriable` says whether the same call may succeed later without anybody changing anything. The client has already
 * tried again as long as it was allowed to when a caller sees a retriable error.
 */
export class KafkaError extends Error {
  readonly about: string | undefined;
  readonly advice: string | undefined;

  constructor(
    readonly code: KafkaErrorName,
    readonly detail: string,
    options: KafkaErrorOptions = {},
  ) {
    const { about, advice, cause } = options;
    const text = `[${code}] ${about === undefined ? '' : `${about}: `}${detail}${advice === undefined ? '' : `; ${advice}`}`;
    super(text, cause === undefined ? undefined : { cause });
    this.name = 'KafkaError';
    this.about = about;
    this.advice = advice;
  }

  /** Kafka's number; undefined for an error of this side. */
  get number(): number | undefined {
    return isClientError(this.code) ? undefined : ERROR_CODES[this.code].code;
  }

  get retriable(): boolean {
    return isClientError(this.code) ? CLIENT_ERRORS[this.code].retriable : ERROR_CODES[this.code].retriable;
  }

  is(...codes: readonly KafkaErrorName[]): boolean {
    return codes.includes(this.code);
  }

  /** The error for a code that a broker sent; undefined for 0. `said` is the broker's own message. */
  static ofCode(code: number, about: string, said?: string | null, advice?: string): KafkaError | undefined {
    if (code === 0) return undefined;
    const name = errorName(code) as Exclude<ErrorName, 'NONE'>;
    const detail =
      said || (name === 'UNKNOWN_SERVER_ERROR' && code !== -1 ? `error code ${code}` : 'the broker refused');
    return new KafkaError(name, detail, { about, ...(advice !== undefined && { advice }) });
  }

  /** Throws the error for a code that a broker sent; nothing for 0. */
  static check(code: number, about: string, said?: string | null, advice?: string): void {
    const error = KafkaError.ofCode(code, about, said, advice);
    if (error !== undefined) throw error;
  }

  /** Any thrown value as a KafkaError. */
  static from(reason: unknown, code: ClientErrorName, about?: string): KafkaError {
    if (reason instanceof KafkaError) return reason;
    const detail = reason instanceof Error ? reason.message : String(reason);
    return new KafkaError(code, detail, { cause: reason, ...(about !== undefined && { about }) });
  }
}

function isClientError(code: KafkaErrorName): code is ClientErrorName {
  return Object.hasOwn(CLIENT_ERRORS, code);
}
