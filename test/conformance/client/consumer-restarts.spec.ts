import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KafkaClient } from '@trunkline/client';
import { NodeNetwork } from '@trunkline/platform';
import { OffsetForLeaderEpoch } from '@trunkline/protocol';
import { type TestBroker, startTestBroker, until } from '@trunkline/testing';
import { nodePorts } from './brokers.js';
import { ConsumerBench, Heard } from './consumer-fixture.js';

const PORT = 30_310;

describe('a fetcher whose broker is restarted', () => {
  let broker: TestBroker;
  let bench: ConsumerBench;

  beforeEach(async () => {
    broker = await startTestBroker({
      network: new NodeNetwork(),
      config: { listeners: `PLAINTEXT://127.0.0.1:${PORT}`, 'auto.create.topics.enable': 'false' },
    });
    bench = await ConsumerBench.start({
      name: 'Trunkline',
      has: { transactions: false, consumerGroups: false, shareGroups: false },
      start: async () => ({ bootstrap: `127.0.0.1:${PORT}`, close: () => broker.stop() }),
    });
  });
  afterEach(() => bench.stop());

  it('reads on where it was, nothing twice and nothing left out', async () => {
    const topic = await bench.topic(2);
    const heard = new Heard(bench, { maxWaitMs: 5_000, reset: 'none' });
    heard.fetcher.add(topic, 0, 0);
    heard.fetcher.add(topic, 1, 0);
    await bench.say(topic, 0, ['a']);
    await heard.has(1);
    await broker.restart();
    await until('it writes again', async () => (await bench.say(topic, 0, ['b'])) > 0);
    await bench.say(topic, 1, ['c']);
    await heard.has(3);
    expect(heard.values.toSorted()).toEqual(['a', 'b', 'c']);
    expect(heard.failures).toEqual([]);
    heard.fetcher.stop();
  });

  it('holds its position against the new epoch before it reads on', async () => {
    const topic = await bench.topic();
    await bench.say(topic, 0, ['a']);
    const heard = new Heard(bench, { reset: 'none' });
    heard.fetcher.add(topic, 0, 0);
    await heard.has(1);
    const asked: string[] = [];
    const observer = { requestSent: (api: string) => void asked.push(api) };
    const watched = new KafkaClient({ bootstrap: bench.bootstrap, observer }, nodePorts());
    await watched.connect();
    await watched.cluster.topic(topic);
    const other = new Heard(bench, { reset: 'none' }, watched.cluster);
    const { leaderEpoch } = watched.cluster.image.topics.get(topic)!.partitions[0]!;
    other.fetcher.add(topic, 0, 1, leaderEpoch);
    await until('it fetches', () => asked.includes('Fetch'));
    expect(asked).not.toContain(OffsetForLeaderEpoch.name);
    await broker.restart();
    await until('it writes again', async () => (await bench.say(topic, 0, ['b'])) > 0);
    await other.has(1);
    expect(other.values).toEqual(['b']);
    const after = watched.cluster.image.topics.get(topic)!.partitions[0]!.leaderEpoch;
    expect(asked.includes(OffsetForLeaderEpoch.name)).toBe(after > leaderEpoch);
    heard.fetcher.stop();
    other.fetcher.stop();
    await watched.close();
  });
});
