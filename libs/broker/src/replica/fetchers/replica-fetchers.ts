import type { NodeId } from '@trunkline/kernel';
import type { Partition } from '../partition.js';
import { FetchLoop, type FetchWorld } from './fetch-loop.js';
import { FollowedPartition } from './followed-partition.js';

/**
 * Copies every partition that this node follows from its leader: `num.replica.fetchers` loops a leader, each with
 * connections and a fetch session of its own. Partitions leave a loop by themselves, when their role has ended.
 */
export class ReplicaFetchers {
  readonly #loops = new Map<string, FetchLoop>();

  constructor(private readonly world: FetchWorld) {}

  /** Fetches that are kept open. */
  get size(): number {
    return this.#loops.size;
  }

  /** The role of a partition may have changed. */
  placed(partition: Partition): void {
    const { follower } = partition;
    if (follower === undefined || follower.ended || partition.ended !== undefined) return;
    this.#loop(follower.leaderId, partition).follow(new FollowedPartition(partition, follower));
  }

  close(): void {
    for (const loop of this.#loops.values()) loop.close();
    this.#loops.clear();
  }

  /** Partitions of a topic are spread over the loops. */
  #loop(leaderId: NodeId, { topicId, index }: Partition): FetchLoop {
    const { fetchersPerLeader } = this.world.settings;
    const fetcher = (sumOf(topicId) + index) % Math.max(1, fetchersPerLeader);
    const key = `${leaderId} ${fetcher}`;
    const loop = this.#loops.get(key) ?? new FetchLoop(leaderId, `replica-${fetcher}`, this.world);
    this.#loops.set(key, loop);
    return loop;
  }
}

function sumOf(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum = (sum * 31 + text.charCodeAt(at)) >>> 0;
  return sum;
}
