import type { SimNetwork } from '@trunkline/testing';
import type { SimNode } from '../node.js';
import { Life, type SimWorld } from '../world.js';
import { BROKER, type SimHost } from './host.js';

const STOP_MS_MAX = 120_000;
/** How long a way may be blocked. */
const BLOCKED_MS_MAX = 6_000;

export type BrokerEnd = 'crash' | 'kill' | 'stop';

/** What happens to a system from outside: the network's faults, and the ends and returns of the broker. */
export class Weather {
  readonly faults: string[] = [];
  readonly #sky = new Life();

  constructor(
    private readonly world: SimWorld,
    private readonly network: SimNetwork,
    private readonly node: SimNode,
    private readonly hosts: () => readonly SimHost[],
  ) {}

  async change(): Promise<void> {
    const { dice } = this.world;
    const die = dice.below(100);
    if (die < 12) return this.restart(die < 6 ? 'crash' : die < 9 ? 'kill' : 'stop');
    if (die < 50) return this.#cut();
    if (die < 85) return this.#block();
    this.#refuse();
  }

  /** The broker ends, stays away for a while, and comes back on what is left of its disk. */
  async restart(how: BrokerEnd): Promise<void> {
    const { dice } = this.world;
    await this.#end(how);
    await this.world.run(dice.below(dice.chance(20) ? 4_000 : 200));
    while (dice.chance(15)) {
      // Starts, and does not get far.
      void this.#start();
      await this.world.run(dice.below(60));
      this.network.powerOff(BROKER);
      this.node.crash();
    }
    await this.world.settle('the start', this.#start(), STOP_MS_MAX);
  }

  /** Everything is well again. */
  async clear(): Promise<void> {
    this.#sky.end();
    this.network.heal();
    if (!this.node.up) await this.#start();
  }

  async #end(how: BrokerEnd): Promise<void> {
    if (how === 'stop') {
      const stopping = this.node.stop().catch((reason: unknown) => {
        this.faults.push(`does not stop in order: ${String(reason)}`);
        this.node.kill();
      });
      await this.world.settle('the stop', stopping, STOP_MS_MAX);
      this.network.kill(BROKER);
    } else if (how === 'kill') {
      this.network.kill(BROKER);
      this.node.kill();
    } else {
      this.network.powerOff(BROKER);
      this.node.crash();
    }
  }

  async #start(): Promise<void> {
    await this.node.start().catch((reason: unknown) => void this.faults.push(`does not start: ${String(reason)}`));
  }

  #cut(): void {
    const name = this.#host();
    this.world.note(`links of ${name} are cut`);
    this.network.cut(name, 30 + this.world.dice.below(71));
  }

  #block(): void {
    const { dice } = this.world;
    const name = this.#host();
    if (name === BROKER) return;
    const which = dice.below(3);
    const ways: [string, string][] = [];
    if (which !== 1) ways.push([name, BROKER]);
    if (which !== 0) ways.push([BROKER, name]);
    this.world.note(`blocked: ${ways.map(([from, to]) => `${from}>${to}`).join(' ')}`);
    for (const [from, to] of ways) this.network.block(from, to);
    this.world.schedule(dice.below(BLOCKED_MS_MAX) * 1000, 'unblock', this.#sky, () => {
      for (const [from, to] of ways) this.network.unblock(from, to);
    });
  }

  #refuse(): void {
    const { dice } = this.world;
    this.world.note('connections are refused');
    this.network.machine(BROKER).refuses = true;
    this.world.schedule(dice.below(2_000_000), 'accepts again', this.#sky, () => {
      this.network.machine(BROKER).refuses = false;
    });
  }

  #host(): string {
    const hosts = this.hosts().filter(({ alive }) => alive);
    return hosts[this.world.dice.below(hosts.length + 1)]?.name ?? BROKER;
  }
}
