import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { KafkaClient, type SaslOptions } from '@trunkline/client';
import { TlsNetwork, type TlsOptions } from '@trunkline/platform';
import { type ApacheKafka, describeUnless, startApacheKafka } from '@trunkline/testing';
import { freePortPair, nodePorts, ownKafkaLeftOut } from './brokers.js';

const STORE_PASSWORD = 'for-this-test-only';
const ALICE: SaslOptions = { mechanism: 'PLAIN', username: 'alice', password: 'secret' };

/** A key for 127.0.0.1, and its certificate, made for this run. */
function makeKey(dir: string): { readonly store: string; readonly certificate: string } {
  const store = join(dir, 'key.p12');
  const common = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker'];
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-validity', '2'];
  const made = spawnSync('keytool', ['-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', ...common, ...names]);
  const told = spawnSync('keytool', ['-exportcert', '-rfc', ...common], { encoding: 'utf8' });
  if (made.status !== 0 || told.status !== 0) throw new Error(`keytool failed: ${String(made.stdout)}${told.stderr}`);
  return { store, certificate: told.stdout };
}

// Our broker has no TLS yet: held against Apache Kafka alone, one that these tests start.
describeUnless(ownKafkaLeftOut, 'TLS and SASL at Apache Kafka', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-client-tls-'));
  let kafka: ApacheKafka;
  let certificate: string;
  let client: KafkaClient;

  beforeAll(async () => {
    const key = makeKey(dir);
    ({ certificate } = key);
    kafka = await startApacheKafka({
      port: await freePortPair(),
      properties: {
        'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_SSL',
        'inter.broker.listener.name': 'PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
          'username="broker" password="b" user_broker="b" user_alice="secret";',
        'ssl.keystore.location': key.store,
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.password': STORE_PASSWORD,
        'ssl.truststore.location': key.store,
        'ssl.truststore.type': 'PKCS12',
        'ssl.truststore.password': STORE_PASSWORD,
      },
    });
  });

  afterEach(() => client.close());

  afterAll(async () => {
    await kafka.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function connect(tls: TlsOptions): Promise<number> {
    const ports = nodePorts({ network: new TlsNetwork(tls) });
    client = new KafkaClient({ bootstrap: kafka.bootstrap, sasl: ALICE, requestTimeoutMs: 3_000 }, ports);
    await client.connect();
    return client.cluster.image.brokers.size;
  }

  it('lets in who trusts its certificate', async () => {
    expect(await connect({ ca: certificate })).toBe(1);
  });

  it('is not believed without a certificate to trust', async () => {
    await expect(connect({})).rejects.toThrow(/UNREACHABLE.*self-signed certificate/);
  });

  it('is not believed under another name', async () => {
    await expect(connect({ ca: certificate, serverName: 'other.example' })).rejects.toThrow(/UNREACHABLE.*altnames/);
  });
});
