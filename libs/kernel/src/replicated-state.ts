/** What a handler of replicated state decided: the records to write, and the answer to give once they are committed. */
export interface Decision<Record, Response> {
  readonly records: readonly Record[];
  readonly response: Response;
}

/**
 * State that is the sum of a log. `replay` alone changes it; a handler only reads it and decides.
 *
 * The same records in the same order give the same state, on every node and after every restart.
 */
export interface ReplicatedState<Record> {
  replay(record: Record): void;
}
