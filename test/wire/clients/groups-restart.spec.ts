import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DescribeGroups, ListOffsets, OffsetFetch } from '@trunkline/protocol';
import { RawClient, type TestProcess, freePort, startBrokerProcess, until } from '@trunkline/testing';
import { CLIENTS, ConsumerProcess, run } from './client-process.js';

const PARTITIONS = 4;
const here = CLIENTS.filter(({ command }) => command === process.execPath);

describe('members that poll while the broker is killed and started again', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-groups-'));
  const settings = { 'num.partitions': `${PARTITIONS}`, 'offsets.topic.num.partitions': '4', 'http.listener': 'off' };
  const members: ConsumerProcess[] = [];
  let port: number;
  let broker: TestProcess;

  beforeAll(async () => {
    port = await freePort();
    broker = await startBrokerProcess(port, dataDir, settings);
  });
  afterEach(async () => {
    await Promise.all(members.splice(0).map((member) => member.kill()));
  });
  afterAll(async () => {
    await broker.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function ask<T>(what: (client: RawClient) => Promise<T>): Promise<T> {
    const client = await RawClient.connect(port);
    try {
      return await what(client);
    } finally {
      client.close();
    }
  }

  /** Records that the group has not committed. */
  async function lag(group: string, topic: string): Promise<number> {
    const indexes = Array.from({ length: PARTITIONS }, (_, index) => index);
    return ask(async (client) => {
      const partitions = indexes.map((partitionIndex) => ({ partitionIndex, timestamp: -1n }));
      const ends = await client.send(ListOffsets, 5, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic, partitions }],
      });
      const offsets = await client.send(OffsetFetch, 5, {
        groupId: group,
        topics: [{ name: topic, partitionIndexes: indexes }],
      });
      return indexes.reduce((sum, index) => {
        const end = Number(ends.topics[0]!.partitions[index]!.offset);
        return sum + end - Math.max(0, Number(offsets.topics[0]!.partitions[index]!.committedOffset));
      }, 0);
    });
  }

  it.each(here)('$name: nothing is lost, and nothing that was committed comes again', async (client) => {
    const topic = `polled-${client.name.replace(/\W+/g, '-')}`;
    const group = `${topic}-group`;
    const produce = (prefix: string): Promise<string> =>
      run(client.command, [...client.program, 'produce', `127.0.0.1:${port}`, topic, '80', prefix, 'none']);
    const expected = (prefix: string): string[] =>
      Array.from({ length: 80 }, (_, index) => `${prefix}${index}`).toSorted();
    await produce('before');
    for (let count = 0; count < 2; count++)
      members.push(new ConsumerProcess(client, `127.0.0.1:${port}`, topic, group));
    const read = (prefix: string): string[] =>
      members.flatMap(({ values }) => values).filter((value) => value.startsWith(prefix));
    await until('both share', () => members.every(({ assigned }) => assigned?.length === 2), 30_000);
    await until('all is committed', async () => (await lag(group, topic)) === 0, 30_000);
    const already = read('before').length;

    await broker.kill();
    broker = await startBrokerProcess(port, dataDir, settings);
    const described = await ask((raw) => raw.send(DescribeGroups, 5, { groups: [group] }));
    expect(described.groups[0]!.members).toHaveLength(2);
    await produce('after');
    await until('all is read', () => new Set(read('after')).size === 80, 60_000);
    await until('all is committed', async () => (await lag(group, topic)) === 0, 30_000);
    expect(read('after').toSorted()).toEqual(expected('after'));
    expect(read('before')).toHaveLength(already);
    expect([...new Set(read('before'))].toSorted()).toEqual(expected('before'));
  });
});
