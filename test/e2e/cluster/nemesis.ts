import type { Dice } from './dice.js';
import type { Nodes } from './nodes.js';

/** What can be done to a cluster. Each ends whole again: what it took down is back when its promise resolves. */
export type FaultName =
  'kill' | 'kill-two' | 'pause' | 'stop' | 'roll' | 'wipe' | 'slow' | 'half-open' | 'isolate' | 'cut';

const NEEDS_PROXY: ReadonlySet<FaultName> = new Set(['slow', 'half-open', 'isolate', 'cut']);
const DOWN_MS = { least: 500, most: 5_000 };
const DELAY_MS_MAX = 150;

/** Makes faults at a cluster's nodes, one after the other, as a seed decides. */
export class Nemesis {
  /** How often each was made. */
  readonly made = new Map<FaultName, number>();
  readonly #possible: readonly FaultName[];

  constructor(
    private readonly nodes: Nodes,
    private readonly roll: Dice,
    wanted: readonly FaultName[],
  ) {
    this.#possible = wanted.filter((fault) => {
      if (fault === 'wipe') return nodes.wipe !== undefined;
      return nodes.proxy !== undefined || !NEEDS_PROXY.has(fault);
    });
  }

  /** One fault, from its beginning to its end. */
  async strike(): Promise<void> {
    const fault = this.#possible[this.roll(this.#possible.length)]!;
    const [first, second] = this.#two();
    await this.#make(fault, first, second);
    this.made.set(fault, (this.made.get(fault) ?? 0) + 1);
  }

  async #make(fault: FaultName, first: number, second: number): Promise<void> {
    const { nodes } = this;
    switch (fault) {
      case 'kill':
        await nodes.kill(first);
        await this.#while();
        return nodes.start(first);
      case 'kill-two':
        await Promise.all([nodes.kill(first), nodes.kill(second)]);
        await this.#while();
        await Promise.all([nodes.start(first), nodes.start(second)]);
        return;
      case 'pause':
        nodes.pause(first);
        await this.#while();
        return nodes.resume(first);
      case 'stop':
        await nodes.stop(first);
        return nodes.start(first);
      case 'roll':
        for (const id of nodes.ids) {
          await nodes.stop(id);
          await nodes.start(id);
        }
        return;
      case 'wipe':
        await nodes.wipe!(first);
        await this.#while();
        return nodes.start(first);
      default:
        return this.#link(fault, first, second);
    }
  }

  /** Faults of links. A node's outgoing connections are found at the proxies of the others. */
  async #link(fault: FaultName, first: number, second: number): Promise<void> {
    const { nodes, roll } = this;
    const proxy = nodes.proxy!;
    const hold = { kind: 'hold' } as const;
    const pass = { kind: 'pass' } as const;
    const slow = { kind: 'pass', delayMs: 1 + roll(DELAY_MS_MAX) } as const;
    if (fault === 'cut') return proxy(first).cut(roll(2) === 0 ? 'client' : second);
    if (fault === 'slow') proxy(first).set(second, { to: slow, back: slow });
    if (fault === 'half-open')
      proxy(first).set(second, roll(2) === 0 ? { to: hold, back: pass } : { to: pass, back: hold });
    if (fault === 'isolate') {
      for (const other of nodes.ids.filter((id) => id !== first)) {
        proxy(first).set(other, { to: hold, back: hold });
        proxy(other).set(first, { to: hold, back: hold });
      }
    }
    await this.#while();
    for (const id of nodes.ids) proxy(id).heal();
  }

  #two(): [number, number] {
    const { ids } = this.nodes;
    const first = this.roll(ids.length);
    return [ids[first]!, ids[(first + 1 + this.roll(ids.length - 1)) % ids.length]!];
  }

  #while(): Promise<void> {
    return pause(DOWN_MS.least + this.roll(DOWN_MS.most - DOWN_MS.least));
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
