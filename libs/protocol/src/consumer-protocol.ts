import { concatBytes } from '@trunkline/kernel';
import { type Message, sharedWriter } from './api.js';
import { READ_LIMITS, type ReadLimits, Reader } from './codec/reader.js';
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from './messages/group-blobs.js';
import type { AnyType, Decoded, Encodable } from './schema.js';

/**
 * Reads what a member brought to JoinGroup. A version that is newer than ours is read as our newest, and what follows is
 * left alone: the fields of a version begin every later one. Throws MALFORMED.
 */
export function decodeSubscription(bytes: Uint8Array, limits?: ReadLimits): ConsumerProtocolSubscription {
  return decode(ConsumerProtocolSubscription, bytes, limits);
}

/** Reads what a member got from SyncGroup; of newer versions as {@link decodeSubscription}. Throws MALFORMED. */
export function decodeAssignment(bytes: Uint8Array, limits?: ReadLimits): ConsumerProtocolAssignment {
  return decode(ConsumerProtocolAssignment, bytes, limits);
}

/** A subscription behind its int16 version. */
export function encodeSubscription(
  version: number,
  subscription: Encodable<typeof ConsumerProtocolSubscription>,
): Uint8Array {
  return encode(ConsumerProtocolSubscription, version, subscription);
}

/** An assignment behind its int16 version. */
export function encodeAssignment(
  version: number,
  assignment: Encodable<typeof ConsumerProtocolAssignment>,
): Uint8Array {
  return encode(ConsumerProtocolAssignment, version, assignment);
}

function decode<T extends AnyType>(
  message: Message<T>,
  bytes: Uint8Array,
  limits: ReadLimits = READ_LIMITS,
): Decoded<T> {
  const reader = new Reader(bytes, message.name, limits);
  const version = reader.int16();
  if (version < message.versions[0]) throw reader.refuse(`version ${version}`);
  return message.read(reader, Math.min(version, message.versions[1]));
}

function encode<T extends AnyType>(message: Message<T>, version: number, value: Encodable<T>): Uint8Array {
  sharedWriter.begin();
  sharedWriter.int16(version);
  message.write(sharedWriter, version, value);
  return concatBytes(sharedWriter.finish());
}
