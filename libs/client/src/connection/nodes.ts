import type { Address, Random } from '@trunkline/kernel';
import type { BrokerNode } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { sameAddress } from './address.js';
import { BrokerLane, type LaneOwner } from './lane.js';
import { Node } from './node.js';

export const CONTROL_LANE = 'control';

/** Every broker that is known, with its connections; and the addresses to ask while none is known. */
export class Nodes {
  readonly #known = new Map<number, Node>();
  readonly #bootstrap: readonly Node[];
  #closed: KafkaError | undefined;

  constructor(
    bootstrap: readonly Address[],
    private readonly owner: LaneOwner,
  ) {
    this.#bootstrap = bootstrap.map((address, at) => new Node(-1 - at, address));
  }

  get(nodeId: number): Node | undefined {
    return nodeId < 0 ? this.#bootstrap[-1 - nodeId] : this.#known.get(nodeId);
  }

  lane(node: Node, name: string): BrokerLane {
    const open = node.lanes.get(name);
    if (open !== undefined) return open;
    const lane = new BrokerLane(node, name, this.owner);
    if (this.#closed === undefined) node.lanes.set(name, lane);
    else lane.close(this.#closed);
    return lane;
  }

  /** Whether no known broker can be reached, or none is known. */
  get allFail(): boolean {
    for (const node of this.#known.values()) if (node.address !== undefined && !node.isFailing) return false;
    return true;
  }

  /**
   * A broker for what any can answer: the least busy of those that are connected, else one that did not fail, else one of
   * the bootstrap addresses when `rebootstraps`, else whichever may be tried first. `avoided` only when there is no other.
   */
  anyone(random: Random, rebootstraps: boolean, avoided?: number): Node {
    const known = [...this.#known.values()].filter(({ address }) => address !== undefined);
    for (const nodes of [known, this.#bootstrap]) {
      const connected = nodes.filter((node) => {
        const lane = node.lanes.get(CONTROL_LANE);
        return node.nodeId !== avoided && lane?.isConnected === true && !lane.isMuted;
      });
      if (connected.length > 0) return connected.reduce((best, node) => (loadOf(node) < loadOf(best) ? node : best));
    }
    const mayTry = known.filter((node) => !node.isFailing && node.nodeId !== avoided);
    const free = mayTry.filter((node) => node.lanes.get(CONTROL_LANE)?.isMuted !== true);
    if (free.length > 0) return free[random.below(free.length)]!;
    if (mayTry.length > 0) return mayTry[random.below(mayTry.length)]!;
    const others = rebootstraps || known.length === 0 ? [...known, ...this.#bootstrap] : known;
    const first = others.filter((node) => node.nodeId !== avoided);
    return this.#soonest(first.length > 0 ? first : others, random);
  }

  /** What the cluster says now. A broker that moved, or is not named any more, is not asked where it was. */
  update(brokers: ReadonlyMap<number, BrokerNode>): void {
    for (const [nodeId, { host, port }] of brokers) this.learn(nodeId, { host, port });
    for (const [nodeId, node] of this.#known) if (!brokers.has(nodeId)) this.#leave(nodeId, node);
    if (brokers.size > 0) this.#settleBootstrap();
  }

  /** Forgets where every broker was: only bootstrap addresses are asked (KIP-1102). */
  forget(): void {
    const reason = new KafkaError('DISCONNECTED', 'the client bootstraps again');
    for (const node of this.#known.values()) {
      node.address = undefined;
      for (const lane of node.lanes.values()) lane.reconnect(reason);
    }
  }

  learn(nodeId: number, address: Address): void {
    const node = this.#known.get(nodeId);
    if (node === undefined) {
      this.#known.set(nodeId, new Node(nodeId, address));
      return;
    }
    if (node.address !== undefined && sameAddress(node.address, address)) return;
    const hadMoved = node.address !== undefined;
    node.address = address;
    node.failures = 0;
    node.retryAtMs = 0;
    if (!hadMoved) return;
    const reason = new KafkaError('DISCONNECTED', 'the broker has moved to another address', {
      about: `broker ${nodeId}`,
    });
    for (const lane of node.lanes.values()) lane.reconnect(reason);
  }

  closeLane(name: string): void {
    const reason = new KafkaError('DISCONNECTED', `the lane ${name} was closed`);
    for (const node of [...this.#known.values(), ...this.#bootstrap]) {
      const lane = node.lanes.get(name);
      if (lane === undefined) continue;
      node.lanes.delete(name);
      lane.close(reason);
    }
  }

  close(reason: KafkaError): void {
    this.#closed = reason;
    for (const node of [...this.#known.values(), ...this.#bootstrap]) {
      for (const lane of node.lanes.values()) lane.close(reason);
      node.lanes.clear();
    }
  }

  /** What is in flight there may still be answered; with nothing in flight nothing is kept of it. */
  #leave(nodeId: number, node: Node): void {
    node.address = undefined;
    for (const [name, lane] of node.lanes) {
      if (lane.load > 0) continue;
      node.lanes.delete(name);
      lane.close(
        new KafkaError('DISCONNECTED', 'the cluster does not name it any more', { about: `broker ${nodeId}` }),
      );
    }
    if (node.lanes.size === 0) this.#known.delete(nodeId);
  }

  /** A connection to a bootstrap address that is a broker's own becomes that broker's; others go once they are idle. */
  #settleBootstrap(): void {
    for (const seed of this.#bootstrap) {
      const lane = seed.lanes.get(CONTROL_LANE);
      if (lane === undefined) continue;
      const owner = [...this.#known.values()].find(
        ({ address }) => address !== undefined && seed.address !== undefined && sameAddress(address, seed.address),
      );
      if (owner !== undefined && !owner.lanes.has(CONTROL_LANE)) {
        seed.lanes.delete(CONTROL_LANE);
        owner.lanes.set(CONTROL_LANE, lane);
        lane.adoptedBy(owner);
      } else if (lane.load === 0) {
        seed.lanes.delete(CONTROL_LANE);
        lane.close(new KafkaError('DISCONNECTED', 'the brokers themselves are known now'));
      }
    }
  }

  #soonest(nodes: readonly Node[], random: Random): Node {
    const soonest = Math.min(...nodes.map(({ retryAtMs }) => retryAtMs));
    const equal = nodes.filter(({ retryAtMs }) => retryAtMs === soonest);
    return equal[random.below(equal.length)]!;
  }
}

function loadOf(node: Node): number {
  return node.lanes.get(CONTROL_LANE)?.load ?? 0;
}
