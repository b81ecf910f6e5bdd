import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Uuid, nodeId } from '@trunkline/kernel';
import { firstDirectoryId, formatDirectory } from '@trunkline/metadata';
import { NodeDisk, nodeRandom } from '@trunkline/platform';
import { type TestProcess, startApacheKafkaCluster, startProcess } from '@trunkline/testing';
import { Proxy } from './proxy.js';

/** Nodes that are killed and come back. Node ids begin at 1. */
export interface Nodes {
  readonly name: string;
  readonly bootstrap: string;
  readonly ids: readonly number[];
  /** Those whose process runs and is not paused. */
  readonly running: ReadonlySet<number>;
  /** SIGKILL. */
  kill(id: number): Promise<void>;
  /** SIGTERM, and waits for the end. */
  stop(id: number): Promise<void>;
  start(id: number): Promise<void>;
  pause(id: number): void;
  resume(id: number): void;
  /** Kills a node and takes its data; it starts with an empty disk. Undefined where nobody can. */
  readonly wipe?: ((id: number) => Promise<void>) | undefined;
  /** The proxy that all connections to a node pass; undefined where there is none. */
  readonly proxy?: ((id: number) => Proxy) | undefined;
  /** What a node printed last, for the text of a failed test. */
  log(id: number): string;
  close(): Promise<void>;
}

export interface TrunklineNodesOptions {
  /** Nodes listen on these ports in a row; with proxies, on as many behind them. */
  readonly port: number;
  readonly count?: number;
  /** Whether clients and nodes reach a node through a proxy. */
  readonly proxied?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

const CLUSTER_ID = 'RealNodesRealNodesReaA';

/** Starts brokers of ours, each broker and controller, as processes with data of their own on the disk. */
export async function startTrunklineNodes(options: TrunklineNodesOptions): Promise<Nodes> {
  const nodes = new TrunklineNodes(options);
  await nodes.startAll().catch(async (reason: unknown) => {
    await nodes.close();
    throw reason;
  });
  return nodes;
}

class TrunklineNodes implements Nodes {
  readonly name = 'Trunkline';
  readonly ids: readonly number[];
  readonly running = new Set<number>();
  readonly proxy: ((id: number) => Proxy) | undefined;
  readonly #dir = mkdtempSync(join(tmpdir(), 'trunkline-cluster-'));
  readonly #processes = new Map<number, TestProcess>();
  readonly #proxies = new Map<number, Proxy>();
  readonly #remove = (): void => rmSync(this.#dir, { recursive: true, force: true });

  constructor(private readonly options: TrunklineNodesOptions) {
    this.ids = Array.from({ length: options.count ?? 3 }, (_, index) => index + 1);
    if (options.proxied === true) {
      for (const id of this.ids) this.#proxies.set(id, new Proxy(this.#port(id), this.#listens(id)));
      this.proxy = (id) => this.#proxies.get(id)!;
    }
    process.once('exit', this.#remove); // The run may end by an error or a signal.
  }

  get bootstrap(): string {
    return this.ids.map((id) => `127.0.0.1:${this.#port(id)}`).join(',');
  }

  async startAll(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.start()));
    for (const id of this.ids) await this.#format(id, firstDirectoryId(CLUSTER_ID, nodeId(id)));
    await Promise.all(this.ids.map((id) => this.start(id)));
  }

  async start(id: number): Promise<void> {
    const voters = this.ids.map((voter) => `${voter}@127.0.0.1:${this.#port(voter)}`).join(',');
    const settings = {
      'node.id': String(id),
      'controller.quorum.voters': voters,
      'default.replication.factor': '3',
      'min.insync.replicas': '2',
      'offsets.topic.replication.factor': '3',
      'offsets.topic.num.partitions': '6',
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${this.#port(id)}`,
      'http.listener': 'off',
      ...this.options.settings,
    };
    const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const place = ['--listeners', `PLAINTEXT://127.0.0.1:${this.#listens(id)}`, '--data-dir', this.#dataDir(id)];
    this.#processes.set(id, await startProcess('apps/broker/bin/trunkline-broker.js', ['start', ...place, ...set]));
    this.running.add(id);
  }

  async kill(id: number): Promise<void> {
    this.running.delete(id);
    await this.#processes.get(id)?.kill();
  }

  async stop(id: number): Promise<void> {
    this.running.delete(id);
    await this.#processes.get(id)?.stop();
  }

  pause(id: number): void {
    this.running.delete(id);
    this.#processes.get(id)?.child.kill('SIGSTOP');
  }

  resume(id: number): void {
    this.#processes.get(id)?.child.kill('SIGCONT');
    this.running.add(id);
  }

  readonly wipe = async (id: number): Promise<void> => {
    await this.kill(id);
    rmSync(this.#dataDir(id), { recursive: true, force: true });
    await this.#format(id, nodeRandom.uuid()); // Another disk is another replica (KIP-853).
  };

  log(id: number): string {
    return (this.#processes.get(id)?.lines ?? []).slice(-40).join('\n');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((one) => one.kill()));
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
    process.off('exit', this.#remove);
    this.#remove();
  }

  /** Where clients and nodes reach it. */
  #port(id: number): number {
    return this.options.port + id - 1;
  }

  #listens(id: number): number {
    return this.#port(id) + (this.options.proxied === true ? this.ids.length : 0);
  }

  #format(id: number, directoryId: Uuid): Promise<void> {
    return formatDirectory(new NodeDisk(), this.#dataDir(id), {
      clusterId: CLUSTER_ID,
      nodeId: nodeId(id),
      directoryId,
    });
  }

  #dataDir(id: number): string {
    return join(this.#dir, `node-${id}`);
  }
}

/** Starts three nodes of Apache Kafka: the same run on them shows whether the run itself is sound. */
export async function startApacheKafkaNodes(
  port: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<Nodes> {
  const cluster = await startApacheKafkaCluster({ port, properties: { 'min.insync.replicas': '2', ...settings } });
  const running = new Set([1, 2, 3]);
  return {
    name: 'Apache Kafka',
    bootstrap: cluster.bootstrap,
    ids: [1, 2, 3],
    running,
    kill: async (id) => {
      running.delete(id);
      await cluster.node(id).kill();
    },
    stop: async (id) => {
      running.delete(id);
      await cluster.node(id).stop();
    },
    start: async (id) => {
      await cluster.node(id).start();
      running.add(id);
    },
    pause: (id) => {
      running.delete(id);
      process.kill(cluster.node(id).pid, 'SIGSTOP');
    },
    resume: (id) => {
      process.kill(cluster.node(id).pid, 'SIGCONT');
      running.add(id);
    },
    log: (id) => cluster.node(id).log(),
    close: () => cluster.close(),
  };
}
