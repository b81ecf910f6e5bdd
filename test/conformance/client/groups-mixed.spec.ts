import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import {
  type Assignor,
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
} from '@trunkline/client';
import { apacheKafkaJars, itUnless, until, whyLeftOut } from '@trunkline/testing';
import { type TestedBroker, kafkaBrokers } from './brokers.js';
import { GroupWorld, type Probe } from './groups-kit.js';

const JAVA_STRATEGIES: readonly (readonly [string, Assignor])[] = [
  ['RangeAssignor', rangeAssignor],
  ['RoundRobinAssignor', roundRobinAssignor],
  ['StickyAssignor', stickyAssignor],
  ['CooperativeStickyAssignor', cooperativeStickyAssignor],
];
const LIBRDKAFKA = `
import json, signal, sys
from confluent_kafka import Consumer
bootstrap, topic, group, strategy = sys.argv[1:]
consumer = Consumer({'bootstrap.servers': bootstrap, 'group.id': group, 'heartbeat.interval.ms': 300,
                     'partition.assignment.strategy': strategy})
def told(name):
    return lambda _, partitions: print(json.dumps({'name': name, 'partitions':
        [{'topic': p.topic, 'partition': p.partition} for p in partitions]}), flush=True)
consumer.subscribe([topic], on_assign=told('partitions_assigned'), on_revoke=told('partitions_revoked'),
                   on_lost=told('partitions_revoked'))
running = True
def stop(*_):
    global running
    running = False
signal.signal(signal.SIGTERM, stop)
while running:
    consumer.poll(0.1)
consumer.close()
`;

/** A member of another client, in a process of its own, that prints what it is given and what is taken from it. */
class Foreign {
  readonly owned = new Set<string>();
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: readonly string[]) {
    const { NODE_OPTIONS: _ours, ...env } = process.env;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#heard(line));
  }

  static java(bootstrap: string, topic: string, group: string, strategy: string): Foreign {
    return new Foreign('java', [
      '-Xmx64m',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      join(apacheKafkaJars() ?? '', '*'),
      'org.apache.kafka.tools.VerifiableConsumer',
      '--bootstrap-server',
      bootstrap,
      '--topic',
      topic,
      '--group-id',
      group,
      '--assignment-strategy',
      `org.apache.kafka.clients.consumer.${strategy}`,
    ]);
  }

  static librdkafka(bootstrap: string, topic: string, group: string, strategy: string): Foreign {
    return new Foreign('/usr/bin/python3', ['-c', LIBRDKAFKA, bootstrap, topic, group, strategy]);
  }

  async close(): Promise<void> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await this.#ended;
    clearTimeout(late);
    this.owned.clear();
  }

  #heard(line: string): void {
    if (!line.startsWith('{')) return;
    const { name, partitions = [] } = JSON.parse(line) as {
      readonly name: string;
      readonly partitions?: readonly { readonly topic: string; readonly partition: number }[];
    };
    for (const { topic, partition } of partitions) {
      if (name === 'partitions_assigned') this.owned.add(`${topic}/${partition}`);
      if (name === 'partitions_revoked') this.owned.delete(`${topic}/${partition}`);
    }
  }
}

type Owner = Probe | Foreign;

/** Each has something, and together they have every partition once. */
async function sharedBy(owners: readonly Owner[], topic: string, count: number): Promise<void> {
  const wanted = Array.from({ length: count }, (_, partition) => `${topic}/${partition}`)
    .toSorted()
    .join();
  await until(
    'every partition is read by exactly one',
    () => {
      const all = owners.flatMap(({ owned }) => [...owned]).toSorted();
      if (all.join() === wanted && owners.every(({ owned }) => owned.size > 0)) return true;
      throw new Error(owners.map(({ owned }) => [...owned].join(' ')).join(' | '));
    },
    60_000,
  );
}

for (const tested of kafkaBrokers()) describeMixed(tested);

function describeMixed(tested: TestedBroker): void {
  describe(`groups of mixed members on ${tested.name}`, () => {
    let world: GroupWorld;
    beforeAll(async () => {
      world = await GroupWorld.start(tested);
    });
    afterAll(() => world?.close());

    /** We lead first; then they do, and read what we say of ourselves; then we again. */
    async function takeTurns(assignor: Assignor, join: (topic: string, group: string) => Foreign): Promise<void> {
      const topic = await world.topic(6);
      const groupId = world.name(`mixed-${assignor.name}`);
      const options = { groupId, topics: [topic], heartbeatMs: 300, assignors: [assignor] };
      const first = world.member(options);
      await first.member.ready;
      const foreign = join(topic, groupId);
      try {
        await sharedBy([first, foreign], topic, 6);
        const second = world.member(options);
        await sharedBy([first, foreign, second], topic, 6);
        await first.member.close();
        await sharedBy([foreign, second], topic, 6);
        const third = world.member(options);
        await sharedBy([foreign, second, third], topic, 6);
        await foreign.close();
        await sharedBy([second, third], topic, 6);
        expect(second.member.trouble).toBeUndefined();
        await Promise.all([second.member.close(), third.member.close()]);
      } finally {
        await foreign.close();
      }
    }

    for (const [strategy, assignor] of JAVA_STRATEGIES)
      itUnless(whyLeftOut('Apache Kafka', '4'), `shares by ${strategy} with a Java consumer, whoever leads`, () =>
        takeTurns(assignor, (topic, group) => Foreign.java(world.bootstrap, topic, group, strategy)),
      );

    for (const assignor of [rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor])
      itUnless(whyLeftOut('python3-confluent-kafka'), `shares by ${assignor.name} with librdkafka, whoever leads`, () =>
        takeTurns(assignor, (topic, group) => Foreign.librdkafka(world.bootstrap, topic, group, assignor.name)),
      );
  });
}
