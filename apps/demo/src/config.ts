import { envNumber } from '@trunkline/platform';

/** Where the demo's processes listen. */
export interface DemoConfig {
  readonly host: string;
  /** The broker's Kafka port (`TRUNKLINE_PORT`). */
  readonly brokerPort: number;
  /** `EMAIL_PORT`, `QUERY_PORT`, `INBOX_PORT`: the HTTP ports. */
  readonly emailPort: number;
  readonly queryPort: number;
  readonly inboxPort: number;
  /** Where all data is kept (`TRUNKLINE_DATA_DIR`). */
  readonly dataDir: string;
  /** Rows of the query service's table (`QUERY_ROWS`). */
  readonly queryRows: number;
}

/** Reads the environment. Throws an Error that names the variable, its value and what is allowed. */
export function demoConfig(environment: Readonly<Record<string, string | undefined>>): DemoConfig {
  return {
    host: '127.0.0.1',
    brokerPort: envNumber(environment, 'TRUNKLINE_PORT', 9092, 1, 65_535),
    emailPort: envNumber(environment, 'EMAIL_PORT', 3001, 1, 65_535),
    queryPort: envNumber(environment, 'QUERY_PORT', 3002, 1, 65_535),
    inboxPort: envNumber(environment, 'INBOX_PORT', 3003, 1, 65_535),
    dataDir: environment['TRUNKLINE_DATA_DIR'] ?? '.trunkline',
    queryRows: envNumber(environment, 'QUERY_ROWS', 2_000_000, 1, 100_000_000),
  };
}
