import { fromUtf8, utf8 } from '@trunkline/kernel';

/** Longer names are not remembered. */
const REMEMBERED_LENGTH_MAX = 64;
const REMEMBERED_NAMES_MAX = 512;

/**
 * The names of headers that were written last, and those that were read last, one a place. The same few come with every
 * record; to encode one anew costs as much as all the rest of its header. Hold at most 512 names of 64 characters each,
 * whatever peers send.
 */
const written: (readonly [name: string, bytes: Uint8Array])[] = [];
const read: string[] = [];

/** The UTF-8 bytes of a header's name. They are shared: not to be changed. */
export function headerNameBytes(name: string): Uint8Array {
  const { length } = name;
  if (length > REMEMBERED_LENGTH_MAX) return utf8(name);
  let hash = length;
  for (let at = 0; at < length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0;
  const place = placeOf(hash);
  const before = written[place];
  if (before !== undefined && before[0] === name) return before[1];
  const bytes = utf8(name).slice();
  written[place] = [name, bytes];
  return bytes;
}

/** The name of a header whose UTF-8 bytes go from `at` to `end`. */
export function headerNameAt(bytes: Uint8Array, at: number, end: number): string {
  const length = end - at;
  if (length > REMEMBERED_LENGTH_MAX) return fromUtf8(bytes.subarray(at, end));
  let hash = length;
  for (let from = at; from < end; from++) {
    const byte = bytes[from]!;
    if (byte > 0x7f) return fromUtf8(bytes.subarray(at, end));
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const place = placeOf(hash);
  const before = read[place];
  if (before !== undefined && isSame(before, bytes, at, length)) return before;
  const name = fromUtf8(bytes.subarray(at, end));
  read[place] = name;
  return name;
}

function placeOf(hash: number): number {
  return (hash ^ (hash >>> 11)) & (REMEMBERED_NAMES_MAX - 1);
}

function isSame(name: string, bytes: Uint8Array, at: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let from = 0; from < length; from++) if (name.charCodeAt(from) !== bytes[at + from]) return false;
  return true;
}
