import { silentLogger } from '@trunkline/kernel';
import { crc32c, nodeClock, nodeRandom } from '@trunkline/platform';
import { type AnyApi, CreateTopics } from '@trunkline/protocol';
import { InProcessNetwork, startTestBroker } from '@trunkline/testing';
import { KafkaClient } from '../src/client.js';
import type { Answer, AskOptions, BodyOf, Cluster, Target } from '../src/cluster/cluster.js';

/** A client of a broker of its own in this process, and one more if wanted. */
export interface TestClient {
  readonly client: KafkaClient;
  another(): KafkaClient;
  close(): Promise<void>;
}

/** Starts a broker with a topic `mail` of two partitions. */
export async function startTestClient(): Promise<TestClient> {
  const network = new InProcessNetwork();
  const test = await startTestBroker({ network, config: { 'group.initial.rebalance.delay.ms': '0' } });
  const { host, port } = test.broker.addresses[0]!.advertised;
  const ports = { network, clock: nodeClock, random: nodeRandom, crc32c, logger: silentLogger };
  const another = (): KafkaClient => new KafkaClient({ bootstrap: `${host}:${port}` }, ports);
  const topics = [{ name: 'mail', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
  await test.send(CreateTopics, 7, { topics, timeoutMs: 10_000, validateOnly: false });
  const client = another();
  const close = async (): Promise<void> => {
    await client.close();
    await test.stop();
  };
  return { client, another, close };
}

/** The same cluster, but for each ask: `before` is awaited, and gives back the options that it has. */
export function clusterThat(
  cluster: Cluster,
  before: (api: AnyApi, options: AskOptions) => AskOptions | Promise<AskOptions>,
): Cluster {
  const ask = async <A extends AnyApi>(
    target: Target,
    api: A,
    body: BodyOf<A>,
    options: AskOptions = {},
  ): Promise<Answer<A>> => cluster.ask(target, api, body, await before(api, options));
  return new Proxy(cluster, {
    get(whole, name) {
      if (name === 'ask') return ask;
      const value: unknown = Reflect.get(whole, name, whole);
      return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(whole) : value;
    },
  });
}
