/** Why a query was not run, or not finished. The text is for the one who wrote the query. */
export class QueryError extends Error {
  constructor(
    readonly code: QueryErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'QueryError';
  }
}

/** `QUERY_REFUSED`: the statement is at fault. The others: it was too much. `QUERY_CANCELLED`: nobody waits any more. */
export const QUERY_ERROR_CODES = ['QUERY_REFUSED', 'QUERY_TIMED_OUT', 'QUERY_TOO_LARGE', 'QUERY_CANCELLED'] as const;
export type QueryErrorCode = (typeof QUERY_ERROR_CODES)[number];
