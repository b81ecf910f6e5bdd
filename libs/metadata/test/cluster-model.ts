import { ApiError, invariant, type Decision, type NodeId, type Uuid } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';
import { BrokerLiveness } from '../src/broker-liveness.js';
import { topicConfigText } from '../src/config/effective.js';
import type { BrokerImage, MetadataImage, PartitionImage, TopicImage } from '../src/image.js';
import type { MetadataRecord, PartitionChangeRecord } from '../src/records.js';
import { ControllerWorld, newTopic, registration, staticConfig } from './fixture.js';
import { LIVENESS } from './play-cluster.js';

/** A broker's process and its disk, as they are and not as the controller believes. */
interface Machine {
  readonly id: NodeId;
  /** The epoch of this uptime; undefined: down, or not registered yet. */
  epoch: bigint | undefined;
  /** Of the uptime before. */
  lastEpoch: bigint;
  /** What it would prove at its next start. */
  cleanEpoch: bigint;
  directory: Uuid;
}

/** How many committed records of each partition a replica has. */
type Held = Map<NodeId, number>;

const BROKERS = [1, 2, 3, 4] as NodeId[];
const STATICS = staticConfig({ 'min.insync.replicas': '2' });

/**
 * Brokers that come, go, lose power and disks, with topics on them, against a controller. It knows what the controller
 * cannot: which records were committed, and who has them. A leader that was elected in order must have all.
 */
export class ClusterModel {
  readonly world: ControllerWorld;
  readonly counts = { writes: 0, elections: 0, unclean: 0, refused: 0 };
  readonly #dice: SimRandom;
  readonly #machines = new Map<NodeId, Machine>();
  readonly #committed = new Map<string, number>();
  readonly #held = new Map<string, Held>();
  readonly #lastEpochs = new Map<string, readonly [number, number]>();
  #liveness = new BrokerLiveness(LIVENESS);
  /** The ISR that a leader asks for just now: a move that ends with it may make any of them the leader. */
  #joining: readonly NodeId[] = [];
  #nowMs = 0;
  #topics = 0;

  constructor(seed: number) {
    this.#dice = new SimRandom(seed);
    this.world = new ControllerWorld(seed, STATICS);
    for (const id of BROKERS) {
      const machine = { id, epoch: undefined, lastEpoch: 0n, cleanEpoch: -1n, directory: this.world.random.uuid() };
      this.#machines.set(id, machine);
      this.#start(machine);
    }
  }

  /** Something happens. */
  step(): void {
    this.#nowMs += this.#dice.below(400);
    const machine = this.#pick([...this.#machines.values()]);
    const happenings: readonly (readonly [number, () => void])[] = [
      [20, () => this.#beat(machine, false)],
      [4, () => this.#beat(machine, true)],
      [5, () => this.#start(machine)],
      [5, () => this.#die(machine)],
      [8, () => this.#commit(this.world.controller.fenceExpiredBrokers(this.#liveness, this.#nowMs))],
      [20, () => this.#write()],
      [15, () => this.#propose()],
      [3, () => this.#create()],
      [4, () => this.#reassign()],
      [2, () => this.#commit(this.world.controller.balanceLeaders())],
      [2, () => this.#elect()],
      [2, () => this.#setMinIsr()],
      [1, () => this.#takeover()],
      [1, () => this.#forgetBroker(machine)],
    ];
    let chance = this.#dice.below(happenings.reduce((sum, [weight]) => sum + weight, 0));
    const happening = happenings.find(([weight]) => (chance -= weight) < 0);
    try {
      happening?.[1]();
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      this.counts.refused += 1;
    }
  }

  /** All come back, and after a while everybody is in sync again. */
  calm(): void {
    for (let round = 0; round < 3; round++) {
      this.#nowMs += 10_000;
      this.#commit(this.world.controller.fenceExpiredBrokers(this.#liveness, this.#nowMs));
      for (const machine of this.#machines.values()) {
        if (machine.epoch === undefined) this.#start(machine);
        this.#beat(machine, false);
        this.#beat(machine, false);
      }
      this.#commit(this.world.controller.electUncleanLeaders());
      const everything = [...this.world.image.topics].map(({ name, partitions }) => {
        return { topic: name, partitions: partitions.map(({ index }) => index) };
      });
      this.#commit(this.world.controller.electLeaders({ type: 'unclean', partitions: everything }));
      for (const [topic, partition] of this.#partitions()) this.#propose(topic, partition, partition.replicas);
    }
    this.#commit(this.world.controller.balanceLeaders());
    for (const [topic, partition] of this.#partitions()) {
      const { isr, replicas, leader, addingReplicas, removingReplicas, elr } = partition;
      const where = `${topic.name}-${partition.index}`;
      invariant(isr.length === replicas.length && elr.length === 0, `${where}: all are in sync after a calm`);
      invariant(leader === replicas[0], `${where}: its preferred leader leads after a calm`);
      invariant(addingReplicas.length + removingReplicas.length === 0, `${where}: its move has ended after a calm`);
    }
  }

  #start(machine: Machine): void {
    if (machine.epoch !== undefined) return;
    const { controller, random } = this.world;
    const told = {
      ...registration(machine.id, random, machine.id % 2 === 0 ? 'even' : 'odd'),
      logDirs: [machine.directory],
      previousBrokerEpoch: machine.cleanEpoch,
      heartbeats: true,
    };
    const heard = { liveness: this.#liveness, nowMs: this.#nowMs };
    const { brokerEpoch } = this.#commit(controller.registerBroker(told, heard));
    machine.epoch = brokerEpoch;
    machine.cleanEpoch = -1n;
    this.#check();
  }

  #beat(machine: Machine, wantShutDown: boolean): void {
    if (machine.epoch === undefined) return;
    const beat = {
      brokerId: machine.id,
      brokerEpoch: machine.epoch,
      currentMetadataOffset: this.world.records.length - 1,
      wantFence: false,
      wantShutDown,
      offlineLogDirs: [],
    };
    try {
      const answer = this.#commit(this.world.controller.brokerHeartbeat(beat, this.#liveness, this.#nowMs));
      if (!answer.shouldShutDown) return;
      machine.cleanEpoch = wantShutDown ? machine.epoch : -1n;
      machine.epoch = undefined;
    } catch (reason) {
      machine.epoch = undefined; // Somebody forgot it: it begins anew.
      throw reason;
    }
  }

  /** Killed; or without power, so that it may lose what it had last; or its disk is replaced. */
  #die(machine: Machine): void {
    if (machine.epoch === undefined) return;
    machine.lastEpoch = machine.epoch;
    machine.epoch = undefined;
    if (this.#dice.below(2) === 0) this.#liveness.lost(machine.id, this.#nowMs);
    const kind = this.#dice.below(4);
    if (kind === 3) machine.directory = this.world.random.uuid();
    if (kind < 2) return;
    for (const held of this.#held.values()) {
      const had = held.get(machine.id) ?? 0;
      if (had > 0) held.set(machine.id, kind === 3 ? 0 : this.#dice.below(had + 1));
    }
  }

  /** Leaders take a record each; it is committed where the ISR is large enough and all of it is there. */
  #write(): void {
    for (const [topic, partition] of this.#partitions()) {
      const { isr, leader } = partition;
      if (leader === -1 || isr.length < this.#minIsr(topic, partition) || !isr.every((id) => this.#isUp(id))) continue;
      const key = keyOf(topic, partition);
      const committed = (this.#committed.get(key) ?? 0) + 1;
      this.#committed.set(key, committed);
      for (const id of isr) this.#heldOf(key).set(id, committed);
      this.counts.writes += 1;
    }
  }

  /** A leader asks for an ISR: of those who are there, who have all it has. */
  #propose(topic?: TopicImage, partition?: PartitionImage, wanted?: readonly NodeId[]): void {
    const found = topic && partition ? ([topic, partition] as const) : this.#pick(this.#partitions());
    if (found === undefined) return;
    const [itsTopic, now] = found;
    const leader = this.#machines.get(now.leader);
    if (leader?.epoch === undefined || !this.#isUp(now.leader)) return;
    const isIn = (id: NodeId): boolean => wanted?.includes(id) ?? this.#dice.below(3) > 0;
    const members = now.replicas.filter((id) => id === now.leader || (this.#isUp(id) && isIn(id)));
    const key = keyOf(itsTopic, now);
    // Somebody who caught up before he died, and whom the leader has not seen begin anew.
    const stale = wanted === undefined && this.#dice.below(4) === 0 ? this.#pick(members) : undefined;
    const epochOf = (id: NodeId): bigint => {
      const machine = this.#machines.get(id);
      return (id === stale ? machine?.lastEpoch : machine?.epoch) ?? -1n;
    };
    const decision = this.world.controller.alterPartitions({
      brokerId: leader.id,
      brokerEpoch: leader.epoch,
      topics: [
        {
          topicId: itsTopic.id,
          partitions: [
            {
              partitionIndex: now.index,
              leaderEpoch: now.leaderEpoch,
              partitionEpoch: now.partitionEpoch - (wanted === undefined && this.#dice.below(10) === 0 ? 1 : 0),
              newIsr: members.map((brokerId) => ({
                brokerId,
                brokerEpoch: epochOf(brokerId),
              })),
              leaderRecoveryState: 0,
            },
          ],
        },
      ],
    });
    const isDone = decision.records.length > 0;
    for (const id of members) {
      if (isDone && id !== stale && !now.isr.includes(id))
        this.#heldOf(key).set(id, this.#heldOf(key).get(now.leader) ?? 0);
    }
    this.#joining = members;
    this.#commit(decision);
    this.#joining = [];
  }

  #create(): void {
    this.#topics += 1;
    const wanted = newTopic(`t${this.#topics}`, {
      partitionCount: 1 + this.#dice.below(2),
      replicationFactor: 1 + this.#dice.below(3),
      configs:
        this.#dice.below(4) === 0 ? [{ name: 'min.insync.replicas', value: String(1 + this.#dice.below(3)) }] : [],
    });
    this.#commit(this.world.controller.createTopics([wanted]));
  }

  #reassign(): void {
    const found = this.#pick(this.#partitions());
    if (found === undefined) return;
    const [topic, partition] = found;
    const start = this.#dice.below(BROKERS.length);
    const count = 1 + this.#dice.below(3);
    const target = Array.from({ length: count }, (_, place) => BROKERS[(start + place) % BROKERS.length] ?? 1);
    const replicas = this.#dice.below(3) === 0 ? null : target;
    this.#commit(
      this.world.controller.alterReassignments({
        allowReplicationFactorChange: true,
        topics: [{ topic: topic.name, partitions: [{ partitionIndex: partition.index, replicas }] }],
      }),
    );
  }

  #elect(): void {
    const type = this.#dice.below(6) === 0 ? 'unclean' : 'preferred';
    this.#commit(this.world.controller.electLeaders({ type, partitions: undefined }));
  }

  #setMinIsr(): void {
    const topic = this.#pick([...this.world.image.topics]);
    const resource = topic && this.#dice.below(2) === 0 ? { type: 2 as const, name: topic.name } : undefined;
    const changes = [{ name: 'min.insync.replicas', operation: 'set' as const, value: `${1 + this.#dice.below(3)}` }];
    this.#commit(
      this.world.controller.alterConfigs([
        { resource: resource ?? { type: 4, name: '' }, mode: 'incremental', changes },
      ]),
    );
  }

  #takeover(): void {
    const unfenced = [...this.world.image.brokers.values()].filter(({ fenced }) => !fenced);
    this.#liveness = new BrokerLiveness(
      LIVENESS,
      unfenced.map(({ id }) => id),
      this.#nowMs,
    );
  }

  #forgetBroker(machine: Machine): void {
    if (machine.epoch === undefined) this.#commit(this.world.controller.unregisterBroker(machine.id));
  }

  #commit<Response>(decision: Decision<MetadataRecord, Response>): Response {
    const before = this.world.image;
    const response = this.world.commit(decision);
    for (const record of decision.records) if (record.kind === 'partition-change') this.#note(record, before);
    if (before !== this.world.image) this.#check();
    return response;
  }

  /** An election that may lose records makes what its leader has all there is. */
  #note({ topicId, partitionId, leader }: PartitionChangeRecord, before: MetadataImage): void {
    const key = `${topicId}:${partitionId}`;
    const partition = before.topics.byId(topicId)?.partitions[partitionId];
    invariant(partition !== undefined, 'a partition exists before it changes');
    if (leader === undefined || leader === -1 || leader === partition.leader) return;
    this.counts.elections += 1;
    if ([...partition.isr, ...partition.elr, ...this.#joining].includes(leader)) return;
    const after = this.world.image.topics.byId(topicId)?.partitions[partitionId];
    invariant(after?.leaderRecoveryState === 1, `${key}: who may lack records knows that he does`);
    this.counts.unclean += 1;
    const kept = this.#heldOf(key).get(leader) ?? 0;
    this.#committed.set(key, Math.min(kept, this.#committed.get(key) ?? 0));
    for (const [id, held] of this.#heldOf(key)) this.#heldOf(key).set(id, Math.min(held, kept));
  }

  #check(): void {
    for (const [topic, partition] of this.#partitions()) {
      const where = `${topic.name}-${partition.index}: `;
      const key = keyOf(topic, partition);
      this.#checkSets(where, topic, partition);
      this.#checkEpochs(where, key, partition);
      for (const id of this.#heldOf(key).keys()) if (!partition.replicas.includes(id)) this.#heldOf(key).delete(id);
      const committed = this.#committed.get(key) ?? 0;
      const lacks = [...partition.isr, ...partition.elr].filter(
        (id) => this.#isUp(id) && (this.#heldOf(key).get(id) ?? 0) < committed,
      );
      invariant(lacks.length === 0, `${where}whoever is in sync or eligible has all that was committed`);
    }
  }

  #checkSets(where: string, topic: TopicImage, partition: PartitionImage): void {
    const { replicas, isr, elr, leader, lastKnownElr, addingReplicas, removingReplicas, directories } = partition;
    const isIn = (id: NodeId): boolean => replicas.includes(id);
    invariant(
      leader === -1 ? isr.length === 0 : isr.includes(leader),
      `${where}the leader is in the ISR, or both are none`,
    );
    invariant(new Set(isr).size === isr.length && isr.every(isIn), `${where}the ISR holds replicas, each once`);
    invariant(
      elr.every((id) => isIn(id) && !isr.includes(id)),
      `${where}the ELR holds replicas out of the ISR`,
    );
    invariant(
      isr.every((id) => this.#isActive(id)),
      `${where}nobody who is fenced or goes down is in sync`,
    );
    const minIsr = this.#minIsr(topic, partition);
    invariant(isr.length < minIsr || elr.length === 0, `${where}nobody is eligible beside an ISR that may commit`);
    invariant((leader === -1) === (lastKnownElr.length === 1), `${where}the last leader is known where there is none`);
    invariant([...addingReplicas, ...removingReplicas].every(isIn), `${where}who comes and goes is a replica`);
    invariant(directories.length === replicas.length, `${where}each replica has a directory`);
  }

  #checkEpochs(where: string, key: string, { leader, leaderEpoch, partitionEpoch }: PartitionImage): void {
    const [leaderEpochBefore, partitionEpochBefore] = this.#lastEpochs.get(key) ?? [0, 0];
    invariant(leaderEpoch >= leaderEpochBefore, `${where}its leader epoch does not fall`);
    invariant(partitionEpoch >= partitionEpochBefore, `${where}its partition epoch does not fall`);
    invariant(leaderEpoch <= partitionEpoch, `${where}each leader is a change`);
    const leaderKey = `${key}:${leaderEpoch}`;
    const other = this.#leaders.get(leaderKey) ?? leader;
    invariant(other === leader, `${where}a leader epoch has one leader`);
    this.#leaders.set(leaderKey, leader);
    this.#lastEpochs.set(key, [leaderEpoch, partitionEpoch]);
  }

  readonly #leaders = new Map<string, NodeId>();

  /** Whether a broker runs, by the registration that the controller knows. */
  #isUp(id: NodeId): boolean {
    const broker = this.#broker(id);
    return broker !== undefined && !broker.fenced && this.#machines.get(id)?.epoch === broker.epoch;
  }

  #isActive(id: NodeId): boolean {
    const broker = this.#broker(id);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  #broker(id: NodeId): BrokerImage | undefined {
    return this.world.image.brokers.get(id);
  }

  #minIsr(topic: TopicImage, { replicas }: PartitionImage): number {
    const text = topicConfigText(this.world.image.configs, STATICS, topic.name, 'min.insync.replicas');
    return Math.min(Number(text), replicas.length);
  }

  #heldOf(key: string): Held {
    const held = this.#held.get(key) ?? new Map<NodeId, number>();
    this.#held.set(key, held);
    return held;
  }

  #partitions(): readonly (readonly [TopicImage, PartitionImage])[] {
    return [...this.world.image.topics].flatMap((topic) =>
      topic.partitions.map((partition) => [topic, partition] as const),
    );
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#dice.below(Math.max(1, values.length))] as T;
  }
}

function keyOf({ id }: TopicImage, { index }: PartitionImage): string {
  return `${id}:${index}`;
}
