import { byteLength, utf8 } from '@trunkline/kernel';
import { malformed } from '../malformed.js';
import { UUID_BYTES, writeUuid } from './text.js';

const SLAB_BYTES = 64 * 1024;
/** Longer bytes and records are handed on as chunks of their own; shorter ones cost less when copied. */
export const COPIED_BYTES_MAX = 256;
const STRING_BYTES_MAX = 32767;

/**
 * Writes the wire's types one behind the other into slabs, and hands the result over as chunks.
 *
 * Memory that was handed out is never written again, so a chunk may wait in a socket's queue for as long as it likes.
 * One message at a time: `begin`, write, `finish`.
 */
export class Writer {
  #slab = new Uint8Array(0);
  #view = new DataView(this.#slab.buffer);
  #start = 0;
  #at = 0;
  #chunks: Uint8Array[] = [];
  #copies = 0;

  /** Begins a message. What an earlier one left unfinished is forgotten. */
  begin(): void {
    this.#at = this.#start;
    this.#chunks = [];
    this.#copies = 0;
  }

  /** The chunks of the message, in order; they belong to the caller. */
  finish(): Uint8Array[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** As `finish`, after writing the message's length without these 4 bytes over its first 4 bytes. */
  finishFrame(): Uint8Array[] {
    const chunks = this.finish();
    const size = byteLength(chunks) - 4;
    const first = chunks[0]!;
    first[0] = size >>> 24;
    first[1] = size >>> 16;
    first[2] = size >>> 8;
    first[3] = size;
    return chunks;
  }

  #cut(): void {
    if (this.#at === this.#start) return;
    const chunk = this.#slab.subarray(this.#start, this.#at);
    if (this.#chunks.length === 0) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    this.#start = this.#at;
  }

  /** Makes room for `length` bytes and tells where they begin. */
  #room(length: number): number {
    if (this.#at + length > this.#slab.length) this.#grow(length);
    const from = this.#at;
    this.#at = from + length;
    return from;
  }

  #grow(length: number): void {
    const pending = this.#slab.subarray(this.#start, this.#at);
    const slab = new Uint8Array(Math.max(SLAB_BYTES, (pending.length + length) * 2));
    slab.set(pending);
    this.#slab = slab;
    this.#view = new DataView(slab.buffer);
    this.#start = 0;
    this.#at = pending.length;
  }

  bool(value: boolean): void {
    const from = this.#room(1);
    this.#slab[from] = value ? 1 : 0;
  }

  int8(value: number): void {
    const from = this.#room(1);
    this.#slab[from] = value;
  }

  int16(value: number): void {
    const from = this.#room(2);
    this.#view.setInt16(from, value);
  }

  int32(value: number): void {
    const from = this.#room(4);
    this.#view.setInt32(from, value);
  }

  int64(value: bigint | number): void {
    const from = this.#room(8);
    if (typeof value === 'bigint') {
      this.#view.setBigInt64(from, value);
      return;
    }
    this.#view.setInt32(from, Math.floor(value / 2 ** 32));
    this.#view.setInt32(from + 4, value);
  }

  float64(value: number): void {
    const from = this.#room(8);
    this.#view.setFloat64(from, value);
  }

  uuid(value: string): void {
    const from = this.#room(UUID_BYTES);
    if (!writeUuid(value, this.#slab, from)) throw malformed('a uuid is 22 digits of URL-safe base64');
  }

  unsignedVarint(value: number): void {
    let from = this.#room(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#slab[from++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#slab[from++] = rest;
    this.#at = from;
  }

  /** Zigzag. */
  varint(value: number): void {
    this.unsignedVarint((value << 1) ^ (value >> 31));
  }

  /** Zigzag. */
  varlong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    for (; rest > 0x7fn; rest >>= 7n) this.int8(Number(rest & 0x7fn) | 0x80);
    this.int8(Number(rest));
  }

  /** A text behind its length: an int16, or when `compact` an unsigned varint of the length + 1. */
  string(value: string, compact: boolean): void {
    const { length } = value;
    if (length < 64) {
      const before = this.#at - this.#start;
      this.#stringLength(length, compact);
      if (this.#ascii(value)) return;
      this.#at = this.#start + before;
    }
    const encoded = utf8(value);
    if (encoded.length > STRING_BYTES_MAX) {
      throw malformed(`a string of ${encoded.length} bytes, at most ${STRING_BYTES_MAX} fit`);
    }
    this.#stringLength(encoded.length, compact);
    this.copied(encoded);
  }

  #stringLength(length: number, compact: boolean): void {
    if (compact) this.unsignedVarint(length + 1);
    else this.int16(length);
  }

  #ascii(value: string): boolean {
    const { length } = value;
    const from = this.#room(length);
    const slab = this.#slab;
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) return false;
      slab[from + at] = code;
    }
    return true;
  }

  copied(bytes: Uint8Array): void {
    const from = this.#room(bytes.length);
    this.#slab.set(bytes, from);
  }

  /** Copied when short, else referenced. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length <= COPIED_BYTES_MAX || this.#copies > 0) return this.copied(bytes);
    this.#cut();
    this.#chunks.push(bytes);
  }

  /** Writes what `content` writes behind its size as an unsigned varint. Nothing inside is referenced. */
  sized(content: () => void): void {
    const sizeAt = this.#room(1) - this.#start;
    this.#copies += 1;
    content();
    this.#copies -= 1;
    const from = this.#start + sizeAt + 1;
    const size = this.#at - from;
    if (size < 0x80) {
      this.#slab[from - 1] = size;
      return;
    }
    const body = this.#slab.slice(from, this.#at);
    this.#at = from - 1;
    this.unsignedVarint(size);
    this.copied(body);
  }
}
