import { afterEach, describe, expect, it } from '@jest/globals';
import { DescribeLogDirs, ListOffsets, errorName } from '@trunkline/protocol';
import { SimDisk, type TestBroker, until } from '@trunkline/testing';
import { batchOf, createTopic, fetch, produce, startDataBroker } from './data-fixture.js';

let broker: TestBroker | undefined;
afterEach(async () => {
  await broker?.stop();
  broker = undefined;
});

describe('a log that fails', () => {
  it('answers KAFKA_STORAGE_ERROR to all who wait and all who come, and the others live', async () => {
    const disk = new SimDisk({ seed: 1, capacityBytes: 1e9 });
    broker = await startDataBroker({ disk, dataDir: '/data' });
    const [bad, good] = [await createTopic(broker, 'bad'), await createTopic(broker, 'good')];
    await produce(broker, bad, batchOf(['kept']));
    const reader = broker.connect();
    const parked = fetch(reader, bad, { offset: 1, maxWaitMs: 60_000 });
    await until('it is parked', () => broker!.broker.parts.delayed.waiting === 1);
    disk.fail('sync', /bad-0\/.*\.log$/, 'EIO');
    expect((await produce(broker, bad, batchOf(['lost']))).error).toBe('KAFKA_STORAGE_ERROR');
    expect((await parked).error).toBe('KAFKA_STORAGE_ERROR');
    expect((await produce(broker, bad, batchOf(['more']))).error).toBe('KAFKA_STORAGE_ERROR');
    expect((await produce(broker, bad, batchOf(['more']), { version: 3 })).error).toBe('NOT_LEADER_OR_FOLLOWER');
    expect((await fetch(broker, bad, { version: 6 })).error).toBe('KAFKA_STORAGE_ERROR');
    expect((await fetch(broker, bad, { version: 5 })).error).toBe('NOT_LEADER_OR_FOLLOWER');
    const partitions = [{ partitionIndex: 0, timestamp: -1n }];
    const listed = await broker.send(ListOffsets, 5, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'bad', partitions }],
    });
    expect(errorName(listed.topics[0]!.partitions[0]!.errorCode)).toBe('KAFKA_STORAGE_ERROR');
    expect(await produce(broker, good, batchOf(['well']))).toMatchObject({ error: 'NONE', baseOffset: 0n });
    expect((await fetch(broker, good)).values).toEqual(['well']);
    reader.close();
  });

  it('that does not open is its own misfortune', async () => {
    const disk = new SimDisk({ seed: 1, capacityBytes: 1e9 });
    broker = await startDataBroker({ disk, dataDir: '/data' });
    const [bad, good] = [await createTopic(broker, 'bad'), await createTopic(broker, 'good')];
    for (const topic of [bad, good]) await produce(broker, topic, batchOf(['kept']));
    disk.fail('open', /bad-0\//, 'EIO', 1000);
    await broker.restart();
    expect((await fetch(broker, bad)).error).toBe('KAFKA_STORAGE_ERROR');
    expect((await produce(broker, bad, batchOf(['x']))).error).toBe('KAFKA_STORAGE_ERROR');
    expect((await fetch(broker, good)).values).toEqual(['kept']);
    expect(
      (await broker.send(DescribeLogDirs, 4, { topics: null })).results[0]!.topics.map(({ name }) => name),
    ).toEqual(['good']);
  });
});
