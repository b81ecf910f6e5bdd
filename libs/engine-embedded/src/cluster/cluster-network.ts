import { inProcessLinks } from '@trunkline/broker';
import type { Address, Link, Listener, Network } from '@trunkline/kernel';
import { ClusterLink, NodeNetwork, nodeClock } from '@trunkline/platform';

type Accept = (link: Link) => void;

interface Listening {
  readonly node: string;
  readonly accept: Accept;
  /** By which everybody else comes in. */
  readonly socket: Listener | undefined;
}

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
  readonly #listening = new Map<string, Listening>();
  /** By node and the address that it asked for: the one it got, for all its lives. */
  readonly #bound = new Map<string, Address>();
  /** Addresses of sockets of this cluster's nodes, alive or not. */
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

  /** The node is dead: its links end, and nobody listens at its addresses. Resolves when its ports are free. */
  async kill(node: string): Promise<void> {
    const ended = [...this.#listening.entries()].filter(([, listening]) => listening.node === node);
    for (const [key] of ended) this.#listening.delete(key);
    for (const link of this.#links) {
      if (link.from !== node) continue;
      this.#links.delete(link);
      link.die();
    }
    await Promise.all(ended.map(async ([, { socket }]) => await socket?.close()));
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

  #silence(): void {
    for (const link of this.#links) link.silence(this.#cuts.has(wayOf(link.from, link.to)));
  }

  async #listen(node: string, address: Address, accept: Accept): Promise<Listener> {
    const socket = isInside(address) ? undefined : await this.#open(node, address);
    const bound = socket?.address ?? address;
    const key = keyOf(bound);
    const listening = { node, accept, socket };
    this.#listening.set(key, listening);
    const close = async (): Promise<void> => {
      if (this.#listening.get(key) === listening) this.#listening.delete(key);
      await socket?.close();
    };
    return { address: bound, close };
  }

  /** A node that comes back has the port that it had. */
  async #open(node: string, address: Address): Promise<Listener> {
    const name = `${node} ${keyOf(address)}`;
    const socket = await this.#sockets.listen(this.#bound.get(name) ?? address, (link) => {
      this.#accept(link, socket.address);
    });
    this.#bound.set(name, socket.address);
    this.#ours.add(keyOf(socket.address));
    return socket;
  }

  /** Somebody comes in by a socket. */
  #accept(link: Link, at: Address): void {
    const listening = this.#listening.get(keyOf(at));
    if (listening !== undefined) return listening.accept(this.#end(link, listening.node, OUTSIDE));
    link.open({ data() {}, drained() {}, closed() {} });
    link.destroy();
  }

  async #connect(from: string, address: Address, timeoutMs: number): Promise<Link> {
    const key = keyOf(address);
    const listening = this.#listening.get(key);
    if (listening === undefined) throw systemError('ECONNREFUSED', key);
    if (this.#cuts.has(wayOf(from, listening.node))) {
      await new Promise<void>((resolve) => void nodeClock.after(timeoutMs, resolve));
      throw systemError('ETIMEDOUT', key);
    }
    const [ours, theirs] = inProcessLinks('in-process', key, setImmediate);
    const opened = from === OUTSIDE ? ours : this.#end(ours, from, listening.node);
    listening.accept(this.#end(theirs, listening.node, from));
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
