import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBResult,
  type Json,
  JsonDuckDBValueConverter,
  StatementType,
} from '@duckdb/node-api';
import type { QueryLimits } from '../config.js';
import { QueryError } from './query-error.js';

/** A column of an answer: its name and its SQL type. */
export interface AnswerColumn {
  readonly name: string;
  readonly type: string;
}

/** A query under way. `rows` gives arrays of rows as DuckDB makes them (about 2,048 at a time). */
export interface Answer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: AsyncGenerator<readonly (readonly Json[])[], void, undefined>;
}

/**
 * A read-only DuckDB over Parquet files.
 *
 * A query cannot write, reach any other file or the network, load extensions or change settings: external access is
 * off but for the files named here, the configuration is locked, and only a single SELECT is run. Memory and threads
 * are bounded; time is bounded by interrupting the query.
 */
export class QueryDatabase {
  readonly #instance: DuckDBInstance;
  readonly #limits: QueryLimits;

  private constructor(instance: DuckDBInstance, limits: QueryLimits) {
    this.#instance = instance;
    this.#limits = limits;
  }

  /** Opens a database in memory with one view a table. */
  static async open(tables: Readonly<Record<string, string>>, limits: QueryLimits): Promise<QueryDatabase> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: '2',
      memory_limit: `${Math.floor(limits.memoryBytesMax / 1_000_000)}MB`,
      max_temp_directory_size: '0MB',
    });
    const connection = await instance.connect();
    const paths = Object.values(tables).map(quoted);
    for (const [name, path] of Object.entries(tables)) {
      await connection.run(`CREATE VIEW "${name}" AS SELECT * FROM read_parquet(${quoted(path)})`);
    }
    await connection.run(`SET allowed_paths = [${paths.join(', ')}]`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
    connection.closeSync();
    return new QueryDatabase(instance, limits);
  }

  /**
   * Starts a query; its rows come as they are asked for. Ends with a {@link QueryError} when it is refused, takes too
   * long, or when `signal` is aborted. Whoever stops early calls `rows.return()`.
   */
  async query(sql: string, signal: AbortSignal): Promise<Answer> {
    const connection = await this.#instance.connect();
    const watch = new Watch(connection, signal, this.#limits.timeMsMax);
    try {
      const statement = await this.#prepare(connection, sql);
      watch.check();
      const result = await statement.stream();
      const types = result.columnTypes();
      const columns = result.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
      return { columns, rows: rowsOf(result, connection, watch) };
    } catch (reason) {
      watch.end();
      connection.closeSync();
      throw watch.explain(reason);
    }
  }

  close(): void {
    this.#instance.closeSync();
  }

  async #prepare(connection: DuckDBConnection, sql: string) {
    const { sqlLengthMax } = this.#limits;
    if (sql.trim() === '') throw new QueryError('QUERY_REFUSED', 'the query is empty: give one SELECT statement');
    if (sql.length > sqlLengthMax) {
      throw new QueryError('QUERY_REFUSED', `the query has ${sql.length} characters, ${sqlLengthMax} are allowed`);
    }
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) {
      throw new QueryError('QUERY_REFUSED', `${statements.count} statements: give one SELECT statement`);
    }
    const statement = await statements.prepare(0);
    if (statement.statementType !== StatementType.SELECT) {
      const type = StatementType[statement.statementType];
      throw new QueryError('QUERY_REFUSED', `a ${type} statement: only SELECT is allowed`);
    }
    return statement;
  }
}

async function* rowsOf(result: DuckDBResult, connection: DuckDBConnection, watch: Watch) {
  try {
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      watch.check();
      yield rowsOfChunk(chunk);
      watch.check();
    }
  } catch (reason) {
    throw watch.explain(reason);
  } finally {
    watch.end();
    connection.closeSync();
  }
}

/** By columns: by rows, each value asks DuckDB for its column's type and the number of columns again. */
function rowsOfChunk(chunk: DuckDBDataChunk): readonly (readonly Json[])[] {
  const columns = chunk.convertColumns(JsonDuckDBValueConverter);
  return Array.from({ length: chunk.rowCount }, (_, row) => columns.map((column) => column[row] ?? null));
}

/** Interrupts a query whose time is up or whose caller has gone, and says which it was. */
class Watch {
  readonly #timer: NodeJS.Timeout;
  #interrupting: NodeJS.Timeout | undefined;
  readonly #aborted = (): void => this.#stop(new QueryError('QUERY_CANCELLED', 'the caller has gone'));
  #stopped: QueryError | undefined;

  constructor(
    readonly connection: DuckDBConnection,
    readonly signal: AbortSignal,
    timeMsMax: number,
  ) {
    const late = new QueryError('QUERY_TIMED_OUT', `the query took more than ${timeMsMax} ms: narrow it down`);
    this.#timer = setTimeout(() => this.#stop(late), timeMsMax);
    signal.addEventListener('abort', this.#aborted, { once: true });
    if (signal.aborted) this.#aborted();
  }

  check(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  explain(reason: unknown): QueryError {
    if (reason instanceof QueryError) return reason;
    return this.#stopped ?? new QueryError('QUERY_REFUSED', reason instanceof Error ? reason.message : String(reason));
  }

  end(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#interrupting);
    this.signal.removeEventListener('abort', this.#aborted);
  }

  #stop(why: QueryError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = why;
    // An interrupt between two steps of a query is forgotten, so it is said again until the query has ended.
    this.connection.interrupt();
    this.#interrupting = setInterval(() => this.connection.interrupt(), 20);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
