import type { Address, Link, LinkEvents, Listener, Network } from '@trunkline/kernel';
import { inProcessLinks } from '@trunkline/broker';

const FIRST_PORT = 1024;

/** One end of a link of a named node: it can be silenced, and dies with its node. */
class ClusterEnd implements Link {
  #ownerPaused = false;
  #silent = false;
  #events: LinkEvents | undefined;
  /** Ended while nobody could hear it: the other side hears of it when the way is open again. */
  #owesEnd = false;

  constructor(
    private readonly inner: Link,
    readonly from: string,
    readonly to: string,
  ) {}

  get remote(): string {
    return this.inner.remote;
  }

  get pendingBytes(): number {
    return this.inner.pendingBytes;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.inner.open({
      data: (bytes) => this.#events?.data(bytes),
      drained: () => this.#events?.drained(),
      closed: (reason) => this.#closed(reason),
    });
  }

  write(chunks: readonly Uint8Array[]): void {
    this.inner.write(chunks);
  }

  pause(): void {
    this.#ownerPaused = true;
    this.inner.pause();
  }

  resume(): void {
    this.#ownerPaused = false;
    if (!this.#silent) this.inner.resume();
  }

  end(): void {
    if (this.#silent) this.destroy();
    else this.inner.end();
  }

  destroy(): void {
    if (!this.#silent) return this.inner.destroy();
    this.#owesEnd = true;
    setImmediate(() => this.#closed());
  }

  /** The owner is gone: it hears nothing more. */
  die(): void {
    this.#events = undefined;
    if (this.#silent) this.#owesEnd = true;
    else this.inner.destroy();
  }

  silence(silent: boolean): void {
    if (silent === this.#silent) return;
    this.#silent = silent;
    if (silent) return this.inner.pause();
    if (this.#owesEnd) this.inner.destroy();
    else if (!this.#ownerPaused) this.inner.resume();
  }

  #closed(reason?: Error): void {
    const events = this.#events;
    this.#events = undefined;
    if (reason === undefined) events?.closed();
    else events?.closed(reason);
  }
}

/**
 * A network inside the process between named nodes: links of bytes, no sockets. Nodes can be cut off from each other
 * (silence both ways: what was sent arrives when the way is open again), and killed (their links end, nobody listens).
 */
export class ClusterNetwork {
  readonly #listeners = new Map<string, { readonly node: string; readonly accept: (link: Link) => void }>();
  readonly #silent = new Set<string>();
  #ends: ClusterEnd[] = [];
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
    for (const end of this.#ends) if (end.from === node) end.die();
    this.#ends = this.#ends.filter((end) => end.from !== node);
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
    const ours = new ClusterEnd(client, node, listener.node);
    const theirs = new ClusterEnd(server, listener.node, node);
    this.#ends.push(ours, theirs);
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
