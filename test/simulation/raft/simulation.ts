import { fromUtf8, nodeId, utf8, type Epoch, type Uuid } from '@trunkline/kernel';
import type { RaftRequest, Voter } from '@trunkline/raft';
import { Life, SimWorld } from '../world.js';
import { Admin } from './admin.js';
import type { DiskLies, RaftDisk } from './disk.js';
import { QuorumInvariants, type Told } from './invariants.js';
import { RaftNetwork, type Weather } from './network.js';
import { RaftSimNode, type RaftLibrary } from './node.js';

export interface RaftSimulationOptions {
  readonly seed: number;
  /** Decisions of the workload and of the faults. */
  readonly steps: number;
  readonly library: RaftLibrary;
  readonly lies?: DiskLies;
}

export interface RaftSimulationResult {
  readonly faults: readonly string[];
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly acknowledged: number;
  readonly elections: number;
  readonly memberships: number;
  readonly installs: number;
  readonly lines: () => readonly string[];
}

export const RAFT_STEPS_DEFAULT = 250;

/** Once nothing fails any more, all agree within so long. */
const CALM_MS_MAX = 20_000;
/** And when the leader has died once more, for good. */
const LEADERLESS_MS_MAX = 8000;
const CALM_PROPOSALS = 3;
const PROPOSAL_BYTES_MAX = 40;

/** Plays one seed: a quorum at work among faults, then calm. */
export async function simulateRaft(options: RaftSimulationOptions): Promise<RaftSimulationResult> {
  return new RaftSimulation(options).play();
}

class RaftSimulation {
  readonly #world: SimWorld;
  readonly #network: RaftNetwork;
  readonly #nodes: RaftSimNode[] = [];
  readonly #disks = new Map<string, RaftDisk>();
  readonly #invariants: QuorumInvariants;
  readonly #admin: Admin;
  readonly #acknowledged: Told[] = [];
  readonly #refused: string[] = [];
  #proposed = 0;
  #elections = 0;
  #installs = 0;

  constructor(private readonly options: RaftSimulationOptions) {
    const { seed, library, lies = {} } = options;
    const world = (this.#world = new SimWorld(seed));
    const network = (this.#network = new RaftNetwork(world));
    const { dice } = world;
    const voterCount = [1, 2, 3, 3, 3, 3, 5, 5][dice.below(8)]!;
    const invariants = (this.#invariants = new QuorumInvariants(this.#nodes, this.#disks));
    const initialVoters: readonly Voter[] = Array.from({ length: voterCount }, (_, at) => ({
      id: nodeId(at + 1),
      directoryId: `dir-${at + 1}` as Uuid,
      endpoints: [],
    }));
    for (let id = 1; id <= voterCount + 1; id++) {
      const isVoter = id <= voterCount;
      const node = new RaftSimNode({
        id: nodeId(id),
        library,
        world,
        network,
        witness: invariants,
        lies,
        clockRate: 1 + (dice.below(41) - 20) / 1000,
        raft: {
          initialVoters: isVoter ? initialVoters : [],
          bootstrapPeers: initialVoters,
          fetchBytesMax: 1 + dice.below(200),
          uncommittedBytesMax: 400,
        },
      });
      this.#nodes.push(node);
      this.#plug(node);
      network.nodes.set(id, node);
    }
    network.onRequest = (from, request: RaftRequest) => invariants.requested(from, request);
    network.onResponse = (by, request, response) => invariants.answered(by, request, response);
    this.#admin = new Admin(world, this.#nodes);
    world.onEvent = () => invariants.check();
  }

  async play(): Promise<RaftSimulationResult> {
    for (const node of this.#nodes) node.start();
    for (let step = 0; step < this.options.steps && this.#well(); step++) await this.#step();
    if (this.#well()) await this.#calm();
    for (const { disk } of this.#nodes) this.#installs += disk.installs;
    if (this.#well()) this.#checkHistory();
    for (const node of this.#nodes) node.end(false, false);
    const { hash, steps: events, nowMs: virtualMs } = this.#world;
    return {
      faults: this.#invariants.faults,
      hash,
      events,
      virtualMs,
      acknowledged: this.#acknowledged.length,
      elections: this.#elections,
      memberships: this.#admin.changes,
      installs: this.#installs,
      lines: () => this.#world.lines,
    };
  }

  #well(): boolean {
    return this.#invariants.faults.length === 0;
  }

  async #step(): Promise<void> {
    const { dice } = this.#world;
    const node = this.#oneNode();
    const die = dice.below(1000);
    if (die < 380) this.#propose();
    else if (die < 660) await this.#world.run(dice.below(40));
    else if (die < 740) await this.#world.run(dice.below(2500));
    else if (die < 800) this.#restart(node);
    else if (die < 860) this.#cut(node);
    else if (die < 885) this.#network.heal();
    else if (die < 895) node.sleep(dice.below(3000));
    else if (die < 920) node.takeSnapshot();
    else if (die < 945) this.#admin.act();
    else if (die < 955) node.host?.resign();
    else if (die < 975) await this.#sacrifice(node);
    else if (die < 985) node.disk.slowness = dice.chance(50) ? 1 : 10 + dice.below(200);
    else this.#network.weather = this.#someWeather();
  }

  /** A disk is lost, or a part of it. A quorum survives that of a minority only, so all must be well before. */
  async #sacrifice(node: RaftSimNode): Promise<void> {
    const { dice } = this.#world;
    if (dice.chance(50)) {
      this.#network.heal();
      for (const each of this.#nodes) each.start();
      await this.#world.run(2500);
    }
    if (!this.#admin.maySacrifice(node)) return;
    if (dice.chance(50)) this.#wipe(node);
    else this.#damage(node);
  }

  #someWeather(): Weather {
    const { dice } = this.#world;
    return { delayUsMax: 2000 + dice.below(60_000), lossPercent: dice.below(30), duplicatePercent: dice.below(30) };
  }

  /** The leader more often than others: it has the most to lose. */
  #oneNode(): RaftSimNode {
    const { dice } = this.#world;
    const leader = this.#nodes.find((node) => node.status()?.role === 'leader');
    return leader !== undefined && dice.chance(40) ? leader : this.#nodes[dice.below(this.#nodes.length)]!;
  }

  /** At whoever takes itself for the leader: there may be several, and some are wrong. */
  #propose(): void {
    const { dice } = this.#world;
    const leaders = this.#nodes.filter((node) => node.status()?.role === 'leader');
    const leader = leaders[dice.below(Math.max(1, leaders.length))];
    const { host } = leader ?? {};
    if (leader === undefined || host === undefined) return;
    const value = `${++this.#proposed}`.padEnd(dice.below(PROPOSAL_BYTES_MAX), '.');
    const count = 1 + dice.below(3);
    const { epoch } = host.status();
    host.propose((dice.chance(2) ? epoch - 1 : epoch) as Epoch, count, utf8(value)).then(
      ({ baseOffset }) => void this.#acknowledged.push({ value, baseOffset }),
      (reason: Error) => void (reason.message.includes('nothing was appended') && this.#refused.push(value)),
    );
  }

  #restart(node: RaftSimNode): void {
    const { dice } = this.#world;
    if (!node.isUp) return node.start();
    node.end(dice.chance(60), dice.chance(30));
    if (dice.chance(50))
      this.#world.schedule(dice.below(500_000), `${node.id} restarts`, this.#always, () => node.start());
  }

  readonly #always = new Life();

  #cut(node: RaftSimNode): void {
    const { dice } = this.#world;
    const isWhole = dice.chance(40);
    for (const other of this.#nodes) {
      if (!isWhole && dice.chance(60)) continue;
      const way = dice.below(4);
      if (way !== 0) this.#network.cut(node.id, other.id);
      if (way !== 1) this.#network.cut(other.id, node.id);
    }
    this.#world.note(`cut around ${node.id}`);
  }

  #wipe(node: RaftSimNode): void {
    node.end(true, false);
    const directoryId = `dir-${node.id}-${this.#world.steps}` as Uuid;
    const old = node.wipe(directoryId);
    this.#installs += old.installs;
    this.#plug(node);
    this.#admin.toReplace = { id: node.id, directoryId: old.directoryId };
    this.#world.note(`${node.id} has a blank disk`);
    node.start();
  }

  #plug({ id, disk }: RaftSimNode): void {
    this.#disks.set(disk.directoryId, disk);
    disk.onTruncated = (batches) => this.#invariants.truncated(id, batches);
  }

  #damage(node: RaftSimNode): void {
    node.end(true, false);
    node.disk.damage(1 + this.#world.dice.below(3));
    this.#world.note(`${node.id} has lost the end of its log`);
    node.start();
  }

  async #calm(): Promise<void> {
    this.#world.note('calm');
    this.#network.heal();
    for (const node of this.#nodes) {
      node.disk.slowness = 1;
      if (!node.isUp) node.start();
    }
    await this.#progress('of calm', CALM_MS_MAX);
    const leader = this.#nodes.find((node) => node.status()?.isReady === true);
    const voters = leader?.status()?.voters.length ?? 0;
    if (!this.#well() || leader === undefined || voters < 3) return;
    leader.end(true, this.#world.dice.chance(50));
    await this.#progress('without the leader', LEADERLESS_MS_MAX);
  }

  async #progress(when: string, limitMs: number): Promise<void> {
    const untilMs = this.#world.nowMs + limitMs;
    const before = this.#acknowledged.length;
    for (;;) {
      await this.#world.run(50);
      if (!this.#well()) return;
      const enough = this.#acknowledged.length >= before + CALM_PROPOSALS;
      if (enough && this.#admin.isDone && this.#agree()) return;
      if (!enough) this.#propose();
      if (!this.#admin.isDone) this.#admin.act();
      if (this.#world.nowMs < untilMs) continue;
      const roles = this.#nodes.map(describe).join('; ');
      this.#invariants.faults.push(`no progress within ${limitMs} virtual ms ${when}: ${roles}`);
      return;
    }
  }

  /** One leads, all follow, and every state machine is where the log is. */
  #agree(): boolean {
    const living = this.#nodes.filter(({ isUp }) => isUp);
    const leader = living.map((node) => node.status()).find((status) => status?.isReady === true);
    if (leader === undefined) return false;
    return living.every((node) => {
      const status = node.status();
      return (
        status?.leaderId === leader.self.id && status.epoch === leader.epoch && node.applied === leader.highWatermark
      );
    });
  }

  /** What was acknowledged is there once, where it was said to be; what was refused is not. */
  #checkHistory(): void {
    const values = new Map<string, number>();
    for (const [baseOffset, { bytes, control }] of this.#invariants.committed) {
      if (control !== undefined) {
        if (control.kind === 'leader-change') this.#elections += 1;
        continue;
      }
      const value = fromUtf8(bytes);
      if (values.has(value)) this.#invariants.faults.push(`${value} is committed twice`);
      values.set(value, baseOffset);
    }
    for (const { value, baseOffset } of this.#acknowledged) {
      if (values.get(value) !== baseOffset)
        this.#invariants.faults.push(`${value} was acknowledged, and is not committed`);
    }
    for (const value of this.#refused) {
      if (values.has(value)) this.#invariants.faults.push(`${value} was refused, and is committed`);
    }
    const living = this.#nodes.filter(({ isUp }) => isUp);
    const hashes = new Set(living.map(({ state: { hash, batches } }) => `${hash} ${batches}`));
    if (hashes.size > 1) this.#invariants.faults.push('state machines differ after the calm');
  }
}

function describe(node: RaftSimNode): string {
  const status = node.status();
  if (status === undefined) return `${node.id} down`;
  const { role, epoch, stableEndOffset, logEndOffset, voters, needsRepair } = status;
  const among = voters.map(({ directoryId }) => directoryId).join(' ');
  const ends = `${node.applied}/${status.highWatermark}/${stableEndOffset}/${logEndOffset}`;
  return `${node.id} ${role} e${epoch} ${ends} among ${among}${needsRepair ? ' needs repair' : ''}`;
}
