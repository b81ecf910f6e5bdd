import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { fromUtf8 } from '@trunkline/kernel';
import { CreateTopics, Fetch, OffsetFetch, errorName } from '@trunkline/protocol';
import { batchesIn } from '@trunkline/records';
import { RawClient, type TestProcess, freePort, startBrokerProcess, until } from '@trunkline/testing';
import { dice } from './cluster/dice.js';
import { faultsOf } from './crash/history.js';
import { Recorder } from './crash/recorder.js';

const KILLS = Number(process.env['KILLS'] ?? 50);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const TOPIC = 'crash';
const GROUP = 'crash-readers';
const PARTITIONS = 4;
const TMPFS = 0x01021994;

function diskDir(): string {
  const base = statfsSync(tmpdir()).type === TMPFS ? 'node_modules' : tmpdir(); // A crash on tmpfs proves nothing.
  return mkdtempSync(join(base, 'trunkline-crash-'));
}

async function readAll(port: number, partition: number): Promise<Map<number, number>> {
  const client = await RawClient.connect(port);
  const found = new Map<number, number>();
  let fetchOffset = 0;
  for (;;) {
    const answer = await client.send(Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [
        { topic: TOPIC, partitions: [{ partition, fetchOffset: BigInt(fetchOffset), partitionMaxBytes: 1 << 20 }] },
      ],
    });
    const read = answer.responses[0]!.partitions[0]!;
    expect(errorName(read.errorCode)).toBe('NONE');
    if (read.records === null || read.records.byteLength === 0) break;
    for (const batch of batchesIn(read.records)) {
      for (const record of batch.records()) found.set(record.offset, Number(fromUtf8(record.value!)));
      fetchOffset = batch.lastOffset + 1;
    }
    if (fetchOffset >= Number(read.highWatermark)) break;
  }
  client.close();
  return found;
}

async function committedOffsets(port: number): Promise<number[]> {
  const client = await RawClient.connect(port);
  const answer = await until('the group’s offsets are loaded', async () => {
    const groups = [{ groupId: GROUP, topics: null }];
    const got = await client.send(OffsetFetch, 8, { groups, requireStable: false });
    return errorName(got.groups[0]!.errorCode) === 'NONE' && got;
  });
  client.close();
  const offsets = Array.from({ length: PARTITIONS }, () => -1);
  for (const { partitions } of answer.groups[0]!.topics) {
    for (const { partitionIndex, committedOffset } of partitions) offsets[partitionIndex] = Number(committedOffset);
  }
  return offsets;
}

describe('a broker that is killed while it is written to', () => {
  const dataDir = diskDir();
  let broker: TestProcess | undefined;
  let recorders: readonly Recorder[] = [];
  afterAll(async () => {
    for (const recorder of recorders) recorder.abandon();
    await broker?.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it(`keeps every acknowledged record once and in order, and the offsets of groups, over ${KILLS} kills`, async () => {
    console.log(`crash test: SEED=${SEED} KILLS=${KILLS}`);
    const roll = dice(SEED);
    const port = await freePort();
    broker = await startBrokerProcess(port, dataDir, { 'log.segment.bytes': '1048576', 'http.listener': 'off' });
    const admin = await RawClient.connect(port);
    const topics = [{ name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] }];
    await admin.send(CreateTopics, 5, { topics, timeoutMs: 10_000 });
    admin.close();
    recorders = Array.from(
      { length: PARTITIONS },
      (_, partition) => new Recorder(port, TOPIC, partition, GROUP, () => 1 + roll(20)),
    );
    const runs = Promise.all(recorders.map((recorder) => recorder.run()));
    const total = (): number => recorders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
    for (let kill = 0; kill < KILLS; kill++) {
      const before = total();
      const enough = before + 1 + roll(2_000);
      await Promise.race([until('the producers go on', () => total() >= enough), runs]);
      await broker.kill();
      broker = await startBrokerProcess(port, dataDir, { 'log.segment.bytes': '1048576', 'http.listener': 'off' });
    }
    for (const recorder of recorders) recorder.stop();
    await runs;
    const faults: string[] = [];
    const offsets = await committedOffsets(port);
    for (const { partition, acknowledged, committed, committing } of recorders) {
      const log = await readAll(port, partition);
      faults.push(...faultsOf(acknowledged, log).map((fault) => `partition ${partition}: ${fault}`));
      const found = offsets[partition]!;
      if (found < committed || found > committing) {
        faults.push(`partition ${partition}: offset ${found} is committed; ${committed} was acknowledged`);
      }
    }
    console.log(`crash test: ${KILLS} kills, ${total()} records acknowledged, ${faults.length} faults`);
    expect(faults.slice(0, 20)).toEqual([]);
    expect(await broker.stop()).toBe(0);
    broker = undefined;
  }, 300_000);
});
