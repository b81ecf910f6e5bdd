import type { Timer } from '@trunkline/kernel';
import { FindCoordinator, isRetriable } from '@trunkline/protocol';
import type { ClientConfig } from '../config.js';
import { backoffMs } from '../backoff.js';
import type { Nodes } from '../connection/nodes.js';
import { KafkaError } from '../error.js';
import type { AskOptions, Cluster, CoordinatorType } from './cluster.js';

const KEY_TYPES = { group: 0, transaction: 1, share: 2 } as const;
/** Least versions for many keys at once, and for each type. */
const BATCH_VERSION = 4;
const VERSION_MIN = { group: 0, transaction: 1, share: 6 } as const;
const KNOWN_MAX = 10_000;
const KEYS_PER_REQUEST_MAX = 1_000;

interface Found {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

interface Lookup {
  readonly type: CoordinatorType;
  readonly key: string;
  readonly deadlineMs: number;
  tried: number;
  readonly settle: (error: KafkaError | undefined, nodeId: number) => void;
}

/**
 * Who coordinates which group, transaction or share partition: looked up once, until somebody says it is not so. Keys
 * that are asked for in one turn of the event loop share a request.
 */
export class Coordinators {
  readonly #known = new Map<string, number>();
  readonly #asking = new Map<string, Promise<number>>();
  #gathered: Lookup[] = [];
  readonly #paused = new Map<Lookup, Timer>();

  constructor(
    private readonly cluster: Cluster,
    private readonly config: ClientConfig,
    private readonly nodes: Nodes,
  ) {}

  /** A lookup that several wait for takes `requestTimeoutMs` at most; each caller waits only as long as it wants. */
  find(type: CoordinatorType, key: string, options: AskOptions): Promise<number> {
    const id = `${type}/${key}`;
    const known = this.#known.get(id);
    if (known !== undefined) return Promise.resolve(known);
    let asking = this.#asking.get(id);
    if (asking === undefined) {
      asking = this.#look(type, key).finally(() => this.#asking.delete(id));
      this.#asking.set(id, asking);
      asking.catch(() => {}); // Every caller may have gone by then.
    }
    return this.#within(asking, options, `coordinator of ${type} ${key}`);
  }

  forget(type: CoordinatorType, key: string): void {
    this.#known.delete(`${type}/${key}`);
  }

  /** The broker cannot be reached: whatever it coordinated may be elsewhere. */
  forgetNode(nodeId: number): void {
    for (const [id, known] of this.#known) if (known === nodeId) this.#known.delete(id);
  }

  close(reason: KafkaError): void {
    for (const [lookup, timer] of this.#paused) {
      timer.cancel();
      lookup.settle(reason, -1);
    }
    this.#paused.clear();
  }

  #within(asking: Promise<number>, options: AskOptions, about: string): Promise<number> {
    const { timeoutMs, signal } = options;
    if ((timeoutMs === undefined || timeoutMs >= this.config.requestTimeoutMs) && signal === undefined) return asking;
    return new Promise((resolve, reject) => {
      const over = (error: KafkaError): void => {
        timer.cancel();
        signal?.removeEventListener('abort', aborted);
        reject(error);
      };
      const aborted = (): void => over(new KafkaError('ABORTED', 'the caller gave it up', { cause: signal?.reason }));
      const limitMs = timeoutMs ?? this.config.requestTimeoutMs;
      const timer = this.cluster.after(limitMs, () =>
        over(new KafkaError('TIMED_OUT', `not found within ${Math.round(limitMs)} ms`, { about })),
      );
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      asking.then(
        (nodeId) => {
          timer.cancel();
          signal?.removeEventListener('abort', aborted);
          resolve(nodeId);
        },
        (reason: unknown) => over(KafkaError.from(reason, 'DISCONNECTED', about)),
      );
    });
  }

  #look(type: CoordinatorType, key: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const deadlineMs = this.#nowMs() + this.config.requestTimeoutMs;
      const settle = (error: KafkaError | undefined, nodeId: number): void => {
        if (error === undefined) resolve(nodeId);
        else reject(error);
      };
      this.#gather({ type, key, deadlineMs, tried: 0, settle });
    });
  }

  #gather(lookup: Lookup): void {
    this.#gathered.push(lookup);
    if (this.#gathered.length > 1) return;
    queueMicrotask(() => {
      const gathered = this.#gathered;
      this.#gathered = [];
      for (const type of Object.keys(KEY_TYPES)) {
        const lookups = gathered.filter((one) => one.type === type);
        for (let at = 0; at < lookups.length; at += KEYS_PER_REQUEST_MAX)
          void this.#ask(lookups.slice(at, at + KEYS_PER_REQUEST_MAX));
      }
    });
  }

  /** Rejects never. */
  async #ask(lookups: readonly Lookup[]): Promise<void> {
    const [first] = lookups;
    if (first === undefined) return;
    const { type, key, deadlineMs } = first;
    const keyType = KEY_TYPES[type];
    const coordinatorKeys = lookups.map((lookup) => lookup.key);
    try {
      const { version, body } = await this.cluster.askAgain(
        { kind: 'anyone' },
        FindCoordinator,
        (asked) => (asked >= BATCH_VERSION ? { keyType, coordinatorKeys } : { key, keyType }),
        { timeoutMs: Math.max(1, deadlineMs - this.#nowMs()), versionMin: VERSION_MIN[type] },
      );
      if (version < BATCH_VERSION) {
        this.#told(first, body);
        for (const other of lookups.slice(1)) void this.#ask([other]);
        return;
      }
      const found = new Map(body.coordinators.map((one) => [one.key, one]));
      for (const lookup of lookups) this.#told(lookup, found.get(lookup.key));
    } catch (reason) {
      const error = KafkaError.from(reason, 'DISCONNECTED', `coordinator of ${type} ${key}`);
      for (const lookup of lookups) lookup.settle(error, -1);
    }
  }

  #told(lookup: Lookup, found: Found | undefined): void {
    const about = `coordinator of ${lookup.type} ${lookup.key}`;
    if (found === undefined)
      return lookup.settle(new KafkaError('PROTOCOL_VIOLATION', 'the answer leaves the key out', { about }), -1);
    if (found.errorCode === 0) return lookup.settle(undefined, this.#learn(lookup, found));
    const { retryBackoffMs, retryBackoffMaxMs } = this.config;
    const pauseMs = backoffMs(++lookup.tried, retryBackoffMs, retryBackoffMaxMs, this.cluster.ports.random);
    if (!isRetriable(found.errorCode) || this.#nowMs() + pauseMs >= lookup.deadlineMs)
      return lookup.settle(KafkaError.ofCode(found.errorCode, about, found.errorMessage), -1);
    const timer = this.cluster.after(pauseMs, () => {
      this.#paused.delete(lookup);
      this.#gather(lookup);
    });
    this.#paused.set(lookup, timer);
  }

  #learn({ type, key }: Lookup, { nodeId, host, port }: Found): number {
    if (!this.cluster.image.brokers.has(nodeId)) this.nodes.learn(nodeId, { host, port });
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(`${type}/${key}`, nodeId);
    return nodeId;
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }
}
