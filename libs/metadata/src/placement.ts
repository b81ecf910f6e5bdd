import { ApiError, type NodeId, type Random } from '@trunkline/kernel';
import { grouped } from './grouped.js';
import type { BrokerImage } from './image.js';

/**
 * Chooses brokers for new partitions: racks in turn, brokers in turn, beginning anywhere, so that leaders and replicas
 * spread evenly. The first replica of each is its preferred leader.
 *
 * Throws INVALID_REPLICATION_FACTOR when there are fewer brokers than replicas are wanted.
 */
export function placeReplicas(
  brokers: readonly BrokerImage[],
  partitionCount: number,
  replicationFactor: number,
  random: Random,
): readonly (readonly NodeId[])[] {
  if (replicationFactor > brokers.length) {
    throw new ApiError(
      'INVALID_REPLICATION_FACTOR',
      `Replication factor ${replicationFactor} is larger than the number of brokers that are up, ${brokers.length}`,
    );
  }
  const ring = racksInTurn(brokers);
  const start = random.below(ring.length);
  return Array.from({ length: partitionCount }, (_, partition) => {
    const lap = Math.floor(partition / ring.length);
    return Array.from({ length: replicationFactor }, (_unused, replica) => {
      // Each lap shifts the followers by one more, so that no two brokers share all their partitions.
      const shift = replica === 0 ? 0 : 1 + ((replica - 1 + lap) % (ring.length - 1));
      return brokerAt(ring, start + partition + shift);
    });
  });
}

function brokerAt(ring: readonly NodeId[], place: number): NodeId {
  const broker = ring[place % ring.length];
  if (broker === undefined) throw new ApiError('INVALID_REPLICATION_FACTOR', 'No broker is up');
  return broker;
}

/** The first broker of each rack, then the second of each, and so on. */
function racksInTurn(brokers: readonly BrokerImage[]): readonly NodeId[] {
  const racks = grouped(brokers, ({ rack }) => rack ?? '');
  const deepest = Math.max(0, ...[...racks.values()].map(({ length }) => length));
  const rows = Array.from({ length: deepest }, (_, depth) => [...racks.values()].flatMap((rack) => rack[depth] ?? []));
  return rows.flat().map(({ id }) => id);
}
