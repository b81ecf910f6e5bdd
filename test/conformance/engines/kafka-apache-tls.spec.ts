import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kafka } from '@trunkline/engine-kafka';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { type ApacheKafka, startApacheKafka, until } from '@trunkline/testing';

const PORT = 19_530;
const PASSWORD = 'for-this-test-only';

/** A key for 127.0.0.1, and its certificate, made for this run. */
function makeKey(dir: string): { readonly store: string; readonly certificate: string } {
  const store = join(dir, 'key.p12');
  const common = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', PASSWORD, '-alias', 'broker'];
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-validity', '2'];
  const made = spawnSync('keytool', ['-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', ...common, ...names]);
  const told = spawnSync('keytool', ['-exportcert', '-rfc', ...common], { encoding: 'utf8' });
  if (made.status !== 0 || told.status !== 0) throw new Error(`keytool failed: ${String(made.stdout)}${told.stderr}`);
  return { store, certificate: told.stdout };
}

describe('the engine kafka with TLS and SASL', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-tls-'));
  let server: ApacheKafka;
  let certificate: string;
  beforeAll(async () => {
    const key = makeKey(dir);
    certificate = key.certificate;
    expect(readFileSync(key.store).length).toBeGreaterThan(0);
    server = await startApacheKafka({
      port: PORT,
      properties: {
        'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_SSL',
        'inter.broker.listener.name': 'PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
          'username="broker" password="b" user_broker="b" user_bus="secret";',
        'ssl.keystore.location': key.store,
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.password': PASSWORD,
        'ssl.truststore.location': key.store,
        'ssl.truststore.type': 'PKCS12',
        'ssl.truststore.password': PASSWORD,
      },
    });
  }, 60_000);
  afterAll(async () => {
    await server?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('publishes and reads', async () => {
    const sasl = { mechanism: 'PLAIN', username: 'bus', password: 'secret' } as const;
    const engine = kafka({ brokers: [server.bootstrap], tls: { ca: certificate }, sasl });
    await engine.start();
    try {
      await engine.ensure([{ channel: 'secret', partitions: 1 }]);
      const seen: string[] = [];
      await engine.subscribe(
        { channels: ['secret'], mode: { kind: 'group', group: 'g' }, order: 'key', concurrency: 1, from: 'earliest' },
        async ({ value }) => void seen.push(fromUtf8(value ?? new Uint8Array())),
      );
      await engine.publish([{ channel: 'secret', value: utf8('told'), headers: new Map() }]);
      await until('it comes', () => seen.includes('told'), 30_000);
    } finally {
      await engine.close();
    }
  });

  const sasl = { mechanism: 'PLAIN', username: 'bus', password: 'secret' } as const;
  it.each([
    ['a wrong password', () => ({ tls: { ca: certificate }, sasl: { ...sasl, password: 'guess' } }), /SASL/],
    ['no certificate to trust', () => ({ tls: {}, sasl }), /certificate/],
    ['no TLS', () => ({ sasl }), /TLS|closed|reset/],
  ])('is refused with %s, and says why', async (_what, options, said) => {
    const engine = kafka({ brokers: [server.bootstrap], connectTimeoutMs: 3_000, ...options() });
    await expect(engine.start()).rejects.toThrow(said);
    await engine.close();
  });
});
