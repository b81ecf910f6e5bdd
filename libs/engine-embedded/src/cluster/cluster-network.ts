import { inProcessLinks } from '@trunkline/broker';
import type { Address, Link, Listener, Network } from '@trunkline/kernel';
import { NodeNetwork, nodeClock } from '@trunkline/platform';
import { ClusterLink } from './cluster-link.js';
import { Door } from './door.js';

type Accept = (link: Link) => void;

/** The end of a link that belongs to no node. */
const OUTSIDE = '';

/**
 * The network of a cluster in the process. Nodes reach each other over links of bytes, at addresses that stand for no
 * socket; everybody else comes in by a socket, or, from within the process, by a link as well.
 *
 * Nodes can be cut off from each other (silence both ways: what was sent arrives when the way is open again), and killed
 * (their links end, nobody listens at their addresses).
 */
export class ClusterNetwork {
  readonly #sockets = new NodeNetwork();
  /** Who listens now, by address. */
  readonly #listening = new Map<string, { readonly node: string; readonly accept: Accept }>();
  /** By node and the address that was asked for. They stay open from a node's first life to the cluster's end. */
  readonly #doors = new Map<string, Door>();
  /** Addresses of sockets behind which a node of this cluster is, alive or not. */
  readonly #ours = new Set<string>();
  readonly #cuts = new Set<string>();
  readonly #links = new Set<ClusterLink>();

  /** The network as a node sees it. */
  of(node: string): Network {
    return {
      listen: async (address, accept) => this.#listen(node, address, accept),
      connect: (address, timeoutMs) => this.#connect(node, address, timeoutMs),
    };
  }

  /** The network as a client in this process sees it. */
  readonly clients: Network = {
    listen: (address) => this.#sockets.listen(address, (link) => link.destroy()),
    connect: (address, timeoutMs) =>
      this.#ours.has(keyOf(address))
        ? this.#connect(OUTSIDE, address, timeoutMs)
        : this.#sockets.connect(address, timeoutMs),
  };

  /** The node is dead: its links end, and nobody listens at its addresses. */
  kill(node: string): void {
    for (const [key, listener] of this.#listening) if (listener.node === node) this.#listening.delete(key);
    for (const link of this.#links) {
      if (link.from !== node) continue;
      this.#links.delete(link);
      link.die();
    }
  }

  /** Nothing gets from one node to the other, either way, until {@link heal}. */
  partition(one: string, other: string): void {
    this.#cuts.add(wayOf(one, other));
    this.#silence();
  }

  heal(): void {
    this.#cuts.clear();
    this.#silence();
  }

  /** Frees the ports. */
  async close(): Promise<void> {
    this.heal();
    await Promise.all([...this.#doors.values()].map((door) => door.close()));
    this.#doors.clear();
  }

  #silence(): void {
    for (const link of this.#links) link.silence(this.#cuts.has(wayOf(link.from, link.to)));
  }

  async #listen(node: string, address: Address, accept: Accept): Promise<Listener> {
    const door = isInside(address) ? undefined : await this.#door(node, address);
    const bound = door?.address ?? address;
    const key = keyOf(bound);
    const listener = { node, accept };
    this.#listening.set(key, listener);
    const close = async (): Promise<void> => {
      if (this.#listening.get(key) === listener) this.#listening.delete(key);
    };
    return { address: bound, close };
  }

  async #door(node: string, address: Address): Promise<Door> {
    const name = `${node} ${keyOf(address)}`;
    const found = this.#doors.get(name);
    if (found !== undefined) return found;
    const door = await Door.open(this.#sockets, address, (link, at) => this.#knock(link, at));
    this.#doors.set(name, door);
    this.#ours.add(keyOf(door.address));
    return door;
  }

  /** Somebody comes in by a socket. */
  #knock(link: Link, at: Address): void {
    const listener = this.#listening.get(keyOf(at));
    if (listener !== undefined) return listener.accept(this.#end(link, listener.node, OUTSIDE));
    link.open({ data() {}, drained() {}, closed() {} });
    link.destroy();
  }

  async #connect(from: string, address: Address, timeoutMs: number): Promise<Link> {
    const key = keyOf(address);
    const listener = this.#listening.get(key);
    if (listener === undefined) throw systemError('ECONNREFUSED', key);
    if (this.#cuts.has(wayOf(from, listener.node))) {
      await new Promise<void>((resolve) => void nodeClock.after(timeoutMs, resolve));
      throw systemError('ETIMEDOUT', key);
    }
    const [ours, theirs] = inProcessLinks('in-process', key, setImmediate);
    const opened = from === OUTSIDE ? ours : this.#end(ours, from, listener.node);
    listener.accept(this.#end(theirs, listener.node, from));
    return opened;
  }

  #end(link: Link, from: string, to: string): ClusterLink {
    const end = new ClusterLink(link, from, to, (gone) => this.#links.delete(gone));
    this.#links.add(end);
    return end;
  }
}

/** Where a node listens for the others: a host that no resolver knows, and no socket. */
export function insideAddress(node: string): { readonly host: string; readonly port: number } {
  return { host: `${node}${INSIDE}`, port: 1 };
}

const INSIDE = '.in-process';

function isInside(address: Address): boolean {
  return 'host' in address && address.host.endsWith(INSIDE);
}

function wayOf(one: string, other: string): string {
  return one < other ? `${one}|${other}` : `${other}|${one}`;
}

function keyOf(address: Address): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}

function systemError(code: string, where: string): Error {
  return Object.assign(new Error(`${code} ${where}`), { code });
}
