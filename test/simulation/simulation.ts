import { SimNode } from './node.js';
import type { Mutant } from './mutants.js';
import { SimTopic } from './topics.js';
import { Hangs, SimWorld } from './world.js';

export interface SimulationOptions {
  readonly seed: number;
  /** Decisions of the workload and of the faults. */
  readonly steps: number;
  readonly mutant?: Mutant;
}

export interface SimulationResult {
  /** What does not hold; empty when all is well. */
  readonly faults: readonly string[];
  /** Of all events: the same for the same seed, steps and program. */
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly acknowledged: number;
  readonly restarts: number;
  /** The last events, as text. */
  readonly lines: () => readonly string[];
}

/** Long enough for a few restarts and every kind of fault. */
export const STEPS_DEFAULT = 300;

const TOPICS_MAX = 4;
const TOPIC_NAMES = 6;
const STOP_MS_MAX = 120_000;
const START_MS_MAX = 120_000;
const CHECK_MS_MAX = 120_000;
/** Once nothing fails any more, everybody gets on within so long. */
const CALM_MS_MAX = 10_000;
const CALM_BATCHES = 3;
const ENOUGH_BYTES = 2 ** 40;
const SYNC_FAULTS: readonly RegExp[] = [
  /\.log$/,
  /__cluster_metadata/,
  /__consumer_offsets/,
  /data\/t\d-\d\/.*\.log$/,
  /index|snapshot|checkpoint|\.tmp/,
];

/** Plays one seed: work and faults, a look at everything after each restart, and calm in the end. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).play();
}

class Simulation {
  readonly #world: SimWorld;
  readonly #node: SimNode;
  #topics: SimTopic[] = [];
  readonly #faults: string[] = [];
  #lives = 0;
  #restarts = 0;
  /** A disk fault was planted, or struck: parts of the node may serve no more until it starts again. */
  #sick = false;
  #acknowledged = 0;

  constructor(private readonly options: SimulationOptions) {
    this.#world = new SimWorld(options.seed);
    this.#node = new SimNode(this.#world, options.mutant);
    this.#node.disk.capacityBytes = ENOUGH_BYTES;
  }

  async play(): Promise<SimulationResult> {
    try {
      await this.#start();
      for (let step = 0; step < this.options.steps && this.#well(); step++) await this.#step();
      if (this.#well()) await this.#calm();
      if (this.#well()) await this.#restart('crash');
      if (this.#well()) await this.#restart('stop');
    } catch (reason) {
      this.#faults.push(reason instanceof Hangs ? `hangs: ${reason.message}` : `failed: ${String(reason)}`);
    }
    this.#well();
    this.#node.kill();
    const { hash, steps: events, nowMs: virtualMs } = this.#world;
    const lines = (): readonly string[] => this.#world.lines;
    for (const topic of this.#topics) this.#count(topic);
    const [acknowledged, restarts] = [this.#acknowledged, this.#restarts];
    return { faults: this.#faults, hash, events, virtualMs, acknowledged, restarts, lines };
  }

  /** Collects what does not hold. */
  #well(): boolean {
    const found = [...this.#node.defects.splice(0), ...this.#topics.flatMap(({ allFaults }) => allFaults)];
    this.#faults.push(...found.filter((fault) => !this.#faults.includes(fault)));
    return this.#faults.length === 0;
  }

  async #step(): Promise<void> {
    const { dice } = this.#world;
    const node = this.#node;
    if (this.#sick && dice.chance(8))
      return this.#restart(dice.chance(50) ? 'crash' : dice.chance(50) ? 'kill' : 'stop');
    const die = dice.below(1000);
    const topic = this.#topics[dice.below(Math.max(1, this.#topics.length))];
    const there = topic?.state === 'there' ? topic : undefined;
    if (die < 400) this.#oneOf(there?.producers)?.act();
    else if (die < 520) this.#oneOf(there?.readers)?.act();
    else if (die < 580) this.#oneOf(there?.committers)?.act();
    else if (die < 620) this.#create();
    else if (die < 630) {
      if (there !== undefined && !there.busy && node.up) there.delete();
    } else if (die < 650) {
      if (there !== undefined && !there.busy && node.up) there.deleteRecords();
    } else if (die < 665) {
      if (there !== undefined && !there.busy && node.up) there.alter();
    } else if (die < 700) await this.#fault(die);
    else if (die < 715) await this.#world.run(dice.below(3000));
    else await this.#world.run(dice.below(12));
    this.#topics = this.#topics.filter((each) => {
      if (each.state === 'gone') this.#count(each);
      return each.state !== 'gone' || each.busy;
    });
  }

  async #fault(die: number): Promise<void> {
    const { dice } = this.#world;
    if (die < 680) return this.#restart(die < 674 ? 'crash' : die < 677 ? 'kill' : 'stop');
    if (die < 690) {
      const path = SYNC_FAULTS[dice.below(SYNC_FAULTS.length)]!;
      this.#world.note(`sync of ${path} will fail`);
      this.#node.disk.fail('sync', path, 'EIO', 1 + dice.below(2));
      this.#sick = true;
    } else if (die < 695) {
      this.#world.note('writes will fail');
      this.#node.disk.fail('write', SYNC_FAULTS[dice.below(SYNC_FAULTS.length)]!, 'ENOSPC', 1 + dice.below(2));
      this.#sick = true;
    } else {
      const { freeBytes } = await this.#node.disk.space();
      this.#node.disk.capacityBytes -= freeBytes - dice.below(4096);
      this.#world.note('the disk is full');
      this.#sick = true;
    }
  }

  #create(): void {
    if (this.#topics.length >= TOPICS_MAX || !this.#node.up) return;
    const name = `t${this.#world.dice.below(TOPIC_NAMES)}`;
    if (this.#topics.some((topic) => topic.name === name)) return;
    const topic = new SimTopic(name, this.#node, this.#lives++);
    this.#topics.push(topic);
    topic.create();
  }

  async #restart(how: 'crash' | 'kill' | 'stop'): Promise<void> {
    const { dice } = this.#world;
    this.#restarts += 1;
    if (how === 'stop') await this.#stop();
    else if (how === 'kill') this.#node.kill();
    else this.#node.crash();
    this.#heal();
    while (dice.chance(20)) {
      // Starts, and does not get far.
      const starting = this.#node.start();
      starting.catch((reason: unknown) => this.#faults.push(`does not start: ${String(reason)}`));
      await this.#world.run(dice.below(60));
      this.#node.crash();
    }
    await this.#start();
    await this.#world.settle('looking at everything', this.#check(), CHECK_MS_MAX);
  }

  async #stop(): Promise<void> {
    const wasSick = this.#sick;
    const stopping = this.#node.stop().catch((reason: unknown) => {
      if (!wasSick) this.#faults.push(`does not stop in order: ${String(reason)}`);
      this.#node.kill();
    });
    await this.#world.settle('the stop', stopping, STOP_MS_MAX);
  }

  #heal(): void {
    this.#node.disk.heal();
    this.#node.disk.capacityBytes = ENOUGH_BYTES;
    this.#sick = false;
  }

  async #start(): Promise<void> {
    await this.#world.settle('the start', this.#node.start(), START_MS_MAX);
  }

  async #check(): Promise<void> {
    for (const topic of this.#topics) await topic.check();
  }

  /** No more faults: everybody's requests are answered well, and soon. */
  async #calm(): Promise<void> {
    await this.#restart('crash');
    const untilMs = this.#world.nowMs + CALM_MS_MAX;
    const served = this.#topics.filter(({ state }) => state === 'there');
    const goals = served.flatMap(({ producers, committers }) => [
      ...producers.map((producer) => producer.goal(CALM_BATCHES)),
      ...committers.map((committer) => committer.goal(1)),
    ]);
    for (let open = goals; open.length > 0 && this.#well(); open = open.filter(({ isReached }) => !isReached())) {
      for (const { act } of open) act();
      await this.#world.run(5);
      if (this.#world.nowMs < untilMs) continue;
      for (const { name } of open) this.#faults.push(`${name} does not get on within ${CALM_MS_MAX} virtual ms`);
      return;
    }
  }

  #count({ producers }: SimTopic): void {
    for (const { acknowledgedCount } of producers) this.#acknowledged += acknowledgedCount;
  }

  #oneOf<T>(all: readonly T[] | undefined): T | undefined {
    return all?.[this.#world.dice.below(Math.max(1, all.length))];
  }
}
