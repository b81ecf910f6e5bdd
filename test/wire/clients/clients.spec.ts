import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestProcess, describeUnless, freePort, startBrokerProcess, until, whyLeftOut } from '@trunkline/testing';
import { CLIENTS, type ClientProgram, ConsumerProcess, run } from './client-process.js';

describe('real clients on the broker app', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-clients-'));
  const settings = { 'num.partitions': '4', 'offsets.topic.num.partitions': '4', 'http.listener': 'off' };
  let port: number;
  let broker: TestProcess;
  let address: string;
  const members: ConsumerProcess[] = [];

  beforeAll(async () => {
    port = await freePort();
    address = `127.0.0.1:${port}`;
    broker = await startBrokerProcess(port, dataDir, settings);
  });
  afterEach(async () => {
    await Promise.all(members.splice(0).map((member) => member.kill()));
  });
  afterAll(async () => {
    await broker.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const produce = ({ command, program }: ClientProgram, topic: string, count: number, prefix: string, codec = 'none') =>
    run(command, [...program, 'produce', address, topic, String(count), prefix, codec]);
  const consume = (client: ClientProgram, topic: string, group: string): ConsumerProcess => {
    const member = new ConsumerProcess(client, address, topic, group);
    members.push(member);
    return member;
  };
  const expected = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`).toSorted();

  for (const client of CLIENTS)
    describeUnless(client.leftOut, client.name, () => {
      const topic = (what: string): string => `${what}-${client.name.replace(/\W+/g, '-')}`;

      it('makes a topic by asking for it, produces, and consumes from the beginning', async () => {
        await produce(client, topic('first'), 50, 'v');
        const reader = consume(client, topic('first'), topic('readers'));
        await reader.read(50);
        expect(reader.values.toSorted()).toEqual(expected('v', 50));
      });

      it('commits, leaves, and resumes where it was', async () => {
        await produce(client, topic('resume'), 40, 'a');
        const first = consume(client, topic('resume'), topic('resumers'));
        await first.read(40);
        await first.stop();
        await produce(client, topic('resume'), 40, 'b');
        const second = consume(client, topic('resume'), topic('resumers'));
        await second.read(40);
        expect(second.values.toSorted()).toEqual(expected('b', 40));
      });

      it('shares the partitions of a topic among the members of a group', async () => {
        await produce(client, topic('shared'), 4, 'warm');
        const one = consume(client, topic('shared'), topic('sharers'));
        await until('the first has every partition', () => one.assigned?.length === 4, 30_000);
        const two = consume(client, topic('shared'), topic('sharers'));
        await until('both have two', () => one.assigned?.length === 2 && two.assigned?.length === 2, 30_000);
        await produce(client, topic('shared'), 100, 'x');
        const read = (): string[] => [...one.values, ...two.values].filter((value) => value.startsWith('x'));
        await until('every record', () => new Set(read()).size === 100, 30_000);
        expect(read().toSorted()).toEqual(expected('x', 100));
        expect(one.values.some((value) => value.startsWith('x'))).toBe(true);
        expect(two.values.some((value) => value.startsWith('x'))).toBe(true);
      });

      it.each(client.codecs)('writes batches with compression %s that every other client reads', async (codec) => {
        const name = topic(`codec-${codec}`);
        await produce(client, name, 200, 'z', codec);
        for (const other of CLIENTS.filter(({ leftOut }) => leftOut === undefined)) {
          // kafkajs reads gzip alone without plug-ins.
          if (other.name === 'kafkajs' && codec !== 'none' && codec !== 'gzip') continue;
          const reader = consume(other, name, `${name}-by-${other.name.replace(/\W+/g, '-')}`);
          await reader.read(200);
          expect(reader.values.toSorted()).toEqual(expected('z', 200));
          await reader.stop();
        }
      });

      it('goes on after the broker was killed and started again, without losing or repeating committed work', async () => {
        const name = topic('restart');
        await produce(client, name, 60, 'before');
        const reader = consume(client, name, topic('restarters'));
        await reader.read(60);
        await reader.stop();
        await broker.kill();
        broker = await startBrokerProcess(port, dataDir, settings);
        await produce(client, name, 60, 'after');
        const next = consume(client, name, topic('restarters'));
        await next.read(60);
        expect(next.values.toSorted()).toEqual(expected('after', 60));
      });
    });

  describeUnless(whyLeftOut('kcat'), 'kcat', () => {
    const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
    const kcat = (args: readonly string[], input = ''): Promise<string> => run('kcat', ['-b', address, ...args], input);

    it('lists the broker and its topics', async () => {
      await kcat(['-P', '-t', 'kcat-list'], 'one\n');
      const listing = await kcat(['-L']);
      expect(listing).toMatch(new RegExp(`broker \\d+ at 127\\.0\\.0\\.1:${port}`));
      expect(listing).toContain('topic "kcat-list" with 4 partitions');
    });

    it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('produces and consumes with compression %s', async (codec) => {
      const name = `kcat-${codec}`;
      const input = Array.from({ length: 300 }, (_, index) => `key${index}:value ${index}`).join('\n');
      await kcat(['-P', '-t', name, '-K', ':', '-z', codec], `${input}\n`);
      const read = lines(await kcat(['-C', '-t', name, '-o', 'beginning', '-e', '-q', '-f', '%k:%s\n']));
      expect(read.toSorted()).toEqual(input.split('\n').toSorted());
    });

    it('carries headers, and reads by timestamp and from the end', async () => {
      await kcat(['-P', '-t', 'kcat-headers', '-p', '0', '-H', 'a=1', '-H', 'b=two'], 'with headers\n');
      const read = await kcat(['-C', '-t', 'kcat-headers', '-p', '0', '-o', '-1', '-e', '-q', '-f', '%h|%s\n']);
      expect(read).toBe('a=1,b=two|with headers\n');
      const offsets = await kcat(['-Q', '-t', 'kcat-headers:0:-1']);
      expect(offsets).toContain('offset 1');
    });

    it('consumes in a group', async () => {
      await kcat(['-P', '-t', 'kcat-group', '-K', ':'], Array.from({ length: 20 }, (_, i) => `k${i}:v${i}\n`).join(''));
      const options = ['-X', 'auto.offset.reset=earliest', '-G', 'kcat-group', '-c', '20', '-q', 'kcat-group'];
      expect(lines(await kcat(options)).toSorted()).toEqual(expected('v', 20));
    });
  });
});
