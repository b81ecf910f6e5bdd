import {
  type GroupListener,
  GroupMember,
  type GroupOptions,
  type TopicPartition,
  type KafkaClient,
} from '@trunkline/client';
import { until } from '@trunkline/testing';
import { ClientWorld, type LentBroker } from './client-kit.js';

/** A client of a running broker, with topics and members of its own. */
export class GroupWorld extends ClientWorld {
  readonly #members: Probe[] = [];

  constructor(running: LentBroker) {
    super(running, 'groups', { metadataMaxAgeMs: 500 });
  }

  member(options: GroupOptions, listener: Partial<GroupListener> = {}, client = this.client): Probe {
    const probe = new Probe(client, options, listener);
    this.#members.push(probe);
    return probe;
  }

  override async close(): Promise<void> {
    await Promise.all(this.#members.map(({ member }) => member.close(5_000)));
    await super.close();
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
