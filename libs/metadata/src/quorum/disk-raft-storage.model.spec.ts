import { describe, expect, it } from '@jest/globals';
import { epoch, nodeId, offset, silentLogger, type Uuid } from '@trunkline/kernel';
import { endOf, type HardState, type LogBatch, type SnapshotId, type StoredRaft, type Voter } from '@trunkline/raft';
import { crc32c } from '@trunkline/platform';
import { buildBatch } from '@trunkline/records';
import { ManualClock, SimDisk, SimDiskFault, SimRandom } from '@trunkline/testing';
import { encodeSnapshot } from '../snapshot.js';
import { quorumVersionValue, votersValue } from './control-batches.js';
import { DiskRaftStorage } from './disk-raft-storage.js';

const { SEED, RUNS = '12' } = process.env;
const first = Number(SEED ?? 1);
const runs = SEED === undefined ? Number(RUNS) : 1;
const LIVES = 8;
const ACTS_MAX = 60;
const CHUNK_BYTES = 150;

type Act = 'none' | 'hard' | 'truncate' | 'install' | 'snapshot';

/** What a replica knows of its disk: what was promised, and what was under way when the power went. */
class Model {
  hard: HardState | undefined;
  nextHard: HardState | undefined;
  /** Newest last. */
  snapshots: SnapshotId[] = [];
  log: LogBatch[] = [];
  durableEnd = 0;
  committed = 0;
  epoch = 1;
  act: Act = 'none';
  target = 0;
  installing: SnapshotId | undefined;
  taking: SnapshotId | undefined;
  truncations = 0;

  get end(): number {
    const last = this.log.at(-1);
    return last === undefined ? (this.snapshots.at(-1)?.endOffset ?? 0) : endOf(last);
  }

  epochBefore(end: number): number {
    const found = this.log.find((batch) => endOf(batch) === end)?.epoch;
    return found ?? this.snapshots.find(({ endOffset }) => endOffset === end)?.epoch ?? 0;
  }

  /** Ends of batches from an offset on. */
  ends(from: number): number[] {
    return this.log.map((batch) => endOf(batch) as number).filter((end) => end >= from);
  }
}

const votersOf = (at: number): Voter[] => [
  { id: nodeId(1), directoryId: 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid, endpoints: [{ name: 'Q', host: 'h', port: at + 1 }] },
];

/** One replica's life on a disk that may lose its power at any act. */
class Life {
  constructor(
    readonly storage: DiskRaftStorage,
    readonly model: Model,
    readonly random: SimRandom,
  ) {}

  async live(): Promise<void> {
    for (;;) await this.#step();
  }

  async #step(): Promise<void> {
    const die = this.random.below(100);
    if (die < 40) await this.#append();
    else if (die < 60) await this.#sync();
    else if (die < 68) await this.#writeHard();
    else if (die < 78) await this.#truncate();
    else if (die < 88) await this.#takeSnapshot();
    else if (die < 93) await this.#install();
    else this.model.committed = this.#someEnd(this.model.committed) ?? this.model.committed;
    this.model.act = 'none';
  }

  async #append(): Promise<void> {
    const { model, random } = this;
    if (random.chance(20)) model.epoch += 1 + random.below(2);
    if (model.epoch > (model.hard?.epoch ?? 0)) await this.#writeHard();
    model.act = 'none';
    const batches = Array.from({ length: 1 + random.below(3) }, () => this.#batch());
    if (random.chance(50)) void this.#sync().catch(() => {});
    model.log.push(...batches.map((batch) => ({ ...batch })));
    await this.storage.append(batches);
    const read = await this.storage.read(batches[0]!.baseOffset, offset(model.end), 1e6);
    expect(read.map(({ baseOffset }) => baseOffset).join()).toBe(batches.map(({ baseOffset }) => baseOffset).join());
  }

  #next = -1;

  #batch(): LogBatch {
    const { model, random } = this;
    const baseOffset = offset(Math.max(model.end, this.#next));
    const count = 1 + random.below(3);
    const values = Array.from({ length: count }, () => ({
      value: Uint8Array.from({ length: random.below(900) }, () => 1 + random.below(255)),
      timestampMs: 1,
    }));
    const bytes = buildBatch(values, { crc32c, baseOffset, leaderEpoch: model.epoch });
    this.#next = baseOffset + count;
    return { baseOffset, epoch: epoch(model.epoch), count, bytes };
  }

  async #sync(): Promise<void> {
    const { model } = this;
    const { end, truncations } = model;
    await this.storage.sync();
    if (truncations === model.truncations) model.durableEnd = Math.max(model.durableEnd, end);
  }

  async #writeHard(): Promise<void> {
    const { model, random } = this;
    model.act = 'hard';
    const votedFor = random.chance(50) ? undefined : { id: nodeId(random.below(3)), directoryId: 'x' as Uuid };
    model.nextHard = { epoch: epoch(++model.epoch), leaderId: undefined, votedFor, needsRepair: false };
    await this.storage.writeHardState(model.nextHard);
    model.hard = model.nextHard;
  }

  #someEnd(from: number): number | undefined {
    const ends = this.model.ends(from);
    return ends[this.random.below(Math.max(1, ends.length))];
  }

  async #truncate(): Promise<void> {
    const { model } = this;
    const target = this.#someEnd(model.committed);
    if (target === undefined || target === model.end) return;
    model.act = 'truncate';
    model.target = target;
    model.truncations += 1;
    await this.storage.truncateTo(offset(target));
    model.log = model.log.filter(({ baseOffset }) => baseOffset < target);
    model.durableEnd = Math.min(model.durableEnd, target);
    this.#next = -1;
    model.epoch += 1;
  }

  async #takeSnapshot(): Promise<void> {
    const { model, storage } = this;
    const end = model.committed;
    const before = model.snapshots.at(-1);
    if (end <= (before?.endOffset ?? 0)) return;
    model.act = 'snapshot';
    const id = { endOffset: offset(end), epoch: epoch(model.epochBefore(end)) };
    model.taking = id;
    await storage.writeSnapshot(id, snapshotBytes(end));
    model.snapshots.push(id);
    model.durableEnd = Math.max(model.durableEnd, end);
    if (before !== undefined) await storage.startAt(before);
  }

  async #install(): Promise<void> {
    const { model, storage, random } = this;
    const endOffset = offset(model.committed + 1 + random.below(8));
    const own = this.model.log.findLast(({ baseOffset }) => baseOffset < endOffset)?.epoch ?? 0;
    const isOlder = random.chance(30) && own - 1 > model.epochBefore(model.committed);
    const id = { endOffset, epoch: epoch(isOlder ? own - 1 : ++model.epoch) };
    const bytes = snapshotBytes(endOffset);
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
      await storage.writeSnapshotChunk(id, at, bytes.subarray(at, at + CHUNK_BYTES));
    }
    model.act = 'install';
    model.installing = id;
    model.truncations += 1;
    expect(await storage.installSnapshot(id)).toEqual(votersOf(endOffset));
    this.#next = -1;
    model.log = [];
    model.snapshots = [id];
    model.durableEnd = model.committed = endOffset;
    model.epoch = Math.max(model.epoch, id.epoch, own) + 1;
  }
}

function snapshotBytes(end: number): Uint8Array {
  return encodeSnapshot([], 1, crc32c, [
    { type: 'KRAFT_VERSION', value: quorumVersionValue() },
    { type: 'KRAFT_VOTERS', value: votersValue(votersOf(end)) },
  ]);
}

const storageOn = (disk: SimDisk, canRepair: boolean): DiskRaftStorage =>
  new DiskRaftStorage({
    disk: disk.process(),
    dir: 'log',
    clock: new ManualClock(),
    crc32c,
    logger: silentLogger,
    canRepair,
  });

/** After the power came back: all that was promised is there, and nothing that never was. */
async function check(model: Model, storage: DiskRaftStorage, { hardState, log }: StoredRaft): Promise<void> {
  const isNextHard = model.act === 'hard' && JSON.stringify(hardState) === JSON.stringify(model.nextHard);
  if (!isNextHard) expect(hardState).toEqual(model.hard);
  model.hard = hardState;
  const newest = log.snapshots.at(-1);
  expect(log.startOffset).toBe(newest?.endOffset ?? 0);
  const found = log.endOffset > log.startOffset ? await storage.read(log.startOffset, log.endOffset, 1e9) : [];
  expect(found.at(-1) === undefined ? log.startOffset : endOf(found.at(-1)!)).toBe(log.endOffset);
  const { installing, act } = model;
  if (act === 'install' && installing !== undefined && newest?.endOffset === installing.endOffset) {
    expect([log.endOffset, newest.epoch, log.epochs]).toEqual([installing.endOffset, installing.epoch, []]);
    model.durableEnd = model.committed = installing.endOffset;
    model.epoch = Math.max(model.epoch, installing.epoch);
  } else {
    const known = [...model.snapshots, ...(act === 'snapshot' && model.taking !== undefined ? [model.taking] : [])];
    if (newest !== undefined) expect(known).toContainEqual(newest);
    expect(newest?.endOffset ?? 0).toBeGreaterThanOrEqual(model.snapshots.at(-1)?.endOffset ?? 0);
    const least = act === 'truncate' ? Math.min(model.target, model.durableEnd) : model.durableEnd;
    expect(log.endOffset).toBeGreaterThanOrEqual(least);
    const from = model.log.findIndex(({ baseOffset }) => baseOffset === log.startOffset);
    const others = found.filter((batch, at) => !isSame(batch, model.log[from + at]));
    expect(others).toEqual([]);
    model.durableEnd = log.endOffset;
    model.committed = Math.max(Math.min(model.committed, log.endOffset), newest?.endOffset ?? 0);
  }
  if (newest !== undefined) expect(log.voters[0]?.voters).toEqual(votersOf(newest.endOffset));
  model.snapshots = newest === undefined ? [] : [newest];
  model.log = found.map((batch) => ({ ...batch, bytes: batch.bytes.slice() }));
  model.truncations += 1;
  model.act = 'none';
}

function isSame(left: LogBatch, right: LogBatch | undefined): boolean {
  const isSameHead = left.baseOffset === right?.baseOffset && left.epoch === right.epoch;
  return isSameHead && Buffer.compare(left.bytes, right.bytes) === 0;
}

async function play(seed: number): Promise<void> {
  const random = new SimRandom(seed);
  const canRepair = random.chance(50);
  const disk = new SimDisk({ seed, jitter: 3 });
  const model = new Model();
  for (let life = 0; life < LIVES; life++) {
    let storage = storageOn(disk, canRepair);
    if (random.chance(30)) {
      disk.powerFailsAt = disk.acts + random.below(8);
      await ignorePower(storage.open());
      disk.crash();
      storage = storageOn(disk, canRepair);
    }
    await check(model, storage, await storage.open());
    disk.powerFailsAt = disk.acts + random.below(ACTS_MAX);
    await ignorePower(new Life(storage, model, random).live());
    if (random.chance(80)) disk.crash();
    else disk.kill();
  }
}

async function ignorePower(act: Promise<unknown>): Promise<void> {
  await act.catch((reason: unknown) => {
    if (!(reason instanceof SimDiskFault)) throw reason;
  });
}

describe('the disk of a voter', () => {
  it('keeps what it promised, and finds nothing that never was, whenever the power goes', async () => {
    const failed: string[] = [];
    for (let seed = first; seed < first + runs; seed++) {
      await play(seed).catch((reason: unknown) => {
        failed.push(`SEED=${seed}: ${reason instanceof Error ? reason.stack : String(reason)}`);
      });
    }
    expect(failed).toEqual([]);
  });

  const DAMAGED_AT = 150;
  /** The last byte of the epoch of a file's first batch. */
  const EPOCH_BYTE = 15;

  async function damagedDisk(seed: number): Promise<SimDisk> {
    const disk = new SimDisk({ seed });
    const storage = storageOn(disk, true);
    await storage.open();
    await storage.writeHardState({ epoch: epoch(1), votedFor: undefined, leaderId: undefined, needsRepair: false });
    for (let at = 0; at < 6; at++) {
      if (at === 3) await storage.writeSnapshot({ endOffset: offset(1), epoch: epoch(1) }, snapshotBytes(1));
      const bytes = buildBatch([{ value: new Uint8Array(100).fill(7), timestampMs: 1 }], {
        crc32c,
        baseOffset: at,
        leaderEpoch: 1,
      });
      await storage.append([{ baseOffset: offset(at), epoch: epoch(1), count: 1, bytes }]);
      await storage.sync();
    }
    await storage.close();
    disk.flip(`log/${'0'.repeat(20)}.log`, DAMAGED_AT * 2, 3);
    return disk;
  }

  it('does not forget that it must be repaired when the power goes while damage is cut off (C19)', async () => {
    for (let acts = 0; acts < 12; acts++) {
      const disk = await damagedDisk(first + acts);
      disk.powerFailsAt = disk.acts + acts;
      await ignorePower(storageOn(disk, true).open());
      disk.crash();
      const { hardState } = await storageOn(disk, true).open();
      expect([acts, hardState?.needsRepair]).toEqual([acts, true]);
    }
  });

  it('is closed when nothing of it goes any more: the next who opens it finds all that is listed', async () => {
    const disk = new SimDisk({ seed: first, jitter: 4 });
    const storage = storageOn(disk, false);
    await storage.open();
    const ids = [1, 2, 3].map((end) => ({ endOffset: offset(end), epoch: epoch(1) }));
    for (const [at, id] of ids.entries()) {
      const bytes = buildBatch([{ value: Uint8Array.of(7), timestampMs: 1 }], {
        crc32c,
        baseOffset: at,
        leaderEpoch: 1,
      });
      await storage.append([{ baseOffset: offset(at), epoch: epoch(1), count: 1, bytes }]);
      await storage.writeSnapshot(id, snapshotBytes(id.endOffset));
    }
    void storage.startAt(ids[2]!);
    await storage.close();
    const acts = disk.acts;
    await disk.syncDir('log');
    expect([disk.acts, await disk.list('log')]).toEqual([
      acts + 1,
      ['00000000000000000002.log', '00000000000000000003-0000000001.checkpoint'],
    ]);
  });

  it('takes an epoch that was never begun for damage, though no checksum covers it (C59)', async () => {
    const disk = await damagedDisk(first);
    disk.flip(`log/${'0'.repeat(20)}.log`, DAMAGED_AT * 2, 3);
    disk.flip(`log/${'0'.repeat(19)}3.log`, EPOCH_BYTE, 6);
    await expect(storageOn(disk, false).open()).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
    const { hardState, log } = await storageOn(disk, true).open();
    expect([hardState?.needsRepair, log.endOffset]).toEqual([true, 3]);
  });

  it('is refused as it is when it is damaged, or a file is missing, and nobody else has what was there', async () => {
    const disk = await damagedDisk(first);
    const damaged = disk.peek(`log/${'0'.repeat(20)}.log`);
    await expect(storageOn(disk, false).open()).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
    expect(disk.peek(`log/${'0'.repeat(20)}.log`)).toEqual(damaged);
    disk.flip(`log/${'0'.repeat(20)}.log`, DAMAGED_AT * 2, 3);
    await disk.remove(`log/${'0'.repeat(20)}.log`);
    const names = await disk.list('log');
    await expect(storageOn(disk, false).open()).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
    expect(await disk.list('log')).toEqual(names);
  });
});
