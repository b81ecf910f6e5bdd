import { inProcessLinks } from '@trunkline/broker';
import type { Address, Link, Listener, Network } from '@trunkline/kernel';
import { ClusterLink } from '@trunkline/platform';

const FIRST_PORT = 1024;

/**
 * A network inside the process between named nodes: links of bytes, no sockets. Nodes can be cut off from each other
 * (silence both ways: what was sent arrives when the way is open again), and killed (their links end, nobody listens).
 */
export class ClusterNetwork {
  readonly #listeners = new Map<string, { readonly node: string; readonly accept: (link: Link) => void }>();
  readonly #silent = new Set<string>();
  readonly #ends = new Set<ClusterLink>();
  #nextPort = FIRST_PORT;
  #nextClient = 40_000;

  /** The network as a node sees it. */
  of(node: string): Network {
    return {
      listen: async (address, accept) => this.#listen(node, address, accept),
      connect: (address, timeoutMs) => this.#connect(node, address, timeoutMs),
    };
  }

  /** The node's process ends: its links end, and nobody listens at its addresses. */
  kill(node: string): void {
    for (const [key, listener] of this.#listeners) if (listener.node === node) this.#listeners.delete(key);
    for (const end of this.#ends) {
      if (end.from !== node) continue;
      this.#ends.delete(end);
      end.die();
    }
  }

  /** Nothing gets from one to the other, either way, until {@link heal}. */
  partition(one: string, other: string): void {
    this.#silent.add(wayOf(one, other));
    this.#applySilence();
  }

  heal(): void {
    this.#silent.clear();
    this.#applySilence();
  }

  #applySilence(): void {
    for (const end of this.#ends) end.silence(this.#silent.has(wayOf(end.from, end.to)));
  }

  #listen(node: string, address: Address, accept: (link: Link) => void): Listener {
    const bound = 'port' in address && address.port === 0 ? { ...address, port: this.#nextPort++ } : address;
    const key = keyOf(bound);
    if (this.#listeners.has(key)) throw systemError('EADDRINUSE', key);
    const listener = { node, accept };
    this.#listeners.set(key, listener);
    return {
      address: bound,
      close: async () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
  }

  async #connect(node: string, address: Address, timeoutMs: number): Promise<Link> {
    const key = keyOf(address);
    const listener = this.#listeners.get(key);
    if (listener !== undefined && this.#silent.has(wayOf(node, listener.node))) {
      await new Promise((resolve) => setTimeout(resolve, timeoutMs));
      throw systemError('ETIMEDOUT', key);
    }
    if (listener === undefined) throw systemError('ECONNREFUSED', key);
    const [client, server] = inProcessLinks(`127.0.0.1:${this.#nextClient++}`, key, setImmediate);
    const gone = (end: ClusterLink): void => void this.#ends.delete(end);
    const ours = new ClusterLink(client, node, listener.node, gone);
    const theirs = new ClusterLink(server, listener.node, node, gone);
    this.#ends.add(ours).add(theirs);
    listener.accept(theirs);
    return ours;
  }
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
