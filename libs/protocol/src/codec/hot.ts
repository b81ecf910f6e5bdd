import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/**
 * Codecs written by hand, for messages that every record costs: they do what the table says of flexible versions, with a
 * fifth of the work. What is rare they leave to the table, so they hold no rule twice but the order of fields.
 */
export interface HotCodec<Out, In> {
  /** The first version that they know; they know all later ones. */
  readonly from: number;
  readonly read?: HotReader<Out>;
  readonly write?: HotWriter<In>;
}

/** Gives undefined for what is left to the table, which then reads from the same place. */
export type HotReader<Out> = (reader: Reader, version: number) => Out | undefined;

/** Says false, having written nothing, for what is left to the table. */
export type HotWriter<In> = (writer: Writer, version: number, value: In) => boolean;

export function isInt8(value: number): boolean {
  return (value << 24) >> 24 === value;
}

export function isInt16(value: number): boolean {
  return (value << 16) >> 16 === value;
}

export function isInt32(value: number): boolean {
  return (value | 0) === value;
}

/** What the memory of decoded values is charged with, as tables do: an array, a slot of it, a field. */
export const ARRAY_DECODED_BYTES = 32;
export const SLOT_DECODED_BYTES = 8;
export const STRUCT_DECODED_BYTES = 24;

/**
 * The count in front of an array of structs, charged for; -1 for what is left to the table: null, and counts that what is
 * left of the message cannot hold.
 */
export function hotCount(reader: Reader, elementBytesMin: number, elementDecodedBytes: number): number {
  const count = reader.compactLength();
  if (count < 0 || count * elementBytesMin > reader.remaining) return -1;
  reader.charge(ARRAY_DECODED_BYTES + count * (SLOT_DECODED_BYTES + elementDecodedBytes));
  return count;
}

/**
 * `count` elements, or undefined when one of them is left to the table. A list of one, the usual one, is made with it: one
 * that is pushed to has room for seventeen.
 */
export function hotElements<T>(
  reader: Reader,
  count: number,
  read: (reader: Reader) => T | undefined,
): T[] | undefined {
  if (count === 0) return [];
  const first = read(reader);
  if (first === undefined) return undefined;
  const elements = [first];
  for (let left = count - 1; left > 0; left--) {
    const element = read(reader);
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return elements;
}
