import { afterEach, describe, expect, it } from '@jest/globals';
import { type Address, silentLogger } from '@trunkline/kernel';
import { crc32c, nodeClock, nodeRandom } from '@trunkline/platform';
import { CreateTopics } from '@trunkline/protocol';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import { KafkaClient } from '../client.js';
import { LinkNetwork, type LinkTo } from './link-network.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function clientOf(linkTo: LinkTo): KafkaClient {
  const network = new LinkNetwork(linkTo);
  const ports = { network, clock: nodeClock, random: nodeRandom, crc32c, logger: silentLogger };
  const client = new KafkaClient({ bootstrap: 'embedded:1', requestTimeoutMs: 2_000 }, ports);
  closing.unshift(() => client.close());
  return client;
}

async function start(): Promise<TestBroker> {
  const test = await startTestBroker();
  closing.push(() => test.stop());
  return test;
}

describe('a network of links', () => {
  it('lets a client talk with a broker in its own process, at every address', async () => {
    const { broker } = await start();
    const asked: Address[] = [];
    const client = clientOf((address) => {
      asked.push(address);
      return broker.link();
    });
    const topics = [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
    await client.cluster.ask({ kind: 'controller' }, CreateTopics, { topics, timeoutMs: 5_000 });
    expect((await client.cluster.topic('t'))?.partitions).toHaveLength(2);
    const [nodeId] = client.cluster.image.brokers.keys();
    expect(await client.cluster.versionOf(nodeId!, CreateTopics)).toBe(7);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked[0]).toEqual({ host: 'embedded', port: 1 });
  });

  it('reads and writes records over a link', async () => {
    const test = await start();
    const client = clientOf(() => test.broker.link());
    const topics = [{ name: 'r', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    await client.cluster.ask({ kind: 'controller' }, CreateTopics, { topics, timeoutMs: 5_000 });
    const sent = await client.producer().send({ topic: 'r', value: new TextEncoder().encode('hello') });
    expect(Number(sent.offset)).toBe(0);
  });

  it('finds the broker again after it was started anew', async () => {
    const test = await start();
    const client = clientOf(() => test.broker.link());
    await client.connect();
    await test.restart();
    await client.cluster.refresh([]);
    expect(client.cluster.image.brokers.size).toBe(1);
  });

  it('refuses addresses that nobody answers at', async () => {
    const client = clientOf(() => undefined);
    await expect(client.connect()).rejects.toThrow(/UNREACHABLE.*ECONNREFUSED embedded:1/);
  });

  it('takes a broker that has closed as nobody', async () => {
    const network = new LinkNetwork(() => {
      throw new Error('closed');
    });
    await expect(network.connect({ host: 'a', port: 1 }, 10)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('leaves other addresses to the network beyond', async () => {
    const beyond = new LinkNetwork((address) => {
      throw new Error(`beyond ${'host' in address ? address.host : ''}`);
    });
    const network = new LinkNetwork(() => undefined, beyond);
    await expect(network.connect({ host: 'far', port: 1 }, 10)).rejects.toMatchObject({
      cause: { message: 'beyond far' },
    });
    await expect(network.listen({ host: 'far', port: 1 })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });
});
