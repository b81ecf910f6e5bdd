import { once } from 'node:events';
import { create } from '@bufbuild/protobuf';
import { Controller, Get, HttpException, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus, RemoteError, TrunklineError } from '@trunkline/nest';
import type { FastifyReply } from 'fastify';
import { RunQuery, StreamRows } from '../contracts.js';
import { type RowChunk, RunQuerySchema } from '../gen/trunkline/query/v1/query_pb.js';
import { AnswerDto, QueryParameters } from './query.dto.js';

/** The HTTP side: it runs no query itself, it asks over the bus. */
@ApiTags('query')
@Controller('query')
export class QueryController {
  constructor(private readonly bus: Bus) {}

  @Get()
  @ApiOperation({ summary: 'Runs a read-only query' })
  @ApiOkResponse({ type: AnswerDto, description: 'With stream=true: application/x-ndjson' })
  async query(@Query() parameters: QueryParameters, @Res() reply: FastifyReply): Promise<void> {
    const request = create(RunQuerySchema, { sql: parameters.sql, rowsMax: parameters.rows ?? 0 });
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    try {
      if (parameters.stream === true) {
        await this.#stream(this.bus.requestStream(StreamRows, request, { signal: gone.signal }), reply, gone.signal);
      } else {
        const result = await this.bus.request(RunQuery, request, { signal: gone.signal });
        const { columns, more, tookMs } = result;
        const rows = result.rows.map((row) => row.values.map((value): unknown => JSON.parse(value)));
        await reply.send({ columns: columns.map(({ name, type }) => ({ name, type })), rows, more, tookMs });
      }
    } catch (reason) {
      if (gone.signal.aborted) return;
      throw asHttp(reason);
    }
  }

  /** The first chunk is awaited before anything is written, so that a refused query is answered with a status. */
  async #stream(chunks: AsyncIterable<RowChunk>, reply: FastifyReply, signal: AbortSignal): Promise<void> {
    const iterator = chunks[Symbol.asyncIterator]();
    const first = await iterator.next();
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'application/x-ndjson' });
    try {
      for await (const text of lines(first, iterator)) if (!raw.write(text)) await once(raw, 'drain', { signal });
      raw.end();
    } catch (reason) {
      // The status is out already: a line that says why is all that can be done, and the missing end tells the rest.
      raw.write(`${JSON.stringify({ error: errorText(reason) })}\n`, () => raw.destroy());
    } finally {
      await iterator.return?.();
    }
  }
}

/** The rows stand on lines of their own already: nothing of a large answer is parsed here. */
async function* lines(first: IteratorResult<RowChunk>, iterator: AsyncIterator<RowChunk>): AsyncGenerator<string> {
  for (let next = first; next.done !== true; next = await iterator.next()) {
    const { columns, rowsJson, rowCount } = next.value;
    if (columns.length > 0) yield `${JSON.stringify(columns.map(({ name, type }) => ({ name, type })))}\n`;
    if (rowCount > 0) yield Buffer.from(rowsJson).toString().slice('[\n'.length, -']'.length).replaceAll(',\n', '\n');
  }
}

function errorText(reason: unknown): string {
  return reason instanceof RemoteError ? `${reason.remote.code}: ${reason.remote.text}` : String(reason);
}

const STATUS: Readonly<Record<string, number>> = {
  QUERY_REFUSED: 400,
  QUERY_TOO_LARGE: 400,
  QUERY_TIMED_OUT: 408,
  QUERY_CANCELLED: 499,
};

function asHttp(reason: unknown): unknown {
  if (!(reason instanceof TrunklineError)) return reason;
  if (reason instanceof RemoteError) {
    const { code, text } = reason.remote;
    return httpError(STATUS[code] ?? 500, code, text);
  }
  return httpError(reason.code === 'TIMED_OUT' ? 504 : 503, reason.code, reason.message);
}

function httpError(statusCode: number, code: string, message: string): HttpException {
  return new HttpException({ statusCode, code, message }, statusCode);
}
