import { describe, expect, it } from '@jest/globals';
import { type Random, type Uuid, fromUtf8, silentLogger, utf8 } from '@trunkline/kernel';
import { crc32c, nodeClock, nodeScramHashes } from '@trunkline/platform';
import { ScriptedCluster } from '@trunkline/testing';
import type { ClientPorts } from '../../ports.js';
import { fromBase64, toBase64 } from './base64.js';
import { type SaslExchange, saslExchange } from './exchange.js';
import type { SaslOptions } from './sasl-options.js';

/** The nonce of RFC 7677's example, in two halves as the exchange asks for it. */
const NONCE = ['rOprNGfwEb', 'eRWgbNEkqO'];

function ports(over: Partial<ClientPorts> = {}): ClientPorts {
  let at = 0;
  const random: Random = { below: () => 0, uuid: () => NONCE[at++ % 2] as Uuid };
  const { network } = new ScriptedCluster();
  return { network, clock: nodeClock, random, crc32c, hashes: nodeScramHashes, logger: silentLogger, ...over };
}

const PENCIL = { mechanism: 'SCRAM-SHA-256', username: 'user', password: 'pencil' } as const;
const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

function begin(options: SaslOptions): Promise<SaslExchange> {
  return saslExchange(options, ports(), 'broker 1');
}

describe('SCRAM', () => {
  it('goes through the example of RFC 7677', async () => {
    const exchange = await begin(PENCIL);
    expect(fromUtf8(exchange.first)).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    expect(fromUtf8((await exchange.next(utf8(SERVER_FIRST)))!)).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    );
    expect(await exchange.next(utf8(SERVER_FINAL))).toBeUndefined();
  });

  it('writes commas and equal signs of names as the RFC says', async () => {
    const exchange = await begin({ ...PENCIL, username: 'a,b=c' });
    expect(fromUtf8(exchange.first)).toMatch(/^n,,n=a=2Cb=3Dc,r=/);
  });

  it('says that the name is a delegation token', async () => {
    const exchange = await begin({ ...PENCIL, tokenAuthentication: true });
    expect(fromUtf8(exchange.first)).toMatch(/,tokenauth=true$/);
  });

  for (const [what, message, says] of [
    ['a nonce that is not ours', SERVER_FIRST.replace('r=rOpr', 'r=xOpr'), /nonce/],
    ['our nonce alone', 'r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', /nonce/],
    ['too few iterations', SERVER_FIRST.replace('i=4096', 'i=4095'), /4095 iterations/],
    ['iterations that would freeze us', SERVER_FIRST.replace('i=4096', 'i=1000001'), /1000001 iterations/],
    ['a count of ten digits', SERVER_FIRST.replace('i=4096', 'i=9999999999'), /9999999999 iterations/],
    ['an extension that must be known', `m=ext,${SERVER_FIRST}`, /not one of SCRAM/],
    ['a salt that is no base64', SERVER_FIRST.replace('s=W22Z', 's=W2Z'), /salt/],
    ['nothing', '', /not one of SCRAM/],
    ['far too much', 'r='.padEnd(5_000, 'x'), /5000 bytes/],
  ] as const)
    it(`refuses a broker that sends ${what}`, async () => {
      const exchange = await begin(PENCIL);
      await expect(exchange.next(utf8(message))).rejects.toMatchObject({ code: 'SASL_AUTHENTICATION_FAILED' });
      await expect((await begin(PENCIL)).next(utf8(message))).rejects.toThrow(says);
    });

  for (const [what, message, says] of [
    ['a wrong signature', SERVER_FINAL.replace('v=6', 'v=7'), /does not know the password/],
    ['a signature of another length', 'v=6rri', /does not know the password/],
    ['an error', 'e=invalid-proof', /invalid-proof/],
    ['nothing', '', /not one of SCRAM/],
  ] as const)
    it(`refuses a broker that ends with ${what}`, async () => {
      const exchange = await begin(PENCIL);
      await exchange.next(utf8(SERVER_FIRST));
      await expect(exchange.next(utf8(message))).rejects.toThrow(says);
    });

  it('needs hashes', async () => {
    const { hashes: _, ...without } = ports();
    await expect(saslExchange(PENCIL, without, 'broker 1')).rejects.toMatchObject({ code: 'MISUSE' });
  });

  it('needs a name and a password', async () => {
    await expect(begin({ ...PENCIL, password: '' })).rejects.toMatchObject({ code: 'MISUSE' });
  });
});

describe('PLAIN', () => {
  it('sends name and password', async () => {
    const exchange = await begin({ mechanism: 'PLAIN', username: 'alice', password: 'secret' });
    expect(fromUtf8(exchange.first)).toBe('\0alice\0secret');
    expect(await exchange.next(new Uint8Array(0))).toBeUndefined();
  });

  it('refuses NUL in a name: it would end there', async () => {
    const options = { mechanism: 'PLAIN', username: 'a\0b', password: 'secret' } as const;
    await expect(begin(options)).rejects.toMatchObject({ code: 'MISUSE' });
  });
});

describe('OAUTHBEARER', () => {
  const token = { token: 'ey.J-_~+/9==', extensions: { traceId: '7' }, authorizationId: 'bob' };
  const options = (over: object = {}): SaslOptions => ({
    mechanism: 'OAUTHBEARER',
    token: () => ({ ...token, ...over }),
  });

  it('sends the token, the identity and extensions', async () => {
    const exchange = await begin(options());
    expect(fromUtf8(exchange.first)).toBe('n,a=bob,\x01auth=Bearer ey.J-_~+/9==\x01traceId=7\x01\x01');
    expect(await exchange.next(new Uint8Array(0))).toBeUndefined();
  });

  it('ends the exchange after a refusal, with what the broker said', async () => {
    const exchange = await begin(options());
    expect(await exchange.next(utf8('{"status":"invalid_token"}'))).toEqual(Uint8Array.of(1));
    await expect(exchange.next(new Uint8Array(0))).rejects.toThrow(/SASL_AUTHENTICATION_FAILED.*invalid_token/);
  });

  it('refuses tokens and extensions that would break out of their place', async () => {
    await expect(begin(options({ token: 'a\x01auth=Bearer b' }))).rejects.toMatchObject({ code: 'MISUSE' });
    await expect(begin(options({ extensions: { auth: 'x' } }))).rejects.toMatchObject({ code: 'MISUSE' });
    await expect(begin(options({ extensions: { 'a=b': 'x' } }))).rejects.toMatchObject({ code: 'MISUSE' });
    await expect(begin(options({ extensions: { a: 'x\x01' } }))).rejects.toMatchObject({ code: 'MISUSE' });
  });
});

describe('base64', () => {
  it('reads what it writes', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 37 + length) & 0xff);
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }
  });

  it('refuses what is not base64', () => {
    for (const text of ['a', 'ab', 'abc', 'a===', '====', 'ab-_', 'ab=c']) expect(fromBase64(text)).toBeUndefined();
  });
});
