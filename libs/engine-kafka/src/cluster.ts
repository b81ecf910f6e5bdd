import { TrunklineError } from '@trunkline/bus';
import type { Clock } from '@trunkline/kernel';
import { BrokerLink, type KafkaClient, unavailable } from './broker-link.js';
import { throwIfError } from './error-codes.js';
import type { BrokerAddress, KafkaSettings } from './options.js';

/** What is known of a topic. */
export interface TopicMetadata {
  /** 0 when the topic is known to be missing. */
  readonly errorCode: number;
  /** The leader's node id of each partition; -1 when it has none. */
  readonly leaders: readonly number[];
}

/** Links that several users share: each has its own, so that a slow answer delays only its like. */
export type LaneName = 'control' | 'produce' | 'produce-os';

const COORDINATOR_OF_GROUP = 0;

/** The brokers, who leads what, and the links to them. */
export class Cluster {
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #addresses = new Map<number, BrokerAddress>();
  readonly #shared = new Map<string, Promise<BrokerLink>>();
  readonly #open = new Map<string, BrokerLink>();
  readonly #private = new Set<BrokerLink>();
  #controllerId = -1;
  #seed: BrokerLink | undefined;
  #turn = 0;
  #refreshing: Promise<void> | undefined;
  #wanted = new Set<string>();
  #closed = false;

  constructor(
    readonly client: KafkaClient,
    readonly settings: KafkaSettings,
    readonly clock: Clock,
  ) {}

  /** Finds the brokers. Rejects with `ENGINE_UNAVAILABLE` when none answers. */
  async start(): Promise<void> {
    await this.refresh([]);
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  get controllerId(): number {
    return this.#controllerId;
  }

  /** A broker to ask what any of them can answer. */
  anyNode(): number {
    const first = this.#addresses.keys().next().value;
    if (first === undefined) throw new TrunklineError('ENGINE_UNAVAILABLE', 'the cluster names no broker');
    return this.#addresses.has(this.#controllerId) ? this.#controllerId : first;
  }

  /** Asks who leads the partitions of these topics now. Calls that come while one is under way share the next one. */
  async refresh(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#wanted.add(topic);
    const running = this.#refreshing;
    if (running !== undefined) {
      await running.catch(() => {});
      if (this.#refreshing === undefined) return await this.refresh([]);
      return await this.#refreshing;
    }
    const wanted = [...this.#wanted];
    this.#wanted = new Set();
    this.#refreshing = this.#ask(wanted).finally(() => (this.#refreshing = undefined));
    return await this.#refreshing;
  }

  /** The shared link of a lane to a broker, without waiting when it is open. */
  openLink(nodeId: number, lane: LaneName): BrokerLink | undefined {
    const link = this.#open.get(`${nodeId}/${lane}`);
    return link?.isOpen === true ? link : undefined;
  }

  /** The shared link of a lane to a broker; opened anew when the last one has failed. */
  async link(nodeId: number, lane: LaneName): Promise<BrokerLink> {
    const key = `${nodeId}/${lane}`;
    const current = this.openLink(nodeId, lane);
    if (current !== undefined) return current;
    const opening = this.#shared.get(key);
    if (opening !== undefined) return await opening;
    const connecting = this.#connect(this.#addressOf(nodeId), this.settings.requestTimeoutMs)
      .then((link) => {
        this.#open.set(key, link);
        return link;
      })
      .finally(() => this.#shared.delete(key));
    this.#shared.set(key, connecting);
    return await connecting;
  }

  /** A link of the caller's own, for requests that are parked up to `parkedMs`. Give it back with {@link release}. */
  async privateLink(nodeId: number, parkedMs: number): Promise<BrokerLink> {
    const link = await this.#connect(this.#addressOf(nodeId), parkedMs + this.settings.requestTimeoutMs);
    this.#private.add(link);
    return link;
  }

  async release(link: BrokerLink): Promise<void> {
    this.#private.delete(link);
    await link.close();
  }

  /** The node that coordinates a group. */
  async coordinatorOf(group: string): Promise<number> {
    const link = await this.link(this.anyNode(), 'control').catch(async () => {
      await this.refresh([]);
      return await this.link(this.anyNode(), 'control');
    });
    const { coordinators } = await link.call(this.client.findCoordinatorV2.api, COORDINATOR_OF_GROUP, [group]);
    const found = coordinators[0];
    if (found === undefined) throw new TrunklineError('ENGINE_UNAVAILABLE', `nobody coordinates group ${group}`);
    throwIfError(found.errorCode, `coordinator of group ${group}`);
    this.#addresses.set(found.nodeId, { host: found.host, port: found.port });
    return found.nodeId;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const links = [...this.#open.values(), ...this.#private];
    if (this.#seed !== undefined) links.push(this.#seed);
    await Promise.all(links.map((link) => link.close()));
    await Promise.all(
      [...this.#shared.values()].map((opening) =>
        opening.then(
          (link) => link.close(),
          () => {},
        ),
      ),
    );
  }

  async #ask(topics: readonly string[]): Promise<void> {
    const { connectTimeoutMs } = this.settings;
    const link = await this.#seedLink();
    let answer;
    try {
      const asking = link.call(this.client.metadataV8.api, [...topics], false);
      answer = await link.within(connectTimeoutMs, asking);
    } catch (reason) {
      this.#seed = undefined;
      this.#turn += 1; // It may take connections and answer nothing: the next one is asked first.
      await link.close();
      throw reason;
    }
    this.#addresses.clear();
    for (const { nodeId, host, port } of answer.brokers) this.#addresses.set(nodeId, { host, port });
    this.#controllerId = answer.controllerId;
    for (const { name, errorCode, partitions } of answer.topics) {
      const leaders: number[] = [];
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
      this.#topics.set(name, { errorCode, leaders });
    }
  }

  /** A link for metadata: to any broker that can be reached. */
  async #seedLink(): Promise<BrokerLink> {
    if (this.#seed?.isOpen === true) return this.#seed;
    const known = [...this.#addresses.values(), ...this.settings.addresses];
    const first = this.#turn % known.length;
    let last: unknown;
    for (const address of [...known.slice(first), ...known.slice(0, first)]) {
      try {
        this.#seed = await this.#connect(address, this.settings.requestTimeoutMs);
        return this.#seed;
      } catch (reason) {
        last = reason;
      }
    }
    const named = this.settings.addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw unavailable(`no broker of ${named} answers; is it running, and is the address right?`, last);
  }

  async #connect(address: BrokerAddress, requestTimeoutMs: number): Promise<BrokerLink> {
    if (this.#closed) throw new TrunklineError('CLOSED', 'the engine is closed');
    const { client, settings, clock } = this;
    const link = await BrokerLink.connect(address, { client, settings, clock, requestTimeoutMs });
    if (!this.#closed) return link;
    await link.close();
    throw new TrunklineError('CLOSED', 'the engine is closed');
  }

  #addressOf(nodeId: number): BrokerAddress {
    const address = this.#addresses.get(nodeId);
    if (address === undefined)
      throw new TrunklineError('ENGINE_UNAVAILABLE', `broker ${nodeId} is not in the cluster now`);
    return address;
  }
}
