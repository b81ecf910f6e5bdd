/** What one lib may do. */
export interface Row {
  /** Libs it may import. */
  readonly imports: readonly string[];
  /** No `node:`, no timers, clocks or dice: the world comes in by the kernel's ports. */
  readonly pure: boolean;
  /** Packages of others, by name. */
  readonly thirdParty?: readonly string[];
}

const PURE = true;
const NEST = [
  '@nestjs/common',
  '@nestjs/core',
  'class-transformer',
  'class-validator',
  'reflect-metadata',
  'rxjs',
  '@bufbuild/protobuf',
];

/**
 * Who may import whom, the libs to come included. Think hard before a row grows: a new arrow is a new way for trouble
 * to travel.
 */
export const LAYERS: Readonly<Record<string, Row>> = {
  kernel: { imports: [], pure: PURE },

  records: { imports: ['kernel'], pure: PURE },
  protocol: { imports: ['kernel'], pure: PURE },
  raft: { imports: ['kernel'], pure: PURE },
  platform: { imports: ['kernel'], pure: false, thirdParty: ['@node-rs/crc32', 'snappy', 'lz4-napi'] },

  log: { imports: ['kernel', 'records'], pure: PURE },
  coordinator: { imports: ['kernel', 'protocol'], pure: PURE },
  client: { imports: ['kernel', 'records', 'protocol'], pure: PURE },

  // Its log of one voter is a file of record batches: records, and the log lib's way to put files in place.
  metadata: { imports: ['kernel', 'records', 'protocol', 'raft', 'log'], pure: PURE },
  bus: { imports: ['kernel'], pure: PURE, thirdParty: ['@standard-schema/spec'] },

  broker: { imports: ['kernel', 'records', 'protocol', 'raft', 'log', 'metadata', 'coordinator'], pure: PURE },
  'engine-memory': { imports: ['kernel', 'bus'], pure: false },
  'engine-redis': { imports: ['kernel', 'bus'], pure: false, thirdParty: ['ioredis'] },
  'engine-kafka': { imports: ['kernel', 'bus', 'client', 'platform'], pure: false },
  streams: { imports: ['kernel', 'bus'], pure: false, thirdParty: ['lmdb'] },

  // It fills the bus's ports with Node's clock and dice, so it needs the platform.
  nest: { imports: ['kernel', 'bus', 'platform'], pure: false, thirdParty: NEST },
  'engine-embedded': { imports: ['kernel', 'bus', 'engine-kafka', 'broker', 'platform'], pure: false },
};

/** May import every lib; only tests import it. */
export const TESTING = 'testing';

/** The wings that meet only on the wire. `engine-embedded` is the one bridge. */
export const BROKER_WING = ['log', 'raft', 'metadata', 'coordinator', 'broker'];
export const BUS_WING = ['client', 'bus', 'engine-memory', 'engine-redis', 'engine-kafka', 'nest', 'streams'];

/** Lines of a file. */
export const LINES_MAX = 400;
