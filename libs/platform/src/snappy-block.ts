import { NotValid, TooLarge } from './too-large.js';

/** A copy takes two bytes at least and gives 64 at most. */
const GROWTH_MAX = 64;

/** The length that a raw snappy block declares, and where its elements begin. */
export function snappyLength(block: Uint8Array): { readonly length: number; readonly at: number } {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { length, at: at + 1 };
  }
  throw new NotValid('snappy', 'no length in front');
}

/** Refuses, before anything is allocated, a block that declares more than is allowed or than its bytes can give. */
export function checkSnappyLength(block: Uint8Array, bytesMax: number, bytesMaxOfAll: number): void {
  const { length } = snappyLength(block);
  if (length > bytesMax) throw new TooLarge('snappy', bytesMaxOfAll);
  if (length > block.length * GROWTH_MAX) throw new NotValid('snappy', `${block.length} bytes cannot give ${length}`);
}

/** A raw snappy block, decoded in JavaScript. The caller has checked the declared length. */
export function snappyBlockDecompress(block: Uint8Array): Uint8Array {
  const { length, at: start } = snappyLength(block);
  const out = new Uint8Array(length);
  let at = start;
  let done = 0;
  while (at < block.length) {
    const tag = block[at++]!;
    if ((tag & 3) === 0) {
      let count = (tag >> 2) + 1;
      if (count > 60) {
        const width = count - 60;
        count = littleEndian(block, at, width) + 1;
        at += width;
      }
      if (at + count > block.length || done + count > length) throw new NotValid('snappy', 'a literal is too long');
      out.set(block.subarray(at, at + count), done);
      at += count;
      done += count;
      continue;
    }
    const width = (tag & 3) === 1 ? 1 : (tag & 3) === 2 ? 2 : 4;
    const count = width === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const back = littleEndian(block, at, width) + (width === 1 ? (tag >> 5) << 8 : 0);
    at += width;
    if (back === 0 || back > done || done + count > length) throw new NotValid('snappy', 'a copy from nowhere');
    for (let n = 0; n < count; n++, done++) out[done] = out[done - back]!;
  }
  if (done !== length) throw new NotValid('snappy', `${done} bytes instead of ${length}`);
  return out;
}

/** A raw snappy block of literals: valid for every reader, and no smaller than the input. */
export function snappyBlockStore(bytes: Uint8Array): Uint8Array {
  const head: number[] = [];
  let rest = bytes.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  if (bytes.length > 0) {
    const count = bytes.length - 1;
    head.push((63 << 2) | 0, count & 0xff, (count >>> 8) & 0xff, (count >>> 16) & 0xff, count >>> 24);
  }
  const out = new Uint8Array(head.length + bytes.length);
  out.set(head);
  out.set(bytes, head.length);
  return out;
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) throw new NotValid('snappy', 'it ends too early');
  let value = 0;
  for (let n = width - 1; n >= 0; n--) value = value * 256 + bytes[at + n]!;
  return value;
}
