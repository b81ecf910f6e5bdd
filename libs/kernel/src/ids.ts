declare const brand: unique symbol;

/** A value that carries a name for the compiler only, so that an offset cannot stand where a node id is wanted. */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };

/** A record's place in its partition, counted from 0. An int64 on the wire, a checked safe integer inside. */
export type Offset = Brand<number, 'Offset'>;

/** The number of a leader's reign. int32; -1 means none. */
export type Epoch = Brand<number, 'Epoch'>;

/** A broker's or controller's id. int32, 0 and up; -1 means none. */
export type NodeId = Brand<number, 'NodeId'>;

/** A partition's number inside its topic. int32, 0 and up. */
export type PartitionIndex = Brand<number, 'PartitionIndex'>;

/** 16 bytes in Kafka's text form: URL-safe base64, 22 characters, no padding. */
export type Uuid = Brand<string, 'Uuid'>;

/** The zero id: "no topic id" on the wire. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid;

/** Makes an offset. Throws a RangeError for anything this house can never assign. Negative sentinels are made here too. */
export function offset(value: number): Offset {
  if (!Number.isSafeInteger(value)) throw new RangeError(`offset ${value} is not a safe integer`);
  return value as Offset;
}

/** Makes an offset from its int64. Throws a RangeError beyond 2^53 - 1. */
export function offsetFromBigint(value: bigint): Offset {
  return offset(Number(value));
}

/** Makes an epoch. Throws a RangeError outside int32. */
export function epoch(value: number): Epoch {
  if (!isInt32(value)) throw new RangeError(`epoch ${value} is not an int32`);
  return value as Epoch;
}

/** Makes a node id. Throws a RangeError outside int32. */
export function nodeId(value: number): NodeId {
  if (!isInt32(value)) throw new RangeError(`node id ${value} is not an int32`);
  return value as NodeId;
}

/** Makes a partition index. Throws a RangeError outside int32. */
export function partitionIndex(value: number): PartitionIndex {
  if (!isInt32(value)) throw new RangeError(`partition ${value} is not an int32`);
  return value as PartitionIndex;
}

function isInt32(value: number): boolean {
  return (value | 0) === value;
}
