import { createRequire } from 'node:module';
import { asError, concatBytes } from '@trunkline/kernel';
import { checkSnappyLength, snappyBlockDecompress, snappyBlockStore } from './snappy-block.js';
import { NotValid } from './too-large.js';

/** xerial's stream: this magic, two int32 versions, then blocks with an int32 length each. Java clients write it. */
const MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
const HEADER_BYTES = MAGIC.length + 8;
const BLOCK_BYTES = 32 * 1024;

/** Compression of raw blocks, by the package `snappy` or in JavaScript. */
export interface SnappyBlocks {
  compress(bytes: Uint8Array): Uint8Array;
  /** Only for blocks whose declared length was checked. */
  decompress(block: Uint8Array): Uint8Array;
}

export const snappyBlocksInJs: SnappyBlocks = { compress: snappyBlockStore, decompress: snappyBlockDecompress };

/** The package when it is installed; else JavaScript, which reads everything and stores without compressing. */
export function loadSnappyBlocks(): SnappyBlocks {
  try {
    const snappy: typeof import('snappy') = createRequire(import.meta.url)('snappy');
    return {
      compress: (bytes) => snappy.compressSync(bytes),
      decompress: (block) => {
        const bytes = snappy.uncompressSync(block, { asBuffer: true });
        return typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
      },
    };
  } catch {
    return snappyBlocksInJs;
  }
}

export function snappyCompress(blocks: SnappyBlocks, bytes: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  const view = new DataView(header.buffer);
  view.setInt32(8, 1);
  view.setInt32(12, 1);
  const chunks: Uint8Array[] = [header];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = blocks.compress(bytes.subarray(at, at + BLOCK_BYTES));
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setInt32(0, block.length);
    chunks.push(prefix, block);
  }
  return concatBytes(chunks);
}

/** Reads xerial's stream, and one raw block without it, as clients built on librdkafka may send. */
export function snappyDecompress(blocks: SnappyBlocks, bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (!MAGIC.every((byte, at) => bytes[at] === byte)) {
    checkSnappyLength(bytes, bytesMax, bytesMax);
    return decompressed(blocks, bytes);
  }
  if (bytes.length < HEADER_BYTES) throw new NotValid('snappy', 'the header is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Uint8Array[] = [];
  let left = bytesMax;
  for (let at = HEADER_BYTES; at < bytes.length;) {
    if (at + 4 > bytes.length) throw new NotValid('snappy', 'a block without its length');
    const length = view.getInt32(at);
    at += 4;
    if (length < 0 || at + length > bytes.length) throw new NotValid('snappy', `a block of ${length} bytes is cut off`);
    const block = bytes.subarray(at, at + length);
    checkSnappyLength(block, left, bytesMax);
    const chunk = decompressed(blocks, block);
    left -= chunk.length;
    chunks.push(chunk);
    at += length;
  }
  return concatBytes(chunks);
}

function decompressed(blocks: SnappyBlocks, block: Uint8Array): Uint8Array {
  try {
    return blocks.decompress(block);
  } catch (error) {
    throw error instanceof NotValid ? error : new NotValid('snappy', asError(error).message);
  }
}
