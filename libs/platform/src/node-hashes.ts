import { createHash, createHmac, pbkdf2 } from 'node:crypto';

const HASH_BYTES = { sha256: 32, sha512: 64 } as const;
/** Key derivations at once: each takes a thread of libuv's pool, which files and DNS need too. */
const DERIVING_MAX = 2;

type Algorithm = keyof typeof HASH_BYTES;

let deriving = 0;
const waiting: (() => void)[] = [];

/**
 * The hashes of SASL/SCRAM by node:crypto (fills the port `ScramHashes` of @trunkline/client).
 *
 * `pbkdf2` runs beside the event loop, two at a time.
 */
export const nodeScramHashes = {
  hash: (algorithm: Algorithm, bytes: Uint8Array): Uint8Array =>
    new Uint8Array(createHash(algorithm).update(bytes).digest()),

  hmac: (algorithm: Algorithm, key: Uint8Array, bytes: Uint8Array): Uint8Array =>
    new Uint8Array(createHmac(algorithm, key).update(bytes).digest()),

  pbkdf2: async (
    algorithm: Algorithm,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
  ): Promise<Uint8Array> => {
    while (deriving >= DERIVING_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
    deriving += 1;
    try {
      return await derive(algorithm, password, salt, iterations);
    } finally {
      deriving -= 1;
      waiting.shift()?.();
    }
  },
};

function derive(algorithm: Algorithm, password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, HASH_BYTES[algorithm], algorithm, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}
