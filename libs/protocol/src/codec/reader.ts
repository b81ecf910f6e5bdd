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
  readonly #view: DataView;

  constructor(bytes: Uint8Array, what = 'bytes', limits: ReadLimits = READ_LIMITS) {
    this.bytes = bytes;
    this.limits = limits;
    this.end = bytes.length;
    this.what = what;
    this.#left = limits.decodedBytesMax;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.end - this.at;
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
    return this.#view.getInt8(this.take(1));
  }

  int16(): number {
    return this.#view.getInt16(this.take(2));
  }

  uint16(): number {
    return this.#view.getUint16(this.take(2));
  }

  int32(): number {
    return this.#view.getInt32(this.take(4));
  }

  uint32(): number {
    return this.#view.getUint32(this.take(4));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.take(8));
  }

  float64(): number {
    return this.#view.getFloat64(this.take(8));
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
