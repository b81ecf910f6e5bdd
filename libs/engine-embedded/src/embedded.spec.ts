import { createServer } from 'node:net';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Delivery, Engine } from '@trunkline/bus';
import { kafka } from '@trunkline/engine-kafka';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { EmbeddedBroker } from './embedded-broker.js';
import { embedded } from './embedded.js';

const message = (channel: string, value: string) => ({ channel, value: utf8(value), headers: new Map() });

/** Reads one message of a channel, from its beginning. */
async function first(engine: Engine, channel: string, group: string): Promise<string> {
  let take = (_delivery: Delivery): void => {};
  const taken = new Promise<Delivery>((resolve) => (take = resolve));
  const mode = { kind: 'group', group } as const;
  const subscription = await engine.subscribe(
    { channels: [channel], mode, order: 'key', concurrency: 1, from: 'earliest' },
    async (delivery) => take(delivery),
  );
  const { value } = await taken;
  await subscription.close(1_000);
  return fromUtf8(value ?? new Uint8Array());
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
  const dir = await mkdtemp(join(tmpdir(), 'trunkline-embedded-'));
  dirs.push(dir);
  return dir;
};

describe('an engine with a broker in the process', () => {
  it('works in memory, and claims no more than that', async () => {
    const engine = open(embedded({ memory: true }));
    expect(engine.features).toMatchObject({ durable: false, orderedByKey: true });
    await engine.start();
    await engine.ensure([{ channel: 'jobs', partitions: 2 }]);
    await engine.publish([message('jobs', 'one')]);
    expect(await first(engine, 'jobs', 'g')).toBe('one');
  });

  it('keeps its messages on disk from one process to the next', async () => {
    const dataDir = await newDir();
    const before = embedded({ dataDir });
    expect(before.features.durable).toBe(true);
    await before.start();
    await before.ensure([{ channel: 'jobs' }]);
    await before.publish([message('jobs', 'kept')]);
    await before.close();
    const after = open(embedded({ dataDir }));
    await after.start();
    expect(await first(after, 'jobs', 'g')).toBe('kept');
  });

  it('lets any Kafka client look in', async () => {
    const engine = open(embedded({ memory: true }));
    await engine.start();
    await engine.ensure([{ channel: 'jobs' }]);
    await engine.publish([message('jobs', 'seen')]);
    const other = open(kafka({ brokers: [engine.bootstrap ?? ''] }));
    await other.start();
    expect(await first(other, 'jobs', 'g')).toBe('seen');
  });

  it('leaves nothing behind: the port is free, the directory too', async () => {
    const dataDir = await newDir();
    const engine = embedded({ dataDir });
    await engine.start();
    const port = Number(engine.bootstrap?.split(':')[1]);
    await engine.close();
    await engine.close();
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    const again = open(embedded({ dataDir }));
    await again.start();
    expect((await readdir(dataDir)).length).toBeGreaterThan(0);
  });

  it('is shared by engines that are opened on one broker', async () => {
    const broker = open(await EmbeddedBroker.start({ memory: true, set: { 'num.partitions': '3' } }));
    const engines = [open(broker.engine()), open(broker.engine())] as const;
    for (const engine of engines) await engine.start();
    await engines[0].ensure([{ channel: 'jobs' }]);
    const subscription = await engines[1].subscribe(
      { channels: ['jobs'], mode: { kind: 'broadcast' }, order: 'key', concurrency: 1, from: 'latest' },
      async () => {},
    );
    expect(subscription.status().assigned).toEqual(['jobs/0', 'jobs/1', 'jobs/2']);
  });
});

describe('misuse is said in a sentence', () => {
  it('of both kinds of storage', () => {
    expect(() => embedded({ memory: true, dataDir: '/x' })).toThrow(
      /dataDir is \/x and memory is set; give one of them/,
    );
  });

  it('of too little memory', () => {
    expect(() => embedded({ memory: { bytesMax: 5 } })).toThrow(
      /memory.bytesMax is 5; give a whole number from 1048576/,
    );
  });

  it('of options of the client', () => {
    expect(() => embedded({ client: { commitMs: 0 } })).toThrow(/commitMs is 0/);
  });

  it('of a setting that the broker does not have, or cannot have', async () => {
    await expect(embedded({ memory: true, set: { 'num.partition': '1' } }).start()).rejects.toThrow(
      /\[MISUSE\].*num\.partition; did you mean num\.partitions\?/,
    );
    await expect(embedded({ memory: true, listeners: 'nonsense' }).start()).rejects.toThrow(/\[MISUSE\].*listeners/);
  });

  it('of a directory that is in use, and of a port', async () => {
    const dataDir = await newDir();
    const holder = open(embedded({ dataDir }));
    await holder.start();
    await expect(embedded({ dataDir }).start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    const taken = `PLAINTEXT://${holder.bootstrap}`;
    await expect(embedded({ memory: true, listeners: taken }).start()).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
    });
  });
});
