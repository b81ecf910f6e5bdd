import { silentLogger, type Clock, type NodeId, type Timer, type Uuid } from '@trunkline/kernel';
import type {
  LogBatch,
  RaftHost,
  RaftListener,
  RaftOptions,
  RaftRequest,
  RaftResponse,
  RaftStatus,
  Role,
  SnapshotId,
  Voter,
} from '@trunkline/raft';
import { Life, type SimWorld } from '../world.js';
import { RaftDisk, RaftDiskStorage, type DiskLies, type MachineState } from './disk.js';
import type { RaftNetwork } from './network.js';

/** The library under test: the real one, or one with a planted bug. */
export type RaftLibrary = typeof import('@trunkline/raft');

/** Hears what nodes do. */
export interface Witness {
  applied(node: RaftSimNode, batch: LogBatch): void;
  restored(node: RaftSimNode, endOffset: number, state: MachineState): void;
  failed(node: RaftSimNode, reason: Error): void;
  snapshotTaken(node: RaftSimNode, endOffset: number, voters: readonly Voter[]): void;
}

export interface RaftSimNodeOptions {
  readonly id: NodeId;
  readonly library: RaftLibrary;
  readonly world: SimWorld;
  readonly network: RaftNetwork;
  readonly witness: Witness;
  readonly lies: DiskLies;
  readonly raft: Partial<RaftOptions>;
  /** Of its clock, per virtual millisecond: 1 is right. */
  readonly clockRate: number;
}

/** Slow, but not for ever. */
const PACE_US_MAX = 500_000;

/** A node: a process that dies, sleeps and comes back, a clock that is not quite right, and a disk. */
export class RaftSimNode {
  readonly id: NodeId;
  disk: RaftDisk;
  lives = 0;
  isSilent = false;
  role: Role | undefined;
  state: MachineState = { hash: 0, batches: 0 };
  applied = 0;
  #life = new Life();
  #host: RaftHost | undefined;
  #asleep: (() => void)[] | undefined;

  constructor(private readonly options: RaftSimNodeOptions) {
    this.id = options.id;
    this.disk = new RaftDisk(`dir-${options.id}` as Uuid);
  }

  get isUp(): boolean {
    return this.#host !== undefined;
  }

  get host(): RaftHost | undefined {
    return this.#host;
  }

  status(): RaftStatus | undefined {
    return this.#host?.status();
  }

  /** Runs now, or when the process has woken up again; not at all when it ends before. */
  whenAwake(run: () => void): void {
    if (this.#asleep === undefined) run();
    else this.#asleep.push(run);
  }

  start(): void {
    if (this.#life.alive && this.lives > 0) return;
    const { world, network, library, raft, lies, id } = this.options;
    const life = new Life();
    this.#life = life;
    this.lives += 1;
    this.applied = 0;
    this.state = { hash: 0, batches: 0 };
    this.role = undefined;
    world.note(`${id} starts`);
    const opening = library.RaftHost.open({
      config: library.raftConfig({
        clusterId: 'sim',
        self: { id, directoryId: this.disk.directoryId },
        random: world.dice,
        ...raft,
      }),
      storage: new RaftDiskStorage(this.disk, (act, usMax) => this.#pace(life, act, usMax), lies),
      transport: network.transportOf(this, life),
      listener: this.#listener(life),
      clock: this.#clock(life),
      logger: silentLogger,
    });
    opening.then(
      (host) => {
        if (!life.alive) return;
        this.#host = host;
        host.onFailed = (reason) => this.options.witness.failed(this, reason);
      },
      (reason: unknown) => this.options.witness.failed(this, reason as Error),
    );
  }

  /** The process is gone; with `power`, what was not synced may be, too. */
  end(power: boolean, isSilent: boolean): void {
    if (!this.#life.alive) return;
    this.options.world.note(`${this.id} ends`);
    this.#life.end();
    this.#host = undefined;
    this.#asleep = undefined;
    this.isSilent = isSilent;
    if (power) this.disk.crash(this.options.world.dice);
    else for (const each of this.disk.log) each.durable ||= this.options.lies.sync !== true;
    this.options.network.ended(this.id, isSilent);
  }

  wipe(directoryId: Uuid): RaftDisk {
    const old = this.disk;
    this.disk = new RaftDisk(directoryId);
    return old;
  }

  sleep(ms: number): void {
    if (this.#asleep !== undefined || !this.isUp) return;
    const missed: (() => void)[] = [];
    this.#asleep = missed;
    this.options.world.schedule(ms * 1000, `${this.id} wakes`, this.#life, () => {
      this.#asleep = undefined;
      for (const run of missed) run();
    });
  }

  handle(request: RaftRequest, answer: (response: RaftResponse) => void): void {
    const life = this.#life;
    this.whenAwake(() => {
      this.#host?.handle(request).then(
        (response) => {
          if (life.alive) answer(response);
        },
        () => {},
      );
    });
  }

  takeSnapshot(): boolean {
    const host = this.#host;
    if (host === undefined || this.applied <= (host.status().snapshots.at(-1)?.endOffset ?? 0)) return false;
    const { id, voters } = host.snapshotAt(this.applied as SnapshotId['endOffset']);
    this.options.witness.snapshotTaken(this, this.applied, voters);
    this.disk.putSnapshot(id, voters, this.state);
    host.snapshotTaken(id);
    return true;
  }

  #listener(life: Life): RaftListener {
    const { witness, world } = this.options;
    return {
      snapshot: async ({ endOffset }) => {
        const found = this.disk.snapshots.find(({ id }) => id.endOffset === endOffset);
        if (found === undefined) throw new Error(`there is no snapshot ${endOffset}`);
        this.state = found.state;
        this.applied = endOffset;
        witness.restored(this, endOffset, found.state);
      },
      committed: async (batches) => {
        for (const batch of batches) {
          witness.applied(this, batch);
          this.applied = batch.baseOffset + batch.count;
          this.state = { hash: hashOf(this.state.hash, batch), batches: this.state.batches + 1 };
        }
        if (world.dice.chance(5)) await this.#pace(life, 'apply', 20_000);
      },
      roleChanged: (role) => {
        this.role = role;
        world.note(`${this.id} is ${role.kind} e${role.epoch}${role.isReady ? ' ready' : ''}`);
      },
    };
  }

  #pace(life: Life, act: string, usMax: number): Promise<void> {
    const { dice } = this.options.world;
    const us = Math.min((dice.chance(2) ? usMax * 20 : dice.below(usMax)) * this.disk.slowness, PACE_US_MAX);
    return new Promise((resolve) => {
      this.options.world.schedule(us, `${this.id} ${act}`, life, () => this.whenAwake(resolve));
    });
  }

  #clock(life: Life): Clock {
    const { world, clockRate, id } = this.options;
    const monotonicMs = (): number => 1000 * id + world.nowMs * clockRate;
    return {
      monotonicMs,
      nowMs: () => Math.floor(monotonicMs()),
      after: (delayMs, run): Timer => {
        let isCancelled = false;
        const event = world.schedule((delayMs * 1000) / clockRate, `${id} timer`, life, () =>
          this.whenAwake(() => {
            if (!isCancelled) run();
          }),
        );
        return {
          cancel: () => {
            isCancelled = true;
            event.cancelled = true;
          },
        };
      },
    };
  }
}

/** The state after one more batch. */
export function hashOf(before: number, { baseOffset, epoch, bytes }: LogBatch): number {
  let hash = Math.imul(before ^ baseOffset, 0x01000193) ^ Math.imul(epoch + 1, 0x9e3779b1);
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
