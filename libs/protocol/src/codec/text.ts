import { type Uuid, ZERO_UUID, fromUtf8 } from '@trunkline/kernel';

/** Longer texts are not remembered. */
const REMEMBERED_BYTES_MAX = 48;
const REMEMBERED_TEXTS_MAX = 512;

/**
 * The last texts read, one a place: topic names, client ids and group names come again with each request, and a text
 * that is found here costs no memory and has its hash already. Holds at most 512 texts of 48 bytes, whatever peers send.
 */
const remembered: string[] = Array.from({ length: REMEMBERED_TEXTS_MAX }, () => '');

/** The text of UTF-8 bytes from `at` to `end`. */
export function readText(bytes: Uint8Array, at: number, end: number): string {
  const length = end - at;
  if (length > REMEMBERED_BYTES_MAX) return fromUtf8(bytes.subarray(at, end));
  let hash = length;
  for (let from = at; from < end; from++) {
    const byte = bytes[from]!;
    if (byte > 0x7f) return fromUtf8(bytes.subarray(at, end));
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const place = (hash ^ (hash >>> 11)) & (REMEMBERED_TEXTS_MAX - 1);
  const before = remembered[place]!;
  if (same(before, bytes, at, length)) return before;
  const text = ascii(bytes, at, end);
  remembered[place] = text;
  return text;
}

function same(text: string, bytes: Uint8Array, at: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let from = 0; from < length; from++) if (text.charCodeAt(from) !== bytes[at + from]) return false;
  return true;
}

const codes: number[] = [];

function ascii(bytes: Uint8Array, at: number, end: number): string {
  codes.length = 0;
  for (let from = at; from < end; from++) codes.push(bytes[from]!);
  return String.fromCharCode(...codes);
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const DIGIT_CODES = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0));
const DIGIT_VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < DIGITS.length; value++) DIGIT_VALUES[DIGITS.charCodeAt(value)] = value;

export const UUID_BYTES = 16;
const UUID_DIGITS = 22;
const uuidDigits = new Uint8Array(UUID_DIGITS);

/** The uuid whose 16 bytes begin at `at`, in Kafka's text form. */
export function readUuid(bytes: Uint8Array, at: number): Uuid {
  let used = 0;
  let any = 0;
  let out = 0;
  for (; used < 15; used += 3) {
    const three = (bytes[at + used]! << 16) | (bytes[at + used + 1]! << 8) | bytes[at + used + 2]!;
    any |= three;
    uuidDigits[out++] = DIGIT_CODES[three >>> 18]!;
    uuidDigits[out++] = DIGIT_CODES[(three >>> 12) & 63]!;
    uuidDigits[out++] = DIGIT_CODES[(three >>> 6) & 63]!;
    uuidDigits[out++] = DIGIT_CODES[three & 63]!;
  }
  const last = bytes[at + 15]!;
  if ((any | last) === 0) return ZERO_UUID;
  uuidDigits[out++] = DIGIT_CODES[last >>> 2]!;
  uuidDigits[out] = DIGIT_CODES[(last & 3) << 4]!;
  return readText(uuidDigits, 0, UUID_DIGITS) as Uuid;
}

/** Writes the uuid's 16 bytes at `at`. Says false, having written nothing of use, when the text is no uuid. */
export function writeUuid(text: string, bytes: Uint8Array, at: number): boolean {
  if (text.length !== UUID_DIGITS) return false;
  let bits = 0;
  let held = 0;
  let out = at;
  let bad = 0;
  for (let from = 0; from < UUID_DIGITS; from++) {
    const digit = DIGIT_VALUES[text.charCodeAt(from)] ?? -1;
    bad |= digit;
    bits = ((bits << 6) | digit) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[out++] = bits >>> held;
  }
  return bad >= 0 && (bits & 15) === 0;
}
