import type { ApiError, Uuid } from '@trunkline/kernel';
import { malformed } from '../malformed.js';
import { UUID_BYTES, readText, readUuid } from './text.js';

/** Bounds of one message. A body may not cost more than these, whatever its lengths and counts claim. */
export interface ReadLimits {
  /** About what the decoded values may occupy, in bytes: views count as views, not with what they show. */
  readonly decodedBytesMax: number;
  /** Tagged fields in one tag section. */
  readonly taggedFieldsMax: number;
  /** Bytes of one tagged field that no table knows. */
  readonly unknownTagBytesMax: number;
}

export const READ_LIMITS: ReadLimits = Object.freeze({
  decodedBytesMax: 128 * 1024 * 1024,
  taggedFieldsMax: 128,
  unknownTagBytesMax: 128 * 1024,
});

/** Of the upper half of a number that a double holds exactly. */
const HIGH_MAX = 2 ** 21;

/**
 * Reads the wire's types one behind the other and never beyond `end`.
 *
 * Views that it hands out share memory with `bytes`. Every refusal is an `ApiError` MALFORMED with the place in bytes.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly limits: ReadLimits;
  at = 0;
  end: number;
  /** What is being read, for the text of a refusal. */
  what: string;
  #left: number;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array, what = 'bytes', limits: ReadLimits = READ_LIMITS) {
    this.bytes = bytes;
    this.limits = limits;
    this.end = bytes.length;
    this.what = what;
    this.#left = limits.decodedBytesMax;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** What may still be charged, in bytes. */
  get left(): number {
    return this.#left;
  }

  /** Goes back to where `at` and `left` were these. */
  rewind(at: number, left: number): void {
    this.at = at;
    this.#left = left;
  }

  refuse(why: string): ApiError {
    return malformed(`${this.what}: ${why} at byte ${this.at} of ${this.end}`);
  }

  /** Moves on by `length` bytes and tells where they begin. */
  take(length: number): number {
    const from = this.at;
    if (length > this.end - from) throw this.refuse(`wants ${length} bytes, ${this.end - from} are left`);
    this.at = from + length;
    return from;
  }

  /** Charges memory that the next values will occupy, before they are made. */
  charge(decodedBytes: number): void {
    this.#left -= decodedBytes;
    if (this.#left < 0) throw this.refuse(`more than ${this.limits.decodedBytesMax} bytes when decoded`);
  }

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  int8(): number {
    return (this.bytes[this.take(1)]! << 24) >> 24;
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  uint16(): number {
    const from = this.take(2);
    const { bytes } = this;
    return (bytes[from]! << 8) | bytes[from + 1]!;
  }

  int32(): number {
    return this.#int32At(this.take(4));
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** Offsets, times and ids are small as a rule: a view of the bytes, which costs more than to read one, is made for others. */
  int64(): bigint {
    const from = this.take(8);
    const high = this.#int32At(from);
    const low = this.#int32At(from + 4);
    if (high === 0 && low === 0) return 0n;
    if (high === -1 && low === -1) return -1n;
    if (high >= 0 && high < HIGH_MAX) return BigInt(high * 2 ** 32 + (low >>> 0));
    return this.#dataView().getBigInt64(from);
  }

  float64(): number {
    return this.#dataView().getFloat64(this.take(8));
  }

  #int32At(from: number): number {
    const { bytes } = this;
    return (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
  }

  #dataView(): DataView {
    const { bytes } = this;
    return (this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  uuid(): Uuid {
    return readUuid(this.bytes, this.take(UUID_BYTES));
  }

  /** At most five bytes; what does not fit 32 bits is cut off, as Kafka's reader does. */
  unsignedVarint(): number {
    const first = this.bytes[this.take(1)]!;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.bytes[this.take(1)]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw this.refuse('a varint of more than 5 bytes');
  }

  /** Zigzag, at most five bytes. */
  varint(): number {
    const value = this.unsignedVarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** Zigzag, at most ten bytes. */
  varlong(): bigint {
    let value = 0n;
    for (let shift = 0n; shift <= 63n; shift += 7n) {
      const byte = this.bytes[this.take(1)]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (BigInt.asUintN(64, value) >> 1n) ^ -(value & 1n));
    }
    throw this.refuse('a varint of more than 10 bytes');
  }

  /** The length in front of compact strings, bytes and arrays; negative means null. */
  compactLength(): number {
    return ((this.unsignedVarint() | 0) - 1) | 0;
  }

  /** The text of the next `length` bytes. */
  text(length: number): string {
    const from = this.take(length);
    this.charge(24 + length);
    return readText(this.bytes, from, from + length);
  }

  /** A view of the next `length` bytes. */
  slice(length: number): Uint8Array {
    const from = this.take(length);
    this.charge(112);
    return this.bytes.subarray(from, from + length);
  }
}
