import type { SimClient } from '../node.js';
import type { BusProcess } from './bus-process.js';
import { BUS_PARTITIONS } from './bus-process.js';
import { SimCaller, SimResponder } from './calls.js';
import { GroupHistory, TopicHistory } from './history.js';
import { SimHost } from './host.js';
import { DEAD_JOBS, JOBS_GROUP, type JobsDone, SimClerk, SimWorker, isPoison, jobs } from './jobs.js';
import { wholeLog } from './looking.js';
import { OffsetWatch } from './offset-watch.js';
import type { SystemParts, Work } from './work.js';

const OF_A_KIND_MAX = 2;
/** Once nothing fails any more, each caller gets so many answers. */
const ANSWERS = 3;

type Kind = 'caller' | 'responder' | 'clerk' | 'worker';
const KINDS: readonly Kind[] = ['caller', 'responder', 'clerk', 'worker'];

/** Processes with buses: they ask each other, and work through a queue. */
export class BusWork implements Work {
  readonly history = new TopicHistory(jobs.name, BUS_PARTITIONS);
  readonly group = new GroupHistory(JOBS_GROUP, this.history);
  readonly #ends: JobsDone = { done: new Set(), dead: new Set() };
  readonly #watch: OffsetWatch;
  readonly #callers: SimCaller[] = [];
  readonly #responders: SimResponder[] = [];
  readonly #clerks: SimClerk[] = [];
  readonly #workers: SimWorker[] = [];
  readonly #ended: { readonly faults: string[] }[] = [];
  readonly #wanted = new Map<SimCaller, number>();
  #answered = 0;
  #names = 0;

  constructor(private readonly parts: SystemParts) {
    this.#watch = new OffsetWatch(parts.node, this.group);
  }

  get hosts(): readonly SimHost[] {
    return this.#all().map(({ host }) => host);
  }

  /** Answers count too. */
  get acknowledgedCount(): number {
    return this.history.acknowledgedCount + this.#callers.reduce((sum, { answered }) => sum + answered, this.#answered);
  }

  get handledCount(): number {
    return this.group.handledCount;
  }

  async begin(): Promise<void> {
    for (const kind of KINDS) this.#add(kind);
  }

  act(): void {
    const { dice } = this.parts.world;
    const die = dice.below(100);
    const kind = KINDS[dice.below(KINDS.length)]!;
    if (die < 45) this.#pick(this.#callers)?.act();
    else if (die < 80) this.#pick(this.#clerks)?.act();
    else if (die < 90) this.look();
    else if (die < 94) this.#add(kind);
    else if (die < 97) this.#pick(this.#of(kind))?.leave();
    else this.#crash(kind);
    for (const each of KINDS) for (const process of this.#of(each)) if (process.hasLeft) this.#bury(each, process);
  }

  look(): void {
    this.#watch.look();
  }

  calm(): void {
    for (const kind of KINDS) {
      const staying = this.#of(kind).filter(({ isLeaving }) => !isLeaving);
      if (staying.length === 0) this.#add(kind, true);
    }
    for (const caller of this.#callers) if (!caller.isLeaving) this.#wanted.set(caller, caller.answered + ANSWERS);
  }

  open(): string[] {
    const { history } = this;
    const open: string[] = [];
    for (const [caller, wanted] of this.#wanted) {
      if (caller.answered >= wanted) continue;
      open.push(`${caller.host.name} gets answers`);
      if (caller.idle) caller.act();
    }
    for (const { idle, host } of this.#clerks) if (!idle) open.push(`${host.name} hands out its jobs`);
    const { done, dead } = this.#ends;
    const left = [...history.acknowledged.keys()].filter((job) => !(isPoison(job) ? dead : done).has(job));
    if (left.length > 0) open.push(`${left.length} jobs are done, ${left[0]} first`);
    history.ends.forEach((end, index) => {
      if (end > 0 && (this.#watch.committed[index] ?? -1) < end) open.push(`${JOBS_GROUP} commits ${end} of ${index}`);
    });
    for (const { bus, host, isLeaving } of this.#all()) {
      if (isLeaving) continue;
      if (bus?.health().status !== 'up')
        open.push(`${host.name} is up: ${JSON.stringify(bus?.health().lanes ?? 'no bus')}`);
    }
    return open;
  }

  async check(client: SimClient): Promise<void> {
    const logs = Array.from({ length: BUS_PARTITIONS }, (_, index) => wholeLog(client, jobs.name, index));
    this.history.check(await Promise.all(logs));
    const dead = new Set((await wholeLog(client, DEAD_JOBS, 0)).map(({ value }) => value));
    for (const job of this.history.acknowledged.keys()) {
      if (isPoison(job) && !dead.has(job))
        this.history.faults.push(`${job} cannot be done, and is not with the dead letters`);
    }
    for (const job of dead) if (!isPoison(job)) this.history.faults.push(`${job} is with the dead letters`);
  }

  takeFaults(): string[] {
    const all = [this.history, this.group, ...this.#all(), ...this.#ended];
    return all.flatMap(({ faults }) => faults.splice(0));
  }

  end(): void {
    for (const host of this.hosts) if (host.alive) host.crash(true);
  }

  #all(): BusProcess[] {
    return KINDS.flatMap((kind) => this.#of(kind));
  }

  #of(kind: Kind): BusProcess[] {
    switch (kind) {
      case 'caller':
        return this.#callers;
      case 'responder':
        return this.#responders;
      case 'clerk':
        return this.#clerks;
      case 'worker':
        return this.#workers;
    }
  }

  #add(kind: Kind, isNeeded = false): void {
    if (this.#of(kind).length >= OF_A_KIND_MAX && !isNeeded) return;
    const { world, network, mutant } = this.parts;
    const host = new SimHost(world, network, `${kind}${this.#names++}`);
    if (kind === 'caller') this.#callers.push(new SimCaller(host, mutant));
    else if (kind === 'responder') this.#responders.push(new SimResponder(host, mutant));
    else if (kind === 'clerk') this.#clerks.push(new SimClerk(host, mutant, this.group));
    else this.#workers.push(new SimWorker(host, mutant, this.group, this.#ends));
  }

  #crash(kind: Kind): void {
    const process = this.#pick(this.#of(kind));
    if (process === undefined) return;
    process.host.crash(this.parts.world.dice.chance(60));
    this.#bury(kind, process);
  }

  #bury(kind: Kind, process: BusProcess): void {
    if (process.host.alive) process.host.crash(true);
    if (process instanceof SimCaller) this.#answered += process.answered;
    const all = this.#of(kind);
    all.splice(all.indexOf(process), 1);
    this.#ended.push(process);
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[this.parts.world.dice.below(Math.max(1, all.length))];
  }
}
