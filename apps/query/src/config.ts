import { envNumber } from '@trunkline/platform';

/** What the query service is told from outside. Read once, from the environment, when it starts. */
export interface QueryConfig {
  /** Where its HTTP side listens. */
  readonly host: string;
  readonly port: number;
  /** Bootstrap brokers as `host:port`; none: an embedded broker. */
  readonly brokers: readonly string[];
  /** Where the Parquet files, and the embedded broker's logs, are kept. */
  readonly dataDir: string;
  /** Rows of the generated table. */
  readonly rows: number;
  readonly limits: QueryLimits;
}

/** What one query may cost. */
export interface QueryLimits {
  /** Characters of SQL. */
  readonly sqlLengthMax: number;
  /** Milliseconds from start to last row. */
  readonly timeMsMax: number;
  /** Rows of a whole answer (`query.run`). */
  readonly answerRowsMax: number;
  /** Bytes of the values of a whole answer as JSON: it has to fit into one message. */
  readonly answerBytesMax: number;
  /** Rows of a streamed answer (`query.rows`). */
  readonly streamRowsMax: number;
  /** Bytes of a streamed answer, as JSON. */
  readonly streamBytesMax: number;
  /** Queries under way at once in one process; more wait for their turn. */
  readonly concurrentMax: number;
  /** Memory that DuckDB may use, bytes. */
  readonly memoryBytesMax: number;
}

export const DEFAULT_LIMITS: QueryLimits = {
  sqlLengthMax: 10_000,
  timeMsMax: 20_000,
  answerRowsMax: 1_000,
  answerBytesMax: 900_000,
  streamRowsMax: 5_000_000,
  streamBytesMax: 1_000_000_000,
  concurrentMax: 4,
  memoryBytesMax: 512 * 1024 * 1024,
};

/** Reads the environment. Throws an Error that names the variable, its value and what is allowed. */
export function queryConfig(environment: Readonly<Record<string, string | undefined>>): QueryConfig {
  return {
    host: environment['QUERY_HOST'] ?? '127.0.0.1',
    port: envNumber(environment, 'QUERY_PORT', 3002, 0, 65_535),
    brokers: (environment['TRUNKLINE_BROKERS'] ?? '').split(',').filter((broker) => broker !== ''),
    dataDir: environment['QUERY_DATA_DIR'] ?? '.trunkline/query',
    rows: envNumber(environment, 'QUERY_ROWS', 2_000_000, 1, 100_000_000),
    limits: {
      ...DEFAULT_LIMITS,
      timeMsMax: envNumber(environment, 'QUERY_TIME_MS_MAX', DEFAULT_LIMITS.timeMsMax, 1, 600_000),
      streamRowsMax: envNumber(environment, 'QUERY_ROWS_MAX', DEFAULT_LIMITS.streamRowsMax, 1, 1_000_000_000),
    },
  };
}

/** Nest's token for the {@link QueryConfig}. */
export const QUERY_CONFIG = Symbol('QueryConfig');
