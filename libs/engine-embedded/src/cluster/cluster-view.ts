import type { Broker } from '@trunkline/broker';
import { ApiError } from '@trunkline/kernel';

/** What the brokers of a cluster say of it, by the newest metadata that any of them has. */
export class ClusterView {
  constructor(private readonly brokers: () => readonly Broker[]) {}

  /** The active controller. Undefined: an election is under way. */
  get controller(): number | undefined {
    let newest: { readonly leaderId: number; readonly epoch: number } | undefined;
    for (const { parts } of this.brokers()) {
      const { role } = parts.metadata;
      if (newest === undefined || role.epoch > newest.epoch) newest = role;
    }
    return known(newest?.leaderId);
  }

  /** Who leads a partition. Undefined: nobody now, or there is no such partition. */
  leaderOf(topic: string, partition: number): number | undefined {
    return known(this.#newest?.parts.metadata.image.topics.byName(topic)?.partitions[partition]?.leader);
  }

  /** The replicas in sync. */
  inSync(topic: string, partition: number): readonly number[] {
    return this.#newest?.parts.metadata.image.topics.byName(topic)?.partitions[partition]?.isr ?? [];
  }

  /** The coordinator of a consumer group; a first question makes the topic of groups. Undefined: none now. */
  async coordinatorOf(group: string): Promise<number | undefined> {
    const broker = this.#newest;
    const listener = broker?.addresses[0]?.name;
    if (broker === undefined || listener === undefined) return undefined;
    try {
      return (await broker.parts.groups.find(group, listener)).nodeId;
    } catch (reason) {
      if (reason instanceof ApiError) return undefined;
      throw reason;
    }
  }

  /** What is missing until every node is in and every replica in sync, for people. Undefined: nothing. */
  missing(nodes: readonly number[]): string | undefined {
    const image = this.#newest?.parts.metadata.image;
    if (image === undefined) return 'no node runs';
    const out = nodes.filter((node) => ![...image.brokers.values()].some(({ id, fenced }) => id === node && !fenced));
    if (out.length > 0) return `not in the cluster: ${out.join(', ')}`;
    for (const { name, partitions } of image.topics) {
      for (const { index, leader, isr, replicas } of partitions) {
        if (leader < 0) return `${name}-${index} has no leader`;
        if (isr.length < replicas.length) return `of ${name}-${index} only ${isr.join(', ')} are in sync`;
      }
    }
    return this.controller === undefined ? 'no controller is active' : undefined;
  }

  get #newest(): Broker | undefined {
    let newest: Broker | undefined;
    for (const broker of this.brokers()) {
      const offset = newest?.parts.metadata.image.endOffset ?? -1;
      if (broker.parts.metadata.image.endOffset > offset) newest = broker;
    }
    return newest;
  }
}

function known(id: number | undefined): number | undefined {
  return id === undefined || id < 0 ? undefined : id;
}
