import { describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import fc from 'fast-check';
import { type NewRecord, buildBatch } from './batch-builder.js';
import { RecordBatch } from './record-batch.js';
import { RecordCursor, headersAt } from './record-cursor.js';
import type { LogRecord } from './record.js';

const crc32c = (): number => 0;

function read(bytes: Uint8Array): LogRecord[] {
  const batch = RecordBatch.parse(bytes);
  const cursor = new RecordCursor(batch, batch.recordBytes(undefined));
  const records: LogRecord[] = [];
  while (cursor.next()) {
    const { offset, timestampMs, key, value } = cursor;
    records.push({ offset, timestampMs, key, value, headers: headersAt(cursor.bytes, cursor.headersAt) });
  }
  return records;
}

describe('RecordCursor', () => {
  const field = fc.option(fc.uint8Array({ maxLength: 200 }));
  const record = fc.record({
    key: field,
    value: field,
    timestampMs: fc.integer({ min: 0, max: 2 ** 45 }),
    headers: fc.array(fc.record({ key: fc.string(), value: field }), { maxLength: 3 }),
  });

  it('reads what RecordBatch reads', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), fc.boolean(), (records, isAppendTime) => {
        const bytes = buildBatch(records, { crc32c, baseOffset: 70, ...(isAppendTime && { appendTimeMs: 12 }) });
        expect(read(bytes)).toEqual([...RecordBatch.parse(bytes).records()]);
      }),
    );
  });

  it('keeps the gaps that compaction leaves', () => {
    const records: NewRecord[] = [{ offsetDelta: 2 }, { offsetDelta: 900 }];
    const bytes = buildBatch(records, { crc32c, baseOffset: 10, lastOffsetDelta: 1000 });
    expect(read(bytes).map(({ offset }) => offset)).toEqual([12, 910]);
  });

  it.each([
    ['an offset delta that does not rise', [{ offsetDelta: 1 }, { offsetDelta: 1 }], 5],
    ['an offset delta that leaves the batch', [{ offsetDelta: 7 }], 5],
  ])('refuses %s', (_what, records, lastOffsetDelta) => {
    expect(() => read(buildBatch(records, { crc32c, lastOffsetDelta }))).toThrow(/CORRUPT_MESSAGE: offset delta/u);
  });

  it('refuses bytes behind the last record', () => {
    const bytes = buildBatch([{ value: utf8('a') }, { value: utf8('b') }], { crc32c });
    bytes[60] = 1; // one record fewer
    expect(() => read(bytes)).toThrow('bytes follow the last record');
  });

  it('refuses broken bytes with an ApiError and nothing else', () => {
    const bytes = buildBatch(
      [{ key: utf8('key'), value: utf8('value'), headers: [{ key: 'a', value: utf8('b') }] }, { value: utf8('c') }],
      { crc32c },
    );
    fc.assert(
      fc.property(fc.integer({ min: 61, max: bytes.byteLength - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const broken = bytes.slice();
        broken[at] = byte;
        try {
          for (const { key, value } of read(broken))
            expect((key?.byteLength ?? 0) + (value?.byteLength ?? 0)).toBeLessThan(99);
        } catch (reason) {
          expect(String(reason)).toMatch(/CORRUPT_MESSAGE/u);
        }
      }),
    );
  });
});
