import {
  type GroupListener,
  GroupMember,
  type GroupOptions,
  type TopicPartition,
  KafkaClient,
} from '@trunkline/client';
import { CreatePartitions, CreateTopics, DeleteTopics } from '@trunkline/protocol';
import { ZERO_UUID } from '@trunkline/kernel';
import { until } from '@trunkline/testing';
import { nodePorts } from './brokers.js';

/** One client, and what was made with it: topics and members that are gone when it closes. */
export class GroupWorld {
  readonly client: KafkaClient;
  readonly #topics: string[] = [];
  readonly #members: Probe[] = [];
  #names = 0;

  constructor(readonly bootstrap: string) {
    this.client = new KafkaClient({ bootstrap, metadataMaxAgeMs: 500 }, nodePorts());
  }

  /** A name that nobody else uses. */
  name(about: string): string {
    this.#names += 1;
    return `groups-${about}-${Date.now()}-${this.#names}`;
  }

  async topic(partitions: number, name = this.name('topic')): Promise<string> {
    const topics = [{ name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }];
    const ask = { topics, timeoutMs: 10_000 };
    const { body } = await this.client.cluster.ask({ kind: 'controller' }, CreateTopics, ask);
    const { errorCode } = body.topics[0]!;
    if (errorCode !== 0) throw new Error(`topic ${name}: ${errorCode}`);
    this.#topics.push(name);
    await until(`${name} is there`, async () => {
      await this.client.cluster.refresh([name]);
      return this.client.cluster.image.topics.get(name)?.partitions.every(({ leader }) => leader >= 0);
    });
    return name;
  }

  async grow(name: string, count: number): Promise<void> {
    const topics = [{ name, count, assignments: null }];
    const ask = { topics, timeoutMs: 10_000, validateOnly: false };
    const { body } = await this.client.cluster.ask({ kind: 'controller' }, CreatePartitions, ask);
    const { errorCode } = body.results[0]!;
    if (errorCode !== 0) throw new Error(`growth of ${name}: ${errorCode}`);
  }

  member(options: GroupOptions, listener: Partial<GroupListener> = {}, client = this.client): Probe {
    const probe = new Probe(client, options, listener);
    this.#members.push(probe);
    return probe;
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ member }) => member.close(5_000)));
    const names = this.#topics;
    await this.client.cluster.ask({ kind: 'controller' }, DeleteTopics, (version) =>
      version >= 6
        ? { topics: names.map((name) => ({ name, topicId: ZERO_UUID })), timeoutMs: 10_000 }
        : { topicNames: names, timeoutMs: 10_000 },
    );
    await this.client.close();
  }
}

/** A member that writes down what it is told. */
export class Probe {
  readonly member: GroupMember;
  readonly owned = new Set<string>();
  /** `+ t/0` assigned, `- t/0` revoked, `! t/0` lost. */
  readonly told: string[] = [];
  failure: string | undefined;
  /** Calls of onRevoked that run. */
  revoking = 0;

  constructor(client: KafkaClient, options: GroupOptions, listener: Partial<GroupListener>) {
    this.member = new GroupMember(client.cluster, options, {
      onAssigned: (partitions) => {
        for (const name of names(partitions)) {
          this.told.push(`+ ${name}`);
          this.owned.add(name);
        }
        return listener.onAssigned?.(partitions);
      },
      onRevoked: async (partitions) => {
        for (const name of names(partitions)) this.told.push(`- ${name}`);
        this.revoking += 1;
        await listener.onRevoked?.(partitions);
        this.revoking -= 1;
        for (const name of names(partitions)) this.owned.delete(name);
      },
      onLost: (partitions) => {
        for (const name of names(partitions)) {
          this.told.push(`! ${name}`);
          this.owned.delete(name);
        }
        listener.onLost?.(partitions);
      },
      onFailed: (error) => {
        this.failure = error.code;
      },
    });
  }

  get names(): string[] {
    return [...this.owned].toSorted();
  }
}

/** Every partition of the topics once, nothing else, and everybody in good standing. */
export async function shared(probes: readonly Probe[], topics: Readonly<Record<string, number>>): Promise<void> {
  const wanted = Object.entries(topics).flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => `${topic}/${partition}`),
  );
  await until(
    'every partition is read by exactly one',
    () => {
      const owned = probes.flatMap(({ names: held }) => held).toSorted();
      const isStable = probes.every(({ member, revoking }) => member.state === 'stable' && revoking === 0);
      if (isStable && owned.join() === wanted.toSorted().join()) return true;
      throw new Error(probes.map(({ member, names: held }) => `${member.state} ${held.length}`).join(', '));
    },
    60_000,
  );
}

export function names(partitions: readonly TopicPartition[]): string[] {
  return partitions.map(({ topic, partition }) => `${topic}/${partition}`);
}
