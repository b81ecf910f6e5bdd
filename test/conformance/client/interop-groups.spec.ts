import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { Admin, cooperativeStickyAssignor, rangeAssignor, roundRobinAssignor } from '@trunkline/client';
import { apacheKafkaJars, itUnless, until, whyLeftOut } from '@trunkline/testing';
import { CLIENTS, ConsumerProcess } from '../../wire/clients/client-process.js';
import { kafkaBrokers } from './brokers.js';
import { GroupWorld } from './groups-kit.js';

const PARTITIONS = 6;
const others = CLIENTS.filter(({ name }) => name !== 'kafkajs');
const LIMIT_MS = 40_000;

/** Java's console consumer as a member: it offers range and cooperative-sticky. */
class JavaMember {
  readonly #child: ChildProcess;

  constructor(bootstrap: string, topic: string, group: string) {
    const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--group', group];
    const flags = ['-Xmx256M', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${apacheKafkaJars()}/*`];
    const tool = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
    this.#child = spawn('java', [...flags, tool, ...args], { stdio: 'ignore' });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

for (const tested of kafkaBrokers()) {
  describe(`a mixed group of ${tested.name}`, () => {
    let world: GroupWorld;
    let admin: Admin;

    beforeAll(async () => {
      world = await GroupWorld.start(tested);
      admin = new Admin(world.client.cluster);
    });
    afterAll(async () => {
      await admin.close();
      await world.close();
    });

    /** How many partitions each member has, once each partition has exactly one and nobody has none. */
    async function isShared(groupId: string, members: number): Promise<void> {
      await until(
        `${members} members share ${groupId}`,
        async () => {
          const described = (await admin.groups.describeClassic([groupId])).get(groupId)?.value;
          if (described?.state !== 'Stable' || described.members.length !== members) return false;
          const owned = described.members.map(({ assignment }) => assignment!.map(({ partition }) => partition));
          const all = owned.flat();
          return (
            owned.every(({ length }) => length > 0) && all.length === PARTITIONS && new Set(all).size === PARTITIONS
          );
        },
        LIMIT_MS,
      );
    }

    for (const other of others) {
      itUnless(other.leftOut, `shares with ${other.name} that came later, and has all again when it left`, async () => {
        const [topic, groupId] = [await world.topic(PARTITIONS), world.name('mixed')];
        const assignors = [rangeAssignor, roundRobinAssignor];
        const ours = world.member({
          groupId,
          topics: [topic],
          assignors,
          rebalanceTimeoutMs: 10_000,
          heartbeatMs: 300,
        });
        await isShared(groupId, 1);
        const theirs = new ConsumerProcess(other, world.bootstrap, topic, groupId);
        await isShared(groupId, 2);
        await theirs.stop();
        await until('ours has all', () => ours.names.length === PARTITIONS, LIMIT_MS);
        await ours.member.close();
      });

      itUnless(other.leftOut, `shares with ${other.name} that was there first, and leaves it all`, async () => {
        const [topic, groupId] = [await world.topic(PARTITIONS), world.name('mixed')];
        const theirs = new ConsumerProcess(other, world.bootstrap, topic, groupId);
        await isShared(groupId, 1);
        const assignors = [rangeAssignor, roundRobinAssignor];
        const ours = world.member({ groupId, topics: [topic], assignors, heartbeatMs: 300 });
        await isShared(groupId, 2);
        await until('ours knows its share', () => ours.names.length === PARTITIONS / 2);
        await ours.member.close();
        await isShared(groupId, 1);
        await theirs.stop();
      });
    }

    itUnless(
      whyLeftOut('Apache Kafka', '4'),
      "shares with Apache Kafka's Java client, range or cooperatively",
      async () => {
        for (const assignor of [rangeAssignor, cooperativeStickyAssignor]) {
          const [topic, groupId] = [await world.topic(PARTITIONS), world.name('mixed')];
          const ours = world.member({ groupId, topics: [topic], assignors: [assignor], heartbeatMs: 300 });
          await isShared(groupId, 1);
          const theirs = new JavaMember(world.bootstrap, topic, groupId);
          await isShared(groupId, 2);
          await until('ours knows its share', () => ours.names.length === PARTITIONS / 2);
          await theirs.stop();
          await until('ours has all', () => ours.names.length === PARTITIONS, LIMIT_MS);
          await ours.member.close();
        }
      },
    );
  });
}
