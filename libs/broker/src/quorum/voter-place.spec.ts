import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Uuid, nodeId, silentLogger } from '@trunkline/kernel';
import { type AnyApi, AddRaftVoter, DescribeQuorum, RemoveRaftVoter } from '@trunkline/protocol';
import type { RaftStatus } from '@trunkline/raft';
import { ManualClock, SimDisk, until } from '@trunkline/testing';
import type { ControllerChannel } from '../peers/controller-channel.js';
import { VoterPlace } from './voter-place.js';

const OLD = 'LBiYshaJjamtSC5GU1N_cw' as Uuid;
const NEW = 'JoyJbmyLiCKDbbx5HwyyXg' as Uuid;
const DIR = 'data/metadata';
const QUIET_MS = 2_000;
const NOW = 1_000_000;

/** The quorum as a leader would tell of it, and what it is asked to change. */
class Quorum implements ControllerChannel {
  /** Directory ids by node. */
  readonly voters = new Map<number, string>([[1, 'a'], [2, 'b'], [3, OLD]]); // prettier-ignore
  readonly asked: string[] = [];
  epoch = 1;
  described = 0;
  /** Of node 3's old disk, as the leader knows it; -1: never in this reign. */
  oldFetchedAt = NOW - 10_000;
  /** What the next change is answered. */
  errorCode = 0;

  async ask(api: AnyApi, request: unknown): Promise<never> {
    return this.#answer(api, request as { readonly voterId: number; readonly voterDirectoryId: string }) as never;
  }

  #answer(api: AnyApi, { voterId, voterDirectoryId }: { readonly voterId: number; readonly voterDirectoryId: string }) {
    if (api.key === DescribeQuorum.key) return this.#describe();
    this.asked.push(`${api.key === AddRaftVoter.key ? 'add' : 'remove'} ${voterId} ${voterDirectoryId}`);
    const { errorCode } = this;
    this.errorCode = 0;
    if (errorCode === 0 && api.key === RemoveRaftVoter.key) this.voters.delete(voterId);
    if (errorCode === 0 && api.key === AddRaftVoter.key) this.voters.set(voterId, voterDirectoryId);
    return { errorCode, errorMessage: null };
  }

  #describe() {
    this.described += 1;
    const currentVoters = [...this.voters].map(([replicaId, replicaDirectoryId]) => ({
      replicaId,
      replicaDirectoryId,
      lastFetchTimestamp: BigInt(replicaDirectoryId === OLD ? this.oldFetchedAt : NOW),
    }));
    const partition = { errorCode: 0, leaderId: 1, leaderEpoch: this.epoch, currentVoters };
    return { errorCode: 0, topics: [{ partitions: [partition] }] };
  }
}

let quorum: Quorum;
let clock: ManualClock;
let disk: SimDisk;
let place: VoterPlace | undefined;
beforeEach(async () => {
  quorum = new Quorum();
  clock = new ManualClock();
  disk = new SimDisk({ seed: 1 });
  await disk.makeDir(DIR);
});
afterEach(() => place?.close());

async function begin(): Promise<void> {
  place = new VoterPlace({
    clusterId: 'c',
    self: { id: nodeId(3), directoryId: NEW },
    listeners: [],
    status: () => ({ isVoter: quorum.voters.get(3) === NEW }) as RaftStatus,
    channel: quorum,
    disk,
    dir: DIR,
    clock,
    logger: silentLogger,
    quietMs: QUIET_MS,
  });
  await place.start();
}

/** Lets `count` rounds pass. */
async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    const before = quorum.described;
    clock.advance(500);
    await until('the round is over', () => quorum.described > before && clock.pending > 0);
  }
}

describe('a voter with a blank disk', () => {
  it('takes the place of the disk that is gone, one change at a time', async () => {
    await begin();
    await rounds(1);
    expect(quorum.asked).toEqual([`remove 3 ${OLD}`, `add 3 ${NEW}`]);
    clock.advance(500);
    await until('the note is gone', async () => (await disk.list(DIR)).length === 0);
  });

  it('takes nothing from a node of its id that lives', async () => {
    quorum.oldFetchedAt = NOW - 300;
    await begin();
    await rounds(10);
    expect(quorum.asked).toEqual([]);
  });

  it('waits long enough when a new leader has not heard the old one yet', async () => {
    quorum.oldFetchedAt = -1;
    await begin();
    await rounds(4);
    quorum.epoch = 2;
    await rounds(4);
    expect(quorum.asked).toEqual([]);
    await rounds(2);
    expect(quorum.asked).toHaveLength(2);
  });

  it('stays outside when somebody removed its id', async () => {
    quorum.voters.delete(3);
    await begin();
    await rounds(10);
    expect(quorum.asked).toEqual([]);
  });

  it('goes on where a crash stopped it, between its removal and its return', async () => {
    await begin();
    quorum.errorCode = 7; // The removal may be committed or not.
    await rounds(1);
    expect(quorum.asked).toEqual([`remove 3 ${OLD}`]);
    place!.close();
    disk.crash();
    quorum.voters.delete(3);
    await begin();
    await rounds(1);
    expect(quorum.asked).toEqual([`remove 3 ${OLD}`, `add 3 ${NEW}`]);
  });
});
