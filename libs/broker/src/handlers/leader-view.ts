import type { NodeId } from '@trunkline/kernel';
import { type BrokerImage, type MetadataImage, endPointOf } from '@trunkline/metadata';
import { errorCode } from '@trunkline/protocol';

/** A broker as the clients of a listener reach it. */
export interface ReachableBroker {
  readonly nodeId: NodeId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

const NOBODY: readonly NodeId[] = [];

/** The brokers and leaders of an image as the clients of one listener see them (semantics, items 18, 111, 118). */
export class LeaderView {
  /** Those that are up and have the listener. */
  readonly brokers: readonly ReachableBroker[];
  readonly #reachable: ReadonlySet<NodeId>;

  constructor(
    private readonly image: MetadataImage,
    listenerName: string,
  ) {
    this.brokers = [...image.brokers.values()].flatMap((broker) => reachable(broker, listenerName));
    this.#reachable = new Set(this.brokers.map(({ nodeId }) => nodeId));
  }

  reaches(id: NodeId): boolean {
    return this.#reachable.has(id);
  }

  /** Those of a list that can be reached; the list itself when all can. */
  reached(ids: readonly NodeId[]): readonly NodeId[] {
    return ids.every((id) => this.reaches(id)) ? ids : ids.filter((id) => this.reaches(id));
  }

  /** Those of a list that cannot be reached. */
  unreached(ids: readonly NodeId[]): readonly NodeId[] {
    return ids.every((id) => this.reaches(id)) ? NOBODY : ids.filter((id) => !this.reaches(id));
  }

  /** Why a partition with this leader cannot be used, or 0. LISTENER_NOT_FOUND is for clients that know it. */
  errorCodeOf(leader: NodeId, knowsListeners = true): number {
    if (this.reaches(leader)) return 0;
    const broker = this.image.brokers.get(leader);
    const isDeaf = broker !== undefined && !broker.fenced;
    return errorCode(isDeaf && knowsListeners ? 'LISTENER_NOT_FOUND' : 'LEADER_NOT_AVAILABLE');
  }
}

function reachable(broker: BrokerImage, listenerName: string): readonly ReachableBroker[] {
  const endPoint = endPointOf(broker, listenerName);
  if (broker.fenced || endPoint === undefined) return [];
  return [{ nodeId: broker.id, host: endPoint.host, port: endPoint.port, rack: broker.rack }];
}
