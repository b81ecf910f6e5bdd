import { SimNetwork } from '@trunkline/testing';
import { faultsOf } from '../../e2e/cluster/checker.js';
import { History } from '../../e2e/cluster/history.js';
import { SimHost } from '../system/host.js';
import { committedOffsets } from '../system/looking.js';
import { Hangs, Life, SimWorld } from '../world.js';
import { GroupLedger, Member } from './group.js';
import type { ClusterMutant } from './mutants.js';
import { ClusterNode, type ClusterParts, bootstrapOf } from './node.js';
import { Weather } from './weather.js';
import { Reader, type SimTopic, Writer } from './work.js';

export interface ClusterOptions {
  readonly seed: number;
  /** Decisions of the workload and of the faults. */
  readonly steps: number;
  readonly mutant?: ClusterMutant;
}

export interface ClusterResult {
  /** What does not hold; empty when all is well. */
  readonly faults: readonly string[];
  /** Of all events: the same for the same seed, steps and program. */
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly acknowledged: number;
  readonly lines: () => readonly string[];
}

export const CLUSTER_STEPS_DEFAULT = 150;

const BEGIN_MS_MAX = 30_000;
/** Once nothing fails any more, everything that was asked for happens within so long. */
const CALM_MS_MAX = 45_000;
const TOPICS_MAX = 4;
const WRITERS_MAX = 3;
const MEMBERS_MAX = 3;
const LATENCIES_US = [
  { usual: 300, slow: 20_000, slowPercent: 2 },
  { usual: 2_000, slow: 100_000, slowPercent: 4 },
];

/** Plays one seed: a cluster, its clients and its faults; then calm, and a look at everything. */
export async function simulateCluster(options: ClusterOptions): Promise<ClusterResult> {
  return new Cluster(options).play();
}

class Cluster {
  readonly #world: SimWorld;
  readonly #parts: ClusterParts;
  readonly #nodes: readonly ClusterNode[];
  readonly #weather: Weather;
  readonly #history = new History();
  readonly #faults: string[] = [];
  readonly #topics: SimTopic[] = [];
  readonly #writers: Writer[] = [];
  #readers: Reader[] = [];
  #members: Member[] = [];
  readonly #gone: { readonly faults: string[] }[] = [];
  #ledger: GroupLedger | undefined;
  #creating = 0;
  #names = 0;
  #numbers = 0;

  constructor(private readonly options: ClusterOptions) {
    const world = new SimWorld(options.seed);
    const { dice } = world;
    const forever = new Life();
    const after = (delayUs: number, label: string, run: () => void) => {
      const event = world.schedule(delayUs, label, forever, run);
      return { cancel: () => void (event.cancelled = true) };
    };
    const network = new SimNetwork({ random: dice, after, latencyUs: LATENCIES_US[dice.chance(25) ? 1 : 0]! });
    const count = dice.chance(15) ? 5 : 3;
    const ids = Array.from({ length: count }, (_, at) => at + 1);
    const voters = count === 5 && dice.chance(50) ? 5 : 3;
    const config = { flush: dice.chance(50) ? 'os' : 'group-commit' };
    this.#world = world;
    this.#parts = { world, network, ids, voters, config, mutant: options.mutant ?? {} };
    this.#nodes = ids.map((id) => new ClusterNode(this.#parts, id));
    this.#weather = new Weather(this.#parts, this.#nodes, () => this.#hosts(), () => this.#unwhole().length === 0); // prettier-ignore
  }

  async play(): Promise<ClusterResult> {
    try {
      await this.#begin();
      for (let step = 0; step < this.options.steps && this.#well(); step++) await this.#step();
      if (this.#well()) await this.#calm();
    } catch (reason) {
      this.#faults.push(reason instanceof Hangs ? `hangs: ${reason.message}` : `failed: ${String(reason)}`);
    }
    this.#well();
    for (const { host } of [...this.#writers, ...this.#readers, ...this.#members]) if (host.alive) host.crash(true);
    for (const node of this.#nodes) node.kill();
    const { hash, steps: events, nowMs: virtualMs, lines } = this.#world;
    const acknowledged = this.#writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
    return { faults: this.#faults, hash, events, virtualMs, acknowledged, lines: () => lines };
  }

  /** Collects what does not hold. */
  #well(): boolean {
    const all = [...this.#nodes, ...this.#writers, ...this.#readers, ...this.#members, ...this.#gone];
    this.#faults.push(...all.flatMap(({ faults }) => faults.splice(0)), ...(this.#ledger?.faults.splice(0) ?? []));
    return this.#faults.length === 0;
  }

  async #begin(): Promise<void> {
    for (const node of this.#nodes) node.start();
    this.#createTopic();
    await this.#until('the first topic', () => (this.#topics.length > 0 ? [] : ['a topic is made']), BEGIN_MS_MAX);
    this.#ledger = new GroupLedger('g', this.#topics[0]!);
    this.#addWriter();
    this.#addReader();
    this.#addMember();
  }

  async #step(): Promise<void> {
    const { dice } = this.#world;
    const die = dice.below(1000);
    if (die < 420) this.#write();
    else if (die < 500) this.#weather.change();
    else if (die < 515) this.#addWriter();
    else if (die < 525) this.#addReader();
    else if (die < 550) this.#addMember();
    else if (die < 570) this.#endMember();
    else if (die < 580) this.#createTopic();
    else if (die < 620) await this.#world.run(dice.below(3_000));
    else await this.#world.run(dice.below(60));
  }

  #write(): void {
    this.#pick(this.#writers)?.act(this.#pick(this.#topics)!);
  }

  #createTopic(): void {
    if (this.#topics.length + this.#creating >= TOPICS_MAX) return;
    const { dice } = this.#world;
    const topic = { name: `t${this.#names}`, partitions: 1 + dice.below(3), first: (this.#numbers += 10) };
    const host = this.#host('admin');
    this.#creating += 1;
    const configs = { 'segment.index.bytes': '60', 'segment.ms': '5000', ...this.#parts.mutant.topic };
    const { name, partitions } = topic;
    const made = host
      .client()
      .admin()
      .topics.create([{ name, partitions, replicationFactor: 3, configs }]);
    void made
      .then(
        (outcomes) => {
          const outcome = outcomes.get(name);
          this.#world.note(`${name}: ${outcome?.error?.code ?? 'made'}`);
          if (outcome?.error === undefined) this.#topics.push(topic);
        },
        (reason: unknown) => this.#world.note(`${name}: ${String(reason)}`),
      )
      .finally(() => {
        this.#creating -= 1;
        if (this.#topics.length === 0 && host.alive) this.#createTopic();
        host.crash(true);
      });
  }

  #addWriter(): void {
    if (this.#writers.length >= WRITERS_MAX) return;
    const acks = this.#parts.mutant.acks ?? -1;
    this.#writers.push(new Writer(this.#host('writer'), this.#writers.length, this.#history, acks));
  }

  /** Another one instead of the oldest, from the beginning. */
  #addReader(): void {
    if (this.#readers.length > 1) this.#bury(this.#readers.shift()!);
    this.#readers.push(new Reader(this.#host('reader'), this.#pick(this.#topics)!, this.#history));
  }

  #addMember(): void {
    this.#members = this.#members.filter((member) => member.host.alive || !this.#gone.push(member));
    if (this.#members.length >= MEMBERS_MAX) return;
    this.#members.push(new Member(this.#host('member'), this.#ledger!, this.#history));
  }

  #endMember(): void {
    const member = this.#pick(this.#members);
    if (member === undefined) return;
    if (this.#world.dice.chance(50)) member.leave(() => this.#bury(member));
    else this.#bury(member);
  }

  #bury(part: Reader | Member): void {
    if (part.host.alive) part.host.crash(this.#world.dice.chance(60));
    this.#gone.push(part);
    this.#members = this.#members.filter((member) => member !== part);
  }

  /** No more faults: what was sent ends, all replicas are in sync, everything is read, and the group has caught up. */
  async #calm(): Promise<void> {
    this.#world.note('calm');
    this.#weather.clear();
    await this.#until('the calm', () => this.#writers.flatMap(({ open, host }) => (open > 0 ? [`${host.name} has sent ${open}`] : [])), CALM_MS_MAX); // prettier-ignore
    await this.#until('the calm', () => this.#unwhole(), CALM_MS_MAX);
    const last = this.#topics.map((topic) => new Reader(this.#host('last'), topic, this.#history));
    this.#readers.push(...last);
    this.#addMember();
    for (const topic of this.#topics) this.#writers[0]!.act(topic);
    await this.#until('the calm', () => this.#behind(), CALM_MS_MAX);
    await this.#checkCommits();
    const names = new Set(last.map(({ host }) => host.name));
    this.#faults.push(...faultsOf(this.#history, names).map(({ kind, partition, text }) => `${kind} in ${partition}: ${text}`)); // prettier-ignore
  }

  /** Every replica that is not where it should be. */
  #unwhole(): string[] {
    const { ids, voters } = this.#parts;
    const found: string[] = [];
    for (const { broker, name } of this.#nodes) {
      if (broker === undefined) {
        found.push(`${name} serves`);
        continue;
      }
      const { metadata, quorum } = broker.parts;
      const { image } = metadata;
      const fenced = [...image.brokers.values()].filter((each) => each.fenced).length;
      if (image.brokers.size < ids.length || fenced > 0) found.push(`${name} knows all brokers`);
      if (quorum !== undefined && quorum.status.self.id <= voters && !quorum.status.isVoter)
        found.push(`${name} votes`);
      for (const topic of this.#topics) if (image.topics.byName(topic.name) === undefined) found.push(`${name} knows ${topic.name}`); // prettier-ignore
      for (const topic of image.topics) {
        for (const { index, isr, replicas, leader, elr, lastKnownElr } of topic.partitions) {
          if (isr.length < replicas.length || leader < 0)
            found.push(
              `${name} sees ${topic.name}/${index} whole; its ISR is ${isr.join()} of ${replicas.join()}, eligible ${elr.join()} or ${lastKnownElr.join()}`,
            );
        }
      }
    }
    return found;
  }

  /** The end of a partition as its leader knows it. */
  #ends({ name, partitions }: SimTopic): readonly number[] {
    return Array.from({ length: partitions }, (_, index) => {
      const ends = this.#nodes.map(({ broker }) => {
        const found = broker?.parts.replicas.find(name, index);
        return found === undefined || typeof found === 'string' ? 0 : found.highWatermark;
      });
      return Math.max(...ends);
    });
  }

  /** Who has not read what is there. */
  #behind(): string[] {
    const found = this.#writers.flatMap(({ open, host }) => (open > 0 ? [`${host.name} has sent ${open}`] : []));
    for (const { topic, positions, host } of this.#readers) {
      this.#ends(topic).forEach((end, index) => {
        if (positions[index]! < end) found.push(`${host.name} is at ${positions[index]} of ${end} in ${topic.name}/${index}`); // prettier-ignore
      });
    }
    const { topic, handledTo, id } = this.#ledger!;
    this.#ends(topic).forEach((end, index) => {
      if (handledTo[index]! < end) found.push(`${id} is at ${handledTo[index]} of ${end} in ${topic.name}/${index}`);
    });
    return found;
  }

  /** What the group has committed, asked of every node: one of them is its coordinator. */
  async #checkCommits(): Promise<void> {
    const ledger = this.#ledger!;
    const { name, partitions } = ledger.topic;
    let told: readonly number[] | undefined;
    await this.#world.run(1_000);
    for (const node of this.#nodes) {
      const client = told === undefined ? node.look() : undefined;
      if (client === undefined) continue;
      const asked = committedOffsets(client, ledger.id, name, partitions);
      told = await this.#world.settle('the offsets', asked, CALM_MS_MAX);
      client.close();
    }
    if (told === undefined) this.#faults.push('no node tells what the group has committed');
    told?.forEach((offset, partition) => ledger.told(partition, offset));
  }

  async #until(what: string, open: () => readonly string[], limitMs: number): Promise<void> {
    const untilMs = this.#world.nowMs + limitMs;
    for (;;) {
      const left = open();
      if (left.length === 0 || !this.#well()) return;
      if (this.#world.nowMs >= untilMs) throw new Hangs(`not within ${limitMs} virtual ms of ${what}: ${left.slice(0, 4).join('; ')}`); // prettier-ignore
      await this.#world.run(50);
    }
  }

  #hosts(): readonly string[] {
    return [...this.#writers, ...this.#readers, ...this.#members].map(({ host }) => host.name);
  }

  #host(kind: string): SimHost {
    const { world, network, ids } = this.#parts;
    return new SimHost(world, network, `${kind}${this.#names++}`, bootstrapOf(ids));
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[this.#world.dice.below(Math.max(1, all.length))];
  }
}
