import { NotValid } from './too-large.js';

/**
 * What the sequences of an LZ4 block come to, in bytes, without decoding them: nothing is allocated.
 *
 * Stops as soon as the sum is above `bytesMax`.
 */
export function lz4BlockLength(block: Uint8Array, bytesMax: number): number {
  let total = 0;
  for (let at = 0; at < block.length;) {
    const token = block[at++]!;
    let literals = token >> 4;
    if (literals === 15) for (let more = 255; more === 255; literals += more) more = byteAt(block, at++);
    at += literals;
    total += literals;
    if (at > block.length) throw new NotValid('lz4', 'a literal is cut off');
    if (total > bytesMax || at === block.length) return total; // The last sequence has no match.
    at += 2;
    let match = token & 15;
    if (match === 15) for (let more = 255; more === 255; match += more) more = byteAt(block, at++);
    total += match + 4;
  }
  return total;
}

/**
 * Decodes an LZ4 block into `out` from `from` on; returns where it ends. Matches may reach back to `historyFrom`.
 * The caller has made `out` large enough by {@link lz4BlockLength}.
 */
export function lz4BlockDecompress(block: Uint8Array, out: Uint8Array, from: number, historyFrom: number): number {
  let done = from;
  for (let at = 0; at < block.length;) {
    const token = block[at++]!;
    let literals = token >> 4;
    if (literals === 15) for (let more = 255; more === 255; literals += more) more = byteAt(block, at++);
    out.set(block.subarray(at, at + literals), done);
    at += literals;
    done += literals;
    if (at >= block.length) break;
    const back = byteAt(block, at) | (byteAt(block, at + 1) << 8);
    at += 2;
    let match = (token & 15) + 4;
    if (match === 19) for (let more = 255; more === 255; match += more) more = byteAt(block, at++);
    if (back === 0 || done - back < historyFrom) throw new NotValid('lz4', 'a match from nowhere');
    for (let n = 0; n < match; n++, done++) out[done] = out[done - back]!;
  }
  return done;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new NotValid('lz4', 'a block is cut off');
  return byte;
}
