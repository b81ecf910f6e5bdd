/** CRC-32C (Castagnoli) over `bytes`, as an unsigned 32-bit number. Kafka's record batches and our files use it. */
export type Crc32c = (bytes: Uint8Array) => number;

/** The codecs that a record batch may use; the number is the attribute's value on the wire. */
export const COMPRESSION_TYPES = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type CompressionType = keyof typeof COMPRESSION_TYPES;

/**
 * Compression as a port.
 *
 * snappy is xerial's framing, lz4 the frame format, as Kafka clients write them. Both directions throw an Error when
 * the input is not valid; `decompress` throws one with `code: 'TOO_LARGE'` before more than `bytesMax` are held.
 */
export interface Compression {
  compress(type: Exclude<CompressionType, 'none'>, bytes: Uint8Array): Uint8Array;
  decompress(type: Exclude<CompressionType, 'none'>, bytes: Uint8Array, bytesMax: number): Uint8Array;
}
