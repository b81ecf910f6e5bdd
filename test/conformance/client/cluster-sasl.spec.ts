import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { KafkaClient, type SaslOptions } from '@trunkline/client';
import { type ApacheKafka, describeUnless, startApacheKafka, until } from '@trunkline/testing';
import { freePortPair, nodePorts, ownKafkaLeftOut } from './brokers.js';

const SESSION_MS = 3_000;
/** Unsecured JWS of RFC 7515: Kafka's own validator for development takes it. */
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const oauthToken = (livesMs: number): string => {
  const nowS = Date.now() / 1_000;
  return `${encoded({ alg: 'none' })}.${encoded({ sub: 'dave', iat: nowS, exp: nowS + livesMs / 1_000 })}.`;
};

const CREDENTIALS: Readonly<Record<string, SaslOptions>> = {
  PLAIN: { mechanism: 'PLAIN', username: 'alice', password: 'secret' },
  'SCRAM-SHA-256': { mechanism: 'SCRAM-SHA-256', username: 'bob', password: 'hush' },
  'SCRAM-SHA-512': { mechanism: 'SCRAM-SHA-512', username: 'carol', password: 'quiet' },
  OAUTHBEARER: { mechanism: 'OAUTHBEARER', token: () => ({ token: oauthToken(60_000) }) },
};

// Our broker has no SASL yet, so these are held against Apache Kafka alone: one that these tests start.
describeUnless(ownKafkaLeftOut, 'SASL at Apache Kafka', () => {
  let kafka: ApacheKafka;
  const clients: KafkaClient[] = [];

  beforeAll(async () => {
    kafka = await startApacheKafka(await saslNode());
  });

  afterAll(async () => {
    for (const client of clients) await client.close();
    await kafka.close();
  });

  function clientOf(sasl: SaslOptions | undefined, over: object = {}): KafkaClient {
    const client = new KafkaClient(
      { bootstrap: kafka.bootstrap, requestTimeoutMs: 5_000, ...(sasl !== undefined && { sasl }), ...over },
      nodePorts(),
    );
    clients.push(client);
    return client;
  }

  for (const [mechanism, sasl] of Object.entries(CREDENTIALS)) {
    it(`lets ${mechanism} in`, async () => {
      const client = clientOf(sasl);
      await client.connect();
      expect(client.cluster.image.brokers.size).toBe(1);
    });

    it(`goes on with ${mechanism} over several sessions, on one connection`, async () => {
      const ends: string[] = [];
      const connected: string[] = [];
      const observer = {
        connected: (_: number, lane: string) => void connected.push(lane),
        disconnected: (_: number, __: string, reason: Error) => void ends.push(reason.message),
      };
      const client = clientOf(sasl, { observer });
      await client.connect();
      const startedMs = Date.now();
      await until('several sessions are over', async () => {
        await client.cluster.refresh([]);
        return Date.now() - startedMs > 2.5 * SESSION_MS;
      });
      expect(ends).toEqual([]);
      expect(connected).toEqual(['control']);
    });
  }

  for (const [mechanism, sasl] of Object.entries(CREDENTIALS))
    it(`says why ${mechanism} is refused, and does not try again`, async () => {
      const wrong: SaslOptions =
        sasl.mechanism === 'OAUTHBEARER'
          ? { ...sasl, token: () => ({ token: oauthToken(-60_000) }) }
          : { ...sasl, password: 'guess' };
      const startedMs = Date.now();
      await expect(clientOf(wrong).connect()).rejects.toMatchObject({ code: 'SASL_AUTHENTICATION_FAILED' });
      expect(Date.now() - startedMs).toBeLessThan(15_000);
    });

  it('names the mechanisms that the broker knows', async () => {
    const unknown = { ...CREDENTIALS['PLAIN'], mechanism: 'GSSAPI' } as unknown as SaslOptions;
    await expect(clientOf(unknown).connect()).rejects.toThrow(/UNSUPPORTED_SASL_MECHANISM.*PLAIN/);
  });

  it('does not let in who says nothing', async () => {
    await expect(clientOf(undefined, { requestTimeoutMs: 1_000 }).connect()).rejects.toMatchObject({ retriable: true });
  });
});

async function saslNode() {
  const port = await freePortPair();
  const jaas = 'org.apache.kafka.common.security';
  const listener = (name: string): string => `listener.name.sasl_plaintext.${name}.sasl.jaas.config`;
  return {
    port,
    formatArguments: [
      '--add-scram',
      'SCRAM-SHA-256=[name=bob,password=hush]',
      '--add-scram',
      'SCRAM-SHA-512=[name=carol,password=quiet]',
    ],
    properties: {
      listeners: `SASL_PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
      'advertised.listeners': `SASL_PLAINTEXT://127.0.0.1:${port}`,
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT',
      'inter.broker.listener.name': 'SASL_PLAINTEXT',
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'connections.max.reauth.ms': String(SESSION_MS),
      [listener('plain')]:
        `${jaas}.plain.PlainLoginModule required username="admin" password="admin" user_admin="admin" user_alice="secret";`,
      [listener('scram-sha-256')]: `${jaas}.scram.ScramLoginModule required;`,
      [listener('scram-sha-512')]: `${jaas}.scram.ScramLoginModule required;`,
      [listener('oauthbearer')]:
        `${jaas}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin";`,
      'listener.name.sasl_plaintext.oauthbearer.sasl.server.callback.handler.class': `${jaas}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
    },
  };
}
