import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** The columns of the generated table, as the documentation shows them. */
export const ORDERS_COLUMNS =
  'order_id BIGINT, placed_at TIMESTAMP, customer_id BIGINT, country VARCHAR, product VARCHAR, quantity INTEGER, amount DOUBLE';

/**
 * Makes `orders-<rows>.parquet` in `dir` if it is missing, and tells its path.
 *
 * The rows are made from hashes of their numbers, so every machine gets the same table. About 20 bytes a row on disk,
 * a second for two million. Written beside and renamed: a half written file is never taken for a whole one.
 */
export async function ordersTable(dir: string, rows: number): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, `orders-${rows}.parquet`);
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}.tmp`;
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    await connection.run(generateSql(rows, unfinished));
    connection.closeSync();
    renameSync(unfinished, path);
  } finally {
    instance.closeSync();
    rmSync(unfinished, { force: true });
  }
  return path;
}

function generateSql(rows: number, path: string): string {
  return `COPY (
    SELECT i AS order_id,
           TIMESTAMP '2024-01-01' + INTERVAL (i * 31) SECOND AS placed_at,
           (hash(i) % 50000)::BIGINT AS customer_id,
           ['AT', 'BR', 'DE', 'FR', 'IN', 'JP', 'US'][1 + (hash(i + 1) % 7)::INT] AS country,
           ['anvil', 'bell', 'clock', 'drum', 'easel'][1 + (hash(i + 2) % 5)::INT] AS product,
           (1 + hash(i + 3) % 9)::INTEGER AS quantity,
           round((hash(i + 4) % 50000) / 100.0 + 1, 2) AS amount
    FROM range(${rows}) AS made(i)
  ) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`;
}
