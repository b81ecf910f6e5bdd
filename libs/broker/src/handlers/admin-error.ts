import type { ApiError } from '@trunkline/kernel';
import { errorCode } from '@trunkline/protocol';

/** Code and text of one result of an admin request. */
export interface AdminError {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/**
 * How a result is told. Clients know THROTTLING_QUOTA_EXCEEDED only from a version on (semantics, item 178); older ones
 * are told to come again by REQUEST_TIMED_OUT.
 */
export function adminError(error: ApiError | undefined, apiVersion = Infinity, throttledFrom = 0): AdminError {
  if (error === undefined) return { errorCode: 0, errorMessage: null };
  const isThrottled = error.code === 'THROTTLING_QUOTA_EXCEEDED' && apiVersion < throttledFrom;
  return { errorCode: errorCode(isThrottled ? 'REQUEST_TIMED_OUT' : error.code), errorMessage: error.detail };
}
