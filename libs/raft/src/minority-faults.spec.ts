import { describe, expect, it } from '@jest/globals';
import { nodeId, type NodeId, type Uuid } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';
import { ScriptNode, bytesOf } from '../test/script-node.js';
import type { Effects, Input, Voter } from './index.js';

const { SEED, RUNS = '60' } = process.env;
const first = Number(SEED ?? 1);
const runs = SEED === undefined ? Number(RUNS) : 1;
const FAULTS = 5;
/** A majority whose nodes hear each other commits again within so long, whatever the others do. */
const LIMIT_MS = 5000;
const SETTLE_MS = 1000;
const SYNC_MS = 2;

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** Nodes in virtual time. Each way between two has a delay of its own, and can be cut by itself: nobody is told. */
class World {
  nowMs = 0;
  readonly nodes = new Map<number, ScriptNode>();
  readonly cut = new Set<string>();
  readonly #events: Event[] = [];
  readonly #delays = new Map<string, number>();
  readonly #tickets = new Map<number, (response: Effects['answers'][number], at: ScriptNode) => void>();
  #ticket = 0;

  constructor(
    readonly random: SimRandom,
    size: number,
  ) {
    const voters: readonly Voter[] = Array.from({ length: size }, (_, at) => ({
      id: nodeId(at + 1),
      directoryId: `disk-${at + 1}` as Uuid,
      endpoints: [],
    }));
    for (const { id, directoryId } of voters) {
      for (const other of voters) this.#delays.set(`${id} ${other.id}`, 0.2 + random.below(random.chance(50) ? 3 : 40));
      const node = new ScriptNode(id, directoryId, { initialVoters: voters, random });
      this.nodes.set(id, node);
      node.start();
      this.step(node, { kind: 'tick' });
    }
  }

  /** The highest that a node of these knows to be committed. */
  committed(ids: readonly number[]): number {
    return Math.max(...ids.map((id) => this.nodes.get(id)!.raft.status().highWatermark));
  }

  run(untilMs: number): void {
    for (;;) {
      const wakes = [...this.nodes.values()].toSorted((left, right) => left.wakeAtMs - right.wakeAtMs);
      const event = this.#events[0];
      const wake = wakes[0]!;
      const nextMs = Math.min(wake.wakeAtMs, event?.atMs ?? Number.POSITIVE_INFINITY);
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (event !== undefined && event.atMs <= wake.wakeAtMs) this.#events.shift()!.run();
      else this.step(wake, { kind: 'tick' });
    }
    this.nowMs = untilMs;
  }

  propose(): void {
    for (const node of this.nodes.values()) {
      const { isReady, epoch } = node.raft.status();
      if (isReady) this.step(node, { kind: 'propose', ticket: 0, epoch, count: 1, bytes: bytesOf('x') });
    }
  }

  step(node: ScriptNode, input: Input): void {
    const { send, answers, sync } = node.step(input, this.nowMs);
    if (sync !== undefined) this.#later(SYNC_MS, () => this.step(node, { kind: 'stable', ...sync }));
    for (const { to, correlation, request } of send) {
      this.#way(node.id, to.id, () => {
        const ticket = ++this.#ticket;
        this.#tickets.set(ticket, ({ response, readLog }, at) => {
          const isRead = response.api === 'fetch' && readLog !== undefined;
          const full = isRead ? { ...response, records: at.read(readLog.from, readLog.until) } : response;
          this.#way(to.id, node.id, () => this.step(node, { kind: 'response', correlation, response: full }));
        });
        this.step(this.nodes.get(to.id)!, { kind: 'request', ticket, request });
      });
    }
    for (const answer of answers) {
      this.#tickets.get(answer.ticket)?.(answer, node);
      this.#tickets.delete(answer.ticket);
    }
  }

  #way(from: NodeId, to: NodeId, arrive: () => void): void {
    this.#later(this.#delays.get(`${from} ${to}`)!, () => {
      if (!this.cut.has(`${from} ${to}`)) arrive();
    });
  }

  #later(ms: number, run: () => void): void {
    const atMs = this.nowMs + ms;
    const place = this.#events.findIndex((other) => other.atMs > atMs);
    this.#events.splice(place < 0 ? this.#events.length : place, 0, { atMs, run });
  }
}

/** The leader more often than others is among those who are not well. */
function someMajority(world: World): readonly number[] {
  const { random } = world;
  const ids = [...world.nodes.keys()];
  const away = new Set<number>();
  const leader = ids.find((id) => world.nodes.get(id)!.raft.status().isReady);
  if (leader !== undefined && random.chance(75)) away.add(leader);
  while (away.size * 2 + 1 < ids.length && random.chance(80)) away.add(ids[random.below(ids.length)]!);
  return ids.filter((id) => !away.has(id));
}

/** Ways to, from and between those who are not well are cut, some or all; the wells' own never are. */
function cutAround(world: World, well: readonly number[]): void {
  const percent = [20, 50, 80, 100][world.random.below(4)]!;
  for (const from of world.nodes.keys()) {
    for (const to of world.nodes.keys()) {
      const isOwn = well.includes(from) && well.includes(to);
      if (from !== to && !isOwn && world.random.chance(percent)) world.cut.add(`${from} ${to}`);
    }
  }
}

function play(seed: number): string | undefined {
  const random = new SimRandom(seed);
  const world = new World(random, random.chance(50) ? 3 : 5);
  world.run(3000);
  for (let fault = 0; fault < FAULTS; fault++) {
    const well = someMajority(world);
    cutAround(world, well);
    // What was committed before the cut may still be told for a while.
    world.run(world.nowMs + SETTLE_MS);
    const before = world.committed(well);
    const untilMs = world.nowMs + LIMIT_MS;
    while (world.nowMs < untilMs && world.committed(well) === before) {
      world.propose();
      world.run(world.nowMs + 100);
    }
    if (world.committed(well) === before) {
      const roles = [...world.nodes.values()].map(
        ({ id, raft }) => `${id} ${raft.status().role} e${raft.status().epoch}`,
      );
      return `SEED=${seed}: fault ${fault}: ${well.join(' ')} do not get on; cut: ${[...world.cut].join(', ')}; ${roles.join(', ')}`;
    }
    world.cut.clear();
    world.run(world.nowMs + random.below(4000));
  }
  return undefined;
}

describe('a majority that hears each other', () => {
  it('elects and commits while the others are cut off, half cut off, or heard and deaf', () => {
    const stuck = Array.from({ length: runs }, (_, at) => play(first + at)).filter((each) => each !== undefined);
    expect(stuck).toEqual([]);
  });
});
