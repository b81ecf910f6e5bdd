import { bytesEqual, fromUtf8, utf8 } from '@trunkline/kernel';
import { KafkaError } from '../../error.js';
import type { ClientPorts, ScramHashes } from '../../ports.js';
import { fromBase64, toBase64 } from './base64.js';
import type { SaslExchange } from './exchange.js';
import { escapeName } from './oauth.js';
import type { SaslOptions } from './sasl-options.js';

/** Kafka's least; and a most, as a broker that demands more wants to freeze its clients. */
const ITERATIONS_MIN = 4096;
const ITERATIONS_MAX = 1_000_000;
const SERVER_MESSAGE_BYTES_MAX = 4096;
const SALT_BYTES_MAX = 1024;

type ScramOptions = Extract<SaslOptions, { readonly tokenAuthentication?: boolean }>;

/**
 * SCRAM (RFC 5802, RFC 7677; KIP-84): proves that both sides know the password, the broker too.
 *
 * Refuses a nonce that is not ours continued (CVE-2024-56128's mirror), fewer than 4,096 or more than 1,000,000
 * iterations, and a wrong server signature. No channel binding, as in Kafka.
 */
export function scramExchange(options: ScramOptions, ports: ClientPorts, about: string): SaslExchange {
  const { hashes, random } = ports;
  const { mechanism, username, password, tokenAuthentication } = options;
  if (hashes === undefined)
    throw new KafkaError('MISUSE', `${mechanism} needs the port \`hashes\` (nodeScramHashes of @trunkline/platform)`);
  if (username === '' || password === '')
    throw new KafkaError('MISUSE', 'sasl: username and password must not be empty');
  const nonce = `${random.uuid()}${random.uuid()}`;
  const extension = tokenAuthentication === true ? ',tokenauth=true' : '';
  const firstBare = `n=${escapeName(username)},r=${nonce}${extension}`;
  const proof = new ScramProof(hashes, mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', utf8(password));
  let signature: Uint8Array | undefined;
  const refuse = (detail: string): KafkaError =>
    new KafkaError('SASL_AUTHENTICATION_FAILED', `${mechanism}: ${detail}`, { about });
  return {
    first: utf8(`n,,${firstBare}`),
    next: async (challenge) => {
      if (challenge.length > SERVER_MESSAGE_BYTES_MAX) throw refuse(`the broker sent ${challenge.length} bytes`);
      const message = fromUtf8(challenge);
      if (signature !== undefined) {
        checkFinal(message, signature, refuse);
        return undefined;
      }
      const { serverNonce, salt, iterations } = readServerFirst(message, nonce, refuse);
      const withoutProof = `c=biws,r=${serverNonce}`;
      const signed = utf8(`${firstBare},${message},${withoutProof}`);
      const made = await proof.make(salt, iterations, signed);
      signature = made.signature;
      return utf8(`${withoutProof},p=${toBase64(made.proof)}`);
    },
  };
}

class ScramProof {
  constructor(
    private readonly hashes: ScramHashes,
    private readonly algorithm: 'sha256' | 'sha512',
    private readonly password: Uint8Array,
  ) {}

  async make(salt: Uint8Array, iterations: number, signed: Uint8Array) {
    const { hashes, algorithm } = this;
    const salted = await hashes.pbkdf2(algorithm, this.password, salt, iterations);
    const clientKey = hashes.hmac(algorithm, salted, utf8('Client Key'));
    const storedKey = hashes.hash(algorithm, clientKey);
    const clientSignature = hashes.hmac(algorithm, storedKey, signed);
    const serverKey = hashes.hmac(algorithm, salted, utf8('Server Key'));
    return {
      proof: clientKey.map((byte, at) => byte ^ clientSignature[at]!),
      signature: hashes.hmac(algorithm, serverKey, signed),
    };
  }
}

type Refuse = (detail: string) => KafkaError;

function readServerFirst(message: string, nonce: string, refuse: Refuse) {
  const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=(\d{1,10})(?:,.*)?$/s.exec(message);
  if (match === null) throw refuse('the first message of the broker is not one of SCRAM');
  const [, serverNonce = '', saltText = '', count = ''] = match;
  if (!serverNonce.startsWith(nonce) || serverNonce.length === nonce.length)
    throw refuse('the nonce of the broker does not continue ours');
  const iterations = Number(count);
  if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX)
    throw refuse(`the broker demands ${iterations} iterations; ${ITERATIONS_MIN} to ${ITERATIONS_MAX} are allowed`);
  const salt = fromBase64(saltText);
  if (salt === undefined || salt.length > SALT_BYTES_MAX) throw refuse('the salt is not base64 of a fitting length');
  return { serverNonce, salt, iterations };
}

function checkFinal(message: string, signature: Uint8Array, refuse: Refuse): void {
  const failed = /^e=([^,]*)/.exec(message);
  if (failed !== null) throw refuse(`the broker says ${JSON.stringify(failed[1])}`);
  const match = /^v=([A-Za-z0-9+/]+={0,2})(?:,.*)?$/s.exec(message);
  const told = match === null ? undefined : fromBase64(match[1]!);
  if (told === undefined) throw refuse('the last message of the broker is not one of SCRAM');
  if (!bytesEqual(told, signature)) throw refuse('the broker does not know the password: its signature is wrong');
}
