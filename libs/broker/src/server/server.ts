import {
  type Address,
  type Clock,
  type Link,
  type Listener,
  type Logger,
  type Network,
  type Timer,
  printable,
} from '@trunkline/kernel';
import { Connection, type ConnectionHost } from './connection.js';
import { MemoryBudget } from './memory-budget.js';
import type { BrokerMetrics, CloseReason } from './metrics.js';
import { RateLimitedLog } from './rate-limited-log.js';
import type { Router } from './router.js';
import type { ServerLimits } from './server-limits.js';

const CHECK_EVERY_MS = 1_000;
const RATE_WINDOW_MS = 1_000;

export interface ServerOptions {
  readonly router: Router;
  readonly limits: ServerLimits;
  readonly metrics: BrokerMetrics;
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What answers hold; fetches look at it before they read. */
  readonly answers: MemoryBudget;
}

/** The socket side of a broker: listeners, connections and their limits. */
export class Server implements ConnectionHost {
  readonly router: Router;
  readonly limits: ServerLimits;
  readonly metrics: BrokerMetrics;
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly answers: MemoryBudget;
  readonly #network: Network;
  readonly #log: RateLimitedLog;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Map<Connection, string>();
  readonly #perHost = new Map<string, number>();
  #nextId = 1;
  #serving = false;
  #servingNodes = false;
  #timer: Timer | undefined;
  #closing = false;
  #whenEmpty: (() => void) | undefined;
  #rateWindowEndMs = 0;
  #acceptedInWindow = 0;

  constructor(options: ServerOptions) {
    this.router = options.router;
    this.limits = options.limits;
    this.metrics = options.metrics;
    this.clock = options.clock;
    this.budget = new MemoryBudget(options.limits.queuedRequestBytesMax);
    this.answers = options.answers;
    this.#network = options.network;
    this.#log = new RateLimitedLog(options.logger, options.clock);
  }

  /** Whether requests begin. Until then connections are accepted, and their first request waits. */
  get serving(): boolean {
    return this.#serving;
  }

  /** Whether requests begin that nodes need of each other to come up. */
  get servingNodes(): boolean {
    return this.#servingNodes;
  }

  serveNodes(): void {
    this.#servingNodes = true;
    for (const connection of this.#connections.keys()) connection.work();
  }

  serve(): void {
    this.#serving = true;
    for (const connection of this.#connections.keys()) connection.work();
  }

  /** Accepts connections at an address; resolves with the one that was bound. Rejects with a system error. */
  async listen(address: Address, listenerName: string): Promise<Address> {
    const listener = await this.#network.listen(address, (link) => this.accept(link, listenerName));
    this.#listeners.push(listener);
    return listener.address;
  }

  /** Takes a link over as a connection of that listener, or ends it when a limit says so. */
  accept(link: Link, listenerName: string): void {
    const host = hostOf(link.remote);
    const refused = this.#refusal(host);
    if (refused !== undefined) {
      this.metrics.closed('limit');
      this.#log.warn(`connection from ${host} refused: ${refused}`);
      link.open({ data() {}, drained() {}, closed() {} });
      link.destroy();
      return;
    }
    this.metrics.connectionsAccepted += 1;
    this.metrics.connectionsOpen += 1;
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
    const facts = { clientHost: `/${host}`, listenerName, connectionId: this.#nextId++ };
    this.#connections.set(new Connection(link, facts, this), host);
    this.#timer ??= this.clock.after(CHECK_EVERY_MS, () => this.#check());
  }

  closing(connection: Connection, reason: CloseReason, why: string): void {
    this.metrics.closed(reason);
    const line = `connection ${connection.facts.connectionId} from ${connection.remote} closed: ${printable(why, 400)}`;
    if (reason === 'idle') this.#log.logger.debug(line);
    else this.#log.warn(line);
  }

  closed(connection: Connection): void {
    const host = this.#connections.get(connection);
    if (host === undefined) return;
    this.#connections.delete(connection);
    this.metrics.connectionsOpen -= 1;
    const left = (this.#perHost.get(host) ?? 0) - 1;
    if (left > 0) this.#perHost.set(host, left);
    else this.#perHost.delete(host);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  /** Accepts nothing more. Connections live on: see {@link drain}. */
  async stopListening(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  /** Lets requests that have begun finish for `drainMsMax`, then ends every connection. */
  async drain(): Promise<void> {
    for (const connection of this.#connections.keys()) connection.drain();
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        const late = this.clock.after(this.limits.drainMsMax, resolve);
        this.#whenEmpty = () => {
          late.cancel();
          resolve();
        };
      });
    }
    for (const connection of this.#connections.keys()) connection.destroy();
    this.#timer?.cancel();
  }

  #refusal(host: string): string | undefined {
    const { limits } = this;
    if (this.#closing) return 'the broker is closing';
    if (this.#connections.size >= limits.connectionsMax) return `max.connections (${limits.connectionsMax}) are open`;
    const perHostMax = limits.connectionsPerHostOverrides.get(host) ?? limits.connectionsPerHostMax;
    if ((this.#perHost.get(host) ?? 0) >= perHostMax)
      return `max.connections.per.ip (${perHostMax}) are open from there`;
    const nowMs = this.clock.monotonicMs();
    if (nowMs >= this.#rateWindowEndMs) {
      this.#rateWindowEndMs = nowMs + RATE_WINDOW_MS;
      this.#acceptedInWindow = 0;
    }
    if (this.#acceptedInWindow >= limits.connectionsPerSecondMax) {
      return `max.connection.creation.rate (${limits.connectionsPerSecondMax} a second) is reached`;
    }
    this.#acceptedInWindow += 1;
    return undefined;
  }

  /** One timer looks at all connections: a timer a request would cost more than the request. */
  #check(): void {
    this.#timer = undefined;
    const nowMs = this.clock.monotonicMs();
    for (const connection of this.#connections.keys()) connection.check(nowMs);
    if (this.#connections.size > 0) this.#timer = this.clock.after(CHECK_EVERY_MS, () => this.#check());
  }
}

/** `127.0.0.1:53412`, `::1:53412`, `unix`: the part that names the machine. */
function hostOf(remote: string): string {
  const colon = remote.lastIndexOf(':');
  return colon === -1 ? remote : remote.slice(0, colon);
}
