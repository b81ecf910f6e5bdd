/** Reads and writes of Kafka's integers, without a DataView a batch: making one costs more than the reads. */
const TWO_32 = 0x1_0000_0000;

export function readInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16;
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0;
}

/** An int64 as a number: exact up to 2^53, rounded beyond. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * TWO_32 + readUint32(bytes, at + 4);
}

export function readBigInt64(bytes: Uint8Array, at: number): bigint {
  const high = readInt32(bytes, at);
  const low = readUint32(bytes, at + 4);
  if (high === 0) return BigInt(low);
  return (BigInt(high) << 32n) | BigInt(low);
}

export function writeInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

/** Writes a whole number as an int64; what lies beyond int64 becomes its largest or smallest value. */
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  if (Number.isSafeInteger(value)) {
    writeInt32(bytes, at, Math.floor(value / TWO_32));
    writeInt32(bytes, at + 4, value | 0);
    return;
  }
  writeBigInt64(bytes, at, BigInt(value));
}

const INT64_MAX = 2n ** 63n - 1n;

export function writeBigInt64(bytes: Uint8Array, at: number, value: bigint): void {
  const small = Number(value);
  if (Number.isSafeInteger(small)) return writeInt64(bytes, at, small);
  const held = value > INT64_MAX ? INT64_MAX : value < -INT64_MAX ? -INT64_MAX - 1n : value;
  writeInt32(bytes, at, Number(held >> 32n));
  writeInt32(bytes, at + 4, Number(held & 0xffff_ffffn) | 0);
}
