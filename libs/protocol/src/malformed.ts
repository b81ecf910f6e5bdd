import { ApiError } from '@trunkline/kernel';

/** The code of bytes, or of a value, that do not fit their table. Not one of Kafka's: a broker closes the connection. */
export const MALFORMED = 'MALFORMED';

/** Bytes that are not of their table, or a value that the wire cannot carry. The text holds no payload. */
export function malformed(detail: string): ApiError {
  return new ApiError(MALFORMED, detail);
}
