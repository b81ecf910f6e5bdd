import type { Clock, Crc32c, Compression, Logger, Random } from '@trunkline/kernel';

/**
 * What handlers are given: the broker's parts, put together once in `broker.ts`.
 *
 * Each part has its own file and interface; a handler takes from here what it needs and nothing else.
 */
export interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly crc32c: Crc32c;
  readonly compression: Compression;
}
