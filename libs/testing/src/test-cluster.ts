import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, brokerConfig } from '@trunkline/broker';
import { type Clock, type Disk, type Logger, nodeId, silentLogger } from '@trunkline/kernel';
import { firstDirectoryId, formatDirectory } from '@trunkline/metadata';
import { NodeDisk, NodeLife, compression, crc32c, nodeClock, nodeRandom } from '@trunkline/platform';
import type { AnyApi, Decoded, Encodable } from '@trunkline/protocol';
import { ClusterNetwork } from './cluster-network.js';
import { LinkClient } from './link-client.js';
import { until } from './until.js';

export interface TestClusterOptions {
  /** How many nodes; their ids begin with 1. */
  readonly nodes: number;
  /** How many of them, the first ones, have a vote on the metadata. Default: 1. */
  readonly voters?: number;
  /** By Kafka's names, for all nodes, over the broker's defaults. */
  readonly config?: Readonly<Record<string, string>>;
  /** For single nodes, by id. */
  readonly configOf?: (node: number) => Readonly<Record<string, string>>;
  readonly logger?: (node: number) => Logger;
  readonly disk?: (node: number) => Disk;
  readonly clock?: Clock;
}

/** A node of a cluster, as it runs now. */
export interface TestNode {
  readonly id: number;
  readonly broker: Broker;
  readonly dataDir: string;
}

/** Whole brokers of one cluster inside the test: the product itself, over real files and links of bytes. */
export interface TestCluster {
  /** Those that run. */
  readonly running: readonly TestNode[];
  /** `host:port` of every node, for clients over {@link TestCluster.network}. */
  readonly bootstrap: readonly string[];
  readonly network: ClusterNetwork;
  /** A node that runs. Throws when it does not. */
  node(id: number): TestNode;
  /** Sends one request over a connection of the fixture's own to a node. */
  send<A extends AnyApi>(
    node: number,
    api: A,
    version: number,
    body: Encodable<A['request']>,
  ): Promise<Decoded<A['response']>>;
  /** A further connection to a node. */
  connect(node: number, clientId?: string | null): LinkClient;
  /** Kills a node's process: nothing is said, nothing is written any more. */
  crash(id: number): Promise<void>;
  /** Ends a node in order. */
  stopNode(id: number): Promise<void>;
  /** Starts a node that was crashed or stopped, or a new one. */
  restart(id: number, options?: RestartOptions): Promise<void>;
  /** Starts another node under the id of one that runs, with a directory of its own. Meant to be refused. */
  startTwin(id: number): Promise<void>;
  /** Why nodes ended that the cluster did not want any more. */
  readonly ended: readonly string[];
  /** Cuts two nodes off from each other. Clients reach both. */
  partition(one: number, other: number): void;
  /** Ends all partitions. */
  heal(): void;
  /** Kills all nodes, and removes their directories. Throws the first defect. */
  stop(): Promise<void>;
}

export interface RestartOptions {
  /** On an empty directory. */
  readonly wiped?: boolean;
  /** As a node that shall belong to that cluster. */
  readonly clusterId?: string;
  /** On an empty directory that says another cluster's id, or nothing at all (''). Meant to be refused. */
  readonly formattedFor?: string;
}

interface Running extends TestNode {
  readonly ports: NodeLife;
  client: LinkClient | undefined;
}

/** Says that a directory belongs to no cluster yet. */
const NOBODY = '';

const FIRST_PORT = 9_091;
const CLUSTER_ID = 'TestClusterTestClusteA';

/** Starts a cluster; resolves once every node serves, and knows of all others. */
export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const root = await mkdtemp(join(tmpdir(), 'trunkline-cluster-'));
  const cluster = new Cluster(options, root);
  const ids = Array.from({ length: options.nodes }, (_, at) => at + 1);
  try {
    await Promise.all(ids.map((id) => cluster.restart(id)));
    await until('every node knows all others', () => cluster.knowsAll);
  } catch (reason) {
    await cluster.stop().catch(() => {});
    throw reason;
  }
  return cluster;
}

class Cluster implements TestCluster {
  readonly network = new ClusterNetwork();
  readonly #nodes = new Map<number, Running>();
  readonly ended: string[] = [];
  readonly #defects: Error[] = [];
  /** Nodes that had a disk once. */
  readonly #formatted = new Set<number>();

  constructor(
    private readonly options: TestClusterOptions,
    private readonly root: string,
  ) {}

  get running(): readonly TestNode[] {
    return [...this.#nodes.values()];
  }

  get bootstrap(): readonly string[] {
    return Array.from({ length: this.options.nodes }, (_, at) => `127.0.0.1:${FIRST_PORT + at + 1}`);
  }

  node(id: number): Running {
    const found = this.#nodes.get(id);
    if (found === undefined) throw new Error(`node ${id} does not run`);
    return found;
  }

  send<A extends AnyApi>(
    id: number,
    api: A,
    version: number,
    body: Encodable<A['request']>,
  ): Promise<Decoded<A['response']>> {
    const node = this.node(id);
    if (node.client?.open !== true) node.client = this.connect(id);
    return node.client.send(api, version, body);
  }

  connect(id: number, clientId?: string | null): LinkClient {
    return new LinkClient(this.node(id).broker.link(), clientId);
  }

  async crash(id: number): Promise<void> {
    const { ports, client } = this.node(id);
    this.#nodes.delete(id);
    this.network.kill(`${id}`);
    const ended = ports.end();
    client?.close();
    await ended;
  }

  async stopNode(id: number): Promise<void> {
    const { broker } = this.node(id);
    await broker.close();
    this.#nodes.delete(id);
    this.network.kill(`${id}`);
  }

  async restart(id: number, options: RestartOptions = {}): Promise<void> {
    const { wiped = false, formattedFor = CLUSTER_ID, clusterId = formattedFor || CLUSTER_ID } = options;
    if (this.#nodes.has(id)) await this.stopNode(id);
    const dataDir = join(this.root, `node-${id}`);
    if (wiped || formattedFor !== CLUSTER_ID) await rm(dataDir, { recursive: true, force: true });
    if (formattedFor !== NOBODY) await this.#format(id, dataDir, formattedFor);
    const ports = new NodeLife();
    const broker = await this.#start(id, `${id}`, ports, { dataDir, clusterId });
    this.#nodes.set(id, { id, broker, dataDir, ports, client: undefined });
  }

  async startTwin(id: number): Promise<void> {
    const dataDir = join(this.root, `twin-${id}`);
    await this.#format(id, dataDir);
    const listeners = 'PLAINTEXT://127.0.0.1:0';
    const broker = await this.#start(id, `twin-${id}`, new NodeLife(), {
      dataDir,
      listeners,
      clusterId: CLUSTER_ID,
    });
    await broker.close();
  }

  /** A voter's first disk is that of a first voter; every other one, and every other node's, is any. */
  async #format(id: number, dataDir: string, clusterId = CLUSTER_ID): Promise<void> {
    const disk = new NodeDisk();
    await disk.makeDir(dataDir);
    if ((await disk.list(dataDir)).length > 0) return;
    const isFirst = this.#votes(id) && !this.#formatted.has(id);
    this.#formatted.add(id);
    const directoryId = isFirst ? firstDirectoryId(clusterId, nodeId(id)) : nodeRandom.uuid();
    await formatDirectory(disk, dataDir, { clusterId, nodeId: nodeId(id), directoryId });
  }

  #votes(id: number): boolean {
    return id <= (this.options.voters ?? 1);
  }

  #start(
    id: number,
    name: string,
    ports: NodeLife,
    where: { readonly dataDir: string; readonly clusterId: string; readonly listeners?: string },
  ): Promise<Broker> {
    const { disk, clock, logger } = this.options;
    const settings = { ...this.#settings(id, where.dataDir), ...(where.listeners && { listeners: where.listeners }) };
    return Broker.start({
      config: brokerConfig([{ origin: 'test', values: new Map(Object.entries(settings)) }]),
      disk: ports.disk(disk?.(id) ?? new NodeDisk()),
      network: this.network.of(name),
      clock: ports.clock(clock ?? nodeClock),
      random: nodeRandom,
      logger: logger?.(id) ?? silentLogger,
      crc32c,
      compression,
      defer: setImmediate,
      clusterId: where.clusterId,
      onEnded: ({ message }) => void this.ended.push(message),
      onDefect: (defect) => {
        if (!ports.ended) this.#defects.push(defect);
      },
    });
  }

  /** Whether every node's metadata has so many brokers that are let in. */
  get knowsAll(): boolean {
    const count = this.running.filter(({ broker }) => broker.parts.config.cluster.isBroker).length;
    return this.running.every(({ broker }) => {
      const { brokers } = broker.parts.metadata.image;
      return [...brokers.values()].filter(({ fenced }) => !fenced).length >= count;
    });
  }

  partition(one: number, other: number): void {
    this.network.partition(`${one}`, `${other}`);
  }

  heal(): void {
    this.network.heal();
  }

  async stop(): Promise<void> {
    // Not in order: who goes last would wait for others that are gone.
    await Promise.all([...this.#nodes.keys()].map((id) => this.crash(id)));
    await rm(this.root, { recursive: true, force: true });
    if (this.#defects[0] !== undefined) throw this.#defects[0];
  }

  #settings(id: number, dataDir: string): Readonly<Record<string, string>> {
    const { nodes, voters = 1, config, configOf } = this.options;
    const named = Array.from({ length: Math.min(voters, nodes) }, (_, at) => at + 1);
    return {
      'node.id': `${id}`,
      'process.roles': named.includes(id) ? 'broker,controller' : 'broker',
      'controller.quorum.voters': named.map((voter) => `${voter}@127.0.0.1:${FIRST_PORT + voter}`).join(','),
      listeners: `PLAINTEXT://127.0.0.1:${FIRST_PORT + id}`,
      'log.dirs': dataDir,
      'default.replication.factor': `${Math.min(3, nodes)}`,
      ...config,
      ...configOf?.(id),
    };
  }
}
