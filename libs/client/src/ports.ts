import type { Clock, Compression, Crc32c, Logger, Network, Random } from '@trunkline/kernel';

/** Keyed and plain hashes that SASL/SCRAM needs (RFC 5802), as a port: node:crypto in production. */
export interface ScramHashes {
  hash(algorithm: 'sha256' | 'sha512', bytes: Uint8Array): Uint8Array;
  hmac(algorithm: 'sha256' | 'sha512', key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** PBKDF2; rejects never. `iterations` is already bounded by the caller. */
  pbkdf2(
    algorithm: 'sha256' | 'sha512',
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
  ): Promise<Uint8Array>;
}

/** The world as the client sees it. `@trunkline/platform` fills it with Node, the simulation with a world of its own. */
export interface ClientPorts {
  /** TCP, TLS, Unix sockets, or links into an embedded broker. TLS is a property of the network, not of the client. */
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly crc32c: Crc32c;
  /** Missing: compressed batches are refused with UNSUPPORTED_COMPRESSION_TYPE, both ways. */
  readonly compression?: Compression;
  /** Missing: SCRAM is refused with MISUSE. */
  readonly hashes?: ScramHashes;
  readonly logger: Logger;
}
