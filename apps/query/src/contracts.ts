import { call, proto } from '@trunkline/nest';
import { QueryResultSchema, RowChunkSchema, RunQuerySchema } from './gen/trunkline/query/v1/query_pb.js';

/** A small answer as a whole. */
export const RunQuery = call('query.run', {
  request: proto(RunQuerySchema),
  reply: proto(QueryResultSchema),
  timeoutMs: 30_000,
});

/** A large answer in chunks, with flow control from the reader of the rows to DuckDB. */
export const StreamRows = call.stream('query.rows', {
  request: proto(RunQuerySchema),
  item: proto(RowChunkSchema),
  timeoutMs: 30_000,
});
