import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@trunkline/kernel';
import { crc32c, nodeClock, nodeRandom } from '@trunkline/platform';
import { type AnyApi, CreateTopics, OffsetFetch } from '@trunkline/protocol';
import { InProcessNetwork, type TestBroker, startTestBroker, until } from '@trunkline/testing';
import { KafkaClient } from '../client.js';
import type { Answer, AskOptions, BodyOf, Cluster, Target } from '../cluster/cluster.js';
import type { TopicPartition } from '../topic-partition.js';
import { Consumer } from './consumer.js';

/** The cluster as one sees it for whom committed offsets take until `opened`. */
function slowOffsets(cluster: Cluster, opened: Promise<void>): Cluster {
  const ask = async <A extends AnyApi>(
    target: Target,
    api: A,
    body: BodyOf<A>,
    options?: AskOptions,
  ): Promise<Answer<A>> => {
    if (api.key === OffsetFetch.key) await opened;
    return await cluster.ask(target, api, body, options);
  };
  return new Proxy(cluster, {
    get(whole, name) {
      if (name === 'ask') return ask;
      const value: unknown = Reflect.get(whole, name, whole);
      return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(whole) : value;
    },
  });
}

describe('a consumer in a group', () => {
  let test: TestBroker;
  let client: KafkaClient;

  beforeAll(async () => {
    const network = new InProcessNetwork();
    test = await startTestBroker({ network, config: { 'group.initial.rebalance.delay.ms': '0' } });
    const { host, port } = test.broker.addresses[0]!.advertised;
    const ports = { network, clock: nodeClock, random: nodeRandom, crc32c, logger: silentLogger };
    client = new KafkaClient({ bootstrap: `${host}:${port}` }, ports);
    const topics = [{ name: 'mail', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
    await test.send(CreateTopics, 7, { topics, timeoutMs: 10_000, validateOnly: false });
  });

  afterAll(async () => {
    await client.close();
    await test.stop();
  });

  it('hears nothing of a partition that is taken before its position is known', async () => {
    let open: () => void = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const group = { groupId: 'slow', topics: ['mail'], heartbeatMs: 50 };
    const heard: string[] = [];
    const hear = (what: string) => (partitions: readonly TopicPartition[]) =>
      void heard.push(`${what} ${partitions.map(({ partition }) => partition).join()}`);
    const first = new Consumer(slowOffsets(client.cluster, opened), { reset: 'earliest' });
    const listener = { onAssigned: hear('gets'), onRevoked: hear('loses'), onLost: hear('loses') };
    await first.subscribe(group, listener);
    const second = client.consumer({ reset: 'earliest' });
    await second.subscribe(group);
    await until('the second has one of two', () => second.assignment.length === 1);
    open();
    await until('the first has the other', () => first.assignment.length === 1);
    const [kept] = first.assignment;
    await until('the first hears of it', () => heard.length > 0);
    expect(heard).toEqual([`gets ${kept!.partition}`]);
    await second.close();
    await first.close();
    expect(heard.filter((line) => line.startsWith('loses')).join()).toContain(String(kept!.partition));
  });
});
