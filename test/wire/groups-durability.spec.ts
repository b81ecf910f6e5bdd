import { afterEach, describe, expect, it } from '@jest/globals';
import { DescribeGroups, ListGroups, errorName } from '@trunkline/protocol';
import { GatedDisk, SimDisk, type TestBroker, until } from '@trunkline/testing';
import { createTopic } from './data-fixture.js';
import { commit, fetched, heartbeat, join, startGroupBroker, subscription, sync } from './groups-fixture.js';

const OFFSETS_LOG = /__consumer_offsets-\d+\/.*\.log$/;

let broker: TestBroker | undefined;
afterEach(async () => {
  await broker?.stop();
  broker = undefined;
});

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

describe('what a coordinator answers', () => {
  it('is on the disk for good before: commits, assignments, deletions', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    broker = await startGroupBroker({ disk, dataDir: '/data' });
    await createTopic(broker, 't');
    const { memberId, generationId } = await join(broker);
    disk.hold('sync', OFFSETS_LOG);
    const syncing = sync(broker, { memberId, generationId }, { [memberId]: 'all' });
    await until('the generation is being written', () => disk.held === 1);
    expect(await isPending(syncing)).toBe(true);
    disk.step();
    expect((await syncing).text).toBe('all');
    const committing = commit(broker, { 't/0': 5 }, { memberId, generationId });
    await until('the offset is being written', () => disk.held === 1);
    const other = broker.connect();
    expect(await fetched(other, 't/0')).toMatchObject({ offset: -1 });
    expect(await heartbeat(other, { memberId, generationId })).toBe('NONE');
    expect(await isPending(committing)).toBe(true);
    disk.release();
    expect(await committing).toEqual(['NONE']);
    expect(await fetched(other, 't/0')).toMatchObject({ offset: 5 });
    other.close();
  });

  it('shares a sync with what others asked at the same time', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    broker = await startGroupBroker({ disk, dataDir: '/data', config: { 'offsets.topic.num.partitions': '1' } });
    await createTopic(broker, 't', {}, 20);
    disk.hold('sync', OFFSETS_LOG);
    const connections = Array.from({ length: 20 }, () => broker!.connect());
    const answers = connections.map((connection, at) =>
      commit(connection, { [`t/${at}`]: at }, { group: `g${at % 7}` }),
    );
    await until('the first is being written', () => disk.held === 1);
    expect(await isPending(Promise.race(answers))).toBe(true);
    disk.step();
    await until('the others are being written', () => disk.held === 1);
    disk.step();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, () => ['NONE']));
    expect(disk.held).toBe(0);
    disk.release();
    for (const connection of connections) connection.close();
  });

  it('is NOT_COORDINATOR for who waits on a log that failed, and other groups live', async () => {
    const disk = new SimDisk({ seed: 1 });
    broker = await startGroupBroker({ disk, dataDir: '/data' });
    await createTopic(broker, 't');
    const { memberId, generationId } = await join(broker, { group: 'bad' });
    await sync(broker, { group: 'bad', memberId, generationId }, { [memberId]: 'all' });
    await commit(broker, { 't/0': 1 }, { group: 'bad', memberId, generationId });
    const waiting = broker.connect();
    const parked = join(waiting, { group: 'bad' });
    await until(
      'a rebalance',
      async () => (await heartbeat(broker!, { group: 'bad', memberId, generationId })) !== 'NONE',
    );
    disk.fail('sync', OFFSETS_LOG, 'EIO');
    expect(await commit(broker, { 't/0': 2 }, { group: 'bad', memberId, generationId })).toEqual(['NOT_COORDINATOR']);
    expect((await parked).error).toBe('NOT_COORDINATOR');
    expect(await heartbeat(broker, { group: 'bad', memberId, generationId })).toBe('NOT_COORDINATOR');
    expect(await fetched(broker, 't/0', 'bad')).toBe('NOT_COORDINATOR');
    const well = ['a', 'b', 'c', 'd', 'e', 'f'].map((group) => commit(broker!, { 't/0': 3 }, { group }));
    expect((await Promise.all(well)).flat()).toContain('NONE');
    await broker.restart();
    expect(await fetched(broker, 't/0', 'bad')).toMatchObject({ offset: expect.any(Number) });
    expect(await heartbeat(broker, { group: 'bad', memberId, generationId })).toBe('NONE');
    waiting.close();
  });
});

describe('a restart of the broker', () => {
  it('keeps groups: members that poll go on in their generation, and find each other again when they do not', async () => {
    broker = await startGroupBroker();
    await createTopic(broker, 't');
    const { memberId, generationId } = await join(broker, { version: 3 });
    await sync(broker, { memberId, generationId }, { [memberId]: 'all' });
    await commit(broker, { 't/0': 7 }, { memberId, generationId, leaderEpoch: 0, metadata: 'seven' });
    const waiting = broker.connect();
    const parked = join(waiting);
    await until('a rebalance', async () => (await heartbeat(broker!, { memberId, generationId })) !== 'NONE');
    await broker.restart();
    expect((await parked).error).toBe('NOT_COORDINATOR');
    expect(await heartbeat(broker, { memberId, generationId })).toBe('NONE');
    expect(await fetched(broker, 't/0')).toEqual({ offset: 7, leaderEpoch: 0, metadata: 'seven' });
    expect(await commit(broker, { 't/0': 8 }, { memberId, generationId })).toEqual(['NONE']);
    const { groups } = await broker.send(DescribeGroups, 5, { groups: ['g'] });
    expect(groups[0]).toMatchObject({
      groupState: 'Stable',
      protocolData: 'range',
      members: [{ memberId, clientId: 'test' }],
    });
    const again = await join(broker, { memberId });
    expect(again).toMatchObject({ error: 'NONE', generationId: generationId + 1, leader: memberId });
    expect(again.members[0]!.metadata).toEqual(subscription(['t']));
    waiting.close();
  });

  it('answers COORDINATOR_LOAD_IN_PROGRESS while it reads a large log, never empty offsets or unknown members', async () => {
    const disk = new GatedDisk(new SimDisk({ seed: 1 }));
    const config = { 'offsets.topic.num.partitions': '1' };
    broker = await startGroupBroker({ disk, dataDir: '/data', config });
    await createTopic(broker, 't');
    for (let large = 0; large < 7; large++) {
      const group = `large-${large}`;
      const { memberId, generationId } = await join(broker, { group });
      await sync(broker, { group, memberId, generationId }, { [memberId]: 'a'.repeat(900_000) });
    }
    const { memberId, generationId } = await join(broker);
    await sync(broker, { memberId, generationId }, { [memberId]: 'all' });
    await commit(broker, { 't/0': 399 }, { memberId, generationId });
    const restarted = broker.restart();
    disk.hold('read', OFFSETS_LOG);
    await until('the broker serves, while the log is being read', () => {
      if (broker!.broker.ready) return disk.held > 0;
      disk.step();
      return false;
    });
    await restarted;
    expect(await fetched(broker, 't/0')).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(errorName((await broker.send(ListGroups, 3, {})).errorCode)).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect((await join(broker, { memberId })).error).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(await commit(broker, { 't/0': 1 }, { memberId, generationId })).toEqual(['COORDINATOR_LOAD_IN_PROGRESS']);
    expect(await heartbeat(broker, { memberId, generationId })).toBe('NONE');
    disk.release();
    await until('it is loaded', async () => (await fetched(broker!, 't/0')) !== 'COORDINATOR_LOAD_IN_PROGRESS');
    expect(await fetched(broker, 't/0')).toMatchObject({ offset: 399 });
    expect(await heartbeat(broker, { memberId, generationId })).toBe('NONE');
    expect(await heartbeat(broker, { memberId, generationId: 9 })).toBe('ILLEGAL_GENERATION');
  });
});
