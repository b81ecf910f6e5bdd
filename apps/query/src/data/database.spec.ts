import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../config.js';
import { QueryDatabase } from './database.js';
import { ordersTable } from './orders-table.js';
import { QueryError } from './query-error.js';

describe('the query database', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-query-'));
  let database: QueryDatabase;
  const never = new AbortController().signal;

  beforeAll(async () => {
    const orders = await ordersTable(dir, 200_000);
    database = await QueryDatabase.open({ orders }, { ...DEFAULT_LIMITS, timeMsMax: 500 });
  });
  afterAll(() => {
    database.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const all = async (sql: string, signal = never): Promise<unknown[]> => {
    const answer = await database.query(sql, signal);
    const rows: unknown[] = [];
    for await (const some of answer.rows) rows.push(...some);
    return rows;
  };
  const refusal = async (sql: string, signal = never): Promise<QueryError> => {
    try {
      await all(sql, signal);
    } catch (reason) {
      if (reason instanceof QueryError) return reason;
      throw reason;
    }
    throw new Error(`${sql} was run`);
  };

  it('answers with columns, types and every row', async () => {
    const answer = await database.query('SELECT order_id, country FROM orders ORDER BY order_id LIMIT 5000', never);
    expect(answer.columns).toEqual([
      { name: 'order_id', type: 'BIGINT' },
      { name: 'country', type: 'VARCHAR' },
    ]);
    let count = 0;
    for await (const rows of answer.rows) count += rows.length;
    expect(count).toBe(5000);
  });

  it.each([
    ['to write', "COPY orders TO '/tmp/out.csv'", /file system operations are disabled|only SELECT/],
    ['to read another file', "SELECT * FROM read_csv('/etc/passwd')", /Cannot access file/],
    ['to attach', "ATTACH '/tmp/other.db'", /ATTACH statement/],
    ['to change settings', 'SET threads = 64', /SET statement/],
    ['to install', 'INSTALL httpfs', /only SELECT/],
    ['to create', 'CREATE TABLE t AS SELECT 1', /CREATE statement/],
    ['to drop', 'DROP VIEW orders', /DROP statement/],
    ['two statements', 'SELECT 1; SELECT 2', /2 statements/],
    ['what does not parse', 'SELEC 1', /syntax error/],
    ['nothing', '  ', /empty/],
    ['what is too long', `SELECT '${'x'.repeat(10_000)}'`, /10,?000 are allowed/],
  ])('refuses %s', async (_what, sql, why) => {
    const error = await refusal(sql);
    expect(error.code).toBe('QUERY_REFUSED');
    expect(error.message).toMatch(why);
  });

  const endless = 'SELECT count(*) FROM orders a, orders b WHERE a.amount < b.amount';

  it('stops a query whose time is up', async () => {
    expect((await refusal(endless)).code).toBe('QUERY_TIMED_OUT');
  });

  it('stops a query whose caller has gone before it began', async () => {
    const caller = new AbortController();
    const refused = refusal(endless, caller.signal);
    caller.abort();
    expect((await refused).code).toBe('QUERY_CANCELLED');
  });

  it('stops a query whose caller goes while rows are read', async () => {
    const caller = new AbortController();
    const answer = await database.query('SELECT * FROM orders', caller.signal);
    await answer.rows.next();
    caller.abort();
    await expect(answer.rows.next()).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
  });
});
