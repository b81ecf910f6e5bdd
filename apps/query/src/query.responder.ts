import { create } from '@bufbuild/protobuf';
import { Inject, Injectable } from '@nestjs/common';
import { CallFailed, type Message, Respond } from '@trunkline/nest';
import { QUERY_CONFIG } from './config.js';
import type { QueryConfig } from './config.js';
import { RunQuery, StreamRows } from './contracts.js';
import { QueryDatabase } from './data/database.js';
import { QueryError } from './data/query-error.js';
import { first, packed } from './data/row-chunks.js';
import {
  type QueryResult,
  QueryResultSchema,
  type RowChunk,
  RowChunkSchema,
  type RunQuery as RunQueryMessage,
} from './gen/trunkline/query/v1/query_pb.js';

/** Runs queries for others, off their process. */
@Injectable()
export class QueryResponder {
  constructor(
    private readonly database: QueryDatabase,
    @Inject(QUERY_CONFIG) private readonly config: QueryConfig,
  ) {}

  @Respond(RunQuery, { concurrency: 4 })
  async run(query: RunQueryMessage, message: Message): Promise<QueryResult> {
    const startedMs = performance.now();
    const { answerRowsMax, answerBytesMax } = this.config.limits;
    const rowsMax = bounded(query.rowsMax, answerRowsMax);
    const answer = await this.#query(query.sql, message.signal);
    const rows: { values: string[] }[] = [];
    let more = false;
    let bytes = 0;
    for await (const some of answered(answer.rows)) {
      for (const row of some) {
        if (rows.length === rowsMax) more = true;
        else {
          const values = row.map((value) => JSON.stringify(value));
          bytes += values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
          if (bytes > answerBytesMax) throw tooLarge(`over ${answerBytesMax} bytes of rows: ask with stream=true`);
          rows.push({ values });
        }
      }
      if (more) break;
    }
    const tookMs = Math.round(performance.now() - startedMs);
    return create(QueryResultSchema, { columns: [...answer.columns], rows, more, tookMs });
  }

  @Respond(StreamRows, { concurrency: 4 })
  async *rows(query: RunQueryMessage, message: Message): AsyncGenerator<RowChunk, void, undefined> {
    const { streamRowsMax, streamBytesMax } = this.config.limits;
    const rowsMax = bounded(query.rowsMax, streamRowsMax);
    const answer = await this.#query(query.sql, message.signal);
    yield create(RowChunkSchema, { columns: [...answer.columns], rowsJson: new TextEncoder().encode('[]') });
    let bytes = 0;
    for await (const { rowsJson, rowCount } of answered(packed(first(rowsMax, answer.rows)))) {
      bytes += rowsJson.byteLength;
      if (bytes > streamBytesMax) {
        throw tooLarge(`over ${streamBytesMax} bytes of rows: narrow the query down`);
      }
      yield create(RowChunkSchema, { rowsJson, rowCount });
    }
  }

  async #query(sql: string, signal: AbortSignal) {
    try {
      return await this.database.query(sql, signal);
    } catch (reason) {
      throw refused(reason);
    }
  }
}

/** Rows, with the query's errors in the form in which callers get them. */
async function* answered<T>(rows: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  try {
    yield* rows;
  } catch (reason) {
    throw refused(reason);
  }
}

function refused(reason: unknown): unknown {
  return reason instanceof QueryError ? new CallFailed(reason.code, reason.message) : reason;
}

function tooLarge(why: string): CallFailed {
  return new CallFailed('QUERY_TOO_LARGE', why);
}

function bounded(wanted: number, max: number): number {
  return wanted === 0 ? max : Math.min(wanted, max);
}
