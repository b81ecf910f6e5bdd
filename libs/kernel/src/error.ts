/**
 * Something that a caller, a peer or a disk did, told by a code out of a closed table.
 *
 * In the broker wing the codes are the names of Kafka's error codes (`CORRUPT_MESSAGE`), and the table with numbers
 * stands in `@trunkline/protocol`. The text says what was wrong and where; it never holds payload bytes.
 */
export class ApiError<Code extends string = string> extends Error {
  constructor(
    readonly code: Code,
    readonly detail: string = '',
    options?: ErrorOptions,
  ) {
    super(detail === '' ? code : `${code}: ${detail}`, options);
    this.name = 'ApiError';
  }
}

/** The code of a system error (`ENOSPC`, `EADDRINUSE`), or undefined when `reason` is not one. */
export function systemCode(reason: unknown): string | undefined {
  // Not `instanceof Error`: Node's own errors belong to another realm inside of a vm context, as tests run in.
  if (typeof reason !== 'object' || reason === null) return undefined;
  const code: unknown = Reflect.get(reason, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** Any thrown value as an Error, without losing what it said. */
export function asError(reason: unknown): Error {
  return isError(reason) ? reason : new Error(String(reason));
}

function isError(reason: unknown): reason is Error {
  return reason instanceof Error || Object.prototype.toString.call(reason) === '[object Error]';
}
