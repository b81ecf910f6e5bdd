import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaClient } from '@trunkline/client';
import { type RunningBroker, apacheKafka, apacheKafkaLeftOut, nodePorts } from './brokers.js';

const TOPIC = `cluster-throttle-${Date.now()}`;
const CLIENT_ID = `${TOPIC}-client`;
const RATE = 'producer_byte_rate';

/** Our broker has no quotas: it never asks anybody to wait. */
const describeOrNot = apacheKafkaLeftOut === undefined ? describe : describe.skip;

describeOrNot(`a client whose quota is used up, on Apache Kafka`, () => {
  let running: RunningBroker;
  let admin: KafkaClient;

  beforeAll(async () => {
    running = await apacheKafka.start();
    admin = new KafkaClient({ bootstrap: running.bootstrap }, nodePorts());
    (await admin.admin().topics.create([{ name: TOPIC, partitions: 1 }])).check();
  });

  afterAll(async () => {
    await setQuota(null);
    await admin.admin().topics.delete([TOPIC]);
    await admin.close();
    await running.close();
  });

  async function setQuota(bytesPerSecond: number | null): Promise<void> {
    const entity = { 'client-id': CLIENT_ID };
    const change = bytesPerSecond === null ? { remove: [RATE] } : { set: { [RATE]: bytesPerSecond } };
    (await admin.admin().clientQuotas.alter([{ entity, ...change }])).check();
  }

  it('sends nothing until the throttle time is over, and loses nothing', async () => {
    await setQuota(20_000);
    const { clock } = nodePorts();
    let freeAtMs = 0;
    let throttles = 0;
    const tooSoonMs: number[] = [];
    const observer = {
      throttled: (api: string, _: number, throttleTimeMs: number) => {
        if (api !== 'Produce') return;
        throttles += 1;
        freeAtMs = Math.max(freeAtMs, clock.monotonicMs() + throttleTimeMs);
      },
      requestSent: (api: string) => {
        const soonMs = freeAtMs - clock.monotonicMs();
        if (api === 'Produce' && soonMs > 0) tooSoonMs.push(soonMs);
      },
    };
    const client = new KafkaClient({ bootstrap: running.bootstrap, clientId: CLIENT_ID, observer }, nodePorts());
    try {
      const producer = client.producer();
      const offsets: number[] = [];
      for (let at = 0; at < 8; at++) {
        const { offset } = await producer.send({ topic: TOPIC, value: new Uint8Array(30_000) });
        offsets.push(offset);
      }
      expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(throttles).toBeGreaterThan(0);
      expect(tooSoonMs.filter((soonMs) => soonMs > 2)).toEqual([]);
    } finally {
      await client.close();
    }
  });
});
