import { describe, expect, it } from '@jest/globals';
import { CHUNK_LIMITS, type PackedRows, first, packed } from './row-chunks.js';

type Rows = (readonly [number, string])[];

/** Rows as a database gives them: `sizes` at a time. */
async function* given(sizes: readonly number[], text = ''): AsyncGenerator<Rows, void, undefined> {
  let id = 0;
  for (const size of sizes) yield Array.from({ length: size }, () => [id++, text] as const);
}

async function all(chunks: AsyncIterable<PackedRows>): Promise<PackedRows[]> {
  const got: PackedRows[] = [];
  for await (const chunk of chunks) got.push(chunk);
  return got;
}

const read = ({ rowsJson }: PackedRows): unknown[] => JSON.parse(Buffer.from(rowsJson).toString()) as unknown[];
const counts = (chunks: readonly PackedRows[]): number[] => chunks.map(({ rowCount }) => rowCount);

describe('the packing of rows', () => {
  it('gives the first rows as they come, and puts many small portions of the others together', async () => {
    const chunks = await all(packed(given(Array.from({ length: 101 }, () => 30))));
    expect(counts(chunks)).toEqual([30, 2_048, 952]);
    expect(chunks.flatMap(read)).toEqual(Array.from({ length: 3_030 }, (_, id) => [id, '']));
  });

  it('divides a portion that is too large, by rows and by bytes', async () => {
    expect(counts(await all(packed(given([5_000]))))).toEqual([2_048, 2_048, 904]);
    const wide = await all(packed(given([100], 'x'.repeat(10_000))));
    expect(wide.flatMap(read)).toHaveLength(100);
    for (const { rowsJson } of wide) expect(rowsJson.byteLength).toBeLessThan(CHUNK_LIMITS.chunkBytesMax);
  });

  it('writes each row on a line of its own, whatever is in it', async () => {
    const [chunk] = await all(packed(given([3], 'a,\n"b"\u2028ü')));
    const lines = Buffer.from(chunk!.rowsJson).toString().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[2]!.replace(/,$/, '')).toBe(JSON.stringify([1, 'a,\n"b"\u2028ü']));
  });

  it('lets a row that is larger than a chunk stand alone, and refuses one that fits into no message', async () => {
    expect(counts(await all(packed(given([3], 'x'.repeat(100_000)))))).toEqual([1, 1, 1]);
    await expect(all(packed(given([1], 'ü'.repeat(500_000))))).rejects.toMatchObject({
      code: 'QUERY_TOO_LARGE',
      message: expect.stringContaining('a row has 10000'),
    });
  });

  it('does not keep rows back while the query looks for more', async () => {
    let found: (() => void) | undefined;
    async function* slow(): AsyncGenerator<Rows, void, undefined> {
      yield [[0, '']];
      yield [[1, '']];
      await new Promise<void>((resolve) => (found = resolve));
      yield [[2, '']];
    }
    const chunks = packed(slow());
    expect(read((await chunks.next()).value as PackedRows)).toEqual([[0, '']]);
    expect(read((await chunks.next()).value as PackedRows)).toEqual([[1, '']]);
    found!();
    expect(counts(await all(chunks))).toEqual([1]);
  });

  it('reads nothing ahead of the chunk that is asked for, and ends the query when nobody reads on', async () => {
    let read = 0;
    let ended = false;
    async function* counted(): AsyncGenerator<Rows, void, undefined> {
      try {
        for (;;) {
          read += 2_048;
          yield Array.from({ length: 2_048 }, (_, id) => [id, ''] as const);
        }
      } finally {
        ended = true;
      }
    }
    const chunks = packed(counted());
    await chunks.next();
    await chunks.next();
    expect(read).toBeLessThanOrEqual(3 * 2_048);
    await chunks.return();
    expect(ended).toBe(true);
  });

  it('passes on why a query failed', async () => {
    async function* failing(): AsyncGenerator<Rows, void, undefined> {
      yield [[0, '']];
      throw new Error('the disk is gone');
    }
    const chunks = packed(failing());
    await chunks.next();
    await expect(chunks.next()).rejects.toThrow('the disk is gone');
  });

  it('stops at the number of rows that was asked for', async () => {
    expect(counts(await all(packed(first(2_500, given([2_000, 2_000, 2_000])))))).toEqual([2_000, 500]);
    expect(counts(await all(packed(first(2_000, given([2_000, 2_000])))))).toEqual([2_000]);
  });
});
