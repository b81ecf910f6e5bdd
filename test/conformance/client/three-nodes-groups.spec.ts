import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Consumer, GroupOptions } from '@trunkline/client';
import { fromUtf8 } from '@trunkline/kernel';
import { describeUnless, until } from '@trunkline/testing';
import { apacheKafka, itSinceFour, ownKafkaLeftOut } from './brokers.js';
import { Reading, SAFE, THREE, ThreeNodes, Writing } from './three-nodes-kit.js';

const PORT = 31_020;
const PARTITIONS = 3;
const PROTOCOLS = apacheKafka.has.consumerGroups ? (['classic', 'consumer'] as const) : (['classic'] as const);

describeUnless(ownKafkaLeftOut, 'coordinators on three nodes of Apache Kafka', () => {
  let nodes: ThreeNodes;
  beforeAll(async () => {
    nodes = await ThreeNodes.start(PORT);
  }, 120_000);
  beforeEach(() => nodes.whole(), 90_000);
  afterAll(() => nodes?.close());

  /** Two members that share the partitions, and what befell them. */
  async function group(topic: string, protocol: 'classic' | 'consumer') {
    const options: GroupOptions = { groupId: nodes.name('group'), topics: [topic], protocol };
    const lost: string[] = [];
    const consumers: Consumer[] = [];
    for (let n = 0; n < 2; n++) {
      const consumer = nodes.newClient().consumer({ reset: 'earliest', autoCommitIntervalMs: 200 });
      const told = () => void lost.push(`member ${n} of ${protocol}`);
      await consumer.subscribe(options, { onLost: told, onRevoked: told });
      consumers.push(consumer);
    }
    const reading = new Reading(consumers);
    await until('they share', () => {
      const counts = consumers.map(({ assignment }) => assignment.length);
      return counts.includes(1) && counts.includes(2);
    });
    return { options, lost, reading };
  }

  async function committed(groupId: string, topic: string): Promise<number[]> {
    const offsets = (await nodes.client.admin().groups.listOffsets([{ groupId }])).value(groupId);
    return Array.from({ length: PARTITIONS }, (_, partition) => offsets.get({ topic, partition })!.value!.offset);
  }

  it.each(PROTOCOLS)('members of a %s group stay what they are while their coordinator is killed', async (protocol) => {
    const topic = await nodes.topic(THREE, SAFE);
    const { options, lost, reading } = await group(topic, protocol);
    lost.length = 0;
    const writing = new Writing(nodes.newClient().producer(), topic, PARTITIONS);
    await writing.goesOn();
    const coordinator = await nodes.client.cluster.coordinator('group', options.groupId);
    await nodes.cluster.node(coordinator).kill();
    await writing.goesOn();
    const values = await writing.stop();
    await reading.reaches(values.at(-1)!, PARTITIONS);
    expect(reading.values).toEqual([values, values, values]);
    await until('their commits are taken', async () => {
      nodes.client.cluster.forgetCoordinator('group', options.groupId);
      return (await committed(options.groupId, topic)).every((offset) => offset === values.length);
    });
    expect(lost).toEqual([]);
    await reading.stop();
  });

  it('writes, reads and groups go on over a rolling restart of all three', async () => {
    const topic = await nodes.topic(THREE, SAFE);
    const groups = await Promise.all(PROTOCOLS.map((protocol) => group(topic, protocol)));
    const alone = nodes.newClient().consumer({ reset: 'earliest' });
    await alone.assign(THREE.map((_, partition) => ({ topic, partition, offset: 0 })));
    const readings = [new Reading([alone]), ...groups.map(({ reading }) => reading)];
    const writing = new Writing(nodes.newClient().producer(), topic, PARTITIONS);
    for (const nodeId of [1, 2, 3]) {
      await writing.goesOn(100);
      await nodes.cluster.node(nodeId).stop();
      await nodes.whole();
    }
    await writing.goesOn(100);
    const values = await writing.stop();
    expect(writing.failures).toEqual([]);
    for (const reading of readings) {
      await reading.reaches(values.at(-1)!, PARTITIONS);
      await reading.stop();
      expect(reading.values).toEqual([values, values, values]);
    }
  });

  it('commits and aborts what was open when the transaction coordinator was killed', async () => {
    const topic = await nodes.topic(THREE, SAFE);
    const transactionalId = nodes.name('transaction');
    const producer = nodes.newClient().producer({ transactionalId });
    await producer.initTransactions();
    const sendAll = (value: string) =>
      Promise.all(THREE.map((_, partition) => producer.send({ topic, partition, value })));
    const killCoordinator = async (): Promise<void> => {
      nodes.client.cluster.forgetCoordinator('transaction', transactionalId);
      await nodes.cluster.node(await nodes.client.cluster.coordinator('transaction', transactionalId)).kill();
    };
    producer.beginTransaction();
    await sendAll('before the first');
    await killCoordinator();
    await sendAll('after the first');
    await producer.commitTransaction();
    await nodes.whole();
    producer.beginTransaction();
    await sendAll('taken back');
    await killCoordinator();
    await producer.abortTransaction();
    await producer.transaction(async () => await sendAll('the end'));
    await nodes.whole();
    for (let partition = 0; partition < PARTITIONS; partition++)
      expect(await nodes.values(topic, partition)).toEqual(['before the first', 'after the first', 'the end']);
  });

  itSinceFour(apacheKafka, 'a share group gets everything when the leader is killed under it', async () => {
    const topic = await nodes.topic([[1, 2, 3]], SAFE);
    const groupId = nodes.name('share');
    const { configs } = nodes.client.admin();
    (await configs.alter([{ type: 'group', name: groupId, set: { 'share.auto.offset.reset': 'earliest' } }])).check();
    const consumer = nodes.newClient().shareConsumer({ groupId });
    consumer.subscribe([topic]);
    const writing = new Writing(nodes.newClient().producer(), topic, 1);
    const got = new Set<string>();
    const takes = (what: string, isEnough: () => boolean) =>
      until(
        what,
        async () => {
          for (const { value } of await consumer.poll(200)) got.add(fromUtf8(value!));
          return isEnough();
        },
        60_000,
      );
    await takes('the first', () => got.size > 100);
    const killedAt = got.size;
    await nodes.cluster.node(1).kill();
    await takes('it goes on', () => got.size > killedAt + 300);
    const values = await writing.stop();
    expect(writing.failures).toEqual([]);
    await takes('everything', () => got.size === values.length);
    expect([...got].toSorted()).toEqual(values.toSorted());
    await consumer.close();
  });
});
