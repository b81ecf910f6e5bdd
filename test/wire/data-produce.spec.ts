import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Uuid, utf8 } from '@trunkline/kernel';
import { NodeDisk, crc32c } from '@trunkline/platform';
import { Produce, errorName } from '@trunkline/protocol';
import { GatedDisk, type TestBroker, until } from '@trunkline/testing';
import { NO_ID, batchOf, createTopic, fetch, produce, produceRequest, startDataBroker } from './data-fixture.js';

const UNKNOWN_ID = 'BBBBBBBBBBBBBBBBBBBBBA' as Uuid;
const disk = new GatedDisk(new NodeDisk());
let broker: TestBroker;
beforeAll(async () => {
  broker = await startDataBroker({ disk });
});
afterAll(() => broker.stop());

let topics = 0;
const topicOf = (configs: Record<string, string> = {}, partitions = 1) =>
  createTopic(broker, `produce-${topics++}`, configs, partitions);
const changed = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = new Uint8Array(bytes);
  copy[at] = value;
  return copy;
};
const withChecksum = (bytes: Uint8Array): Uint8Array => {
  new DataView(bytes.buffer).setUint32(17, crc32c(bytes.subarray(21)));
  return bytes;
};

describe('produce', () => {
  it.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('appends a batch and tells where, in version %i', async (version) => {
    const topic = await topicOf();
    const first = await produce(broker, topic, batchOf(['a', 'b']), { version });
    const logStartOffset = version >= 5 ? 0n : -1n;
    expect(first).toMatchObject({ error: 'NONE', baseOffset: 0n, logAppendTimeMs: -1n, logStartOffset });
    expect(first).toMatchObject({ recordErrors: [], errorMessage: null, currentLeader: { leaderId: -1 } });
    expect(await produce(broker, topic, batchOf(['c']), { version })).toMatchObject({ error: 'NONE', baseOffset: 2n });
    expect((await fetch(broker, topic)).values).toEqual(['a', 'b', 'c']);
  });

  it('ends the connection of a client that sends version 2, as Kafka does', async () => {
    const client = broker.connect();
    const frame = [0, 0, 0, 22, 0, 0, 0, 2, 0, 0, 0, 1, 255, 255, 0, 1, 0, 0, 3, 232, 0, 0, 0, 0, 0, 0];
    client.sendBytes(new Uint8Array(frame));
    await client.closed;
  });

  it('is not answered with acks=0, and what was sent is there before the next request is answered', async () => {
    const topic = await topicOf();
    const client = broker.connect();
    client.sendOnly(Produce, 9, produceRequest(topic, batchOf(['quiet']), { acks: 0 }));
    expect(await produce(client, topic, batchOf(['loud']))).toMatchObject({ error: 'NONE', baseOffset: 1n });
    expect((await fetch(client, topic)).values).toEqual(['quiet', 'loud']);
    client.close();
  });

  it('ends the connection when a produce with acks=0 fails, for there is no other way to tell', async () => {
    const client = broker.connect();
    client.sendOnly(Produce, 9, produceRequest({ name: 'nowhere', id: NO_ID }, batchOf(['x']), { acks: 0 }));
    await client.closed;
  });

  it('refuses acks of 2 in each partition', async () => {
    expect(await produce(broker, await topicOf(), batchOf(['a']), { acks: 2 })).toMatchObject({
      error: 'INVALID_REQUIRED_ACKS',
      baseOffset: -1n,
      logStartOffset: -1n,
    });
  });

  it('knows no topic, id or partition that is not there, and makes none', async () => {
    const topic = await topicOf();
    const nowhere = { name: 'nowhere', id: UNKNOWN_ID };
    expect((await produce(broker, nowhere, batchOf(['a']))).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect((await produce(broker, nowhere, batchOf(['a']), { version: 13 })).error).toBe('UNKNOWN_TOPIC_ID');
    expect((await produce(broker, topic, batchOf(['a']), { partition: 3 })).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    const byId = await produce(broker, topic, batchOf(['a']), { partition: 3, version: 13 });
    expect(byId.error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('lets each partition of a request succeed or fail for itself, and answers in the request’s order', async () => {
    const topic = await topicOf({}, 3);
    const partitionData = [
      { index: 2, records: batchOf(['two']) },
      { index: 7, records: batchOf(['nowhere']) },
      { index: 0, records: changed(batchOf(['broken']), 66, 1) },
      { index: 1, records: batchOf(['one']) },
    ];
    const body = { transactionalId: null, acks: -1, timeoutMs: 1000 };
    const { responses } = await broker.send(Produce, 9, { ...body, topicData: [{ name: topic.name, partitionData }] });
    expect(responses[0]!.partitionResponses.map(({ index, errorCode }) => [index, errorName(errorCode)])).toEqual([
      [2, 'NONE'],
      [7, 'UNKNOWN_TOPIC_OR_PARTITION'],
      [0, 'CORRUPT_MESSAGE'],
      [1, 'NONE'],
    ]);
  });

  it('refuses what is no whole, sound batch of a producer', async () => {
    const topic = await topicOf({ 'max.message.bytes': '1000' });
    const error = async (records: Uint8Array | null, version = 9) =>
      (await produce(broker, topic, records, { version })).error;
    expect(await error(null)).toBe('INVALID_RECORD');
    expect(await error(new Uint8Array(0))).toBe('INVALID_RECORD');
    expect(await error(new Uint8Array([...batchOf(['a']), ...batchOf(['b'])]))).toBe('INVALID_RECORD');
    expect(await error(changed(batchOf(['a']), 16, 1))).toBe('INVALID_RECORD');
    expect(await error(changed(batchOf(['abc']), 66, 9))).toBe('CORRUPT_MESSAGE');
    expect(await error(withChecksum(changed(batchOf(['a']), 60, 9)))).toBe('INVALID_RECORD');
    expect(await error(batchOf(['a'], { isControl: true }))).toBe('INVALID_RECORD');
    expect(await error(batchOf(['x'.repeat(1000)]))).toBe('MESSAGE_TOO_LARGE');
    expect(await error(batchOf(['a'], { compression: 'zstd' }), 6)).toBe('UNSUPPORTED_COMPRESSION_TYPE');
    expect(await error(batchOf(['a'], { compression: 'zstd' }), 7)).toBe('NONE');
    expect((await fetch(broker, topic)).values).toEqual(['a']);
  });

  it('tells which records are wrong, from version 8 on', async () => {
    const topic = await topicOf({ 'cleanup.policy': 'compact' });
    const records = batchOf([{ key: utf8('k'), value: utf8('good') }, 'no key', 'no key either']);
    const told = await produce(broker, topic, records, { version: 8 });
    expect(told.error).toBe('INVALID_RECORD');
    expect(told.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 2]);
    expect(told.recordErrors[0]!.batchIndexErrorMessage).toContain('key');
    expect(told.errorMessage).toContain('key');
    expect(await produce(broker, topic, records, { version: 7 })).toMatchObject({
      error: 'INVALID_RECORD',
      recordErrors: [],
    });
    expect((await fetch(broker, topic)).values).toEqual([]);
  });

  it('stamps the append time when the topic wants it, and tells it', async () => {
    const topic = await topicOf({ 'message.timestamp.type': 'LogAppendTime' });
    const before = BigInt(Date.now());
    const { logAppendTimeMs } = await produce(broker, topic, batchOf(['a'], { compression: 'gzip' }));
    expect(logAppendTimeMs).toBeGreaterThanOrEqual(before);
    const { records } = await fetch(broker, topic);
    expect(new DataView(records!.buffer, records!.byteOffset).getBigInt64(35)).toBe(logAppendTimeMs);
  });

  it('takes nothing for the broker’s own topics, but from an admin client', async () => {
    const offsets = await createTopic(broker, '__share_group_state', { 'cleanup.policy': 'delete' });
    for (const version of [12, 13]) {
      expect((await produce(broker, offsets, batchOf(['a']), { version })).error).toBe('INVALID_TOPIC_EXCEPTION');
    }
    const admin = broker.connect('__admin_client');
    expect((await produce(admin, offsets, batchOf(['a']))).error).toBe('NONE');
    admin.close();
  });

  it('refuses transactional batches as those of an id that nobody knows', async () => {
    const topic = await topicOf();
    const records = batchOf(['a'], { producerId: 5n, producerEpoch: 0, baseSequence: 0, isTransactional: true });
    expect((await produce(broker, topic, records)).error).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
    const named = await produce(broker, topic, records, { transactionalId: 'tx' });
    expect(named.error).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect((await produce(broker, topic, batchOf(['plain']), { transactionalId: 'tx' })).error).toBe('NONE');
  });
});

describe('produce before the disk has it', () => {
  it.each([1, -1])('is not answered with acks=%i, nor shown to readers', async (acks) => {
    const topic = await topicOf({ 'trunkline.flush': 'group-commit' });
    disk.hold();
    let answered = false;
    const answer = produce(broker, topic, batchOf(['a']), { acks }).finally(() => (answered = true));
    await until('the sync has begun', () => disk.held > 0);
    const reader = broker.connect();
    expect(await fetch(reader, topic)).toMatchObject({ error: 'NONE', values: [], highWatermark: 0n });
    expect(answered).toBe(false);
    disk.release();
    expect((await answer).error).toBe('NONE');
    expect(await fetch(reader, topic)).toMatchObject({ values: ['a'], highWatermark: 1n });
    reader.close();
  });

  it('answers five in flight in their order, once the sync has ended', async () => {
    const topic = await topicOf({ 'trunkline.flush': 'group-commit' });
    const client = broker.connect();
    disk.hold();
    const order: number[] = [];
    const answers = [0, 1, 2, 3, 4].map(async (index) => {
      const answer = await produce(client, topic, batchOf([`value ${index}`]));
      order.push(index);
      return answer;
    });
    const { log } = broker.broker.parts.replicas.partition(topic.name, 0)!;
    await until('all five are in the log, though the first is not answered', () => log.endOffset === 5);
    expect([order, log.durableEnd]).toEqual([[], 0]);
    disk.release();
    expect((await Promise.all(answers)).map(({ baseOffset }) => baseOffset)).toEqual([0n, 1n, 2n, 3n, 4n]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    client.close();
  });

  it('times out when the disk takes too long, though the batch is in the log', async () => {
    const topic = await topicOf({ 'trunkline.flush': 'group-commit' });
    disk.hold();
    const told = await produce(broker, topic, batchOf(['late']), { timeoutMs: 1 });
    expect(told).toMatchObject({ error: 'REQUEST_TIMED_OUT', baseOffset: 0n });
    disk.release();
    await until('it is committed', async () => (await fetch(broker, topic)).values[0] === 'late');
  });
});

describe('an idempotent producer', () => {
  const from = (producerId: bigint) => {
    return (value: string, baseSequence: number, producerEpoch = 0) =>
      batchOf([value], { producerId, producerEpoch, baseSequence });
  };

  it('is answered with the first offsets when it repeats one of its last five batches', async () => {
    const topic = await topicOf();
    const batch = from(100n);
    for (let sequence = 0; sequence < 6; sequence++) {
      expect((await produce(broker, topic, batch(`v${sequence}`, sequence))).baseOffset).toBe(BigInt(sequence));
    }
    for (let sequence = 1; sequence < 6; sequence++) {
      const again = await produce(broker, topic, batch(`v${sequence}`, sequence));
      expect(again).toMatchObject({ error: 'NONE', baseOffset: BigInt(sequence), logStartOffset: 0n });
    }
    expect((await produce(broker, topic, batch('v0', 0))).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect((await fetch(broker, topic)).values).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
  });

  it('may not leave a gap, and runs over from the last sequence to 0', async () => {
    const topic = await topicOf();
    const batch = from(101n);
    expect((await produce(broker, topic, batch('last', 0x7fff_ffff))).error).toBe('NONE');
    expect((await produce(broker, topic, batch('gap', 5))).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(await produce(broker, topic, batch('first', 0))).toMatchObject({ error: 'NONE', baseOffset: 1n });
    expect(await produce(broker, topic, batch('next', 1))).toMatchObject({ error: 'NONE', baseOffset: 2n });
  });

  it('is fenced by a newer epoch, which begins at sequence 0', async () => {
    const topic = await topicOf();
    const batch = from(102n);
    expect((await produce(broker, topic, batch('a', 0, 3))).error).toBe('NONE');
    expect((await produce(broker, topic, batch('b', 4, 4))).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect((await produce(broker, topic, batch('c', 0, 4))).error).toBe('NONE');
    expect((await produce(broker, topic, batch('d', 1, 3))).error).toBe('INVALID_PRODUCER_EPOCH');
    expect((await fetch(broker, topic)).values).toEqual(['a', 'c']);
  });

  it('that the partition does not know may begin anywhere', async () => {
    expect((await produce(broker, await topicOf(), from(103n)('a', 77))).error).toBe('NONE');
  });

  it('is still known after a restart', async () => {
    const topic = await topicOf();
    const batch = from(104n);
    await produce(broker, topic, batch('a', 0));
    await produce(broker, topic, batch('b', 1));
    await broker.restart();
    expect(await produce(broker, topic, batch('b', 1))).toMatchObject({ error: 'NONE', baseOffset: 1n });
    expect((await produce(broker, topic, batch('d', 3))).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect((await fetch(broker, topic)).values).toEqual(['a', 'b']);
  });

  it('gets its duplicates sorted out of five in flight', async () => {
    const topic = await topicOf({ 'trunkline.flush': 'group-commit' });
    const batch = from(105n);
    const client = broker.connect();
    const sent = [0, 1, 2, 1, 2, 3].map((sequence) => produce(client, topic, batch(`v${sequence}`, sequence)));
    expect((await Promise.all(sent)).map(({ baseOffset }) => baseOffset)).toEqual([0n, 1n, 2n, 1n, 2n, 3n]);
    expect((await fetch(client, topic)).values).toEqual(['v0', 'v1', 'v2', 'v3']);
    client.close();
  });
});
