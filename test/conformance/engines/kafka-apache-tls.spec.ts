import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kafka } from '@trunkline/engine-kafka';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import {
  type SecureApacheKafka,
  apacheKafkaVersion,
  describeUnless,
  startSecureApacheKafka,
  until,
  whyLeftOut,
} from '@trunkline/testing';

const PORT = 19_530;
const USER = { username: 'bus', password: 'secret' };

describeUnless(whyLeftOut('Apache Kafka', apacheKafkaVersion()), 'the engine kafka with TLS and SASL', () => {
  let server: SecureApacheKafka;
  const sasl = { mechanism: 'PLAIN', ...USER } as const;
  beforeAll(async () => {
    server = await startSecureApacheKafka({ port: PORT, ...USER });
  });
  afterAll(() => server?.close());

  it('publishes and reads', async () => {
    const engine = kafka({ brokers: [server.bootstrap], tls: { ca: server.certificate }, sasl });
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

  it.each([
    ['a wrong password', () => ({ tls: { ca: server.certificate }, sasl: { ...sasl, password: 'guess' } }), /SASL/],
    ['no certificate to trust', () => ({ tls: {}, sasl }), /certificate/],
    ['no TLS', () => ({ sasl }), /TLS|closed|reset/],
  ])('is refused with %s, and says why', async (_what, options, said) => {
    const engine = kafka({ brokers: [server.bootstrap], connectTimeoutMs: 3_000, ...options() });
    await expect(engine.start()).rejects.toThrow(said);
    await engine.close();
  });
});
