import { Life } from '../world.js';
import type { ClusterNode, ClusterParts } from './node.js';

const AWAY_MS_MAX = 4_000;
const CUT_MS_MAX = 4_000;
const PAUSE_MS_MAX = 2_500;
const SLOW_MS_MAX = 3_000;
/** A way that is slow is one that is closed again and again for a moment. */
const STUTTERS = 12;
const STUTTER_MS_MAX = 250;
const SICK_PATHS: readonly RegExp[] = [/\.log$/, /__cluster_metadata/, /__consumer_offsets/, /data\/t\d+-\d\/.*\.log$/];

/** What happens to a cluster from outside. What was promised says how much of it may come together. */
export class Weather {
  readonly #sky = new Life();
  #isOver = false;
  readonly #isStopping = new Set<ClusterNode>();

  /** Who lost something that others have. */
  #loser: ClusterNode | undefined;

  constructor(
    private readonly parts: ClusterParts,
    private readonly nodes: readonly ClusterNode[],
    private readonly hosts: () => readonly string[],
    /** Whether every replica is in sync: only then one may lose what it has. */
    private readonly isWhole: () => boolean,
  ) {}

  change(): void {
    const { dice } = this.parts.world;
    const node = this.nodes[dice.below(this.nodes.length)]!;
    const die = dice.below(100);
    if (die < 14) this.#end(node, () => node.kill());
    else if (die < 22) this.#crash(node);
    else if (die < 30) this.#stop(node);
    else if (die < 33) this.#wipe(node);
    else if (die < 36) this.#allEnd();
    else if (die < 52) this.#pause(node);
    else if (die < 72) this.#cutOff(node);
    else if (die < 80) this.#cutFromHost(node);
    else if (die < 86) this.#stutter(node);
    else if (die < 92) this.#slowDisk(node);
    else if (die < 95) this.#sicken(node);
    else this.#breakLinks(node);
  }

  /** Everything is well again. Every node runs, or is about to. */
  clear(): void {
    const { world, network } = this.parts;
    this.#isOver = true;
    this.#sky.end();
    network.heal();
    for (const node of this.nodes) {
      world.resume(node.life);
      node.isSlow = false;
      if (node.isSick) node.kill();
      node.disk.heal();
      node.isSick = false;
      if (!node.isWanted && !this.#isStopping.has(node)) node.start();
    }
  }

  #end(node: ClusterNode, how: () => void): void {
    if (!node.isWanted || !this.#mayEnd(node)) return;
    how();
    this.#comeBack(node);
  }

  /**
   * Once one has lost something, no other ends without a word before all are in sync again: to the controller an end
   * without proof may be a loss too, and who led last decides then (KIP-966). The last leader's own loss is not promised.
   */
  #mayEnd(node: ClusterNode): boolean {
    if (this.#loser !== undefined && this.isWhole()) this.#loser = undefined;
    return this.#loser === undefined || this.#loser === node;
  }

  /** Back after a while, which is often short: its session may not be over yet. */
  #comeBack(node: ClusterNode): void {
    const { world } = this.parts;
    const awayMs = world.dice.below(world.dice.chance(50) ? 300 : AWAY_MS_MAX);
    world.schedule(awayMs * 1000, 'comes back', this.#sky, () => {
      node.disk.heal();
      node.isSick = false;
      if (!node.isWanted) node.start();
    });
  }

  /** Without syncs one machine may lose its power, and the next one only when all have everything again. */
  #crash(node: ClusterNode): void {
    if (!this.#isSynced && !this.isWhole()) return;
    this.#end(node, () => {
      node.crash();
      if (!this.#isSynced) this.#loser = node;
    });
  }

  get #isSynced(): boolean {
    return this.parts.config['flush'] !== 'os';
  }

  #allEnd(): void {
    for (const node of this.nodes) this.#end(node, () => (this.#isSynced ? node.crash() : node.kill()));
  }

  #stop(node: ClusterNode): void {
    if (!node.isWanted || this.#isStopping.has(node)) return;
    this.#isStopping.add(node);
    const { life } = node;
    const over = (): void => {
      if (!this.#isStopping.delete(node) || node.isWanted) return;
      if (this.#isOver) node.start();
      else this.#comeBack(node);
    };
    void node.stop().then(over);
    void life.ended.then(over);
  }

  #wipe(node: ClusterNode): void {
    if (!node.isWanted || !this.isWhole()) return;
    this.#end(node, () => {
      node.crash();
      node.wipe();
      this.#loser = node;
    });
  }

  #pause(node: ClusterNode): void {
    const { world, network } = this.parts;
    const { life } = node;
    world.note(`${node.name} stands still`);
    world.hold(life);
    network.pause(node.name);
    this.#later(PAUSE_MS_MAX, () => {
      world.resume(life);
      if (node.life === life) network.resume(node.name);
    });
  }

  /** From one other node or all, one way or both. */
  #cutOff(node: ClusterNode): void {
    const { dice } = this.parts.world;
    const others = this.nodes.filter((other) => other !== node).map(({ name }) => name);
    const from = dice.chance(50) ? others : [others[dice.below(others.length)]!];
    this.#block(node.name, from, CUT_MS_MAX);
  }

  #cutFromHost(node: ClusterNode): void {
    const hosts = this.hosts();
    const host = hosts[this.parts.world.dice.below(hosts.length)];
    if (host !== undefined) this.#block(node.name, [host], CUT_MS_MAX);
  }

  #stutter(node: ClusterNode): void {
    const { dice } = this.parts.world;
    const others = this.nodes.filter((other) => other !== node).map(({ name }) => name);
    const again = (left: number): void => {
      if (left === 0 || this.#isOver) return;
      this.#block(node.name, others, STUTTER_MS_MAX);
      this.#later(2 * STUTTER_MS_MAX, () => again(left - 1));
    };
    again(1 + dice.below(STUTTERS));
  }

  #block(name: string, others: readonly string[], msMax: number): void {
    const { world, network } = this.parts;
    const which = world.dice.below(4);
    const ways: [string, string][] = [];
    for (const other of others) {
      if (which !== 1) ways.push([name, other]);
      if (which !== 0) ways.push([other, name]);
    }
    world.note(`blocked: ${ways.map((way) => way.join('>')).join(' ')}`);
    for (const [from, to] of ways) network.block(from, to);
    this.#later(msMax, () => {
      for (const [from, to] of ways) network.unblock(from, to);
    });
  }

  #slowDisk(node: ClusterNode): void {
    this.parts.world.note(`the disk of ${node.name} is slow`);
    node.isSlow = true;
    this.#later(SLOW_MS_MAX, () => (node.isSlow = false));
  }

  /** A write or a sync fails: such a disk is given up, so that one may at a time. */
  #sicken(node: ClusterNode): void {
    const { world } = this.parts;
    if (!node.isWanted || !this.isWhole()) return;
    const act = world.dice.chance(50) ? 'sync' : 'write';
    const path = SICK_PATHS[world.dice.below(SICK_PATHS.length)]!;
    world.note(`a ${act} of ${path} fails at ${node.name}`);
    node.isSick = true;
    this.#loser = node;
    node.disk.fail(act, path, act === 'sync' ? 'EIO' : 'ENOSPC');
    world.schedule(world.dice.below(AWAY_MS_MAX) * 1000, 'mended', this.#sky, () => {
      if (node.isSick) this.#end(node, () => node.kill());
    });
  }

  #breakLinks(node: ClusterNode): void {
    const { world, network } = this.parts;
    world.note(`links of ${node.name} break`);
    if (!network.machine(node.name).isPaused) network.cut(node.name, 30 + world.dice.below(71));
  }

  #later(msMax: number, run: () => unknown): void {
    const { world } = this.parts;
    world.schedule(world.dice.below(msMax) * 1000, 'weather', this.#sky, () => void run());
  }
}
