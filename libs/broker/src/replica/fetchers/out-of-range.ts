import { ApiError, type NodeId } from '@trunkline/kernel';
import { errorName, ListOffsets } from '@trunkline/protocol';
import type { Peers } from '../../peers/peers.js';
import { clampedOffset } from '../clamped-offset.js';
import type { FollowedPartition } from './followed-partition.js';

const LATEST = -1n;
const EARLIEST = -2n;
const LANE = 'replica-offsets';

/** How a leader is asked where its log begins and ends. */
export interface OffsetsAsker {
  readonly nodeId: NodeId;
  readonly peers: Peers;
  readonly timeoutMs: number;
}

/**
 * The leader has not what comes next here. Its log begins behind the end of this one: this one begins again there. Or it
 * ends before (after an unclean election): what is beyond goes. Neither: it was so, and is not any more.
 */
export async function comeIntoRange({ partition, role }: FollowedPartition, asker: OffsetsAsker): Promise<void> {
  const ask = async (timestamp: bigint) => {
    const { nodeId, peers, timeoutMs } = asker;
    const wish = { partitionIndex: partition.index, currentLeaderEpoch: role.leaderEpoch, timestamp };
    const request = { replicaId: nodeId, topics: [{ name: partition.topic, partitions: [wish] }] };
    const { topics } = await peers.ask(role.leaderId, ListOffsets, request, { timeoutMs, lane: LANE });
    const found = topics[0]?.partitions[0];
    if (found === undefined) throw new ApiError('INVALID_REQUEST', `no answer about the offsets of ${partition.name}`);
    if (found.errorCode !== 0) throw new ApiError(errorName(found.errorCode), `the offsets of ${partition.name}`);
    return clampedOffset(found.offset);
  };
  const end = await ask(LATEST);
  if (end < partition.log.endOffset) return role.truncate(end);
  const start = await ask(EARLIEST);
  if (start > partition.log.endOffset) await role.restart(start);
}
