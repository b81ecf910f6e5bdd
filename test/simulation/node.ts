import { Broker, brokerConfig } from '@trunkline/broker';
import { type Disk, type Network, silentLogger } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import type { AnyApi, Decoded, Encodable } from '@trunkline/protocol';
import { InProcessNetwork, LinkClient, SimDisk, SimRandom } from '@trunkline/testing';
import type { Mutant } from './mutants.js';
import { Life, type SimWorld } from './world.js';

/** Small numbers, so that a short run rolls segments, writes snapshots and deletes old data. */
const CONFIG = {
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'log.dirs': '/data',
  'auto.create.topics.enable': 'false',
  'log.index.interval.bytes': '64',
  'log.retention.check.interval.ms': '700',
  'log.flush.offset.checkpoint.interval.ms': '500',
  'metadata.log.max.record.bytes.between.snapshots': '600',
  'offsets.topic.num.partitions': '2',
};

/** How long the disk takes, in virtual microseconds: sometimes much longer than usual. */
const DISK_US = { usual: 400, slow: 30_000, slowPercent: 3 };
const LINK_US_MAX = 300;
/** No request may wait longer for its answer, or for the end of its connection. */
const ANSWER_MS_MAX = 60_000;

/** No answer: the node is down, went down, or ended the connection. */
export class NoAnswer extends Error {}

/** Where a node stands, when it is not alone. */
export interface Surroundings {
  /** The network as the process sees it that starts now. */
  readonly network: () => Network;
  /** Over the usual ones. */
  readonly config: Readonly<Record<string, string>>;
}

/** One broker on one simulated disk, which can be stopped, killed and cut off from power at any moment. */
export class SimNode {
  readonly disk: SimDisk;
  /** Broken invariants inside the broker, requests that were never answered. */
  readonly defects: string[] = [];
  #life = new Life();
  #broker: Broker | undefined;
  #incarnation = 0;

  constructor(
    readonly world: SimWorld,
    readonly mutant: Mutant | undefined,
    private readonly surroundings?: Surroundings,
  ) {
    const { dice } = world;
    const pace = (act: string, path: string): Promise<void> => {
      const slow = dice.chance(DISK_US.slowPercent);
      return world.pause(dice.below(slow ? DISK_US.slow : DISK_US.usual), `${act} ${path}`, this.#life);
    };
    this.disk = new SimDisk({ seed: world.seed ^ 0x5bd1e995, pace });
  }

  get life(): Life {
    return this.#life;
  }

  /** Whether it serves. */
  get up(): boolean {
    return this.#broker !== undefined;
  }

  /** Starts the broker. Never settles when the node crashes before it serves. */
  async start(): Promise<void> {
    const { world } = this;
    const life = this.#life;
    this.#incarnation += 1;
    world.note(`start ${this.#incarnation}`);
    const inner: Disk = this.disk.process();
    const config = { ...CONFIG, ...this.surroundings?.config };
    const broker = await Broker.start({
      config: brokerConfig([{ origin: 'simulation', values: new Map(Object.entries(config)) }]),
      disk: this.mutant?.disk?.(inner) ?? inner,
      network: this.surroundings?.network() ?? new InProcessNetwork(),
      clock: world.clockOf(life),
      random: new SimRandom(world.seed + this.#incarnation * 7919),
      logger: silentLogger,
      crc32c,
      compression,
      defer: (run) => void world.schedule(world.dice.below(LINK_US_MAX), 'link', life, run),
      onDefect: (defect) => void this.defects.push(`defect: ${defect.message}`),
    });
    if (!life.alive) return;
    this.mutant?.broker?.(broker);
    this.#broker = broker;
    world.note('serves');
  }

  /** Stops in order. */
  async stop(): Promise<void> {
    const broker = this.#broker;
    this.#broker = undefined;
    this.world.note('stop');
    await broker?.close();
    this.#end();
    this.disk.kill();
  }

  /** The process ends at once; what it wrote stays. */
  kill(): void {
    this.world.note('kill');
    this.#end();
    this.disk.kill();
  }

  /** The power goes: what was not synced is there, lost or torn. */
  crash(): void {
    this.world.note('crash');
    this.#end();
    this.disk.crash();
  }

  connect(): LinkClient {
    if (this.#broker === undefined) throw new NoAnswer('the node is down');
    return new LinkClient(this.#broker.link(), null);
  }

  #end(): void {
    this.#life.end();
    this.#life = new Life();
    this.#broker = undefined;
  }
}

/** A client's connection, made anew when the old one has ended. */
export class SimClient {
  #link: LinkClient | undefined;
  #life: Life | undefined;

  constructor(readonly node: SimNode) {}

  /** Whether requests still go the way the earlier ones went. */
  get connected(): boolean {
    return this.#life === this.node.life && this.#link?.open === true;
  }

  /** Rejects with {@link NoAnswer} when the connection, or the node, ends before the answer. */
  async send<A extends AnyApi>(
    api: A,
    version: number,
    body: Encodable<A['request']>,
  ): Promise<Decoded<A['response']>> {
    const { node } = this;
    const { world, life } = node;
    if (!this.connected || this.#link === undefined) {
      this.#link = node.connect();
      this.#life = life;
    }
    const late = world.schedule(ANSWER_MS_MAX * 1000, 'late', life, () => {
      node.defects.push(`no answer to ${api.name} within ${ANSWER_MS_MAX} virtual ms`);
    });
    const died = life.ended.then(() => Promise.reject(new NoAnswer('the node went down')));
    const answer = this.#link.send(api, version, body).catch((reason: unknown) => {
      throw new NoAnswer(String(reason));
    });
    try {
      return await Promise.race([answer, died]);
    } finally {
      late.cancelled = true;
      died.catch(() => {});
      answer.catch(() => {});
    }
  }
}
