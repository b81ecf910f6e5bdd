import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaClient } from '@trunkline/client';
import { ZERO_UUID } from '@trunkline/kernel';
import { ApiVersions, CreateTopics, DeleteTopics, FindCoordinator, Metadata } from '@trunkline/protocol';
import { type RunningBroker, type TestedBroker, kafkaBrokers, nodePorts } from './brokers.js';

const TOPIC = `cluster-${Date.now()}`;

for (const tested of kafkaBrokers()) describeCluster(tested);

function describeCluster(tested: TestedBroker): void {
  describe(`a cluster of ${tested.name}`, () => {
    let running: RunningBroker;
    let client: KafkaClient;

    beforeAll(async () => {
      running = await tested.start();
      client = new KafkaClient({ bootstrap: running.bootstrap }, nodePorts());
      await client.connect();
      const topics = [{ name: TOPIC, numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }];
      const { body } = await client.cluster.ask({ kind: 'controller' }, CreateTopics, { topics, timeoutMs: 10_000 });
      expect(body.topics[0]?.errorCode).toBe(0);
    });

    afterAll(async () => {
      await client.cluster.ask({ kind: 'controller' }, DeleteTopics, (version) =>
        version >= 6
          ? { topics: [{ name: TOPIC, topicId: ZERO_UUID }], timeoutMs: 10_000 }
          : { topicNames: [TOPIC], timeoutMs: 10_000 },
      );
      await client.close();
      await running.close();
    });

    it('names its brokers and its id', () => {
      expect(client.cluster.image.brokers.size).toBe(1);
      expect(client.cluster.image.clusterId).toEqual(expect.any(String));
    });

    it('looks up a topic that is not known yet', async () => {
      const topic = await client.cluster.topic(TOPIC);
      expect(topic?.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2]);
      expect(client.cluster.image.topicsById.get(topic!.topicId)).toBe(topic);
    });

    it('says undefined of a topic that the brokers do not know', async () => {
      expect(await client.cluster.topic(`${TOPIC}-missing`)).toBeUndefined();
    });

    it('asks in the latest version that both know', async () => {
      const { version, body } = await client.cluster.ask({ kind: 'anyone' }, ApiVersions, {
        clientSoftwareName: 'test',
        clientSoftwareVersion: '1',
      });
      const known = body.apiKeys.find(({ apiKey }) => apiKey === Metadata.key)!;
      const metadata = await client.cluster.ask({ kind: 'anyone' }, Metadata, { topics: [] });
      expect(version).toBe(4);
      expect(metadata.version).toBe(Math.min(known.maxVersion, Metadata.versions[1]));
    });

    it('finds the coordinator of a group', async () => {
      const nodeId = await client.cluster.coordinator('group', `${TOPIC}-group`);
      expect(client.cluster.image.brokers.has(nodeId)).toBe(true);
    });

    it('answers many requests of one turn in their order', async () => {
      const [nodeId] = client.cluster.image.brokers.keys();
      const order: number[] = [];
      await Promise.all(
        Array.from(
          { length: 50 },
          (_, at) =>
            new Promise<void>((resolve, reject) => {
              client.cluster.send(nodeId!, FindCoordinator, { key: 'x', keyType: 0 }, { versionMax: 3 }, (error) => {
                order.push(at);
                if (error === undefined) resolve();
                else reject(error);
              });
            }),
        ),
      );
      expect(order).toEqual(Array.from({ length: 50 }, (_, at) => at));
    });
  });
}
