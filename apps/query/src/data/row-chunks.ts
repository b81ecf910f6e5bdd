import type { Json } from '@duckdb/node-api';
import { QueryError } from './query-error.js';

/** How rows are packed for their way to the caller. */
export interface ChunkLimits {
  /** Bytes of JSON in a chunk, unless a single row has more. */
  readonly chunkBytesMax: number;
  readonly chunkRowsMax: number;
  /** Bytes of one row as JSON; a chunk has to fit into a message. */
  readonly rowBytesMax: number;
  /** Milliseconds that rows wait for others while the query has none to give. */
  readonly waitMsMax: number;
}

export const CHUNK_LIMITS: ChunkLimits = {
  chunkBytesMax: 64 * 1024,
  chunkRowsMax: 2_048,
  rowBytesMax: 1_000_000,
  waitMsMax: 50,
};

/** Rows as a JSON array, each on a line of its own. */
export interface PackedRows {
  readonly rowsJson: Uint8Array;
  readonly rowCount: number;
}

const LATE = Symbol('late');

/**
 * Packs rows as they come from the database, a few or thousands at a time, into chunks of an even size.
 *
 * The first rows do not wait for others, nor do rows of a query that is slow to find more. Nothing is read ahead of
 * the chunk that is asked for. Throws QUERY_TOO_LARGE for a row that fits into no message.
 */
export async function* packed(
  rows: AsyncIterator<readonly (readonly Json[])[], void, undefined>,
  limits: ChunkLimits = CHUNK_LIMITS,
): AsyncGenerator<PackedRows, void, undefined> {
  const chunk = new Chunk(limits);
  let isFirst = true;
  try {
    for (;;) {
      const coming = rows.next();
      if (chunk.rowCount > 0 && (await within(coming, limits.waitMsMax)) === LATE) yield chunk.take();
      const some = await coming;
      if (some.done === true) break;
      for (const row of some.value) {
        const text = JSON.stringify(row);
        if (chunk.isFullWith(text)) yield chunk.take();
        chunk.add(text);
      }
      if (isFirst && chunk.rowCount > 0) yield chunk.take();
      isFirst = false;
    }
    if (chunk.rowCount > 0) yield chunk.take();
  } finally {
    await rows.return?.();
  }
}

/** The first `rowsMax` rows; the rest is not read. */
export async function* first(
  rowsMax: number,
  rows: AsyncIterable<readonly (readonly Json[])[]>,
): AsyncGenerator<readonly (readonly Json[])[], void, undefined> {
  let left = rowsMax;
  for await (const some of rows) {
    yield some.length > left ? some.slice(0, left) : some;
    left -= some.length;
    if (left <= 0) return;
  }
}

class Chunk {
  #text = '';
  rowCount = 0;

  constructor(readonly limits: ChunkLimits) {}

  /** Counted in characters here and there: JSON of most tables is ASCII, and four times the limit is no harm. */
  isFullWith(text: string): boolean {
    if (this.rowCount === 0) return false;
    const { chunkBytesMax, chunkRowsMax } = this.limits;
    return this.rowCount >= chunkRowsMax || this.#text.length + text.length > chunkBytesMax;
  }

  add(text: string): void {
    const { rowBytesMax } = this.limits;
    if (text.length > rowBytesMax / 3 && Buffer.byteLength(text) > rowBytesMax) {
      throw new QueryError('QUERY_TOO_LARGE', `a row has ${Buffer.byteLength(text)} bytes, ${rowBytesMax} are allowed`);
    }
    this.#text += this.rowCount === 0 ? `[\n${text}` : `,\n${text}`;
    this.rowCount += 1;
  }

  take(): PackedRows {
    const made = { rowsJson: Buffer.from(`${this.#text}\n]`), rowCount: this.rowCount };
    this.#text = '';
    this.rowCount = 0;
    return made;
  }
}

/** Resolves when the promise has settled, or with LATE after `limitMs`. */
async function within(promise: Promise<unknown>, limitMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(LATE), limitMs)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
