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
    brokerPort: wholeNumber(environment, 'TRUNKLINE_PORT', 9092, 1, 65_535),
    emailPort: wholeNumber(environment, 'EMAIL_PORT', 3001, 1, 65_535),
    queryPort: wholeNumber(environment, 'QUERY_PORT', 3002, 1, 65_535),
    inboxPort: wholeNumber(environment, 'INBOX_PORT', 3003, 1, 65_535),
    dataDir: environment['TRUNKLINE_DATA_DIR'] ?? '.trunkline',
    queryRows: wholeNumber(environment, 'QUERY_ROWS', 2_000_000, 1, 100_000_000),
  };
}

function wholeNumber(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  otherwise: number,
  min: number,
  max: number,
): number {
  const text = environment[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`${name}=${text}: a whole number from ${min} to ${max} is wanted`);
  }
  return value;
}
