import { ApiError, type NodeId, type Uuid, offset } from '@trunkline/kernel';
import type { FedMetadataLog, MetadataFeed } from '@trunkline/metadata';
import { Fetch, type FetchRequest, type FetchResponse, errorCode, errorName } from '@trunkline/protocol';
import type { Asked, Peers } from '../peers/peers.js';

/** `__cluster_metadata`, as every Kafka knows it. */
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;

const METADATA_LANE = 'metadata';
const FEED_WAIT_MS = 500;
/** Beyond the wait: on the way there and back. */
const FEED_GRACE_MS = 1_500;
const FEED_BYTES_MAX = 64 * 1024 * 1024;

/** What a node without a vote asks the voter for, and how that is answered: Fetch of `__cluster_metadata`. */
export interface MetadataFeeds {
  answer(request: FetchRequest): Promise<FetchResponse>;
}

/** Whether a fetch asks for metadata instead of records. */
export function asksForMetadata({ topics }: FetchRequest): boolean {
  return topics.length === 1 && topics[0]!.topicId === METADATA_TOPIC_ID;
}

/** Feeds others from this node's log, or says that it has none to give. */
export class MetadataFeedsOf implements MetadataFeeds {
  constructor(private readonly log: Pick<FedMetadataLog, 'feed'> | undefined) {}

  async answer({ topics, maxWaitMs }: FetchRequest): Promise<FetchResponse> {
    const from = Number(topics[0]?.partitions[0]?.fetchOffset ?? -1n);
    if (this.log === undefined) throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'this node has no vote on the metadata');
    const { endOffset, bytes, isSnapshot } = await this.log.feed(from, Math.min(maxWaitMs, FEED_WAIT_MS));
    const partition = {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: BigInt(endOffset),
      abortedTransactions: null,
      records: bytes,
      ...(isSnapshot && { snapshotId: { endOffset: BigInt(endOffset), epoch: 0 } }),
    };
    return { throttleTimeMs: 0, responses: [{ topicId: METADATA_TOPIC_ID, partitions: [partition] }] };
  }
}

/** Asks the voter for what there is from an offset on. Rejects when it cannot be asked, or refuses. */
export async function fetchMetadata(peers: Peers, leaderId: NodeId, self: NodeId, from: number): Promise<MetadataFeed> {
  const partitions = [{ partition: 0, fetchOffset: BigInt(from), partitionMaxBytes: FEED_BYTES_MAX }];
  const request: Asked<typeof Fetch> = {
    replicaState: { replicaId: self, replicaEpoch: -1n },
    maxWaitMs: FEED_WAIT_MS,
    minBytes: 1,
    topics: [{ topicId: METADATA_TOPIC_ID, partitions }],
    forgottenTopicsData: [],
  };
  const timing = { timeoutMs: FEED_WAIT_MS + FEED_GRACE_MS, lane: METADATA_LANE };
  const answer = await peers.ask(leaderId, Fetch, request, timing);
  const told = answer.responses[0]?.partitions[0];
  const code = told?.errorCode ?? answer.errorCode;
  if (told === undefined || code !== 0) {
    throw new ApiError(code === 0 ? errorName(errorCode('UNKNOWN_SERVER_ERROR')) : errorName(code), 'no metadata came');
  }
  const isSnapshot = told.snapshotId.endOffset >= 0n;
  const endOffset = offset(Number(isSnapshot ? told.snapshotId.endOffset : told.highWatermark));
  return { endOffset, bytes: told.records === null ? [] : [told.records], isSnapshot };
}
