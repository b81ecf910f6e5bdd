import { FindCoordinator, isRetriable } from '@trunkline/protocol';
import type { ClientConfig } from '../config.js';
import { backoffMs } from '../connection/backoff.js';
import type { Nodes } from '../connection/nodes.js';
import { KafkaError } from '../error.js';
import type { AskOptions, Cluster, CoordinatorType } from './cluster.js';

const KEY_TYPES = { group: 0, transaction: 1, share: 2 } as const;
/** Versions that know many keys, and share partitions. */
const BATCH_VERSION = 4;
const SHARE_VERSION = 6;
const KNOWN_MAX = 10_000;

interface Found {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Who coordinates which group, transaction or share partition: looked up once, until somebody says it is not so. */
export class Coordinators {
  readonly #known = new Map<string, number>();
  readonly #asking = new Map<string, Promise<number>>();

  constructor(
    private readonly cluster: Cluster,
    private readonly config: ClientConfig,
    private readonly nodes: Nodes,
  ) {}

  find(type: CoordinatorType, key: string, options: AskOptions): Promise<number> {
    const id = `${type}/${key}`;
    const known = this.#known.get(id);
    if (known !== undefined) return Promise.resolve(known);
    const asking = this.#asking.get(id);
    if (asking !== undefined) return asking;
    const found = this.#look(type, key, options).finally(() => this.#asking.delete(id));
    this.#asking.set(id, found);
    return found;
  }

  forget(type: CoordinatorType, key: string): void {
    this.#known.delete(`${type}/${key}`);
  }

  /** The broker cannot be reached: whatever it coordinated may be elsewhere. */
  forgetNode(nodeId: number): void {
    for (const [id, known] of this.#known) if (known === nodeId) this.#known.delete(id);
  }

  async #look(type: CoordinatorType, key: string, options: AskOptions): Promise<number> {
    const { clock, random } = this.cluster.ports;
    const { requestTimeoutMs, retryBackoffMs, retryBackoffMaxMs } = this.config;
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? requestTimeoutMs);
    for (let tried = 1; ; tried++) {
      const timeoutMs = Math.max(1, deadlineMs - clock.monotonicMs());
      const found = await this.#ask(type, key, timeoutMs);
      if (found.errorCode === 0) return this.#learn(type, key, found);
      const pauseMs = backoffMs(tried, retryBackoffMs, retryBackoffMaxMs, random);
      if (!isRetriable(found.errorCode) || clock.monotonicMs() + pauseMs >= deadlineMs)
        throw KafkaError.ofCode(found.errorCode, `coordinator of ${type} ${key}`, found.errorMessage)!;
      await new Promise<void>((resolve) => this.cluster.after(pauseMs, resolve));
    }
  }

  async #ask(type: CoordinatorType, key: string, timeoutMs: number): Promise<Found> {
    const keyType = KEY_TYPES[type];
    const { version, body } = await this.cluster.askAgain(
      { kind: 'anyone' },
      FindCoordinator,
      (asked) => (asked >= BATCH_VERSION ? { keyType, coordinatorKeys: [key] } : { key, keyType }),
      {
        timeoutMs,
        ...(type === 'share' && { versionMin: SHARE_VERSION }),
        ...(type === 'transaction' && { versionMin: 1 }),
      },
    );
    if (version < BATCH_VERSION) return body;
    const found = body.coordinators.find((one) => one.key === key);
    if (found !== undefined) return found;
    throw new KafkaError('PROTOCOL_VIOLATION', 'the answer leaves the key out', {
      about: `coordinator of ${type} ${key}`,
    });
  }

  #learn(type: CoordinatorType, key: string, { nodeId, host, port }: Found): number {
    const { brokers } = this.cluster.image;
    if (!brokers.has(nodeId)) this.nodes.learn(nodeId, { host, port });
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(`${type}/${key}`, nodeId);
    return nodeId;
  }
}
