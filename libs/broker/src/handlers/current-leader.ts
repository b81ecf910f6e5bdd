import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import type { MetadataImage } from '@trunkline/metadata';

/** Which partition a client asked the wrong node for. By id where there is one, else by name. */
export interface Misdirected {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly index: number;
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** Whom to ask instead (KIP-951): the leader, and where it is on the listener the request came on, if it is anywhere. */
export interface CurrentLeader {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly endpoint: NodeEndpoint | undefined;
}

/** The leader that the metadata tells; undefined when it knows no such partition. */
export function currentLeader(
  image: MetadataImage,
  { topic, topicId, index }: Misdirected,
  listenerName: string,
): CurrentLeader | undefined {
  const found = topicId === ZERO_UUID ? image.topics.byName(topic) : image.topics.byId(topicId);
  const partition = found?.partitions[index];
  if (partition === undefined) return undefined;
  const { leader, leaderEpoch } = partition;
  const broker = image.brokers.get(leader);
  const endPoint = broker?.endPoints.find(({ name }) => name === listenerName);
  const endpoint =
    broker === undefined || endPoint === undefined
      ? undefined
      : { nodeId: broker.id, host: endPoint.host, port: endPoint.port, rack: broker.rack };
  return { leaderId: leader, leaderEpoch, endpoint };
}

/** The endpoints of several partitions' leaders, each node once. */
export class NodeEndpoints {
  readonly #byId = new Map<number, NodeEndpoint>();

  add({ endpoint }: CurrentLeader): void {
    if (endpoint !== undefined) this.#byId.set(endpoint.nodeId, endpoint);
  }

  list(): NodeEndpoint[] {
    return [...this.#byId.values()];
  }
}
