import { Broker, StartFault, brokerConfig } from '@trunkline/broker';
import { type Disk, nodeId, silentLogger } from '@trunkline/kernel';
import { firstDirectoryId, formatDirectory } from '@trunkline/metadata';
import { compression, crc32c } from '@trunkline/platform';
import { LinkClient, SimDisk, type SimNetwork, SimRandom } from '@trunkline/testing';
import { Life, type SimWorld } from '../world.js';
import type { ClusterMutant } from './mutants.js';

export const CLUSTER_ID = 'SimulationSimulationSA';
const DATA_DIR = '/data';
const PORT = 9092;
/** How long the disk takes, in virtual microseconds. */
const DISK_US = { usual: 300, sometimes: 20_000, sick: 150_000, sometimesPercent: 2 };
/** A node that ended by itself is started again by whoever keeps it. */
const KEEPER_MS = 200;

/** Small numbers, so that a short run sees every deadline, rolls segments, and writes snapshots. */
const CONFIG = {
  'process.roles': 'broker,controller',
  'log.dirs': DATA_DIR,
  'auto.create.topics.enable': 'false',
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.num.partitions': '2',
  'offsets.topic.replication.factor': '3',
  'controller.quorum.election.timeout.ms': '150',
  'controller.quorum.election.backoff.max.ms': '300',
  'controller.quorum.fetch.timeout.ms': '400',
  'controller.quorum.request.timeout.ms': '400',
  'broker.heartbeat.interval.ms': '250',
  'broker.session.timeout.ms': '1000',
  'replica.lag.time.max.ms': '1000',
  'replica.fetch.wait.max.ms': '300',
  'replica.fetch.backoff.ms': '150',
  'replica.socket.timeout.ms': '1000',
  'leader.imbalance.check.interval.seconds': '3',
  'controlled.shutdown.retry.backoff.ms': '1000',
  'group.min.session.timeout.ms': '1000',
  'log.index.interval.bytes': '64',
  'log.flush.offset.checkpoint.interval.ms': '700',
  'metadata.log.max.record.bytes.between.snapshots': '2000',
};

export interface ClusterParts {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly mutant: ClusterMutant;
  /** Of all nodes, ascending; the first of them vote. */
  readonly ids: readonly number[];
  readonly voters: number;
  /** For this seed, over the usual ones. */
  readonly config: Readonly<Record<string, string>>;
}

const addressOf = (id: number): string => `10.0.0.${id}:${PORT}`;
export const bootstrapOf = (ids: readonly number[]): string => ids.map(addressOf).join(',');

/** One node on a machine of its own: a whole broker on a simulated disk. It may end, stand still or lose its disk. */
export class ClusterNode {
  readonly name: string;
  readonly faults: string[] = [];
  disk: SimDisk;
  /** Its disk takes long. */
  isSlow = false;
  /** An act of its disk failed: it may serve no more until it starts again. */
  isSick = false;
  /** Whether it shall run: its keeper starts it again as long as it does. */
  isWanted = false;
  #broker: Broker | undefined;
  #life = new Life();
  #incarnation = 0;
  #disks = 0;

  constructor(
    private readonly parts: ClusterParts,
    readonly id: number,
  ) {
    this.name = `node${id}`;
    this.disk = this.#newDisk();
  }

  get broker(): Broker | undefined {
    return this.#broker;
  }

  get life(): Life {
    return this.#life;
  }

  /** Begins to run, and goes on to: what ends by itself is started again. */
  start(): void {
    this.isWanted = true;
    const life = this.#life;
    this.#incarnation += 1;
    this.parts.world.note(`${this.name} starts`);
    void this.#start(life).catch((reason: unknown) => {
      if (life.alive) this.#gone(reason);
    });
  }

  /** Ends in order, and stays away. Never resolves when something else ends it meanwhile. */
  async stop(): Promise<void> {
    this.isWanted = false;
    const broker = this.#broker;
    const life = this.#life;
    this.parts.world.note(`${this.name} stops`);
    if (broker === undefined) return this.kill();
    await broker.close().catch((reason: unknown) => {
      if (life.alive && !this.isSick) this.faults.push(`${this.name} does not stop in order: ${String(reason)}`);
    });
    if (life.alive) this.kill();
  }

  /** The process ends at once; what it wrote stays. */
  kill(): void {
    this.isWanted = false;
    this.#end(true);
    this.disk.kill();
  }

  /** The power goes: what was not synced is there, lost or torn. */
  crash(): void {
    this.isWanted = false;
    this.#end(false);
    this.disk.crash();
  }

  /** It gets an empty disk. Only while it does not run. */
  wipe(): void {
    this.parts.world.note(`${this.name} gets a blank disk`);
    this.disk = this.#newDisk();
  }

  /** A connection from beside it, to look at it. */
  look(): LinkClient | undefined {
    return this.#broker === undefined ? undefined : new LinkClient(this.#broker.link(), null);
  }

  async #start(life: Life): Promise<void> {
    const { world, network, mutant } = this.parts;
    const random = new SimRandom(world.seed * 31 + this.id + this.#incarnation * 7919);
    const inner: Disk = this.disk.process();
    const disk = mutant.disk?.(inner) ?? inner;
    await this.#format(disk, random);
    const settings = { ...CONFIG, ...this.#place(), ...this.parts.config, ...mutant.config };
    const broker = await Broker.start({
      config: brokerConfig([{ origin: 'simulation', values: new Map(Object.entries(settings)) }]),
      disk,
      network: network.of(this.name),
      clock: world.clockOf(life),
      random,
      logger: silentLogger,
      crc32c,
      compression,
      clusterId: CLUSTER_ID,
      onEnded: (reason) => {
        if (life.alive) this.#gone(reason);
      },
      onDefect: (defect) => {
        if (life.alive) this.faults.push(`${this.name}: defect: ${defect.stack}`);
      },
    });
    if (!life.alive) return;
    this.#broker = broker;
    mutant.broker?.(broker);
    world.note(`${this.name} serves`);
  }

  /** A voter's first disk is that of a first voter; every other one is any. */
  async #format(disk: Disk, random: SimRandom): Promise<void> {
    await disk.makeDir(DATA_DIR);
    if ((await disk.list(DATA_DIR)).includes('meta.properties')) return;
    const isFirst = this.id <= this.parts.voters && this.#disks === 1;
    const directoryId = isFirst ? firstDirectoryId(CLUSTER_ID, nodeId(this.id)) : random.uuid();
    await formatDirectory(disk, DATA_DIR, { clusterId: CLUSTER_ID, nodeId: nodeId(this.id), directoryId });
  }

  #place(): Readonly<Record<string, string>> {
    const { ids, voters } = this.parts;
    const named = ids.slice(0, voters);
    return {
      'node.id': `${this.id}`,
      'process.roles': named.includes(this.id) ? 'broker,controller' : 'broker',
      'controller.quorum.voters': named.map((id) => `${id}@${addressOf(id)}`).join(','),
      listeners: `PLAINTEXT://${addressOf(this.id)}`,
    };
  }

  /** It ended by itself. That is a fault only where no disk failed and nobody has told it to. */
  #gone(reason: unknown): void {
    const { world } = this.parts;
    world.note(`${this.name} ended: ${reason instanceof Error ? reason.message : String(reason)}`);
    if (!(reason instanceof StartFault) && !this.isSick) this.faults.push(`${this.name} ended: ${String(reason)}`);
    if (!this.isWanted) return;
    this.kill();
    this.disk.heal();
    this.isSick = false;
    this.isWanted = true;
    world.schedule(KEEPER_MS * 1000, 'keeper', this.#life, () => this.start());
  }

  #end(isLoud: boolean): void {
    const { world, network } = this.parts;
    world.note(`${this.name} ${isLoud ? 'ends' : 'loses power'}`);
    world.resume(this.#life);
    this.#life.end();
    this.#life = new Life();
    this.#broker = undefined;
    if (isLoud) network.kill(this.name);
    else network.powerOff(this.name);
  }

  #newDisk(): SimDisk {
    const { world } = this.parts;
    const { dice } = world;
    this.#disks += 1;
    const pace = (act: string): Promise<void> => {
      const most = dice.chance(DISK_US.sometimesPercent) ? DISK_US.sometimes : DISK_US.usual;
      return world.pause(dice.below(this.isSlow ? DISK_US.sick : most), act, this.#life);
    };
    return new SimDisk({ seed: (world.seed * 131 + this.id * 17 + this.#disks) ^ 0x5bd1e995, pace });
  }
}
