import { ApiError, ZERO_UUID, type Decision, type NodeId, type Uuid } from '@trunkline/kernel';
import { BrokerLiveness } from '../src/broker-liveness.js';
import { RESERVED_DIRECTORIES } from '../src/directories.js';
import type { BrokerImage, PartitionImage, TopicImage } from '../src/image.js';
import type { MetadataRecord } from '../src/records.js';
import { listReassignments } from '../src/reassignments.js';
import { ControllerWorld, newTopic, registration, staticConfig } from './fixture.js';
import { told } from './play.js';

/** Of a session timeout of three seconds, with a grace of 300 ms. */
export const LIVENESS = { sessionTimeoutMs: 3000, lostGraceMs: 300, takeoverMs: 1500 };

/**
 * Plays the life of a cluster to a controller, and writes down what it decided. Brokers send heartbeats; `at` sets the
 * clock. Topics are told by name, and a partition's state in a line.
 */
export function playCluster(script: string, settings: Readonly<Record<string, string>> = {}): string {
  return new ClusterPlay(settings).play(script);
}

class ClusterPlay {
  readonly #world: ControllerWorld;
  readonly #lines: string[] = [];
  readonly #names = new Map<Uuid, string>();
  #liveness = new BrokerLiveness(LIVENESS);
  #nowMs = 0;

  constructor(settings: Readonly<Record<string, string>>) {
    this.#world = new ControllerWorld(1, staticConfig(settings));
  }

  play(script: string): string {
    for (const command of script.split('\n').map((line) => line.trim())) {
      if (command === '') continue;
      this.#lines.push(`> ${command}`);
      try {
        this.#run(command.split(/\s+/));
      } catch (reason) {
        if (!(reason instanceof ApiError)) throw reason;
        this.#lines.push(`  refused ${reason.message}`);
      }
    }
    return this.#lines.join('\n');
  }

  #run([verb = '', ...words]: readonly string[]): void {
    const { controller, image } = this.#world;
    const [first = '', ...rest] = words;
    switch (verb) {
      case 'cluster':
        for (const id of words.map(Number)) {
          this.#quietly(() => this.#register(id));
          this.#quietly(() => this.#beat(id));
        }
        return;
      case 'register':
        return this.#register(Number(first), rest[0]);
      case 'beat':
        return this.#beat(Number(first), ...rest);
      case 'at':
        this.#nowMs = Number(first);
        return;
      case 'lost':
        return this.#liveness.lost(Number(first) as NodeId, this.#nowMs);
      case 'refused':
        return this.#liveness.refused(Number(first) as NodeId, this.#nowMs);
      case 'look':
        return this.#commit(controller.fenceExpiredBrokers(this.#liveness, this.#nowMs));
      case 'dies': {
        const ids = words.map((id) => Number(id) as NodeId);
        for (const id of ids) this.#liveness.forget(id);
        return this.#commit(controller.fenceBrokers(ids));
      }
      case 'takeover': {
        const unfenced = [...image.brokers.values()].filter(({ fenced }) => !fenced).map(({ id }) => id);
        this.#liveness = new BrokerLiveness(LIVENESS, unfenced, this.#nowMs);
        return;
      }
      case 'unregister':
        return this.#commit(controller.unregisterBroker(Number(first) as NodeId));
      default:
        return this.#partitions(verb, words);
    }
  }

  #partitions(verb: string, [first = '', ...rest]: readonly string[]): void {
    const { controller } = this.#world;
    switch (verb) {
      case 'create':
        return this.#create(first, rest);
      case 'isr':
        return this.#isr(first, rest);
      case 'elect': {
        const partitions = rest[0] === 'all' ? undefined : rest.map((name) => asked(name));
        return this.#commit(
          controller.electLeaders({ type: first === 'unclean' ? 'unclean' : 'preferred', partitions }),
        );
      }
      case 'balance':
        return this.#commit(controller.balanceLeaders());
      case 'unclean-round':
        return this.#commit(controller.electUncleanLeaders());
      case 'reassign':
        return this.#reassign(first, rest);
      case 'assign':
        return this.#assign(Number(first), rest);
      case 'reassigning':
        for (const { topic, partition } of listReassignments(this.#world.image.topics, undefined)) {
          this.#lines.push(`  ${topic}-${partition.index} ${stateOf(partition)}`);
        }
        return;
      case 'set': {
        const [name = '', value = ''] = rest;
        const resource = first === 'brokers' ? { type: 4 as const, name: '' } : { type: 2 as const, name: first };
        const changes = [{ name, operation: 'set' as const, value }];
        return this.#commit(controller.alterConfigs([{ resource, mode: 'incremental', changes }]));
      }
      case 'show': {
        const [topic, partition] = this.#find(first);
        this.#lines.push(`  ${topic.name}-${partition.index} ${stateOf(partition)}`);
        return;
      }
      default:
        throw new Error(`no such command: ${verb}`);
    }
  }

  /**
   * `register 2`, with a proof of its clean shutdown (`clean`), or as the process that is there already (`again`); with
   * another disk (`blank`), or others that it may not have.
   */
  #register(id: number, how = ''): void {
    const { controller, random, image } = this.#world;
    const before = image.brokers.get(id as NodeId);
    const fresh = registration(id, random);
    const known = before && { logDirs: how === 'blank' ? fresh.logDirs : before.logDirs };
    const proof = how === 'clean' && before && { previousBrokerEpoch: before.epoch };
    const same = how === 'again' && before && { incarnationId: before.incarnationId };
    const [disk = RESERVED_DIRECTORIES.lost] = fresh.logDirs;
    const disks: Readonly<Record<string, readonly Uuid[]>> = {
      'two-disks': [disk, random.uuid()],
      'no-disks': [],
      'same-disks': [disk, disk],
      'reserved-disk': [RESERVED_DIRECTORIES.lost],
      'disks-of-1': image.brokers.get(1 as NodeId)?.logDirs ?? [],
    };
    const other = { ...(disks[how] && { logDirs: disks[how] }), ...(how === 'old-build' && { features: [] }) };
    const heard = { liveness: this.#liveness, nowMs: this.#nowMs };
    const told = { ...fresh, ...known, ...proof, ...same, ...other, heartbeats: true };
    this.#commit(controller.registerBroker(told, heard));
  }

  /** `beat 2`, and what it wants: `stop`, `fence`, `failed` directory; `behind` when it has not applied everything. */
  #beat(id: number, ...wants: readonly string[]): void {
    const broker = this.#broker(id);
    const beat = {
      brokerId: broker.id,
      brokerEpoch: wants.includes('stale') ? 0n : broker.epoch,
      currentMetadataOffset: wants.includes('behind') ? Number(broker.epoch) - 1 : this.#world.records.length - 1,
      wantFence: wants.includes('fence'),
      wantShutDown: wants.includes('stop'),
      offlineLogDirs: wants.includes('failed') ? broker.logDirs.slice(0, 1) : [],
    };
    this.#commit(this.#world.controller.brokerHeartbeat(beat, this.#liveness, this.#nowMs));
  }

  /** `create orders 1,2,3 2,3,1`: the replicas of each partition. */
  #create(name: string, places: readonly string[]): void {
    const assignments = places.map((place, partitionIndex) => ({ partitionIndex, brokerIds: numbers(place) }));
    this.#commit(this.#world.controller.createTopics([newTopic(name, { assignments })]));
  }

  /** `isr orders-0 1,2`: its leader asks, by what is known now; `as 2`: another does; `late`: by an older epoch. */
  #isr(name: string, [members = '', ...words]: readonly string[]): void {
    const [topic, partition] = this.#find(name);
    const asker = words[0] === 'as' ? (Number(words[1]) as NodeId) : partition.leader;
    const by = (word: string, amount: number): number => (words.includes(word) ? amount : 0);
    const newIsr = numbers(members).map((id) => ({
      brokerId: id as NodeId,
      brokerEpoch: words.includes('unknown-epochs') ? -1n : this.#broker(id).epoch - BigInt(by('old-uptime', 1)),
    }));
    const proposal = {
      partitionIndex: partition.index,
      leaderEpoch: partition.leaderEpoch + by('ahead', 1) - by('fenced', 1),
      partitionEpoch: partition.partitionEpoch - by('late', 1),
      newIsr,
      leaderRecoveryState: by('recovering', 1) + by('nonsense', 7),
    };
    const topics = [{ topicId: topic.id, partitions: [proposal] }];
    const { epoch: brokerEpoch } = this.#broker(asker);
    const decision = this.#world.controller.alterPartitions({ brokerId: asker, brokerEpoch, topics });
    this.#commit({
      records: decision.records,
      response: decision.response.topics.flatMap(({ partitions }) => partitions),
    });
  }

  /** `reassign orders-0 4,5,6`, `reassign orders-0 back`; `any-factor` lets the number of replicas change. */
  #reassign(name: string, [target = '', ...words]: readonly string[]): void {
    const [topic, index] = split(name);
    const replicas = target === 'back' ? null : numbers(target);
    const topics = [{ topic, partitions: [{ partitionIndex: index, replicas }] }];
    const allowReplicationFactorChange = words.includes('any-factor');
    this.#commit(this.#world.controller.alterReassignments({ allowReplicationFactorChange, topics }));
  }

  /** `assign 1 first orders-0 orders-1`: where a broker's replicas are; `failed`: in a directory that it has not. */
  #assign(id: number, [which = '', ...names]: readonly string[]): void {
    const { epoch: brokerEpoch, id: brokerId, logDirs } = this.#broker(id);
    const directory = which === 'failed' ? RESERVED_DIRECTORIES.lost : logDirs[which === 'first' ? 0 : 1];
    const topics = names.map((name) => {
      const [topic, index] = split(name);
      return { topicId: this.#world.image.topics.byName(topic)?.id ?? ZERO_UUID, partitions: [index] };
    });
    const directories = [{ id: directory ?? RESERVED_DIRECTORIES.lost, topics }];
    this.#commit(this.#world.controller.assignReplicasToDirs({ brokerId, brokerEpoch, directories }));
  }

  #commit(decision: Decision<MetadataRecord, unknown>): void {
    for (const record of decision.records) {
      if (record.kind === 'topic') this.#names.set(record.topicId, record.name);
      this.#lines.push(`  ${told(record, this.#names)}`);
    }
    this.#world.commit(decision);
    this.#lines.push(...answers(decision.response).map((answer) => `  answer ${answer}`));
  }

  #quietly(run: () => void): void {
    const count = this.#lines.length;
    run();
    this.#lines.length = count;
  }

  #broker(id: number): BrokerImage {
    const broker = this.#world.image.brokers.get(id as NodeId);
    if (broker === undefined) throw new Error(`no broker ${id}`);
    return broker;
  }

  #find(name: string): readonly [TopicImage, PartitionImage] {
    const [topicName, index] = split(name);
    const topic = this.#world.image.topics.byName(topicName);
    const partition = topic?.partitions[index];
    if (topic === undefined || partition === undefined) throw new Error(`no partition ${name}`);
    return [topic, partition];
  }
}

function stateOf({ replicas, isr, elr, lastKnownElr, leader, ...rest }: PartitionImage): string {
  const { leaderEpoch, partitionEpoch, leaderRecoveryState, addingReplicas, removingReplicas } = rest;
  const list = (word: string, ids: readonly number[]): readonly string[] =>
    ids.length > 0 ? [`${word} ${ids.join()}`] : [];
  return [
    leader === -1 ? 'leader none' : `leader ${leader}`,
    `e${leaderEpoch}.${partitionEpoch}`,
    `replicas ${replicas.join()}`,
    `isr ${isr.length === 0 ? 'none' : isr.join()}`,
    ...list('elr', elr),
    ...list('last leader', lastKnownElr),
    ...list('adding', addingReplicas),
    ...list('removing', removingReplicas),
    ...(leaderRecoveryState === 1 ? ['recovering'] : []),
  ].join(' ');
}

function answers(response: unknown): readonly string[] {
  if (!Array.isArray(response)) {
    if (response === undefined || typeof response === 'boolean') return [];
    const told = Object.entries(response as Record<string, unknown>).filter(([, value]) => value !== false);
    return [
      told.map(([name, value]) => (value === true ? name : `${name} ${String(value)}`)).join(' ') || 'all is well',
    ];
  }
  return response.flatMap((one: { readonly error?: ApiError; readonly partition?: PartitionImage } | number) => {
    if (typeof one === 'number') return [];
    if (one.error !== undefined) return [one.error.message];
    return one.partition === undefined ? [] : [stateOf(one.partition)];
  });
}

function asked(name: string): { readonly topic: string; readonly partitions: readonly number[] } {
  const [topic, index] = split(name);
  return { topic, partitions: [index] };
}

function split(name: string): readonly [string, number] {
  const dash = name.lastIndexOf('-');
  return [name.slice(0, dash), Number(name.slice(dash + 1))];
}

function numbers(text: string): readonly number[] {
  return text.split(',').map(Number);
}
