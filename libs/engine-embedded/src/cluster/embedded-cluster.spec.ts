import { type AddressInfo, type Server, createConnection, createServer } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Delivery, Engine } from '@trunkline/bus';
import { kafka } from '@trunkline/engine-kafka';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { embedded } from '../embedded.js';
import { EmbeddedCluster } from './embedded-cluster.js';

const message = (value: string) => ({ channel: 'jobs', value: utf8(value), headers: new Map() });

/** Reads so many messages of `jobs` from its beginning. */
async function read(engine: Engine, group: string, count: number): Promise<readonly string[]> {
  const values: string[] = [];
  let done = (): void => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  const mode = { kind: 'group', group } as const;
  const subscription = await engine.subscribe(
    { channels: ['jobs'], mode, order: 'key', concurrency: 1, from: 'earliest' },
    async ({ value }: Delivery) => {
      values.push(fromUtf8(value ?? new Uint8Array()));
      if (values.length >= count) done();
    },
  );
  await all;
  await subscription.close(1_000);
  return values.toSorted();
}

const opened: { close(): Promise<void> }[] = [];
const dirs: string[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});
const open = <T extends { close(): Promise<void> }>(each: T): T => {
  opened.push(each);
  return each;
};
const newDir = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'trunkline-embedded-cluster-'));
  dirs.push(dir);
  return dir;
};
const startThree = async (): Promise<EmbeddedCluster> => open(await EmbeddedCluster.start({ nodes: 3, memory: true }));
const startEngine = async (cluster: EmbeddedCluster): Promise<Engine> => {
  const engine = open(cluster.engine());
  await engine.start();
  await engine.ensure([{ channel: 'jobs', partitions: 1 }]);
  return engine;
};

describe('a cluster of brokers in the process', () => {
  it('comes and goes with its engine, with three replicas of what is published', async () => {
    const engine = open(embedded({ nodes: 3, memory: true }));
    expect(() => engine.cluster).toThrow(/\[CLOSED\]/);
    await engine.start();
    await engine.ensure([{ channel: 'jobs', partitions: 1 }]);
    await engine.publish([message('one')]);
    const { cluster } = engine;
    expect(cluster.running).toEqual([1, 2, 3]);
    expect(new Set(cluster.inSync('jobs'))).toEqual(new Set([1, 2, 3]));
    expect(cluster.nodes).toContain(cluster.controller);
    expect(await read(engine, 'g', 1)).toEqual(['one']);
    await engine.close();
    expect(cluster.running).toEqual([]);
  });

  it('loses nothing when the leader is killed, and takes it in again', async () => {
    const cluster = await startThree();
    const engine = await startEngine(cluster);
    await engine.publish([message('before')]);
    const leader = cluster.leaderOf('jobs') ?? 0;
    await cluster.crash(leader);
    expect(cluster.running).not.toContain(leader);
    await engine.publish([message('meanwhile')]);
    expect(cluster.leaderOf('jobs')).not.toBe(leader);
    await cluster.restart(leader);
    await cluster.whole();
    await engine.publish([message('after')]);
    expect(await read(engine, 'g', 3)).toEqual(['after', 'before', 'meanwhile']);
  });

  it('moves the leaders of a node away before it is stopped', async () => {
    const cluster = await startThree();
    const engine = await startEngine(cluster);
    const leader = cluster.leaderOf('jobs') ?? 0;
    await cluster.stop(leader);
    expect(cluster.leaderOf('jobs')).not.toBe(leader);
    await engine.publish([message('one')]);
  });

  it('goes on while a follower is cut off, and is whole when it is healed', async () => {
    const cluster = await startThree();
    const engine = await startEngine(cluster);
    const lonely = cluster.nodes.find((node) => node !== cluster.leaderOf('jobs')) ?? 0;
    for (const node of cluster.nodes) if (node !== lonely) cluster.partition(lonely, node);
    await engine.publish([message('one')]);
    expect(cluster.inSync('jobs')).not.toContain(lonely);
    await expect(cluster.whole(1)).rejects.toMatchObject({ code: 'TIMED_OUT' });
    cluster.heal();
    await cluster.whole();
    await engine.publish([message('two')]);
    expect(await read(engine, 'g', 2)).toEqual(['one', 'two']);
  });

  it('gives a node with a wiped disk its place and its replicas again', async () => {
    const cluster = await startThree();
    const engine = await startEngine(cluster);
    await engine.publish([message('one')]);
    const leader = cluster.leaderOf('jobs') ?? 0;
    await cluster.crash(leader);
    await cluster.restart(leader, { wiped: true });
    await cluster.whole();
    expect(cluster.inSync('jobs')).toHaveLength(3);
    expect(await read(engine, 'g', 1)).toEqual(['one']);
  });

  it('is found by any Kafka client, at the same addresses after a restart', async () => {
    const cluster = await startThree();
    const { bootstrap } = cluster;
    await startEngine(cluster);
    for (const node of cluster.nodes) {
      await cluster.crash(node);
      await cluster.restart(node);
      await cluster.whole();
    }
    expect(cluster.bootstrap).toBe(bootstrap);
    const other = open(kafka({ brokers: bootstrap.split(',') }));
    await other.start();
    await other.publish([message('one')]);
    expect(await read(other, 'g', 1)).toEqual(['one']);
  });

  it('has nobody listening where a node is dead', async () => {
    const cluster = await startThree();
    const [first = ''] = cluster.bootstrap.split(',');
    await cluster.crash(1);
    const socket = createConnection({ host: '127.0.0.1', port: Number(first.split(':')[1]) });
    const error = await new Promise((resolve) => socket.once('error', resolve));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('a cluster on disk', () => {
  it('keeps its messages from one process to the next, and leaves ports and directories free', async () => {
    const dataDir = await newDir();
    const before = await EmbeddedCluster.start({ nodes: 3, dataDir });
    const engine = await startEngine(before);
    await engine.publish([message('kept')]);
    await engine.close();
    await before.close();
    for (const address of before.bootstrap.split(',')) {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(Number(address.split(':')[1]), '127.0.0.1', resolve);
      });
      await new Promise((resolve) => server.close(resolve));
    }
    const after = open(await EmbeddedCluster.start({ nodes: 3, dataDir }));
    expect(await read(await startEngine(after), 'g', 1)).toEqual(['kept']);
  });
});

describe('a cluster refuses, in a sentence,', () => {
  it('options that cannot be', () => {
    expect(() => embedded({ nodes: 0 })).toThrow(/\[MISUSE\].*from 1 to 9/);
    expect(() => embedded({ nodes: 3, set: { 'node.id': '7' } })).toThrow(/\[MISUSE\].*node\.id.*of its own|its own/);
  });

  it('a node that there is not, and acts after the end', async () => {
    const cluster = await startThree();
    await expect(cluster.crash(4)).rejects.toMatchObject({ code: 'MISUSE' });
    await cluster.close();
    await expect(cluster.restart(1)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('ports that are taken, though no majority is left to wait for', async () => {
    const servers = [createServer(), createServer()];
    const listen = (server: Server, port: number): Promise<void> =>
      // Whoever else has the second port takes it just as well.
      new Promise((resolve) => server.once('error', () => resolve()).listen(port, '127.0.0.1', resolve));
    await listen(servers[0]!, 0);
    const { port } = servers[0]!.address() as AddressInfo;
    await listen(servers[1]!, port + 1);
    const start = EmbeddedCluster.start({ nodes: 3, memory: true, listeners: `PLAINTEXT://127.0.0.1:${port}` });
    await expect(start).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
  });

  it('a port that is taken, and leaves nothing running', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const taken = (server.address() as AddressInfo).port;
    const options = { nodes: 3, memory: true, listeners: `PLAINTEXT://127.0.0.1:${taken - 1}` };
    await expect(EmbeddedCluster.start(options)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await new Promise((resolve) => server.close(resolve));
    const cluster = open(await EmbeddedCluster.start(options));
    expect(cluster.bootstrap).toBe([-1, 0, 1].map((step) => `127.0.0.1:${taken + step}`).join(','));
  });
});
