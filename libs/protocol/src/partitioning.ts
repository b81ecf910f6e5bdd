const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** The 32-bit MurmurHash2 that Kafka's clients hash record keys with, as an int32. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = SEED ^ length;
  let at = 0;
  for (; length - at >= 4; at += 4) {
    const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const mixed = Math.imul(four, MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(mixed ^ (mixed >>> 24), MULTIPLIER);
  }
  if (at < length) {
    for (let shift = 0; at < length; at++, shift += 8) hash ^= bytes[at]! << shift;
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition of a record with this key, as every Kafka client chooses it when it is not told otherwise. */
export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

/** Java's `String.hashCode`, an int32 over the UTF-16 units. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** The partition of `__consumer_offsets` that keeps a group, or of `__transaction_state` that keeps a transactional id. */
export function partitionOfGroup(id: string, partitionCount: number): number {
  const hash = javaHashCode(id);
  return (hash === -0x80000000 ? 0 : Math.abs(hash)) % partitionCount;
}
