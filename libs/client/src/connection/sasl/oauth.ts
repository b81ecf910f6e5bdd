import { asError, fromUtf8, printable, utf8 } from '@trunkline/kernel';
import { KafkaError } from '../../error.js';
import type { SaslExchange } from './exchange.js';
import type { OauthToken } from './sasl-options.js';

const SEPARATOR = '\x01';
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const EXTENSION_NAME = /^[A-Za-z]+$/;
const EXTENSION_VALUE = /^[\x21-\x7e \t\r\n]+$/;

/**
 * OAUTHBEARER (RFC 7628, KIP-255, KIP-342): one message with the token. A broker that refuses it says why in JSON, and
 * wants one more message (a lone 0x01) before it ends the exchange with its error.
 */
export async function oauthExchange(
  provide: () => Promise<OauthToken> | OauthToken,
  about: string,
): Promise<SaslExchange> {
  const { token, extensions = {}, authorizationId = '' } = await provided(provide, about);
  if (!TOKEN.test(token)) throw new KafkaError('MISUSE', 'sasl: the OAUTHBEARER token holds characters no token has');
  let told = '';
  for (const [name, value] of Object.entries(extensions)) {
    if (!EXTENSION_NAME.test(name) || name === 'auth' || !EXTENSION_VALUE.test(value))
      throw new KafkaError('MISUSE', `sasl: the extension ${JSON.stringify(name)} cannot be sent`);
    told += `${name}=${value}${SEPARATOR}`;
  }
  const who = authorizationId === '' ? '' : `a=${escapeName(authorizationId)}`;
  let refusal: string | undefined;
  return {
    first: utf8(`n,${who},${SEPARATOR}auth=Bearer ${token}${SEPARATOR}${told}${SEPARATOR}`),
    next: async (challenge) => {
      if (refusal !== undefined) throw new KafkaError('SASL_AUTHENTICATION_FAILED', refusal, { about });
      if (challenge.length === 0) return undefined;
      refusal = `the token was refused: ${printable(fromUtf8(challenge))}`;
      return utf8(SEPARATOR);
    },
  };
}

async function provided(provide: () => Promise<OauthToken> | OauthToken, about: string): Promise<OauthToken> {
  try {
    return await provide();
  } catch (reason) {
    if (reason instanceof KafkaError) throw reason;
    const detail = `no OAUTHBEARER token could be had: ${asError(reason).message}`;
    throw new KafkaError('UNREACHABLE', detail, { about, cause: reason });
  }
}

/** A name as SASL writes it (RFC 5801: saslname). */
export function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
