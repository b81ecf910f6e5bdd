import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { KafkaClient } from '@trunkline/client';
import { TlsNetwork, type TlsOptions } from '@trunkline/platform';
import { type SecureApacheKafka, describeUnless, startSecureApacheKafka } from '@trunkline/testing';
import { freePortPair, nodePorts, ownKafkaLeftOut } from './brokers.js';

const USER = { username: 'alice', password: 'secret' };

// Our broker has no TLS yet: held against Apache Kafka alone, one that these tests start.
describeUnless(ownKafkaLeftOut, 'TLS and SASL at Apache Kafka', () => {
  let kafka: SecureApacheKafka;
  let client: KafkaClient;
  beforeAll(async () => {
    kafka = await startSecureApacheKafka({ port: await freePortPair(), ...USER });
  });
  afterEach(() => client.close());
  afterAll(() => kafka?.close());

  async function connect(tls: TlsOptions): Promise<number> {
    const ports = nodePorts({ network: new TlsNetwork(tls) });
    client = new KafkaClient(
      { bootstrap: kafka.bootstrap, sasl: { mechanism: 'PLAIN', ...USER }, requestTimeoutMs: 3_000 },
      ports,
    );
    await client.connect();
    return client.cluster.image.brokers.size;
  }

  it('lets in who trusts its certificate', async () => {
    expect(await connect({ ca: kafka.certificate })).toBe(1);
  });

  it('is not believed without a certificate to trust', async () => {
    await expect(connect({})).rejects.toThrow(/UNREACHABLE.*self-signed certificate/);
  });

  it('is not believed under another name', async () => {
    await expect(connect({ ca: kafka.certificate, serverName: 'other.example' })).rejects.toThrow(
      /UNREACHABLE.*altnames/,
    );
  });
});
