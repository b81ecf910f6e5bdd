import type { Partition, Peers } from '@trunkline/broker';
import type { Offset } from '@trunkline/kernel';
import { Fetch } from '@trunkline/protocol';

/** Nodes that are broken on purpose: by what they ask, or by what is done to a partition. */
export interface PartitionsMutant {
  readonly peers?: (inner: Peers) => Peers;
  /** Done to each partition of each node after every event. */
  readonly partition?: (partition: Partition) => void;
}

interface Wishes {
  readonly topics: readonly { readonly partitions: readonly object[] }[];
}

/** Changes what followers ask. */
function asking(change: (fetch: Wishes) => Wishes): (inner: Peers) => Peers {
  return (inner) => ({
    ask: (to, api, request, options) => {
      const changed = api === (Fetch as unknown) ? change(request as unknown as Wishes) : request;
      return inner.ask(to, api, changed as typeof request, options);
    },
    onLost: (listener) => inner.onLost(listener),
  });
}

function eachPartition(change: object): (fetch: Wishes) => Wishes {
  return (fetch) => {
    const topics = fetch.topics.map((topic) => {
      return { ...topic, partitions: topic.partitions.map((wish) => ({ ...wish, ...change })) };
    });
    return { ...fetch, topics };
  };
}

const touched = new WeakSet<object>();

function once<T extends object>(target: T | undefined, touch: (target: T) => void): void {
  if (target === undefined || touched.has(target)) return;
  touched.add(target);
  touch(target);
}

/** Mutants by name: each is a bug that replicated logs have had, and that the simulation must find. */
export const PARTITIONS_MUTANTS: Readonly<Record<string, PartitionsMutant>> = {
  /** Followers truncate to their watermark when a reign begins, as once, before epochs were asked for (KIP-101). */
  'truncate-to-watermark': {
    partition: (partition) => once(partition.follower, (role) => void role.truncate(partition.highWatermark)),
  },
  /** Followers do not say where their log comes from: nobody tells them that it parts (KAFKA-6361). */
  'no-truncation': { peers: asking(eachPartition({ lastFetchedEpoch: -1 })) },
  /** Leaders count what was fetched in another epoch (Kip320 rule 3). */
  'watermark-without-epoch': { peers: asking(eachPartition({ currentLeaderEpoch: -1, lastFetchedEpoch: -1 })) },
  /** Replicas join below the beginning of the reign (KAFKA-7128). */
  'join-before-epoch-start': {
    partition: ({ replication }) =>
      once(replication, (sums) => Object.defineProperty(sums, 'epochStart', { value: 0 as Offset })),
  },
  /** The watermark moves however few are in sync. */
  'commit-below-min-isr': {
    partition: ({ replication }) =>
      once(replication, (sums) => Object.defineProperty(sums, 'isUnderMinIsr', { value: false })),
  },
  /** Followers show what is above the watermark (KIP-392). */
  'follower-reads-beyond-watermark': {
    partition: (partition) =>
      once(partition, () => {
        const prototype: object = Object.getPrototypeOf(partition);
        const own = (): unknown => Reflect.get(prototype, 'highWatermark', partition);
        const get = (): unknown => (partition.isLeader ? own() : partition.log.durableEnd);
        Object.defineProperty(partition, 'highWatermark', { get });
      }),
  },
  /** Removals count at once, before the controller has agreed (AsyncIsr). */
  'shrink-without-controller': {
    partition: ({ replication }) =>
      once(replication, (sums) => {
        const tick = sums.tick.bind(sums);
        sums.tick = (nowMs) => {
          tick(nowMs);
          const proposal = sums.takeProposal();
          if (proposal === undefined) return;
          const isr = proposal.isr.map(({ brokerId }) => brokerId);
          sums.settle(proposal, { kind: 'state', ...proposal, isr }, nowMs);
        };
      }),
  },
};
