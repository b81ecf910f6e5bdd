// Our client as it comes.
import { KafkaClient } from '@trunkline/client';
import { silentLogger } from '@trunkline/kernel';
import { NodeNetwork, compression, crc32c, nodeClock, nodeRandom } from '@trunkline/platform';

export async function open({ port, group }) {
  const network = new NodeNetwork();
  const ports = { network, clock: nodeClock, random: nodeRandom, crc32c, compression, logger: silentLogger };
  const client = new KafkaClient({ bootstrap: `127.0.0.1:${port}`, clientId: 'bench' }, ports);
  const producer = client.producer();
  return {
    send: (topic, value) => producer.send({ topic, value, partition: 0 }),
    sendAll: (topic, values) => producer.sendAll(values.map((value) => ({ topic, value, partition: 0 }))),
    async consume(topic, { from }, onRecord) {
      const consumer = client.consumer({ reset: from, autoCommitIntervalMs: 0 });
      await consumer.subscribe({ groupId: group, topics: [topic] });
      void (async () => {
        for (;;) for (const { value } of await consumer.poll(500)) onRecord(value);
      })().catch(() => {});
    },
    close: () => client.close(),
  };
}
