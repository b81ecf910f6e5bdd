import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Disk, DiskFile } from '@trunkline/kernel';
import { NodeDisk, NodeNetwork } from '@trunkline/platform';
import { ApiVersions, Metadata } from '@trunkline/protocol';
import { InProcessNetwork, LinkClient, type TestBroker, startTestBroker } from '@trunkline/testing';
import { StartFault, handler } from './index.js';

let broker: TestBroker | undefined;
const dirs: string[] = [];
afterEach(async () => {
  await broker?.stop();
  broker = undefined;
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-start-'));
  dirs.push(dir);
  return dir;
}

/** A disk on which nothing new can be opened. */
class RefusingDisk extends NodeDisk {
  constructor(private readonly code: string) {
    super();
  }
  override open(name: string): Promise<DiskFile> {
    return Promise.reject(Object.assign(new Error(`${this.code}: ${name}`), { code: this.code }));
  }
}

const versions = handler({
  api: ApiVersions,
  handle: () => ({ errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }),
  failed: () => ({ errorCode: -1, apiKeys: [] }),
});

describe('a broker', () => {
  it('answers over a link inside the process', async () => {
    broker = await startTestBroker({ handlers: [versions] });
    const answer = await broker.send(ApiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
  });

  it('starts again on its directory, and refuses a second broker there', async () => {
    broker = await startTestBroker({ handlers: [versions] });
    await expect(startTestBroker({ dataDir: broker.dataDir })).rejects.toThrow('another process uses it');
    const { clusterId } = broker.broker.parts.metadata.image;
    await broker.restart();
    expect(broker.broker.parts.metadata.image.clusterId).toBe(clusterId);
    await broker.send(ApiVersions, 0, {});
  });
});

describe('a start that cannot be', () => {
  it.each([
    ['ENOSPC', 'its volume is full; make room'],
    ['EACCES', 'it may not be written'],
    ['EROFS', 'it is on a read-only volume'],
    ['EIO', 'its disk reports errors'],
    ['EMFILE', 'too many files are open'],
  ])('for %s says what to do, and leaves nothing open behind it', async (code, text) => {
    const dataDir = directory();
    const refused = startTestBroker({ dataDir, disk: new RefusingDisk(code) as Disk });
    await expect(refused).rejects.toThrow(`the data directory ${dataDir} cannot be used: ${text}`);
    await expect(refused).rejects.toBeInstanceOf(StartFault);
    broker = await startTestBroker({ dataDir });
  });

  it('for a port in use names it, and leaves the directory and the other listeners free', async () => {
    const network = new InProcessNetwork();
    const dataDir = directory();
    const taken = await network.listen({ host: '127.0.0.1', port: 5 }, () => {});
    const config = {
      listeners: 'A://127.0.0.1:4,B://127.0.0.1:5',
      'listener.security.protocol.map': 'A:PLAINTEXT,B:PLAINTEXT',
    };
    const text =
      'cannot listen on 127.0.0.1:5: the port is in use by another process; choose another with --listeners B://';
    await expect(startTestBroker({ dataDir, network, config })).rejects.toThrow(text);
    await taken.close();
    broker = await startTestBroker({ dataDir, network, config });
  });
});

describe('listeners of a broker', () => {
  it('are told to clients as the listener they came on is advertised', async () => {
    const network = new NodeNetwork();
    const config = {
      listeners: 'IN://127.0.0.1:0,OUT://localhost:0',
      'advertised.listeners': 'OUT://outside.example:7777',
      'listener.security.protocol.map': 'IN:PLAINTEXT,OUT:PLAINTEXT',
    };
    broker = await startTestBroker({ network, config });
    const told: unknown[] = [];
    for (const { address } of broker.broker.addresses) {
      const client = new LinkClient(await network.connect(address, 1000));
      const { brokers } = await client.send(Metadata, 9, { topics: [] });
      told.push(brokers.map(({ host, port }) => ({ host, port })));
      client.close();
    }
    const [inside] = broker.broker.addresses;
    expect(inside?.advertised.port).toBeGreaterThan(0);
    expect(told).toEqual([[inside?.advertised], [{ host: 'outside.example', port: 7777 }]]);
  });

  it('over a Unix socket tell where TCP is', async () => {
    const network = new NodeNetwork();
    const path = join(directory(), 'broker.sock');
    const config = {
      listeners: `LOCAL://unix:${path},TCP://127.0.0.1:0`,
      'listener.security.protocol.map': 'LOCAL:PLAINTEXT,TCP:PLAINTEXT',
    };
    broker = await startTestBroker({ network, config });
    const client = new LinkClient(await network.connect({ path }, 1000));
    const { brokers } = await client.send(Metadata, 9, { topics: [] });
    expect(brokers.map(({ port }) => port)).toEqual([broker.broker.addresses[1]?.advertised.port]);
    expect(brokers[0]?.port).toBeGreaterThan(0);
    client.close();
  });
});

describe('a broker that closes', () => {
  it('is not ready any more, ends its connections, and may be closed twice', async () => {
    broker = await startTestBroker();
    const client = broker.connect();
    await client.send(ApiVersions, 0, {});
    expect(broker.broker.ready).toBe(true);
    const closing = [broker.broker.close(), broker.broker.close()];
    expect(broker.broker.ready).toBe(false);
    await Promise.all([...closing, client.closed]);
    expect(broker.broker.metrics.connectionsOpen).toBe(0);
  });
});
