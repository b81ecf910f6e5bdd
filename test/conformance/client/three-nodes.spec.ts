import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Consumer } from '@trunkline/client';
import { fromUtf8 } from '@trunkline/kernel';
import { describeUnless, until } from '@trunkline/testing';
import { ownKafkaLeftOut } from './brokers.js';
import { Reading, SAFE, THREE, ThreeNodes, Writing } from './three-nodes-kit.js';

const PORT = 31_000;
/** Where a node comes back that lost its address. */
const OTHER_PORT = 31_010;

describeUnless(ownKafkaLeftOut, 'records on three nodes of Apache Kafka', () => {
  let nodes: ThreeNodes;
  beforeAll(async () => {
    nodes = await ThreeNodes.start(PORT);
  }, 120_000);
  beforeEach(() => nodes.whole(), 90_000);
  afterAll(() => nodes?.close());

  async function holds(topic: string, partitions: number, values: readonly string[]): Promise<void> {
    for (let partition = 0; partition < partitions; partition++)
      expect(await nodes.values(topic, partition)).toEqual(values);
  }

  async function reader(topic: string, partitions: number): Promise<Reading> {
    const consumer = nodes.newClient().consumer({ reset: 'earliest' });
    await consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })));
    return new Reading([consumer]);
  }

  it('writes once and in order while the leader is killed, and reads on', async () => {
    const topic = await nodes.topic(THREE, SAFE);
    const reading = await reader(topic, 3);
    const writing = new Writing(nodes.newClient().producer(), topic, 3);
    await writing.goesOn();
    await nodes.cluster.node(1).kill();
    await until('another leads', async () => ![-1, 1].includes(await nodes.leader(topic)));
    await writing.goesOn();
    const values = await writing.stop();
    expect(writing.failures).toEqual([]);
    await reading.reaches(values.at(-1)!, 3);
    await reading.stop();
    expect(reading.values).toEqual([values, values, values]);
    await holds(topic, 3, values);
  });

  it('follows a leader back to its preferred node', async () => {
    const topic = await nodes.topic([[1, 2, 3]], SAFE);
    const reading = await reader(topic, 1);
    const writing = new Writing(nodes.newClient().producer(), topic, 1);
    await writing.goesOn(50);
    await nodes.cluster.node(1).stop();
    await writing.goesOn(50);
    await nodes.whole();
    expect(await nodes.leader(topic)).not.toBe(1);
    const elected = await nodes.client.admin().cluster.electLeaders('preferred', [{ topic, partition: 0 }]);
    elected.check();
    await until('the first leads again', async () => (await nodes.leader(topic)) === 1);
    await writing.goesOn(50);
    const values = await writing.stop();
    expect(writing.failures).toEqual([]);
    await reading.reaches(values.at(-1)!, 1);
    await reading.stop();
    expect(reading.values).toEqual([values]);
    await holds(topic, 1, values);
  });

  it('finds a broker that comes back on another port', async () => {
    const topic = await nodes.topic([[3]]);
    const client = nodes.newClient({ metadataMaxAgeMs: 300_000 });
    const writing = new Writing(client.producer(), topic, 1);
    await writing.goesOn(50);
    await nodes.cluster.node(3).kill();
    await nodes.cluster.node(3).start(OTHER_PORT);
    await writing.goesOn(50);
    expect(client.cluster.image.brokers.get(3)!.port).toBe(OTHER_PORT);
    await nodes.cluster.node(3).kill();
    await nodes.cluster.node(3).start(PORT + 4);
    await writing.goesOn(50);
    const values = await writing.stop();
    expect(writing.failures).toEqual([]);
    await holds(topic, 1, values);
  });

  it('reads from the replica in its rack, and from the leader when that dies', async () => {
    const topic = await nodes.topic([[1, 2, 3]], SAFE);
    const served = new Set<number>();
    const observer = {
      answered: (api: string, nodeId: number, _tookMs: number, bytes: number) => {
        if (api === 'Fetch' && bytes > 5_000) served.add(nodeId);
      },
    };
    const consumer = nodes.newClient({ observer }).consumer({ clientRack: 'rack-3', reset: 'earliest' });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const reading = new Reading([consumer]);
    const producer = nodes.newClient().producer();
    const values: string[] = [];
    const says = async (value: string): Promise<void> => {
      values.push(value.padEnd(10_000));
      await producer.send({ topic, partition: 0, value: values.at(-1)! });
      await reading.reaches(values.at(-1)!, 1);
    };
    await until('the replica serves', async () => {
      await says('a');
      return served.has(3);
    });
    served.clear();
    for (const value of 'bcdef') await says(value);
    expect([...served]).toEqual([3]);
    served.clear();
    await nodes.cluster.node(3).kill();
    for (const value of 'ghi') await says(value);
    expect([...served]).toEqual([1]);
    await reading.stop();
    expect(reading.values).toEqual([values]);
  });

  it('repeats what finds not enough replicas until the node is back', async () => {
    const topic = await nodes.topic([[1, 2, 3]], { 'min.insync.replicas': '3' });
    const client = nodes.newClient();
    const producer = client.producer();
    await producer.send({ topic, value: 'first' });
    await nodes.cluster.node(3).kill();
    await until('two are in sync', async () => (await nodes.isr(topic)).length === 2);
    const sent = producer.send({ topic, value: 'second' });
    const impatient = client.producer({ deliveryTimeoutMs: 1_000 }).send({ topic, value: 'never' });
    await expect(impatient).rejects.toThrow(/TIMED_OUT.*the last failure: \[NOT_ENOUGH_REPLICAS\]/);
    await nodes.cluster.node(3).start();
    expect(await sent).toMatchObject({ offset: 1 });
    await holds(topic, 1, ['first', 'second']);
  });

  it('tells a reader that the log was cut below it (KIP-320)', async () => {
    const topic = await nodes.topic([[1, 2]], { 'unclean.leader.election.enable': 'true', 'min.insync.replicas': '1' });
    const client = nodes.newClient();
    const producer = client.producer();
    const send = (values: string) =>
      producer.sendAll(values.split('').map((value) => ({ topic, partition: 0, value })));
    const consumer = client.consumer({ reset: 'none' });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const read: string[] = [];
    const reads = (count: number) =>
      until(`${count} are read`, async () => {
        for (const { value } of await consumer.poll(100)) read.push(fromUtf8(value!));
        return read.length >= count;
      });
    await send('abc');
    await reads(3);
    await nodes.cluster.node(2).kill();
    await until('one is in sync', async () => (await nodes.isr(topic)).length === 1);
    await send('xyz');
    await reads(6);
    await nodes.cluster.node(1).kill();
    await nodes.cluster.node(2).start();
    await until('the other leads', async () => (await nodes.leader(topic)) === 2, 40_000);
    await send('defghi');
    const failure = await until('it is told', async () => {
      try {
        for (const { value } of await consumer.poll(100)) read.push(fromUtf8(value!));
        return undefined;
      } catch (reason) {
        return reason;
      }
    });
    expect(failure).toMatchObject({ code: 'LOG_TRUNCATED' });
    expect(read.join('')).toBe('abcxyz');
    consumer.seek(topic, 0, 3);
    await reads(12);
    expect(read.join('')).toBe('abcxyzdefghi');
    await consumer.close();
  });

  it('writes to 1,000 partitions and reads them', async () => {
    const count = 1_000;
    const topic = await nodes.topic(Array.from({ length: count }, (_, n) => [(n % 3) + 1]));
    const client = nodes.newClient();
    const producer = client.producer();
    const sent = [0, 1, 2].flatMap((round) =>
      Array.from({ length: count }, (_, partition) =>
        producer.send({ topic, partition, value: `${partition}:${round}` }),
      ),
    );
    expect(await Promise.all(sent)).toHaveLength(3 * count);
    const consumer = new Consumer(client.cluster, { reset: 'earliest', maxPollRecords: 5_000 });
    await consumer.assign(Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: 0 })));
    const read = Array.from({ length: count }, (): string[] => []);
    let total = 0;
    await until('all are read', async () => {
      for (const { partition, value } of await consumer.poll(500)) {
        read[partition]!.push(fromUtf8(value!));
        total += 1;
      }
      return total >= 3 * count;
    });
    await consumer.close();
    expect(read).toEqual(read.map((_, partition) => [0, 1, 2].map((round) => `${partition}:${round}`)));
    await nodes.deleteTopic(topic);
  });

  it('goes on with a topic that is deleted and made again under traffic', async () => {
    const topic = await nodes.topic(THREE, SAFE);
    const reading = await reader(topic, 3);
    const writing = new Writing(nodes.newClient().producer(), topic, 3);
    await writing.goesOn();
    await nodes.deleteTopic(topic);
    await until(
      'it is gone',
      async () => !(await nodes.client.admin().topics.list()).some(({ name }) => name === topic),
    );
    await nodes.topic(THREE, SAFE, topic);
    await writing.goesOn();
    const values = await writing.stop();
    expect(writing.failures).toEqual([]);
    await reading.reaches(values.at(-1)!, 3);
    await reading.stop();
    for (const partition of [0, 1, 2]) {
      const kept = await nodes.values(topic, partition);
      expect(kept.length).toBeGreaterThan(0);
      expect(kept).toEqual(values.slice(-kept.length));
      expect(reading.values[partition]!.slice(-kept.length)).toEqual(kept);
    }
  });
});
