import type { Crc32c, Offset } from '@trunkline/kernel';
import type { BatchMark, ProducerEntry } from './producer-state.js';

/** Not Kafka's version 1, which holds only the last batch of each producer. */
const VERSION = 16;
const HEADER_BYTES = 10;
const ENTRY_BYTES = 39;
const MARK_BYTES = 24;

/** Producer state as a file: version, checksum over what follows, count, entries with all their remembered batches. */
export function encodeSnapshot(entries: Iterable<ProducerEntry>, crc32c: Crc32c): Uint8Array {
  const all = [...entries];
  const size = all.reduce((sum, { marks }) => sum + ENTRY_BYTES + marks.length * MARK_BYTES, HEADER_BYTES);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, VERSION);
  view.setInt32(6, all.length);
  let at = HEADER_BYTES;
  for (const entry of all) {
    view.setBigInt64(at, entry.producerId);
    view.setInt16(at + 8, entry.epoch);
    view.setInt32(at + 10, entry.coordinatorEpoch);
    setLong(view, at + 14, entry.currentTxnStartOffset);
    setLong(view, at + 22, entry.lastTimestampMs);
    setLong(view, at + 30, entry.seenAtMs);
    view.setInt8(at + 38, entry.marks.length);
    at += ENTRY_BYTES;
    for (const mark of entry.marks) {
      view.setInt32(at, mark.lastSequence);
      setLong(view, at + 4, mark.lastOffset);
      view.setInt32(at + 12, mark.lastOffset - mark.firstOffset);
      setLong(view, at + 16, mark.timestampMs);
      at += MARK_BYTES;
    }
  }
  view.setUint32(2, crc32c(bytes.subarray(6)));
  return bytes;
}

/** undefined when the bytes are not a whole snapshot: then an older one is taken, and the log replayed behind it. */
export function decodeSnapshot(bytes: Uint8Array, crc32c: Crc32c): ProducerEntry[] | undefined {
  if (bytes.byteLength < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getInt16(0) !== VERSION || view.getUint32(2) !== crc32c(bytes.subarray(6))) return undefined;
  const entries: ProducerEntry[] = [];
  let at = HEADER_BYTES;
  for (let count = view.getInt32(6); count > 0; count--) {
    const marks: BatchMark[] = [];
    const entry: ProducerEntry = {
      producerId: view.getBigInt64(at),
      epoch: view.getInt16(at + 8),
      coordinatorEpoch: view.getInt32(at + 10),
      currentTxnStartOffset: getLong(view, at + 14),
      lastTimestampMs: getLong(view, at + 22),
      seenAtMs: getLong(view, at + 30),
      marks,
    };
    const markCount = view.getInt8(at + 38);
    at += ENTRY_BYTES;
    for (let mark = 0; mark < markCount; mark++, at += MARK_BYTES) marks.push(readMark(view, at));
    entries.push(entry);
  }
  return entries;
}

function readMark(view: DataView, at: number): BatchMark {
  const lastSequence = view.getInt32(at);
  const lastOffset = getLong(view, at + 4);
  const delta = view.getInt32(at + 12);
  return {
    lastSequence,
    firstSequence: lastSequence >= delta ? lastSequence - delta : lastSequence - delta + 0x8000_0000,
    lastOffset: lastOffset as Offset,
    firstOffset: (lastOffset - delta) as Offset,
    timestampMs: getLong(view, at + 16),
  };
}

function setLong(view: DataView, at: number, value: number): void {
  view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)));
}

function getLong(view: DataView, at: number): number {
  return Number(view.getBigInt64(at));
}
