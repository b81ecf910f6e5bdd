import type { Address, Clock, Network, NodeId, Random } from '@trunkline/kernel';
import type { AnyApi } from '@trunkline/protocol';
import { PEER_LIMITS, PeerLane, type PeerLimits } from './peer-lane.js';
import { type AskPeer, type Asked, PeerGone, type Peers, type Told } from './peers.js';
import { Question } from './question.js';

export interface NodePeersOptions {
  /** Whose connections these are: nodes see it as the client id. */
  readonly nodeId: NodeId;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Where a node is reached for the questions of a lane; undefined: not known. Asked before each connection. */
  readonly addressOf: (nodeId: NodeId, lane: string) => Address | undefined;
  readonly limits?: Partial<PeerLimits>;
}

/** The connections of this node to all others, over the Network port. */
export class NodePeers implements Peers {
  readonly #options: NodePeersOptions;
  readonly #lanes = new Map<string, PeerLane>();
  readonly #listeners: ((nodeId: NodeId, refused: boolean) => void)[] = [];
  #closed = false;

  constructor(options: NodePeersOptions) {
    this.#options = options;
  }

  ask<A extends AnyApi>(nodeId: NodeId, api: A, request: Asked<A>, options: AskPeer): Promise<Told<A>> {
    const { timeoutMs, lane, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(aborted(nodeId));
      const deadlineMs = this.#options.clock.monotonicMs() + timeoutMs;
      const answered = (told: unknown): void => resolve(told as Told<A>);
      const question = new Question(api, request, deadlineMs, timeoutMs, answered, reject);
      if (signal !== undefined) watch(question, signal, nodeId);
      this.#lane(nodeId, lane).ask(question);
    });
  }

  onLost(listener: (nodeId: NodeId, refused: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Ends every connection. Whoever waits, or asks later, is rejected with PeerGone. */
  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes.values()) lane.close();
  }

  #lane(nodeId: NodeId, name: string): PeerLane {
    const key = `${nodeId}/${name}`;
    const found = this.#lanes.get(key);
    if (found !== undefined) return found;
    const { network, clock, random, addressOf, limits } = this.#options;
    const lane = new PeerLane({
      nodeId,
      address: () => addressOf(nodeId, name),
      clientId: `node-${this.#options.nodeId}`,
      network,
      clock,
      random,
      limits: { ...PEER_LIMITS, ...limits },
      lost: (refused) => {
        for (const listener of this.#listeners) listener(nodeId, refused);
      },
    });
    if (this.#closed) lane.close();
    this.#lanes.set(key, lane);
    return lane;
  }
}

function watch(question: Question, signal: AbortSignal, nodeId: NodeId): void {
  const give = (): void => question.reject(aborted(nodeId));
  signal.addEventListener('abort', give, { once: true });
  question.unwatch = () => signal.removeEventListener('abort', give);
}

function aborted(nodeId: NodeId): PeerGone {
  return new PeerGone(nodeId, 'is not waited for any more', false);
}
