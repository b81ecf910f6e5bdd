import { ApiError, type Crc32c, type Epoch, type NodeId, type Offset, epoch, nodeId, offset } from '@trunkline/kernel';
import type { AnyApi, RequestOf, ResponseOf } from '@trunkline/protocol';
import { errorCode, errorName } from '@trunkline/protocol';
import {
  type Endpoint,
  type Leadership,
  NO_LEADER,
  type Peer,
  type RaftErrorCode,
  type RaftRequest,
  type RaftResponse,
} from '@trunkline/raft';
import type { Asked, Told } from '../../peers/peers.js';

/** What the forms of messages differ by from node to node. */
export interface WireWorld {
  /** Of controllers: the end points of answers are theirs. */
  readonly listenerName: string;
  readonly crc32c: Crc32c;
}

/** One API of the quorum: raft's messages as the wire has them, and back. */
export interface WireForm<A extends AnyApi, Request extends RaftRequest, Response extends RaftResponse> {
  readonly api: A;
  writeRequest(request: Request): Asked<A>;
  /** Throws ApiError INVALID_REQUEST for another partition, or numbers that cannot be. */
  readRequest(asked: RequestOf<A>): Request;
  writeResponse(response: Response, world: WireWorld): ResponseOf<A>;
  /** Throws an ApiError when the answer cannot be understood. */
  readResponse(told: Told<A>, world: WireWorld): Response;
}

/** The codes that raft knows. */
const KNOWN: ReadonlySet<string> = new Set<RaftErrorCode>([
  'NONE',
  'REQUEST_TIMED_OUT',
  'NOT_LEADER_OR_FOLLOWER',
  'INVALID_REQUEST',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'THROTTLING_QUOTA_EXCEEDED',
  'SNAPSHOT_NOT_FOUND',
  'POSITION_OUT_OF_RANGE',
  'INCONSISTENT_CLUSTER_ID',
  'INVALID_VOTER_KEY',
  'DUPLICATE_VOTER',
  'VOTER_NOT_FOUND',
  'BROKER_NOT_AVAILABLE',
]);

/** Throws the answer's code when it is none of the quorum's own: then nothing of the answer counts. */
export function raftError(code: number): RaftErrorCode {
  const name: string = errorName(code);
  if (!KNOWN.has(name)) throw new ApiError(name, 'so the other node answered');
  return name as RaftErrorCode;
}

/** The one partition of the one topic. Throws INVALID_REQUEST. */
export function onlyOne<Topic extends { readonly partitions: readonly unknown[] }>(
  topics: readonly Topic[],
  isMetadata: (topic: Topic) => boolean,
): Topic['partitions'][number] {
  const [topic, ...others] = topics;
  const partition = topic?.partitions[0];
  const isOnly = topic !== undefined && others.length === 0 && topic.partitions.length === 1 && isMetadata(topic);
  if (!isOnly || partition === undefined) {
    throw new ApiError('INVALID_REQUEST', 'the quorum has one partition: 0 of __cluster_metadata');
  }
  return partition;
}

/** Answers whose code concerns the request as a whole have no partitions. */
export function isTopLevel({ errorCode: code }: Leadership): boolean {
  return code === 'INCONSISTENT_CLUSTER_ID';
}

/** Leadership out of an answer that has nothing but a code. */
export function bareLeadership(code: number): Leadership {
  return { errorCode: raftError(code), leaderId: NO_LEADER, leaderEpoch: epoch(0), nodeEndpoints: [] };
}

/** What a partition of an answer says of the leader. */
export function readLeadership(
  partition: { readonly errorCode: number; readonly leaderId: number; readonly leaderEpoch: number },
  nodeEndpoints: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[],
  { listenerName }: WireWorld,
): Leadership {
  return {
    errorCode: raftError(partition.errorCode),
    leaderId: nodeId(partition.leaderId),
    leaderEpoch: epoch(partition.leaderEpoch),
    nodeEndpoints: nodeEndpoints.map((node) => ({
      id: nodeId(node.nodeId),
      endpoints: [{ name: listenerName, host: node.host, port: node.port }],
    })),
  };
}

/** The form of it in a partition of an answer. */
export function writeLeadership({ errorCode: code, leaderId, leaderEpoch }: Leadership) {
  return { errorCode: errorCode(code), leaderId, leaderEpoch };
}

/** Where nodes are, one end point each: that of the controllers' listener, else the first. */
export function writeEndpoints(peers: readonly Peer[], { listenerName }: WireWorld) {
  return peers.flatMap(({ id, endpoints }) => {
    const endpoint = endpointOf(endpoints, listenerName);
    return endpoint === undefined ? [] : [{ nodeId: id, host: endpoint.host, port: endpoint.port }];
  });
}

/** The one of the controllers' listener, else the first. */
export function endpointOf(endpoints: readonly Endpoint[], listenerName: string): Endpoint | undefined {
  return endpoints.find(({ name }) => name === listenerName) ?? endpoints[0];
}

/** A null on the wire: the asker does not say. */
export function readClusterId(clusterId: string | null): string | undefined {
  return clusterId ?? undefined;
}

export const writeClusterId = (clusterId: string | undefined): string | null => clusterId ?? null;

export const readEndpoints = (endpoints: readonly Endpoint[]): readonly Endpoint[] =>
  endpoints.map(({ name, host, port }) => ({ name, host, port }));

export function readOffset(value: bigint): Offset {
  if (value < -1n || value > MAX_SAFE) throw new ApiError('INVALID_REQUEST', `${value} is no offset`);
  return offset(Number(value));
}

/** A watermark may be told as "more than there can be". */
export function readWatermark(value: bigint): Offset {
  return readOffset(value > MAX_SAFE ? MAX_SAFE : value);
}

export const readEpoch = (value: number): Epoch => epoch(value);
export const readNode = (value: number): NodeId => nodeId(value);

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
