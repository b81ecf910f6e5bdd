import { describe, expect, it } from '@jest/globals';
import * as library from '@trunkline/raft';
import { nodeId, utf8, type Uuid } from '@trunkline/kernel';
import type { Voter } from '@trunkline/raft';
import { SimWorld } from '../world.js';
import { QuorumInvariants } from './invariants.js';
import { RaftNetwork } from './network.js';
import { RaftSimNode } from './node.js';

/** Disks take up to 4 ms a sync, the network up to 2 ms a way; default timeouts. */
const RUNS = 40;
const START_MS_MAX = 2000;

class Trio {
  readonly world: SimWorld;
  readonly nodes: RaftSimNode[] = [];

  constructor(seed: number) {
    this.world = new SimWorld(seed);
    const network = new RaftNetwork(this.world);
    const witness = new QuorumInvariants(this.nodes, new Map());
    const initialVoters: readonly Voter[] = [1, 2, 3].map((id) => ({
      id: nodeId(id),
      directoryId: `dir-${id}` as Uuid,
      endpoints: [],
    }));
    for (const { id } of initialVoters) {
      const { world } = this;
      const node = new RaftSimNode({
        id,
        library,
        world,
        network,
        witness,
        lies: {},
        clockRate: 1,
        raft: { initialVoters },
      });
      this.nodes.push(node);
      network.nodes.set(id, node);
      node.start();
    }
  }

  /** Who leads, and has committed something. */
  ready(): RaftSimNode | undefined {
    return this.nodes.find((node) => node.status()?.isReady === true);
  }

  /** Virtual ms until `is` holds; -1 when it takes more than `limitMs`. */
  async until(is: () => boolean, limitMs: number): Promise<number> {
    const fromMs = this.world.nowMs;
    while (!is()) {
      if (this.world.nowMs - fromMs > limitMs) return -1;
      await this.world.run(1);
    }
    return this.world.nowMs - fromMs;
  }

  /** Started, and at rest. */
  async begin(): Promise<{ readonly leader: RaftSimNode; readonly startMs: number }> {
    const startMs = await this.until(() => this.ready() !== undefined, START_MS_MAX);
    await this.world.run(1000 + this.world.dice.below(500));
    return { leader: this.ready()!, startMs };
  }
}

/** Ascending times until another leads, after something was done to the leader. */
async function successions(act: (leader: RaftSimNode) => void): Promise<readonly number[]> {
  const times: number[] = [];
  for (let seed = 1; seed <= RUNS; seed++) {
    const trio = new Trio(seed);
    const { leader } = await trio.begin();
    act(leader);
    times.push(await trio.until(() => ![undefined, leader].includes(trio.ready()), 10_000));
  }
  return times.toSorted((left, right) => left - right);
}

const figures = (times: readonly number[]): string =>
  `p50 ${Math.round(times[times.length >> 1]!)} ms, max ${Math.round(times.at(-1)!)} ms of ${times.length}`;

function say(what: string, times: readonly number[]): void {
  process.stdout.write(`${what}: ${figures(times)}\n`);
}

describe('a succession', () => {
  it('takes a few round trips when the leader is asked to hand over', async () => {
    const times = await successions((leader) => leader.host?.resign());
    say('handed over', times);
    expect(times[0]).toBeGreaterThan(0);
    expect(times[RUNS >> 1]).toBeLessThan(100);
    expect(times.at(-1)).toBeLessThan(1000);
  });

  it('takes less than half a second when the leader is killed: nobody listens there', async () => {
    const times = await successions((leader) => leader.end(false, false));
    say('killed', times);
    expect(times[0]).toBeGreaterThan(0);
    expect(times[RUNS >> 1]).toBeLessThan(300);
    expect(times.at(-1)).toBeLessThan(2500);
  });

  it('takes a fetch timeout when the leader falls silent', async () => {
    const times = await successions((leader) => leader.end(true, true));
    say('silent', times);
    expect(times[0]).toBeGreaterThan(0);
    expect(times.at(-1)).toBeLessThan(4000);
  });

  it('does not take place when a process stands still for half a second', async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const trio = new Trio(seed);
      const { leader } = await trio.begin();
      const { epoch } = leader.status()!;
      const one = trio.nodes[seed % 3]!;
      one.sleep(500);
      await trio.world.run(3000);
      expect(trio.ready()).toBe(leader);
      expect(trio.nodes.map((node) => node.status()?.epoch)).toEqual([epoch, epoch, epoch]);
    }
  });

  it('at the start takes less than two seconds, and a record is committed in a few milliseconds', async () => {
    const [starts, commits]: [number[], number[]] = [[], []];
    for (let seed = 1; seed <= RUNS; seed++) {
      const trio = new Trio(seed);
      const { leader, startMs } = await trio.begin();
      starts.push(startMs);
      let isDone = false;
      leader.host!.propose(leader.status()!.epoch, 1, utf8('x')).then(
        () => (isDone = true),
        () => {},
      );
      commits.push(await trio.until(() => isDone, 1000));
    }
    for (const times of [starts, commits]) times.sort((left, right) => left - right);
    say('started', starts);
    say('committed', commits);
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts.at(-1)).toBeLessThan(2000);
    expect(commits[0]).toBeGreaterThan(0);
    expect(commits[RUNS >> 1]).toBeLessThan(10);
  });
});
