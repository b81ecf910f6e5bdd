import {
  Delayed,
  Fetches,
  HANDLERS,
  MemoryBudget,
  type Parts,
  type Peers,
  ReplicaManager,
  Replication,
  replicationSettings,
  brokerConfig,
  BrokerMetrics,
} from '@trunkline/broker';
import { type NodeId, offset, silentLogger, type Uuid } from '@trunkline/kernel';
import { type Log, LogManager } from '@trunkline/log';
import { emptyImage, type LoadedImage, stepImage, SUPPORTED_FEATURES, wholeDelta } from '@trunkline/metadata';
import { compression, crc32c } from '@trunkline/platform';
import type { AnyApi } from '@trunkline/protocol';
import { SimDisk, SimRandom } from '@trunkline/testing';
import { Life, type SimWorld } from '../world.js';
import type { SimController } from './controller.js';
import { CONTROLLER, type Place, type SimLinks } from './links.js';
import { type Mirror, mirrored } from './mirror.js';
import type { PartitionsMutant } from './mutants.js';

const CONFIG = brokerConfig([]);
const SETTINGS = {
  ...replicationSettings(CONFIG),
  lagMaxMs: 200,
  fetchWaitMs: 50,
  backoffMsMax: 100,
  answerMsMax: 500,
  checkpointMs: 300,
};
const DISK_US = { usual: 300, slow: 15_000, slowPercent: 2 };
const HEARTBEAT_MS = 40;
const FEED_US_MAX = 8000;
const STOP_MS_MAX = 1500;
const NO_EPOCH = -1n;
/** Small: a short run rolls segments. */
const SEGMENT_BYTES_MAX = 700;

/** A broker of the simulation: its disk, and, while it runs, everything that records pass through. */
export class SimBroker implements Place {
  readonly disk: SimDisk;
  /** What its logs hold, by topic id and index. */
  readonly mirrors = new Map<string, Mirror>();
  readonly directory: Uuid;
  life = new Life();
  up = false;
  /** It lost power, and has not registered since. */
  isWounded = false;
  /** It is going down in order. */
  stopping = false;
  #image: LoadedImage = emptyImage('');
  #epoch = NO_EPOCH;
  #provenEpoch = NO_EPOCH;
  #running: Running | undefined;
  #incarnation = 0;

  constructor(
    readonly id: NodeId,
    readonly world: SimWorld,
    readonly controller: SimController,
    readonly links: () => SimLinks,
    readonly mutant: PartitionsMutant | undefined,
  ) {
    const { dice } = world;
    this.directory = dice.uuid();
    const pace = (act: string, path: string): Promise<void> => {
      const slow = dice.chance(DISK_US.slowPercent);
      return world.pause(dice.below(slow ? DISK_US.slow : DISK_US.usual), `${id} ${act} ${path}`, this.life);
    };
    this.disk = new SimDisk({ seed: world.seed ^ (id * 0x5bd1e995), pace });
  }

  get image(): LoadedImage {
    return this.#image;
  }
  get running(): Running | undefined {
    return this.#running;
  }
  get answer(): Place['answer'] {
    const { parts } = this.#running ?? {};
    if (parts === undefined) return undefined;
    return (api, version, body) => handle(api, version, body, parts, this.life);
  }

  /** Begins; it is in service once it has told so by its heartbeats. Never settles when it crashes before. */
  async start(): Promise<void> {
    const { world, life } = this;
    this.up = true;
    this.#incarnation += 1;
    world.note(`${this.id} starts`);
    const previousBrokerEpoch = this.#provenEpoch;
    this.#provenEpoch = NO_EPOCH;
    const incarnationId = world.dice.uuid();
    while (!this.#reachesController) await world.pause(5000, `${this.id} registers`, life);
    await world.pause(world.dice.below(3000), `${this.id} registers`, life);
    const { brokerEpoch } = this.controller.decide((controller) =>
      controller.registerBroker({
        brokerId: this.id,
        incarnationId,
        endPoints: [{ name: 'PLAINTEXT', host: `node-${this.id}`, port: 9092, securityProtocol: 0 }],
        features: SUPPORTED_FEATURES,
        rack: `rack-${this.id}`,
        logDirs: [this.directory],
        previousBrokerEpoch,
        heartbeats: true,
      }),
    );
    this.#epoch = brokerEpoch;
    this.isWounded = false;
    this.#image = emptyImage('');
    while (this.#image.endOffset <= Number(brokerEpoch)) await this.#feed();
    await this.#open();
    void this.#follow(life);
    void this.#beat(life);
  }

  /** Stops in order: others lead before it goes, if they can. */
  async stop(): Promise<void> {
    const { world, life } = this;
    if (this.stopping) return;
    this.stopping = true;
    world.note(`${this.id} stops`);
    const untilMs = world.nowMs + STOP_MS_MAX;
    while (world.nowMs < untilMs && life.alive && !this.#heartbeat(true)) await world.pause(10_000, 'stopping', life);
    const running = this.#running;
    if (!life.alive) return;
    if (running === undefined) return this.kill();
    this.#running = undefined;
    running.replication.close();
    running.delayed.close();
    running.replicas.close();
    await running.logs.close(Number(this.#epoch)).catch((reason: unknown) => {
      if (life.alive) throw reason; // Else it was killed on its way.
    });
    if (!life.alive) return;
    this.#provenEpoch = this.#epoch;
    this.#end();
    this.disk.kill();
  }

  /** The process ends at once; what it wrote stays. */
  kill(): void {
    this.world.note(`${this.id} is killed`);
    this.#end();
    this.disk.kill();
  }

  /** The power goes: what was not synced is there, lost or torn. */
  crash(): void {
    this.world.note(`${this.id} loses power`);
    this.isWounded = true;
    this.#end();
    this.disk.crash();
  }

  #end(): void {
    this.life.end();
    this.life = new Life();
    this.up = false;
    this.stopping = false;
    this.#running = undefined;
    this.mirrors.clear();
  }

  get #reachesController(): boolean {
    const links = this.links();
    return links.reaches(this.id, CONTROLLER) && links.reaches(CONTROLLER, this.id);
  }

  async #open(): Promise<void> {
    const { world, life, id } = this;
    const clock = world.clockOf(life);
    const random = new SimRandom(world.seed + id * 104_729 + this.#incarnation * 7919);
    const logger = silentLogger;
    const disk = this.disk.process();
    await disk.makeDir('/data');
    await disk.syncDir('/');
    const logs = await LogManager.open({
      disk,
      clock,
      crc32c,
      compression,
      logger,
      dir: '/data',
      config: { retentionCheckMs: 900 },
    });
    const store = {
      dir: logs.dir,
      space: () => logs.space(),
      knownWatermark: (identity: Parameters<LogManager['knownWatermark']>[0]) => logs.knownWatermark(identity),
      writeWatermarks: (known: Parameters<LogManager['writeWatermarks']>[0]) => logs.writeWatermarks(known),
      deleteLog: (identity: Parameters<LogManager['deleteLog']>[0]) => logs.deleteLog(identity),
      openLog: async (
        identity: Parameters<LogManager['openLog']>[0],
        config: Parameters<LogManager['openLog']>[1],
      ): Promise<Log> => {
        const log = await logs.openLog(identity, { ...config, segmentBytesMax: SEGMENT_BYTES_MAX });
        const mirror = await mirrored(log);
        if (life.alive) this.mirrors.set(`${identity.topicId} ${identity.partition}`, mirror);
        return log;
      },
    };
    const statics = { nodeId: id, values: CONFIG.statics.values };
    const replicas = new ReplicaManager({
      nodeId: id,
      clock,
      lagMaxMs: SETTINGS.lagMaxMs,
      statics,
      logs: store,
      logger,
    });
    const delayed = new Delayed(clock);
    const fetches = new Fetches({
      clock,
      random,
      replicas,
      delayed,
      bytesMax: 1 << 20,
      memory: new MemoryBudget(1 << 24),
      sessionSlotsMax: 100,
      nearest: () => undefined,
    });
    await replicas.apply(wholeDelta(this.#image), this.#image);
    const metrics = new BrokerMetrics();
    const metadata = { image: this.#image };
    const parts = {
      config: CONFIG,
      clock,
      random,
      logger,
      crc32c,
      compression,
      metrics,
      metadata,
      replicas,
      delayed,
      fetches,
    };
    const peers: Peers = this.mutant?.peers?.(this.links().peersOf(id)) ?? this.links().peersOf(id);
    const replication = new Replication({
      nodeId: id,
      brokerEpoch: () => this.#epoch,
      peers,
      controller: {
        ask: (api, request, timeoutMs) =>
          this.links().ask(id, CONTROLLER as NodeId, api, request, { timeoutMs, lane: 'controller' }),
      },
      replicas,
      clock,
      crc32c,
      logger,
      settings: SETTINGS,
    });
    this.#running = { parts: parts as unknown as Parts, replicas, replication, delayed, logs };
  }

  /** The next records of the metadata, a little late. */
  async #feed(): Promise<void> {
    const { world, life, controller } = this;
    await world.pause(200 + world.dice.below(FEED_US_MAX), `${this.id} is fed`, life);
    const from = this.#image.endOffset;
    if (!this.#reachesController || from === controller.records.length) return;
    const until = from + 1 + world.dice.below(controller.records.length - from);
    const { image, delta } = stepImage(this.#image, controller.records.slice(from, until), offset(until));
    await this.#running?.replicas.apply(delta, image);
    this.#image = image;
  }

  async #follow(life: Life): Promise<void> {
    while (life.alive) await this.#feed();
  }

  async #beat(life: Life): Promise<void> {
    while (life.alive) {
      await this.world.pause(HEARTBEAT_MS * 1000, `${this.id} beats`, life);
      this.#heartbeat(false);
    }
  }

  /** Whether it may end. */
  #heartbeat(wantShutDown: boolean): boolean {
    if (!this.#reachesController) return false;
    const { controller, world, id } = this;
    try {
      const beat = {
        brokerId: id,
        brokerEpoch: this.#epoch,
        currentMetadataOffset: this.#image.endOffset - 1,
        wantFence: false,
        wantShutDown,
        offlineLogDirs: [],
      };
      return controller.decide((state) => state.brokerHeartbeat(beat, controller.liveness, world.nowMs)).shouldShutDown;
    } catch {
      return false;
    }
  }
}

export interface Running {
  readonly parts: Parts;
  readonly replicas: ReplicaManager;
  readonly replication: Replication;
  readonly delayed: Delayed;
  readonly logs: LogManager;
}

let connections = 0;

async function handle(api: AnyApi, apiVersion: number, body: unknown, parts: Parts, life: Life): Promise<unknown> {
  const handler = HANDLERS.find((each) => each.api.key === api.key);
  if (handler === undefined) throw new Error(`there is no handler of ${api.name}`);
  const gone = new AbortController();
  void life.ended.then(() => gone.abort());
  const context = {
    apiVersion,
    correlationId: 1,
    clientId: null,
    clientHost: '/sim',
    listenerName: 'PLAINTEXT',
    connectionId: ++connections,
    closed: gone.signal,
  };
  try {
    return await handler.handle(body as never, parts, context);
  } catch (reason) {
    return handler.failed(body as never, reason as never, context);
  }
}
