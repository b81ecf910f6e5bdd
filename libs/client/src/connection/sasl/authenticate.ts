import { printable } from '@trunkline/kernel';
import { type AnyApi, SaslAuthenticate, SaslHandshake, errorName } from '@trunkline/protocol';
import type { Answer, BodyOf } from '../../cluster/cluster.js';
import { KafkaError } from '../../error.js';
import type { ClientPorts } from '../../ports.js';
import { type SaslExchange, saslExchange } from './exchange.js';
import type { SaslOptions } from './sasl-options.js';

/** No mechanism of these takes more steps than SCRAM's two; a broker may not draw it out. */
const STEPS_MAX = 4;
const LIFETIME_MS_MAX = 2 ** 31 - 1;

export type AskOwn = <A extends AnyApi>(api: A, body: BodyOf<A>) => Promise<Answer<A>>;

/**
 * Goes through a whole SASL exchange on an open connection (KIP-43, KIP-152). Resolves with how long the session lasts,
 * 0 for no end. Rejects with SASL_AUTHENTICATION_FAILED or UNSUPPORTED_SASL_MECHANISM in the broker's words.
 */
export async function authenticate(
  options: SaslOptions,
  ports: ClientPorts,
  about: string,
  ask: AskOwn,
): Promise<{ readonly sessionLifetimeMs: number }> {
  const { mechanism } = options;
  const handshake = await ask(SaslHandshake, { mechanism });
  const { errorCode, mechanisms } = handshake.body;
  if (errorCode !== 0) {
    const known = mechanisms.length === 0 ? '' : `; the broker knows ${mechanisms.join(', ')}`;
    throw new KafkaError(nameOf(errorCode), `${mechanism} was refused${known}`, { about });
  }
  if (handshake.version === 0) {
    const detail = 'SaslHandshake version 1 is needed; the broker only knows version 0';
    throw new KafkaError('UNSUPPORTED_BROKER', detail, { about });
  }
  const exchange: SaslExchange = await saslExchange(options, ports, about);
  let message = exchange.first;
  for (let step = 0; step < STEPS_MAX; step++) {
    const { body } = await ask(SaslAuthenticate, { authBytes: message });
    if (body.errorCode !== 0) {
      const said = body.errorMessage ? printable(body.errorMessage) : 'the broker refused';
      throw new KafkaError(nameOf(body.errorCode), said, { about, advice: 'check the name and the secret' });
    }
    const next = await exchange.next(body.authBytes);
    if (next === undefined) return { sessionLifetimeMs: Math.min(LIFETIME_MS_MAX, Number(body.sessionLifetimeMs)) };
    message = next;
  }
  throw new KafkaError('PROTOCOL_VIOLATION', `${mechanism} did not end within ${STEPS_MAX} steps`, { about });
}

function nameOf(code: number): Exclude<ReturnType<typeof errorName>, 'NONE'> {
  const name = errorName(code);
  return name === 'NONE' ? 'UNKNOWN_SERVER_ERROR' : name;
}
