import { type Compression, type CompressionType, asError, systemCode } from '@trunkline/kernel';
import { loadLz4Frames, lz4Compress, lz4Decompress } from './lz4-frame.js';
import { CodecMissing, NotValid, TooLarge } from './too-large.js';
import { loadSnappyBlocks, snappyCompress, snappyDecompress } from './xerial-snappy.js';

type Codec = {
  compress(bytes: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array, bytesMax: number): Uint8Array;
};

/** zstd 1 is as small as gzip 6 on records of JSON, and five times as quick. */
const ZSTD_LEVEL = 1;

function loadGzip(): Codec {
  const zlib = process.getBuiltinModule('node:zlib'); // 4 ms of a start that may never need it.
  return {
    compress: (bytes) => zlib.gzipSync(bytes),
    decompress: (bytes, bytesMax) => zlib.gunzipSync(bytes, { maxOutputLength: bytesMax }),
  };
}

function loadZstd(): Codec {
  const zlib = process.getBuiltinModule('node:zlib');
  // Node has it since 22.15.
  if (typeof zlib.zstdCompressSync !== 'function') throw new CodecMissing('zstd', 'it needs Node 22.15 or newer');
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
  return {
    compress: (bytes) => zlib.zstdCompressSync(bytes, { params }),
    decompress: (bytes, bytesMax) => zlib.zstdDecompressSync(bytes, { maxOutputLength: bytesMax }),
  };
}

function loadSnappy(): Codec {
  const blocks = loadSnappyBlocks();
  return {
    compress: (bytes) => snappyCompress(blocks, bytes),
    decompress: (bytes, bytesMax) => snappyDecompress(blocks, bytes, bytesMax),
  };
}

function loadLz4(): Codec {
  const frames = loadLz4Frames();
  return {
    compress: (bytes) => lz4Compress(frames, bytes),
    decompress: (bytes, bytesMax) => lz4Decompress(frames, bytes, bytesMax),
  };
}

const loaders: Record<Exclude<CompressionType, 'none'>, () => Codec> = {
  gzip: loadGzip,
  snappy: loadSnappy,
  lz4: loadLz4,
  zstd: loadZstd,
};

const loaded = new Map<string, Codec>();

/** Native codecs are loaded with their first use, so that a start does not wait for them. */
function codec(type: Exclude<CompressionType, 'none'>): Codec {
  let found = loaded.get(type);
  if (found === undefined) loaded.set(type, (found = loaders[type]()));
  return found;
}

/** Node's zlib for gzip and zstd, the packages `snappy` and `lz4-napi` for the others, JavaScript where they are missing. */
export const compression: Compression = {
  compress: (type, bytes) => codec(type).compress(bytes),
  decompress: (type, bytes, bytesMax) => {
    try {
      return codec(type).decompress(bytes, Math.max(1, bytesMax));
    } catch (error) {
      if (error instanceof TooLarge || error instanceof NotValid || error instanceof CodecMissing) throw error;
      if (systemCode(error) === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge(type, bytesMax);
      throw new NotValid(type, asError(error).message);
    }
  },
};
