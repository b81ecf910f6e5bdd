import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KafkaClient } from '@trunkline/client';
import { OffsetForLeaderEpoch } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { type MortalBroker, nodePorts, trunkline } from './brokers.js';
import { ConsumerBench } from './consumer-fixture.js';

describe('a fetcher whose broker is restarted', () => {
  let broker: MortalBroker;
  let bench: ConsumerBench;
  const restart = async (): Promise<void> => {
    await broker.kill();
    await broker.start();
  };

  beforeEach(async () => {
    broker = await trunkline.startMortal();
    bench = new ConsumerBench(broker);
    await bench.client.connect();
  });
  afterEach(() => bench?.close());

  it('reads on where it was, nothing twice and nothing left out', async () => {
    const topic = await bench.topic(2);
    const heard = bench.hear({ maxWaitMs: 5_000, reset: 'none' });
    heard.fetcher.add(topic, 0, 0);
    heard.fetcher.add(topic, 1, 0);
    await bench.say(topic, 0, ['a']);
    await heard.has(1);
    await restart();
    await until('it writes again', async () => (await bench.say(topic, 0, ['b'])) > 0);
    await bench.say(topic, 1, ['c']);
    await heard.has(3);
    expect(heard.values.toSorted()).toEqual(['a', 'b', 'c']);
    expect(heard.failures).toEqual([]);
  });

  it('holds its position against the new epoch before it reads on', async () => {
    const topic = await bench.topic();
    await bench.say(topic, 0, ['a']);
    const heard = bench.hear({ reset: 'none' });
    heard.fetcher.add(topic, 0, 0);
    await heard.has(1);
    const asked: string[] = [];
    const observer = { requestSent: (api: string) => void asked.push(api) };
    const watched = new KafkaClient({ bootstrap: bench.bootstrap, observer }, nodePorts());
    await watched.connect();
    await watched.cluster.topic(topic);
    const other = bench.hear({ reset: 'none' }, watched.cluster);
    const { leaderEpoch } = watched.cluster.image.topics.get(topic)!.partitions[0]!;
    other.fetcher.add(topic, 0, 1, leaderEpoch);
    await until('it fetches', () => asked.includes('Fetch'));
    expect(asked).not.toContain(OffsetForLeaderEpoch.name);
    await restart();
    await until('it writes again', async () => (await bench.say(topic, 0, ['b'])) > 0);
    await other.has(1);
    expect(other.values).toEqual(['b']);
    const after = watched.cluster.image.topics.get(topic)!.partitions[0]!.leaderEpoch;
    expect(asked.includes(OffsetForLeaderEpoch.name)).toBe(after > leaderEpoch);
    bench.hush();
    await watched.close();
  });
});
