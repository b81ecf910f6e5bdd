import type { TopicConfig } from '@trunkline/metadata';
import { DECOMPRESSED_BYTES_MAX, type ProduceRules } from '@trunkline/records';

/** A topic's settings as the rules that its producers' batches are judged by, for clients that know zstd. */
export function produceRules(config: TopicConfig): ProduceRules {
  const { compressionType } = config;
  return {
    messageBytesMax: config.messageBytesMax,
    timestampType: config.timestampType,
    timestampBeforeMaxMs: config.timestampBeforeMaxMs,
    timestampAfterMaxMs: config.timestampAfterMaxMs,
    compacts: config.compacts,
    compressionType: compressionType === 'uncompressed' ? 'none' : compressionType,
    decompressedBytesMax: DECOMPRESSED_BYTES_MAX,
    takesZstd: true,
  };
}
