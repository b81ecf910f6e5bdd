import type { NodeId } from '@trunkline/kernel';
import type { RequestContext } from '../server/request-context.js';

/**
 * Which connection carries a broker's heartbeats. When it ends, the broker may have: a process that is killed closes its
 * connections at once, long before its session times out.
 */
export class HeartbeatConnections {
  readonly #connections = new Map<NodeId, number>();

  constructor(private readonly ended: (brokerId: NodeId) => void) {}

  /** A heartbeat came over a connection. The newest one counts. */
  carried(brokerId: NodeId, { connectionId, closed }: Pick<RequestContext, 'connectionId' | 'closed'>): void {
    if (this.#connections.get(brokerId) === connectionId) return;
    this.#connections.set(brokerId, connectionId);
    const gone = (): void => {
      if (this.#connections.get(brokerId) !== connectionId) return;
      this.#connections.delete(brokerId);
      this.ended(brokerId);
    };
    if (closed.aborted) gone();
    else closed.addEventListener('abort', gone, { once: true });
  }
}
