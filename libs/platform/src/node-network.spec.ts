import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Address, Link, Listener } from '@trunkline/kernel';
import { mergeSmall } from './node-link.js';
import { NodeNetwork } from './node-network.js';
import { receivesIntoSlabs } from './slab-receive.js';

const listeners: Listener[] = [];
const links: Link[] = [];
afterEach(async () => {
  for (const link of links.splice(0)) link.destroy();
  for (const listener of listeners.splice(0)) await listener.close();
});

/** A link's owner that keeps every view it was given, as a log's cache does. */
class Keeper {
  readonly views: Uint8Array[] = [];
  readonly hashes: string[] = [];
  bytes = 0;
  drains = 0;
  closes = 0;
  #changed: () => void = () => {};

  constructor(readonly link: Link) {
    links.push(link);
    link.open({
      data: (bytes) => {
        this.views.push(bytes);
        this.hashes.push(hash(bytes));
        this.bytes += bytes.byteLength;
        this.#changed();
      },
      drained: () => {
        this.drains += 1;
        this.#changed();
      },
      closed: () => {
        this.closes += 1;
        this.#changed();
      },
    });
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  get whole(): Buffer {
    return Buffer.concat(this.views);
  }
}

const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const tile = Buffer.from(Array.from({ length: 64_007 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
const pattern = (length: number): Buffer => Buffer.alloc(length, tile);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pair(
  network: NodeNetwork,
  at: Address = { host: '127.0.0.1', port: 0 },
): Promise<[Keeper, Keeper, Address]> {
  let accepted: (keeper: Keeper) => void;
  const server = new Promise<Keeper>((resolve) => (accepted = resolve));
  const listener = await network.listen(at, (link) => accepted(new Keeper(link)));
  listeners.push(listener);
  const client = new Keeper(await network.connect(listener.address, 1000));
  return [client, await server, listener.address];
}

describe.each(['slab', 'data'] as const)('a link that receives by %s', (receive) => {
  const network = new NodeNetwork({ receive });

  it('carries bytes both ways, in order', async () => {
    const [client, server] = await pair(network);
    client.link.write([Buffer.from('to '), Buffer.from('server')]);
    server.link.write([Buffer.from('to client')]);
    await server.until(() => server.bytes === 9);
    await client.until(() => client.bytes === 9);
    expect(server.whole.toString()).toBe('to server');
    expect(client.whole.toString()).toBe('to client');
  });

  it('never writes again into memory that it handed over', async () => {
    const [client, server] = await pair(network);
    const bytes = pattern(8 * 1024 * 1024);
    for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 3 + 1) % 90_000) {
      client.link.write([bytes.subarray(at, at + step)]);
      if (client.link.pendingBytes > 512 * 1024) await client.until(() => client.link.pendingBytes === 0);
    }
    await server.until(() => server.bytes === bytes.length);
    expect(server.whole.equals(bytes)).toBe(true);
    expect(server.views.map(hash)).toEqual(server.hashes);
  });

  it('keeps connections apart', async () => {
    const keepers: Keeper[] = [];
    const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (link) => keepers.push(new Keeper(link)));
    listeners.push(listener);
    const clients = await Promise.all(Array.from({ length: 20 }, () => network.connect(listener.address, 1000)));
    clients.forEach((link, at) => {
      new Keeper(link);
      for (let n = 0; n < 50; n++) link.write([Buffer.alloc(1000 + at, at)]);
    });
    const all = (): number => keepers.reduce((sum, keeper) => sum + keeper.bytes, 0);
    const wanted = clients.reduce((sum, _, at) => sum + 50 * (1000 + at), 0);
    while (all() < wanted) await turn();
    for (const { whole } of keepers) expect(whole.equals(Buffer.alloc(50 * (1000 + whole[0]!), whole[0]!))).toBe(true);
  });

  it('lets the peer wait while it is paused, and goes on afterwards', async () => {
    const [client, server] = await pair(network);
    server.link.pause();
    const bytes = pattern(16 * 1024 * 1024);
    client.link.write([bytes]);
    await turn();
    const wasPending = client.link.pendingBytes;
    expect(wasPending).toBeGreaterThan(0);
    expect(client.drains).toBe(0);
    server.link.resume();
    await server.until(() => server.bytes === bytes.length);
    await client.until(() => client.drains === 1);
    expect(client.link.pendingBytes).toBe(0);
    expect(hash(server.whole)).toBe(hash(bytes));
  });

  it('sends what waits before it ends, and tells both sides of the end once', async () => {
    const [client, server] = await pair(network);
    client.link.write([pattern(300_000)]);
    client.link.end();
    client.link.write([Buffer.from('too late')]);
    await server.until(() => server.closes === 1);
    await client.until(() => client.closes === 1);
    expect(server.bytes).toBe(300_000);
    client.link.end();
    client.link.destroy();
    server.link.write([Buffer.from('nobody hears')]);
    await turn();
    expect([client.closes, server.closes]).toEqual([1, 1]);
  });

  it('tells of a peer that vanished', async () => {
    const [client, server] = await pair(network);
    server.link.write([pattern(1000)]);
    client.link.destroy();
    await server.until(() => server.closes === 1);
    await client.until(() => client.closes === 1);
  });

  it('says who the peer is', async () => {
    const [client, server, address] = await pair(network);
    expect(server.link.remote).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(client.link.remote).toBe(`127.0.0.1:${'port' in address ? address.port : 0}`);
  });
});

describe('listening', () => {
  const network = new NodeNetwork();

  it('receives into slabs on this Node', async () => {
    expect(await receivesIntoSlabs()).toBe(true);
  });

  it('on localhost takes both 127.0.0.1 and ::1', async () => {
    const listener = await network.listen({ host: 'localhost', port: 0 }, (link) => new Keeper(link));
    listeners.push(listener);
    const port = 'port' in listener.address ? listener.address.port : 0;
    const hasSix = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
    for (const host of ['127.0.0.1', ...(hasSix ? ['::1'] : [])]) {
      links.push(await network.connect({ host, port }, 1000));
    }
  });

  it('on a port in use is refused with EADDRINUSE, for localhost on both', async () => {
    const first = await network.listen({ host: 'localhost', port: 0 }, () => {});
    listeners.push(first);
    await expect(network.listen(first.address, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const { port } = first.address as { port: number };
    await expect(network.listen({ host: '127.0.0.1', port }, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('ends with close, and leaves accepted links to their owner', async () => {
    const [client, server, address] = await pair(network);
    await listeners.pop()!.close();
    await expect(network.connect(address, 1000)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    client.link.write([Buffer.from('still here')]);
    await server.until(() => server.bytes === 10);
  });

  it('on a Unix socket takes over one that a killed process left, and not one that is in use', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'trunkline-net-'));
    const path = join(dir, 'broker.sock');
    try {
      const [client, server] = await pair(network, { path });
      expect(server.link.remote).toBe('unix');
      client.link.write([Buffer.from('x')]);
      await server.until(() => server.bytes === 1);
      await expect(network.listen({ path }, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
      const code = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
      spawnSync(process.execPath, ['-e', code, `${path}2`]);
      expect(existsSync(`${path}2`)).toBe(true);
      await pair(network, { path: `${path}2` });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('gives a connection up after its time', async () => {
    await expect(network.connect({ host: '192.0.2.1', port: 9 }, 50)).rejects.toMatchObject({
      code: expect.stringMatching(/ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED/),
    });
  });
});

describe('small chunks', () => {
  it('are joined, large ones are left as they are, and the bytes stay the same', () => {
    const sizes = [1, 2, 300, 4, 5000, 6, 7, 8, 255, 256, 1];
    const chunks = sizes.map((size, at) => Buffer.alloc(size, at));
    const merged = mergeSmall(chunks);
    expect(merged.map(({ byteLength }) => byteLength)).toEqual([3, 300, 4, 5000, 276, 256, 1]);
    expect(Buffer.concat(merged).equals(Buffer.concat(chunks))).toBe(true);
    expect(merged[1]).toBe(chunks[2]);
  });
});
