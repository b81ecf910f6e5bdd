import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError, ZERO_UUID, silentLogger } from '@trunkline/kernel';
import { ManualClock } from '@trunkline/testing';
import { MemoryShardLog } from '../test/memory-shard-log.js';
import { subscription } from '../test/group-script.js';
import { DEFAULT_GROUP_CONFIG } from './group/group-config.js';
import { groupRecordCodec } from './group/group-record-codec.js';
import type { GroupRecord } from './group/group-records.js';
import { GroupShard } from './group/group-shard.js';
import type { CommitAnswer, GroupError, GroupInput, JoinAnswer, SyncAnswer } from './group/requests.js';
import { DEFAULT_SHARD_RUNTIME_CONFIG, ShardRuntime, type ShardRuntimeConfig } from './shard-runtime.js';

type Runtime = ShardRuntime<GroupInput, GroupRecord, GroupShard>;

let clock: ManualClock;
let log: MemoryShardLog;
let runtime: Runtime;
let freshIds = 0;

function make(config: Partial<ShardRuntimeConfig> = {}): Runtime {
  return new ShardRuntime({
    name: '__consumer_offsets-0',
    config: { ...DEFAULT_SHARD_RUNTIME_CONFIG, ...config },
    clock,
    logger: silentLogger,
    log,
    codec: groupRecordCodec,
    create: () => new GroupShard(DEFAULT_GROUP_CONFIG),
  });
}

async function reload(): Promise<void> {
  runtime.close();
  runtime = make();
  await runtime.load();
}

beforeEach(async () => {
  clock = new ManualClock();
  log = new MemoryShardLog();
  runtime = make();
  await runtime.load();
});

afterEach(() => runtime.close());

/** Lets every promise that can go on go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** A test that fails leaves requests behind: their end is not the process's. */
function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => {});
  return answer;
}

interface CommitOptions {
  readonly group?: string;
  readonly partition?: number;
  readonly memberId?: string;
  readonly generation?: number;
}

function commit(offset: number, options: CommitOptions = {}): Promise<CommitAnswer> {
  const { group = 'g', partition = 0, memberId = '', generation = -1 } = options;
  const offsets = [
    { topic: 't', topicId: ZERO_UUID, partition, offset: BigInt(offset), leaderEpoch: -1, metadata: '' },
  ];
  const claim = { groupId: group, generation, memberId, instanceId: null };
  const request = { ...claim, unknownGroup: 'ILLEGAL_GENERATION' as const, retentionMs: -1, offsets };
  return asked(runtime.submit((reply) => ({ kind: 'commit', request, reply })));
}

function join(clientId: string, memberId = ''): Promise<JoinAnswer> {
  const request = {
    groupId: 'g',
    memberId,
    instanceId: null,
    clientId,
    clientHost: '/127.0.0.1',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(['t']) }],
    idRequired: false,
    mayBeToldToSkip: false,
    freshId: String(++freshIds),
  };
  return asked(runtime.submit((reply) => ({ kind: 'join', request, reply })));
}

function sync(memberId: string, generation: number): Promise<SyncAnswer> {
  const assignments = [{ memberId, assignment: new Uint8Array([7]) }];
  const claim = { groupId: 'g', generation, memberId, instanceId: null };
  const request = { ...claim, protocolType: null, protocol: null, assignments };
  return asked(runtime.submit((reply) => ({ kind: 'sync', request, reply })));
}

function heartbeat(memberId: string, generation: number): Promise<GroupError> {
  const request = { groupId: 'g', generation, memberId, instanceId: null };
  return asked(runtime.submit((reply) => ({ kind: 'heartbeat', request, reply })));
}

function deleteGroup(groupId = 'g'): Promise<GroupError> {
  return asked(runtime.submit((reply) => ({ kind: 'delete-group', request: { groupId }, reply })));
}

function committed(partition = 0, group = 'g'): number | undefined {
  const stored = runtime.machine.offset(group, 't', partition);
  return stored && Number(stored.offset);
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await settle();
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

describe('a shard', () => {
  it('answers, and shows, nothing before it is committed', async () => {
    log.held = true;
    const answer = commit(5);
    expect(await isPending(answer)).toBe(true);
    expect(committed()).toBeUndefined();
    log.commit();
    expect((await answer).offsets).toEqual(['NONE']);
    expect(committed()).toBe(5);
  });

  it('writes what one turn decides in one append, and what comes meanwhile in the next', async () => {
    log.held = true;
    const first = [commit(1), commit(2, { partition: 1 }), commit(3, { group: 'other' })];
    await settle();
    expect(log.appends).toEqual([3]);
    const later = [commit(4), commit(5, { partition: 1 })];
    await settle();
    expect(log.appends).toEqual([3]);
    log.commit();
    await Promise.all(first);
    await settle();
    expect(log.appends).toEqual([3, 2]);
    expect(committed()).toBe(1);
    log.commit();
    await Promise.all(later);
    expect(committed()).toBe(4);
  });

  it('decides about a group only when what is under way for it is committed', async () => {
    log.held = true;
    const committing = commit(5);
    const deleting = deleteGroup();
    const other = deleteGroup('other');
    expect(await other).toBe('GROUP_ID_NOT_FOUND');
    expect(await isPending(deleting)).toBe(true);
    log.commit();
    await committing;
    await settle();
    expect(log.appends).toEqual([1, 1]); // The tombstone of an offset that was not yet there when it was asked for.
    log.commit();
    expect(await deleting).toBe('NONE');
    expect(committed()).toBeUndefined();
    expect(runtime.machine.list(runtime.now)).toEqual([]);
  });

  it('lets a heartbeat pass while commits are under way, but not while the group itself is written', async () => {
    const { memberId, generation } = await join('m');
    log.held = true;
    const syncing = sync(memberId, generation);
    const beating = heartbeat(memberId, generation);
    expect(await isPending(beating)).toBe(true);
    log.commit();
    expect((await syncing).assignment).toEqual(new Uint8Array([7]));
    expect(await beating).toBe('NONE');
    const committing = commit(1);
    expect(await heartbeat(memberId, generation)).toBe('NONE');
    expect((await committing).error).toBe('UNKNOWN_MEMBER_ID');
    const asMember = commit(1, { memberId, generation });
    expect(await heartbeat(memberId, generation)).toBe('NONE');
    expect(await isPending(asMember)).toBe(true);
  });

  it('is loading until it has read its log, and then knows what was there', async () => {
    await commit(9);
    let open = (): void => {};
    log.readGate = new Promise((resolve) => (open = resolve));
    runtime.close();
    runtime = make();
    const loading = runtime.load();
    await expect(commit(1)).rejects.toMatchObject({ code: 'COORDINATOR_LOAD_IN_PROGRESS' });
    expect(() => runtime.machine).toThrow('COORDINATOR_LOAD_IN_PROGRESS');
    open();
    await loading;
    expect(committed()).toBe(9);
  });

  it('gives members whole sessions after loading, and takes them for dead by the clock', async () => {
    const { memberId, generation } = await join('m');
    await sync(memberId, generation);
    clock.advance(9_000);
    await reload();
    clock.advance(9_999);
    expect(await heartbeat(memberId, generation)).toBe('NONE');
    clock.advance(10_000);
    await settle();
    expect(await heartbeat(memberId, generation)).toBe('UNKNOWN_MEMBER_ID');
    expect(runtime.machine.describe('g', runtime.now)?.phase).toBe('Empty');
  });
});

describe('a shard whose log', () => {
  it('fails tells everybody who waits, and goes on from what is in the log', async () => {
    const { memberId, generation } = await join('leader');
    await sync(memberId, generation);
    await commit(1, { group: 'other' });
    const parked = join('second');
    log.held = true;
    const lost = commit(2, { group: 'other' });
    await settle();
    const told = Promise.allSettled([parked, lost]);
    log.fail(new ApiError('KAFKA_STORAGE_ERROR', 'no space'));
    log.held = false;
    for (const result of await told)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'NOT_COORDINATOR' } });
    await settle();
    expect(committed(0, 'other')).toBe(1);
    expect(await heartbeat(memberId, generation)).toBe('NONE'); // The join that was parked is forgotten.
    expect(runtime.unanswered).toBe(0);
  });

  it('takes nothing now refuses commits, and goes on serving what it knows', async () => {
    await commit(1);
    log.refusal = new ApiError('KAFKA_STORAGE_ERROR', 'almost full');
    await expect(commit(2)).rejects.toMatchObject({ code: 'NOT_COORDINATOR' });
    expect(committed()).toBe(1);
    expect(await deleteGroup('other')).toBe('GROUP_ID_NOT_FOUND');
    await expect(deleteGroup()).rejects.toMatchObject({ code: 'NOT_COORDINATOR' });
    await settle();
    expect(committed()).toBe(1);
    log.refusal = undefined;
    await commit(3);
    expect(committed()).toBe(3);
  });

  it('cannot be read is not the coordinator, until it can', async () => {
    await commit(3);
    log.readFailure = new ApiError('KAFKA_STORAGE_ERROR', 'bad sector');
    await reload();
    await expect(commit(1)).rejects.toMatchObject({ code: 'NOT_COORDINATOR' });
    log.readFailure = undefined;
    clock.advance(1_000);
    await settle();
    expect(committed()).toBe(3);
  });

  it('is late says so to those who wait for it, and only to them, and keeps what it was given', async () => {
    const { memberId, generation } = await join('leader');
    await sync(memberId, generation);
    const parked = join('second');
    log.held = true;
    const slow = commit(5, { group: 'other' });
    const behind = deleteGroup('other');
    await settle();
    const told = Promise.allSettled([slow, behind]);
    clock.advance(5_000);
    for (const result of await told) expect(result).toMatchObject({ reason: { code: 'COORDINATOR_NOT_AVAILABLE' } });
    expect(await isPending(parked)).toBe(true);
    log.commit();
    await settle();
    expect(committed(0, 'other')).toBe(5); // The delete that was told to have failed is not done behind its back.
    expect(runtime.unanswered).toBe(1);
  });

  it('is late says so to followers, too, that wait for what the leader brought', async () => {
    const { memberId, generation } = await join('leader');
    await sync(memberId, generation);
    const joining = join('follower');
    const [leader, follower] = [await join('leader', memberId), await joining];
    const parked = sync(follower.memberId, follower.generation);
    log.held = true;
    const writing = sync(leader.memberId, leader.generation);
    await settle();
    const told = Promise.allSettled([parked, writing]);
    clock.advance(5_000);
    for (const result of await told) expect(result).toMatchObject({ reason: { code: 'COORDINATOR_NOT_AVAILABLE' } });
    log.commit();
    log.held = false;
    await settle();
    expect((await sync(follower.memberId, follower.generation)).error).toBe('NONE');
  });

  it('went away with its shard leaves nobody waiting', async () => {
    const { memberId, generation } = await join('leader');
    await sync(memberId, generation);
    const parked = join('second');
    log.held = true;
    const writing = commit(5, { group: 'other' });
    await settle();
    const told = Promise.allSettled([parked, writing]);
    runtime.close();
    for (const result of await told) expect(result).toMatchObject({ reason: { code: 'NOT_COORDINATOR' } });
    await expect(commit(1)).rejects.toMatchObject({ code: 'NOT_COORDINATOR' });
    log.commit();
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('finishes what is written while the broker stops, and sends home who waits for others', async () => {
    const { memberId, generation } = await join('leader');
    await sync(memberId, generation);
    const parked = join('second');
    log.held = true;
    const writing = commit(5, { group: 'other' });
    await settle();
    const told = Promise.allSettled([parked]);
    runtime.drain();
    expect(await told).toMatchObject([{ reason: { code: 'NOT_COORDINATOR' } }]);
    await expect(commit(1)).rejects.toMatchObject({ code: 'NOT_COORDINATOR' });
    log.commit();
    expect((await writing).offsets).toEqual(['NONE']);
  });

  it('is full of requests takes no more', async () => {
    runtime.close();
    runtime = make({ requestsMax: 2 });
    await runtime.load();
    log.held = true;
    const waiting = [commit(1), commit(2)];
    await expect(commit(3)).rejects.toMatchObject({ code: 'COORDINATOR_NOT_AVAILABLE' });
    await settle();
    log.commit();
    await Promise.all(waiting);
    log.held = false;
    expect((await commit(3)).offsets).toEqual(['NONE']);
  });
});
