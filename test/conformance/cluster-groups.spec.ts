import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Consumer, KafkaClient } from '@trunkline/client';
import type { EmbeddedCluster } from '@trunkline/engine-embedded';
import { until } from '@trunkline/testing';
import kafkajs from 'kafkajs';
import { nodePorts } from './client/brokers.js';
import { Reading, Writing } from './client/three-nodes-kit.js';
import { startThree } from './cluster-world.js';

const PARTITIONS = 3;
const WAIT_MS = 30_000;

let cluster: EmbeddedCluster;
const clients: KafkaClient[] = [];
let names = 0;

beforeAll(async () => {
  cluster = await startThree();
});
beforeEach(async () => {
  for (const node of cluster.nodes) if (!cluster.running.includes(node)) await cluster.restart(node);
  await cluster.whole();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close({ timeoutMs: 3_000 })));
  await cluster?.close();
});

/** Over sockets, as another process would. */
function newClient(): KafkaClient {
  const client = new KafkaClient({ bootstrap: cluster.bootstrap.split(',') }, nodePorts());
  clients.push(client);
  return client;
}

async function newTopic(): Promise<string> {
  names += 1;
  const name = `groups-${names}`;
  const admin = newClient().admin();
  (await admin.topics.create([{ name, partitions: PARTITIONS, replicationFactor: 3 }])).check();
  await until(`${name} is led`, () => cluster.leaderOf(name, PARTITIONS - 1) !== undefined);
  return name;
}

async function crashCoordinator(groupId: string): Promise<number> {
  const coordinator = await cluster.coordinatorOf(groupId);
  if (coordinator === undefined) throw new Error(`${groupId} has no coordinator`);
  await cluster.crash(coordinator);
  return coordinator;
}

/** What the group's coordinator, whoever it is now, knows of its offsets. */
async function committed(groupId: string, topic: string): Promise<readonly number[]> {
  const client = newClient();
  const offsets = (await client.admin().groups.listOffsets([{ groupId }])).value(groupId);
  return Array.from({ length: PARTITIONS }, (_, partition) => offsets.get({ topic, partition })?.value?.offset ?? -1);
}

describe('the coordinator of a group dies', () => {
  it('and its members stay what they are, get every record once, and their commits are taken', async () => {
    const topic = await newTopic();
    const groupId = `${topic}-g`;
    const lost: string[] = [];
    const consumers: Consumer[] = [];
    for (let member = 0; member < 2; member++) {
      const consumer = newClient().consumer({ reset: 'earliest', autoCommitIntervalMs: 200 });
      const told = (): void => void lost.push(`member ${member}`);
      await consumer.subscribe({ groupId, topics: [topic], protocol: 'classic' }, { onLost: told, onRevoked: told });
      consumers.push(consumer);
    }
    const reading = new Reading(consumers);
    await until('they share', () => consumers.every(({ assignment }) => assignment.length > 0), WAIT_MS);
    lost.length = 0;
    const writing = new Writing(newClient().producer(), topic, PARTITIONS);
    for (let round = 0; round < 3; round++) {
      await writing.goesOn(100);
      const dead = await crashCoordinator(groupId);
      await writing.goesOn(100);
      await until('another coordinates', async () => (await cluster.coordinatorOf(groupId)) !== undefined, WAIT_MS);
      expect(await cluster.coordinatorOf(groupId)).not.toBe(dead);
      await cluster.restart(dead);
      await cluster.whole();
    }
    const values = await writing.stop();
    await reading.reaches(values.at(-1) ?? '', PARTITIONS);
    expect(writing.failures).toEqual([]);
    expect(reading.values).toEqual([values, values, values]);
    await until(
      'their commits are taken',
      async () => (await committed(groupId, topic)).every((offset) => offset === values.length),
      WAIT_MS,
    );
    expect(lost).toEqual([]);
    await reading.stop();
  }, 90_000);

  it('and what was committed is there at its successor', async () => {
    const topic = await newTopic();
    const groupId = `${topic}-g`;
    const consumer = newClient().consumer({ reset: 'earliest' });
    await consumer.subscribe({ groupId, topics: [topic], protocol: 'classic' });
    await until('it has all', () => consumer.assignment.length === PARTITIONS, WAIT_MS);
    const offsets = [7, 8, 9].map((offset, partition) => ({ topic, partition, offset }));
    await consumer.commit(offsets);
    await crashCoordinator(groupId);
    expect(await committed(groupId, topic)).toEqual([7, 8, 9]);
    await consumer.close();
  }, 60_000);

  it('and kafkajs goes on where it was', async () => {
    const topic = await newTopic();
    const groupId = `${topic}-g`;
    const seen: string[] = [];
    const kafka = new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING });
    const start = async (): Promise<kafkajs.Consumer> => {
      const consumer = kafka.consumer({ groupId, heartbeatInterval: 500, maxWaitTimeInMs: 200, sessionTimeout: 6_000 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => void seen.push(String(message.value)) });
      return consumer;
    };
    const producer = newClient().producer();
    const send = async (from: number, to: number): Promise<void> => {
      for (let at = from; at < to; at++) await producer.send({ topic, partition: at % PARTITIONS, value: `${at}` });
    };
    const members = [await start(), await start()];
    await send(0, 60);
    await until('all are read', () => new Set(seen).size === 60, WAIT_MS);
    await crashCoordinator(groupId);
    await send(60, 120);
    await until('those after the death are read', () => new Set(seen).size === 120, WAIT_MS);
    for (const member of members) await member.disconnect();
    const before = seen.length;
    const late = await start();
    await send(120, 150);
    await until('the newest are read', () => new Set(seen).size === 150, WAIT_MS);
    expect(
      seen
        .slice(before)
        .map(Number)
        .every((value) => value >= 120),
    ).toBe(true);
    await late.disconnect();
  }, 90_000);
});
