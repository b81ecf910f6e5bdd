import { ApiError } from '@trunkline/kernel';

const TWO_28 = 0x1000_0000;
const TWO_32 = 0x1_0000_0000;

/**
 * Reads the varints of records: protobuf's, zigzag. Stays inside `end`; leaves it, or more than 5 (long: 10) bytes, with
 * ApiError CORRUPT_MESSAGE. Overlong forms are read, as Kafka does.
 */
export class VarintReader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end: number,
  ) {}

  varintAt(at: number): number {
    this.at = at;
    return this.varint();
  }

  varlongAt(at: number): number {
    this.at = at;
    return this.varlong();
  }

  /** An int32. */
  varint(): number {
    const raw = this.bytes[this.at]!;
    if (raw < 0x80 && this.at < this.end) {
      this.at += 1;
      return (raw >>> 1) ^ -(raw & 1);
    }
    return this.#longVarint();
  }

  /** An int64 as a number: exact up to 2^53, rounded beyond. */
  varlong(): number {
    const raw = this.bytes[this.at]!;
    if (raw < 0x80 && this.at < this.end) {
      this.at += 1;
      return (raw >>> 1) ^ -(raw & 1);
    }
    return this.#longVarlong();
  }

  #longVarint(): number {
    let raw = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 28) this.#long(5);
      const byte = this.#byte();
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
  }

  #longVarlong(): number {
    const isNegative = (this.bytes[this.at]! & 1) !== 0;
    let raw = 0;
    let weight = 1;
    for (let count = 0; ; count++) {
      if (count === 10) this.#long(10);
      const byte = this.#byte();
      raw += (byte & 0x7f) * weight;
      if (byte < 0x80) return isNegative ? -(raw + 1) / 2 : raw / 2;
      weight *= 0x80;
    }
  }

  #byte(): number {
    if (this.at >= this.end) throw new ApiError('CORRUPT_MESSAGE', 'a varint leaves its record');
    return this.bytes[this.at++]!;
  }

  #long(bytesMax: number): never {
    throw new ApiError('CORRUPT_MESSAGE', `a varint of more than ${bytesMax} bytes`);
  }
}

/** Bytes that {@link writeVarint} needs for an int32. */
export function sizeOfVarint(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0;
  if (raw < 0x80) return 1;
  if (raw < 0x4000) return 2;
  if (raw < 0x20_0000) return 3;
  return raw < TWO_28 ? 4 : 5;
}

/** Writes an int32 and returns where the next byte goes. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  while (raw >= 0x80) {
    bytes[at++] = (raw & 0x7f) | 0x80;
    raw >>>= 7;
  }
  bytes[at++] = raw;
  return at;
}

/** Bytes that {@link writeVarlong} needs. */
export function sizeOfVarlong(value: number): number {
  if ((value | 0) === value) return sizeOfVarint(value);
  let raw = zigzagLong(value);
  let size = 1;
  for (; raw >= 0x80n; raw >>= 7n) size++;
  return size;
}

/** Writes a whole number as an int64 and returns where the next byte goes. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) === value) return writeVarint(bytes, at, value);
  let raw = zigzagLong(value);
  for (; raw >= TWO_32; raw >>= 7n) bytes[at++] = Number(raw & 0x7fn) | 0x80;
  let rest = Number(raw);
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

function zigzagLong(value: number): bigint {
  const long = BigInt.asIntN(64, BigInt(value));
  return long >= 0n ? long << 1n : (-long << 1n) - 1n;
}
