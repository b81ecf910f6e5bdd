import { SimNetwork } from '@trunkline/testing';
import { SimClient, SimNode } from '../node.js';
import { Hangs, Life, SimWorld } from '../world.js';
import { BusWork } from './bus-work.js';
import { BOOTSTRAP, BROKER } from './host.js';
import type { SystemMutant } from './mutants.js';
import { Weather } from './weather.js';
import { TopicWork } from './topic-work.js';
import type { Work } from './work.js';

export interface SystemOptions {
  readonly seed: number;
  /** Decisions of the workload and of the faults. */
  readonly steps: number;
  readonly mutant?: SystemMutant;
}

export interface SystemResult {
  /** What does not hold; empty when all is well. */
  readonly faults: readonly string[];
  /** Of all events: the same for the same seed, steps and program. */
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly acknowledged: number;
  readonly handled: number;
  readonly lines: () => readonly string[];
}

export const SYSTEM_STEPS_DEFAULT = 300;

const START_MS_MAX = 120_000;
/** Once nothing fails any more, everything that was asked for happens within so long. */
const CALM_MS_MAX = 40_000;
const CHECK_MS_MAX = 120_000;

const CONFIG = {
  listeners: `PLAINTEXT://${BOOTSTRAP}`,
  'group.min.session.timeout.ms': '1000',
};

/** Plays one seed: work and faults, then calm, then a look at everything that is left after a power cut. */
export async function simulateSystem(options: SystemOptions): Promise<SystemResult> {
  return new System(options).play();
}

class System {
  readonly #world: SimWorld;
  readonly #network: SimNetwork;
  readonly #node: SimNode;
  readonly #weather: Weather;
  readonly #works: readonly Work[];
  readonly #faults: string[] = [];

  constructor(private readonly options: SystemOptions) {
    const world = new SimWorld(options.seed);
    const forever = new Life();
    const after = (delayUs: number, label: string, run: () => void) => {
      const event = world.schedule(delayUs, label, forever, run);
      return { cancel: () => void (event.cancelled = true) };
    };
    this.#world = world;
    this.#network = new SimNetwork({ random: world.dice, after });
    const mutant = options.mutant ?? {};
    const surroundings = { network: () => this.#network.of(BROKER), config: CONFIG };
    this.#node = new SimNode(world, mutant.broker, surroundings);
    const parts = { world, network: this.#network, node: this.#node, mutant };
    const topics = world.dice.below(3);
    this.#works = [
      ...Array.from({ length: topics }, (_, index) => new TopicWork(parts, `t${index}`)),
      ...(topics < 2 || world.dice.chance(50) ? [new BusWork(parts)] : []),
    ];
    this.#weather = new Weather(world, this.#network, this.#node, () => this.#works.flatMap(({ hosts }) => hosts));
  }

  async play(): Promise<SystemResult> {
    try {
      await this.#world.settle('the start', this.#node.start(), START_MS_MAX);
      for (const work of this.#works) await this.#world.settle('the beginning', work.begin(), START_MS_MAX);
      for (let step = 0; step < this.options.steps && this.#well(); step++) await this.#step();
      if (this.#well()) await this.#calm();
      if (this.#well()) await this.#check();
    } catch (reason) {
      this.#faults.push(reason instanceof Hangs ? `hangs: ${reason.message}` : `failed: ${String(reason)}`);
    }
    this.#well();
    for (const work of this.#works) work.end();
    this.#node.kill();
    const { hash, steps: events, nowMs: virtualMs, lines } = this.#world;
    const sum = (of: (work: Work) => number): number => this.#works.reduce((total, work) => total + of(work), 0);
    return {
      faults: this.#faults,
      hash,
      events,
      virtualMs,
      acknowledged: sum(({ acknowledgedCount }) => acknowledgedCount),
      handled: sum(({ handledCount }) => handledCount),
      lines: () => lines,
    };
  }

  /** Collects what does not hold. */
  #well(): boolean {
    const found = [
      ...this.#node.defects.splice(0),
      ...this.#weather.faults.splice(0),
      ...this.#works.flatMap((work) => work.takeFaults()),
    ];
    this.#faults.push(...found);
    return this.#faults.length === 0;
  }

  async #step(): Promise<void> {
    const { dice } = this.#world;
    const die = dice.below(1000);
    const work = this.#works[dice.below(this.#works.length)]!;
    if (die < 600) work.act();
    else if (die < 660) await this.#weather.change();
    else if (die < 690) await this.#world.run(dice.below(3_000));
    else await this.#world.run(dice.below(40));
  }

  /** No more faults: what was sent ends, everything is read and handled, and groups share all partitions. */
  async #calm(): Promise<void> {
    this.#world.note('calm');
    await this.#world.settle('the return of the broker', this.#weather.clear(), START_MS_MAX);
    for (const work of this.#works) work.calm();
    const untilMs = this.#world.nowMs + CALM_MS_MAX;
    for (;;) {
      await this.#world.run(50);
      for (const work of this.#works) work.look();
      const open = this.#works.flatMap((work) => work.open());
      if (open.length === 0 || !this.#well()) return;
      if (this.#world.nowMs < untilMs) continue;
      for (const what of open) this.#faults.push(`not within ${CALM_MS_MAX} virtual ms of calm: ${what}`);
      return;
    }
  }

  /** What is there after a power cut is held against all that anybody was told. */
  async #check(): Promise<void> {
    await this.#world.settle('the last start', this.#weather.restart('crash'), START_MS_MAX);
    for (const work of this.#works) work.end();
    const client = new SimClient(this.#node);
    for (const work of this.#works) {
      await this.#world.settle('looking at everything', work.check(client), CHECK_MS_MAX);
    }
  }
}
