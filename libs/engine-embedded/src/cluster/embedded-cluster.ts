import { TrunklineError } from '@trunkline/bus';
import type { Broker } from '@trunkline/broker';
import { KafkaEngine } from '@trunkline/engine-kafka';
import { Lane } from '@trunkline/kernel';
import { nodeClock, nodeRandom } from '@trunkline/platform';
import { EmbeddedEngine, type EngineHost, clientOptions } from '../embedded-engine.js';
import type { EmbeddedClusterOptions } from '../options.js';
import { bootstrapOf } from '../start-broker.js';
import { ClusterNetwork } from './cluster-network.js';
import { checkCluster, nameOf, nodeIds } from './cluster-settings.js';
import { ClusterView } from './cluster-view.js';
import { EmbeddedNode } from './embedded-node.js';

const ACTS_MAX = 64;
const LOOK_MS = 10;
const WHOLE_MS_MAX = 30_000;

/**
 * A cluster of brokers inside this process: the product itself, on disks or in memory, each with a listener on the
 * loopback, and with the faults of a cluster at hand.
 *
 * `embedded({ nodes: 3 })` has one of its own; start one by hand when several engines, or other clients, shall share it.
 */
export class EmbeddedCluster implements EngineHost {
  /** The ids of all nodes, running or not: 1, 2, 3. */
  readonly nodes: readonly number[];
  readonly isDurable: boolean;
  readonly #options: EmbeddedClusterOptions;
  readonly #network = new ClusterNetwork();
  readonly #nodes: ReadonlyMap<number, EmbeddedNode>;
  readonly #view = new ClusterView(() => this.#brokers());
  /** What is done to nodes, one after the other for each. */
  readonly #acts: ReadonlyMap<number, Lane>;
  #bootstrap: readonly string[] = [];
  #clusterId = '';
  #closing: Promise<void> | undefined;

  private constructor(options: EmbeddedClusterOptions) {
    this.#options = options;
    this.nodes = nodeIds(options);
    this.isDurable = (options.memory ?? false) === false;
    this.#nodes = new Map(this.nodes.map((id) => [id, new EmbeddedNode(id, options, this.#network)]));
    this.#acts = new Map(this.nodes.map((id) => [id, new Lane(nameOf(id), ACTS_MAX)]));
  }

  /**
   * Starts all nodes; resolves once every one of them is in. Rejects with `MISUSE` for settings that cannot be, with
   * `ENGINE_UNAVAILABLE` when a directory is in use or cannot be written, or a port is taken; nothing is left running then.
   */
  static async start(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
    checkCluster(options);
    const cluster = new EmbeddedCluster(options);
    try {
      await cluster.#start();
    } catch (reason) {
      await Promise.all([...cluster.#nodes.values()].map((node) => node.crash()));
      throw reason;
    }
    return cluster;
  }

  /** `host:port` of every node, with commas between, for any Kafka client on this machine. The same after a restart. */
  get bootstrap(): string {
    return this.#bootstrap.join(',');
  }

  /** The nodes that run. */
  get running(): readonly number[] {
    return this.nodes.filter((id) => this.#node(id).broker !== undefined);
  }

  /** The active controller. Undefined: an election is under way. */
  get controller(): number | undefined {
    return this.#view.controller;
  }

  /** Who leads a partition of a channel. Undefined: nobody now, or there is no such partition. */
  leaderOf(channel: string, partition = 0): number | undefined {
    return this.#view.leaderOf(channel, partition);
  }

  /** The replicas of a partition that are in sync: any of them may lead, and nothing is lost. */
  inSync(channel: string, partition = 0): readonly number[] {
    return this.#view.inSync(channel, partition);
  }

  /** Who coordinates a consumer group. Undefined: nobody now. */
  coordinatorOf(group: string): Promise<number | undefined> {
    return this.#view.coordinatorOf(group);
  }

  /** One more engine on this cluster. Closing it leaves the cluster running. */
  engine(): EmbeddedEngine {
    return new EmbeddedEngine(this.#options, async () => ({ host: this, end: async () => {} }));
  }

  /** What an engine works with. */
  kafka(): KafkaEngine {
    return new KafkaEngine(clientOptions(this.#options, this.#bootstrap), { network: this.#network.clients });
  }

  /**
   * Kills a node as SIGKILL does: nothing is said, nothing is written any more, its connections end. What was written and
   * not synced stays, as in the page cache. No power cut. Does nothing when it does not run.
   */
  crash(node: number): Promise<void> {
    return this.#act(node, (it) => it.crash());
  }

  /** Ends a node in order, as SIGTERM does: its leaders move away first. Does nothing when it does not run. */
  stop(node: number): Promise<void> {
    return this.#act(node, (it) => it.stop());
  }

  /**
   * Starts a node that does not run; one that runs is stopped first. Resolves once it is in the cluster again, which is
   * before its replicas are in sync: see {@link whole}. `wiped`: on an empty disk.
   *
   * Rejects with `ENGINE_UNAVAILABLE` when the cluster does not let it in, as without a majority of voters.
   */
  restart(node: number, { wiped = false }: { readonly wiped?: boolean } = {}): Promise<void> {
    return this.#act(node, async (it) => {
      await it.stop();
      if (wiped) await it.wipe();
      await it.start({ clusterId: this.#clusterId, isNew: false });
    });
  }

  /** Cuts two nodes off from each other, until {@link heal}; what they say is late then, not lost. Clients reach both. */
  partition(one: number, other: number): void {
    this.#network.partition(nameOf(this.#node(one).id), nameOf(this.#node(other).id));
  }

  /** Ends all partitions. */
  heal(): void {
    this.#network.heal();
  }

  /**
   * Resolves when every node runs and is in, and every replica is in sync: the next node may die without a loss of
   * service. Rejects with `TIMED_OUT`, which tells what is missing. `limitMs`: default 30,000.
   */
  async whole(limitMs = WHOLE_MS_MAX): Promise<void> {
    const deadlineMs = nodeClock.monotonicMs() + limitMs;
    for (;;) {
      const missing = this.#missing();
      if (missing === undefined) return;
      if (nodeClock.monotonicMs() >= deadlineMs) {
        throw new TrunklineError('TIMED_OUT', `the cluster is not whole after ${limitMs} ms: ${missing}`);
      }
      await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Ends all nodes; those on disk in order. Sockets, files and timers are gone when it resolves. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #start(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    const found = await Promise.all(nodes.map((node) => node.clusterId()));
    const clusterId = found.find((id) => id !== undefined);
    this.#clusterId = clusterId ?? nodeRandom.uuid();
    const belonging = { clusterId: this.#clusterId, isNew: clusterId === undefined };
    // The first that cannot start ends it: the others may wait for a majority that will never be there.
    await Promise.all(nodes.map((node) => node.start(belonging)));
    this.#bootstrap = this.#brokers().flatMap((broker) => bootstrapOf(broker) ?? []);
    if (this.#bootstrap.length === nodes.length) return;
    throw new TrunklineError('MISUSE', 'embedded: listeners holds no TCP address; the bus needs one, on any free port');
  }

  async #close(): Promise<void> {
    this.heal();
    await Promise.all(this.nodes.map((id) => this.#lane(id).idle()));
    // All at once: whoever stays for last would wait for an election that nobody can win. Memory has nothing to put in order.
    await Promise.all([...this.#nodes.values()].map((node) => (this.isDurable ? node.stop() : node.crash())));
  }

  #missing(): string | undefined {
    const dead = this.nodes.filter((id) => this.#node(id).broker === undefined);
    return dead.length > 0 ? `not running: ${dead.join(', ')}` : this.#view.missing(this.nodes);
  }

  #brokers(): readonly Broker[] {
    return [...this.#nodes.values()].flatMap(({ broker }) => broker ?? []);
  }

  async #act(id: number, act: (node: EmbeddedNode) => Promise<void>): Promise<void> {
    const node = this.#node(id);
    if (this.#closing !== undefined) throw new TrunklineError('CLOSED', 'the cluster is closed');
    await this.#lane(id).run(() => act(node));
  }

  #lane(id: number): Lane {
    return this.#acts.get(id)!;
  }

  #node(id: number): EmbeddedNode {
    const node = this.#nodes.get(id);
    if (node !== undefined) return node;
    throw new TrunklineError('MISUSE', `embedded: there is no node ${id}; there are ${this.nodes.join(', ')}`);
  }
}
