import { type NodeId, nodeId, offset, utf8, fromUtf8, type Uuid } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { type AnyApi, Fetch, Produce, type FetchResponse, type ProduceResponse } from '@trunkline/protocol';
import { batchesIn, buildBatch } from '@trunkline/records';
import { SimWorld } from '../world.js';
import { SimController } from './controller.js';
import { History } from './history.js';
import { CONTROLLER, type Place, SimLinks } from './links.js';
import type { PartitionsMutant } from './mutants.js';
import { SimBroker } from './node.js';

export interface PartitionsOptions {
  readonly seed: number;
  /** Decisions of the workload and of the faults. */
  readonly steps: number;
  readonly mutant?: PartitionsMutant;
}

export interface PartitionsResult {
  readonly faults: readonly string[];
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly acknowledged: number;
  readonly restarts: number;
  readonly lines: () => readonly string[];
}

export const PARTITIONS_STEPS_DEFAULT = 250;

const CALM_MS_MAX = 20_000;
const START_MS_MAX = 20_000;
/** One that is as Kafka runs, one that syncs, one that is read everywhere and in which nothing may be missing. */
const TOPICS = [
  { name: 'os', configs: { 'min.insync.replicas': '2', 'trunkline.flush': 'os' } },
  { name: 'gc', configs: { 'min.insync.replicas': '2', 'trunkline.flush': 'group-commit' } },
] as const;
const PARTITIONS = 2;
const WALL_MS = 1_700_000_000_000;

/** Plays one seed: produces, reads and faults; then calm, in which everything gets on and all replicas are the same. */
export async function simulatePartitions(options: PartitionsOptions): Promise<PartitionsResult> {
  return new Simulation(options).play();
}

class Simulation {
  readonly #world: SimWorld;
  readonly #controller: SimController;
  readonly #nodes: SimBroker[];
  readonly #links: SimLinks;
  readonly #history: History;
  #values = 0;
  /** Records are old when they come: retention takes them soon. */
  readonly #isOld: boolean;
  #acknowledged = 0;
  #restarts = 0;
  #topicIds = new Map<string, Uuid>();

  constructor(private readonly options: PartitionsOptions) {
    const { seed, mutant } = options;
    this.#world = new SimWorld(seed);
    this.#controller = new SimController(this.#world);
    this.#isOld = this.#world.dice.chance(20);
    const count = this.#world.dice.chance(50) ? 3 : 4;
    this.#nodes = Array.from({ length: count }, (_, at) => {
      return new SimBroker(nodeId(at + 1), this.#world, this.#controller, () => this.#links, mutant);
    });
    this.#links = new SimLinks(this.#world, (id) => this.#place(id));
    this.#history = new History(this.#nodes, this.#controller);
    this.#world.onEvent = () => this.#history.look();
  }

  async play(): Promise<PartitionsResult> {
    try {
      await this.#begin();
      for (let step = 0; step < this.options.steps && this.#well; step++) await this.#step();
      if (this.#well) await this.#calm();
    } catch (reason) {
      this.#history.fault(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
    }
    for (const node of this.#nodes) node.kill();
    this.#controller.life.end();
    const { hash, steps: events, nowMs: virtualMs } = this.#world;
    const lines = (): readonly string[] => this.#world.lines;
    const [acknowledged, restarts] = [this.#acknowledged, this.#restarts];
    return { faults: this.#history.faults, hash, events, virtualMs, acknowledged, restarts, lines };
  }

  get #well(): boolean {
    return this.#history.faults.length === 0;
  }

  #place(id: number): Place {
    return id === CONTROLLER ? this.#controller : this.#nodes[id - 1]!;
  }

  async #begin(): Promise<void> {
    for (const node of this.#nodes) await this.#world.settle('the start', node.start(), START_MS_MAX);
    await this.#until('all serve', () => [...this.#controller.image.brokers.values()].every(({ fenced }) => !fenced));
    for (const { name, configs } of TOPICS) {
      const [created] = this.#controller.decide((controller) =>
        controller.createTopics([
          {
            name,
            partitionCount: PARTITIONS,
            replicationFactor: 3,
            assignments: [],
            configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
          },
        ]),
      );
      if (created?.error !== undefined || created?.topicId === undefined) throw created?.error ?? new Error('no topic');
      this.#topicIds.set(name, created.topicId);
    }
    await this.#world.run(50);
  }

  async #until(what: string, condition: () => boolean, limitMs = CALM_MS_MAX): Promise<void> {
    const untilMs = this.#world.nowMs + limitMs;
    while (!condition()) {
      if (this.#world.nowMs > untilMs) return this.#history.fault(`not within ${limitMs} virtual ms: ${what}`);
      await this.#world.run(5);
      if (!this.#well) return;
    }
  }

  async #step(): Promise<void> {
    const { dice } = this.#world;
    const die = dice.below(1000);
    if (die < 450) this.#produce(this.#anyTopic(), dice.below(PARTITIONS));
    else if (die < 600) this.#read(this.#anyTopic(), dice.below(PARTITIONS));
    else if (die < 660) this.#fault();
    else if (die < 690) this.#heal();
    else if (die < 720) this.#administer();
    else await this.#world.run(dice.below(die < 760 ? 400 : 15));
  }

  #anyTopic(): string {
    return TOPICS[this.#world.dice.below(TOPICS.length)]!.name;
  }

  #fault(): void {
    const { dice } = this.#world;
    const node = this.#nodes[dice.below(this.#nodes.length)]!;
    const die = dice.below(100);
    if (die < 40) {
      const [from, to] = [dice.below(this.#nodes.length + 1), dice.below(this.#nodes.length + 1)];
      this.#world.note(`cut ${from} > ${to}`);
      this.#links.cut(from, to);
      if (dice.chance(50)) this.#links.cut(to, from);
      return;
    }
    if (!node.up || this.#nodes.some(({ isWounded }) => isWounded)) return;
    this.#restarts += 1;
    if (die < 60) return node.kill();
    if (die < 80) return this.#mayLosePower(node) ? node.crash() : node.kill();
    void node.stop();
  }

  /**
   * Without fsync one node's page cache may be lost as long as another in sync has everything (promise P4). Until the
   * controller knows, by its next registration, nobody else may go: one that was only killed is not believed either.
   */
  #mayLosePower(node: SimBroker): boolean {
    const { partitions = [] } = this.#controller.image.topics.byName('os') ?? {};
    return partitions.every(({ isr, elr }) => {
      const isWhole = (id: NodeId): boolean => id !== node.id && this.#nodes[id - 1]!.running !== undefined;
      return (!isr.includes(node.id) && !elr.includes(node.id)) || isr.some(isWhole);
    });
  }

  #heal(): void {
    const { dice } = this.#world;
    if (dice.chance(40)) this.#links.healAll();
    for (const node of this.#nodes) if (!node.up && dice.chance(70)) void node.start();
  }

  #administer(): void {
    const { dice } = this.#world;
    const topic = this.#anyTopic();
    const partitionIndex = dice.below(PARTITIONS);
    this.#controller.decide((controller) => {
      if (dice.chance(40)) return controller.electLeaders({ type: 'preferred', partitions: undefined });
      const ids = this.#nodes.map(({ id }) => id);
      const first = dice.below(ids.length);
      const replicas = [0, 1, 2].map((next) => ids[(first + next) % ids.length]!);
      const partitions = [{ partitionIndex, replicas: dice.chance(20) ? null : replicas }];
      return controller.alterReassignments({ allowReplicationFactorChange: true, topics: [{ topic, partitions }] });
    });
  }

  /** A value of its own to whom some node believes to lead. */
  #produce(topic: string, index: number): void {
    const value = `v${(this.#values += 1)}`;
    const topicId = this.#topicIds.get(topic)!;
    const leader = this.#leaderSeen(topic, index);
    if (leader === undefined) return;
    const timestampMs = this.#isOld ? 1 : WALL_MS;
    const records = buildBatch([{ value: utf8(value), timestampMs }], { crc32c });
    const request = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 2000,
      topicData: [{ name: topic, topicId, partitionData: [{ index, records }] }],
    };
    void this.#ask<ProduceResponse>(leader, Produce, 13, request).then((answer) => {
      const row = answer?.responses[0]?.partitionResponses[0];
      if (row === undefined || row.errorCode !== 0) return;
      this.#acknowledged += 1;
      const key = `${topicId} ${index}`;
      const acked = this.#history.acknowledged.get(key) ?? new Map<string, number>();
      acked.set(value, Number(row.baseOffset));
      this.#history.acknowledged.set(key, acked);
      this.#world.note(`acknowledged ${value} at ${row.baseOffset}`);
      this.#history.claim(key, Number(row.baseOffset), undefined, `${topic}-${index}: ${value} was acknowledged,`);
    });
  }

  /** From any replica, leader or not: what it shows must be committed. */
  #read(topic: string, index: number): void {
    const { dice } = this.#world;
    const topicId = this.#topicIds.get(topic)!;
    const node = this.#nodes[dice.below(this.#nodes.length)]!;
    const fetchOffset = BigInt(dice.below(30) + Math.max(0, this.#history.committed(`${topicId} ${index}`).size - 20));
    const request = {
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1n },
      maxWaitMs: dice.chance(50) ? 0 : 100,
      minBytes: 1,
      maxBytes: 100_000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: '',
          topicId,
          partitions: [
            {
              partition: index,
              currentLeaderEpoch: -1,
              fetchOffset,
              lastFetchedEpoch: -1,
              logStartOffset: -1n,
              partitionMaxBytes: 100_000,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    };
    void this.#ask<FetchResponse>(node.id, Fetch, 17, request).then((answer) => {
      const found = answer?.responses[0]?.partitions[0];
      if (found === undefined || found.errorCode !== 0 || found.records === null) return;
      const chunks = (found.records as unknown) instanceof Uint8Array ? [found.records] : found.records;
      for (const chunk of chunks as readonly Uint8Array[]) {
        for (const { baseOffset, leaderEpoch, checksum } of batchesIn(chunk)) {
          const who = `${topic}-${index}: node ${node.id} showed that`;
          this.#history.claim(`${topicId} ${index}`, baseOffset, `${leaderEpoch}:${checksum}`, who);
        }
      }
    });
  }

  async #ask<Answer>(to: NodeId, api: AnyApi, version: number, request: object): Promise<Answer | undefined> {
    const node = this.#nodes[to - 1]!;
    const { life, answer } = node;
    await this.#world.pause(this.#world.dice.below(2000), `${api.name} to ${to}`, life);
    if (answer === undefined || node.life !== life) return undefined;
    const never = life.ended.then(() => undefined);
    return Promise.race([answer(api, version, request) as Promise<Answer>, never]);
  }

  #leaderSeen(topic: string, index: number): NodeId | undefined {
    const { dice } = this.#world;
    const up = this.#nodes.filter(({ running }) => running !== undefined);
    const seen = up[dice.below(Math.max(1, up.length))]?.image.topics.byName(topic)?.partitions[index]?.leader;
    return seen === undefined || seen < 0 ? undefined : seen;
  }

  /** No more faults: all are in sync, each partition takes a value, and all replicas are the same. */
  async #calm(): Promise<void> {
    this.#world.note('calm');
    this.#links.healAll();
    await this.#until('all stops are over', () => !this.#nodes.some(({ stopping }) => stopping));
    for (const node of this.#nodes) if (!node.up) void node.start();
    await this.#until('all are in sync', () => this.#isInSync());
    for (const topic of TOPICS) {
      for (let index = 0; index < PARTITIONS && this.#well; index++) {
        const before = this.#acknowledged;
        let triedMs = Number.NEGATIVE_INFINITY;
        await this.#until(`${topic.name}-${index} takes a value`, () => {
          if (this.#acknowledged > before) return true;
          if (this.#world.nowMs - triedMs > 200) {
            triedMs = this.#world.nowMs;
            this.#produce(topic.name, index);
          }
          return false;
        });
      }
    }
    if (this.#well) await this.#until('all replicas have everything', () => this.#isSame());
    if (this.#well) await this.#checkValues();
  }

  #isInSync(): boolean {
    for (const { name } of TOPICS) {
      for (const { isr, replicas, leader, addingReplicas } of this.#controller.image.topics.byName(name)!.partitions) {
        if (leader < 0 || isr.length < replicas.length || addingReplicas.length > 0) return false;
      }
    }
    return true;
  }

  #isSame(): boolean {
    for (const { name } of TOPICS) {
      for (const { index, replicas } of this.#controller.image.topics.byName(name)!.partitions) {
        const ends = replicas.map((id) => this.#nodes[id - 1]!.running?.replicas.partition(name, index)?.highWatermark);
        const end = this.#nodes[replicas[0]! - 1]!.running?.replicas.partition(name, index)?.log.endOffset;
        if (ends.some((each) => each === undefined || each !== end)) return false;
      }
    }
    return true;
  }

  /** Everything that was acknowledged is there, once, where it was said to be, on every replica. */
  async #checkValues(): Promise<void> {
    for (const { name } of TOPICS) {
      const topicId = this.#topicIds.get(name)!;
      for (const { index, replicas } of this.#controller.image.topics.byName(name)!.partitions) {
        for (const id of replicas) {
          const partition = this.#nodes[id - 1]!.running!.replicas.partition(name, index)!;
          const found = await this.#world.settle('reading all', valuesOf(partition), CALM_MS_MAX);
          for (const [value, at] of this.#history.acknowledged.get(`${topicId} ${index}`) ?? []) {
            if (at >= partition.log.startOffset && found.get(at) !== value) {
              this.#history.fault(
                `${name}-${index} on ${id}: ${value} was acknowledged at ${at}, ${found.get(at)} is there`,
              );
            }
          }
        }
      }
    }
  }
}

async function valuesOf(
  partition: NonNullable<ReturnType<NonNullable<SimBroker['running']>['replicas']['partition']>>,
) {
  const values = new Map<number, string>();
  const { log } = partition;
  for (let at = log.startOffset; at < log.endOffset;) {
    const { chunks, nextOffset } = await log.read(at, log.endOffset, 1 << 20, true);
    for (const chunk of chunks) {
      for (const batch of batchesIn(chunk)) {
        for (const record of batch.records(compression)) values.set(record.offset, fromUtf8(record.value!));
      }
    }
    if (nextOffset <= at) break;
    at = offset(nextOffset);
  }
  return values;
}
