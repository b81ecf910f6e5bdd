import { ApiError } from '@trunkline/kernel';
import { isErrorName } from '@trunkline/protocol';

/**
 * What went wrong in one partition of a request, to be told in that partition's place while the others go on. Anything
 * that is not an answer of Kafka's is thrown on: it is our fault, and the router's to report.
 */
export function partitionError(reason: unknown): ApiError {
  if (reason instanceof ApiError && isErrorName(reason.code)) return reason;
  throw reason;
}
