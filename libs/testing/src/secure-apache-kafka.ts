import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApacheKafka, startApacheKafka } from './apache-kafka.js';

const STORE_PASSWORD = 'for-this-test-only';

/** Apache Kafka that clients reach by TLS and SASL PLAIN alone. */
export interface SecureApacheKafka {
  readonly bootstrap: string;
  /** What a client must trust, PEM: made for this run, for 127.0.0.1. */
  readonly certificate: string;
  close(): Promise<void>;
}

/** Starts one node for one user. Rejects as {@link startApacheKafka}. */
export async function startSecureApacheKafka(options: {
  readonly port: number;
  readonly username: string;
  readonly password: string;
}): Promise<SecureApacheKafka> {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-tls-'));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  try {
    const { store, certificate } = makeKey(dir);
    const kafka = await startApacheKafka({ port: options.port, properties: propertiesOf(store, options) });
    return { bootstrap: kafka.bootstrap, certificate, close: () => closeAll(kafka, remove) };
  } catch (reason) {
    remove();
    throw reason;
  }
}

async function closeAll(kafka: ApacheKafka, remove: () => void): Promise<void> {
  await kafka.close();
  remove();
}

/** A key for 127.0.0.1, and its certificate. */
function makeKey(dir: string): { readonly store: string; readonly certificate: string } {
  const store = join(dir, 'key.p12');
  const common = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker'];
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-validity', '2'];
  const made = spawnSync('keytool', ['-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', ...common, ...names]);
  const told = spawnSync('keytool', ['-exportcert', '-rfc', ...common], { encoding: 'utf8' });
  if (made.status !== 0 || told.status !== 0) throw new Error(`keytool failed: ${String(made.stdout)}${told.stderr}`);
  return { store, certificate: told.stdout };
}

function propertiesOf(
  store: string,
  { username, password }: { readonly username: string; readonly password: string },
): Record<string, string> {
  return {
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.plaintext.plain.sasl.jaas.config':
      'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
      `username="broker" password="b" user_broker="b" user_${username}="${password}";`,
    'ssl.keystore.location': store,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.password': STORE_PASSWORD,
    'ssl.truststore.location': store,
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.password': STORE_PASSWORD,
  };
}
