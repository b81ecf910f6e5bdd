import type { NodeId, Offset } from '@trunkline/kernel';
import type { MetadataImage } from '@trunkline/metadata';
import type { Partition } from '../replica/partition.js';

/**
 * The replica that a consumer in `rack` should read (KIP-392, Kafka's RackAwareReplicaSelector): in sync, not fenced, in
 * that rack, with the offset that is asked for; of several the one that is furthest. undefined: the leader, because it
 * stands there too, or nobody does.
 */
export function nearestReplica(
  image: MetadataImage,
  rack: string,
  { replication, isr, leader }: Partition,
  fetchOffset: Offset,
): NodeId | undefined {
  if (replication === undefined || image.brokers.get(leader)?.rack === rack) return undefined;
  let nearest: NodeId | undefined;
  let furthest: Offset | undefined;
  for (const id of isr) {
    const broker = image.brokers.get(id);
    const follower = replication.follower(id);
    if (follower === undefined || broker === undefined || broker.fenced || broker.rack !== rack) continue;
    const { startOffset, endOffset } = follower;
    if (startOffset > fetchOffset || endOffset < fetchOffset) continue;
    if (furthest !== undefined && endOffset <= furthest) continue;
    nearest = id;
    furthest = endOffset;
  }
  return nearest;
}
