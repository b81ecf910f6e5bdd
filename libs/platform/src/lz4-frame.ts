import { createRequire } from 'node:module';
import { asError, concatBytes } from '@trunkline/kernel';
import { lz4BlockDecompress, lz4BlockLength } from './lz4-block.js';
import { NotValid, TooLarge } from './too-large.js';
import { xxhash32 } from './xxhash32.js';

/** The LZ4 frame format (lz4_Frame_format.md 1.6): magic, descriptor, blocks, end mark, checksum of the content. */
const MAGIC = 0x184d2204;
const BLOCK_BYTES_BY_ID = [undefined, undefined, undefined, undefined, 64 << 10, 256 << 10, 1 << 20, 4 << 20];

interface Block {
  readonly bytes: Uint8Array;
  readonly stored: boolean;
}

interface Frame {
  readonly blocks: readonly Block[];
  readonly independent: boolean;
  readonly contentChecksum: number | undefined;
  readonly contentBytes: number;
}

/** Whole frames, by the package `lz4-napi`; undefined when it is not installed. */
export interface Lz4Frames {
  compress(bytes: Uint8Array): Uint8Array;
  /** Only for frames whose content was measured before. */
  decompress(frame: Uint8Array): Uint8Array;
}

export function loadLz4Frames(): Lz4Frames | undefined {
  try {
    const lz4: typeof import('lz4-napi') = createRequire(import.meta.url)('lz4-napi');
    return {
      compress: (bytes) => lz4.compressFrameSync(asBuffer(bytes)),
      decompress: (frame) => lz4.decompressFrameSync(asBuffer(frame)),
    };
  } catch {
    return undefined;
  }
}

/** A frame with independent blocks, as Kafka's readers want it. Without the package the blocks are stored as they are. */
export function lz4Compress(frames: Lz4Frames | undefined, bytes: Uint8Array): Uint8Array {
  return frames === undefined ? storedFrame(bytes) : frames.compress(bytes);
}

/** Reads one frame; what stands behind it is ignored, as Kafka does. The content is measured before it is decoded. */
export function lz4Decompress(frames: Lz4Frames | undefined, bytes: Uint8Array, bytesMax: number): Uint8Array {
  const { frame, end } = parseFrame(bytes, bytesMax);
  if (frames === undefined || !frame.independent) return decode(frame);
  try {
    return frames.decompress(bytes.subarray(0, end));
  } catch (error) {
    throw new NotValid('lz4', asError(error).message);
  }
}

function parseFrame(bytes: Uint8Array, bytesMax: number): { readonly frame: Frame; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (at: number, count: number): void => {
    if (at + count > bytes.length) throw new NotValid('lz4', 'the frame is cut off');
  };
  need(0, 7);
  if (view.getUint32(0, true) !== MAGIC) throw new NotValid('lz4', 'it does not begin with the magic of a frame');
  const flags = bytes[4]!;
  if (flags >> 6 !== 1) throw new NotValid('lz4', `version ${flags >> 6} of the frame is not known`);
  const blockBytesMax = BLOCK_BYTES_BY_ID[(bytes[5]! >> 4) & 7];
  if (blockBytesMax === undefined) throw new NotValid('lz4', 'the block size is not known');
  if ((flags & 1) !== 0) throw new NotValid('lz4', 'frames with a dictionary are not supported');
  let at = 6 + ((flags & 8) === 0 ? 0 : 8);
  need(at, 1);
  if (((xxhash32(bytes.subarray(4, at)) >>> 8) & 0xff) !== bytes[at])
    throw new NotValid('lz4', 'wrong header checksum');
  at += 1;
  const blocks: Block[] = [];
  let contentBytes = 0;
  for (;;) {
    need(at, 4);
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const stored = word >= 0x80000000;
    const length = word & 0x7fffffff;
    if (length > blockBytesMax) throw new NotValid('lz4', `a block of ${length} bytes`);
    need(at, length);
    const block = bytes.subarray(at, at + length);
    const decoded = stored ? length : lz4BlockLength(block, blockBytesMax);
    if (decoded > blockBytesMax) throw new NotValid('lz4', `a block of more than ${blockBytesMax} bytes`);
    contentBytes += decoded;
    if (contentBytes > bytesMax) throw new TooLarge('lz4', bytesMax);
    blocks.push({ bytes: block, stored });
    at += length + ((flags & 16) === 0 ? 0 : 4);
  }
  if ((flags & 4) !== 0) need(at, 4);
  const contentChecksum = (flags & 4) === 0 ? undefined : view.getUint32(at, true);
  const frame = { blocks, independent: (flags & 32) !== 0, contentChecksum, contentBytes };
  return { frame, end: at + ((flags & 4) === 0 ? 0 : 4) };
}

function decode(frame: Frame): Uint8Array {
  const out = new Uint8Array(frame.contentBytes);
  let done = 0;
  for (const { bytes, stored } of frame.blocks) {
    if (stored) {
      out.set(bytes, done);
      done += bytes.length;
    } else done = lz4BlockDecompress(bytes, out, done, frame.independent ? done : 0);
  }
  if (frame.contentChecksum !== undefined && xxhash32(out) !== frame.contentChecksum) {
    throw new NotValid('lz4', 'wrong checksum of the content');
  }
  return out;
}

function storedFrame(bytes: Uint8Array): Uint8Array {
  const blockBytes = BLOCK_BYTES_BY_ID[4]!;
  const descriptor = Uint8Array.of(0x60, 0x40);
  const chunks: Uint8Array[] = [little(MAGIC), descriptor, Uint8Array.of((xxhash32(descriptor) >>> 8) & 0xff)];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    chunks.push(little((block.length | 0x80000000) >>> 0), block);
  }
  chunks.push(little(0));
  return concatBytes(chunks);
}

function little(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
