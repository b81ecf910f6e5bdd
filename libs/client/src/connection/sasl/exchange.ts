import { utf8 } from '@trunkline/kernel';
import { KafkaError } from '../../error.js';
import type { ClientPorts } from '../../ports.js';
import { oauthExchange } from './oauth.js';
import type { SaslOptions } from './sasl-options.js';
import { scramExchange } from './scram.js';

/** The client's side of one SASL exchange. */
export interface SaslExchange {
  readonly first: Uint8Array;
  /** The answer to what the broker sent; undefined: the exchange is over and went well. Rejects with KafkaError. */
  next(challenge: Uint8Array): Promise<Uint8Array | undefined>;
}

/** Begins an exchange. Rejects with MISUSE for what no broker could accept. */
export async function saslExchange(options: SaslOptions, ports: ClientPorts, about: string): Promise<SaslExchange> {
  switch (options.mechanism) {
    case 'PLAIN':
      return plainExchange(options.username, options.password);
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      return scramExchange(options, ports, about);
    case 'OAUTHBEARER':
      return await oauthExchange(options.token, about);
  }
}

/** RFC 4616. The broker says nothing but yes. */
function plainExchange(username: string, password: string): SaslExchange {
  if (username === '' || password === '' || username.includes('\0') || password.includes('\0'))
    throw new KafkaError('MISUSE', 'sasl: username and password must not be empty and not hold NUL characters');
  return { first: utf8(`\0${username}\0${password}`), next: async () => undefined };
}
