import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ZERO_UUID } from '@trunkline/kernel';
import { Heartbeat, Metadata } from '@trunkline/protocol';
import { ScriptedCluster } from '@trunkline/testing';
import { ANYONE, BEAT, codeOf, node, OK, ScriptedWorld, turns } from '../../test/scripted-world.js';

let world: ScriptedWorld;

beforeEach(() => {
  world = new ScriptedWorld();
});

afterEach(() => world.end());

describe('finding the brokers', () => {
  it('asks the bootstrap addresses until one answers', async () => {
    const cluster = world.start(3);
    world.broker(1).isDown = world.broker(2).isDown = true;
    await world.within(5_000, cluster.refresh());
    expect([...cluster.image.brokers.keys()]).toEqual([1, 2, 3]);
    expect(cluster.image.clusterId).toBe('scripted');
  });

  it('gives up after requestTimeoutMs, and says where nobody answered', async () => {
    const cluster = world.start(1, { requestTimeoutMs: 2_000 });
    world.broker(1).isDown = true;
    const asking = cluster.refresh();
    expect(await codeOf(world.within(3_000, asking))).toBe('UNREACHABLE');
    await expect(asking).rejects.toThrow(/10\.0\.0\.1:9092/);
  });

  it('waits longer and longer between two attempts to connect to a broker', async () => {
    const cluster = world.start(1, { requestTimeoutMs: 10_000 });
    world.broker(1).isDown = true;
    await codeOf(world.within(20_000, cluster.refresh()));
    expect(world.brokers.dialled.length).toBeGreaterThan(5);
    expect(world.brokers.dialled.length).toBeLessThan(25);
  });

  it('goes on with the connection to the bootstrap address when that is a broker', async () => {
    const cluster = world.start();
    await cluster.refresh();
    await cluster.ask(node(1), Heartbeat, BEAT);
    expect(world.broker(1).connections).toBe(1);
  });

  it('closes the connection to a bootstrap address that is no broker', async () => {
    world.brokers = new ScriptedCluster(2);
    world.brokers.named = [2];
    const cluster = world.connect({ bootstrap: '10.0.0.1:9092' });
    await cluster.refresh();
    await world.within(1_000, cluster.refresh());
    await turns();
    expect([world.broker(1).open, world.broker(2).open]).toEqual([0, 1]);
  });

  it('bootstraps again when no known broker answers (KIP-899)', async () => {
    world.brokers = new ScriptedCluster(2);
    world.brokers.named = [2];
    const cluster = world.connect({ bootstrap: '10.0.0.1:9092' });
    await cluster.refresh();
    await world.within(1_000, cluster.refresh());
    world.broker(2).isDown = true;
    world.broker(2).hangUp();
    world.brokers.named = [1];
    await turns();
    await world.within(5_000, cluster.refresh());
    expect([...cluster.image.brokers.keys()]).toEqual([1]);
  });

  it('does not bootstrap again when it may not', async () => {
    world.brokers = new ScriptedCluster(2);
    world.brokers.named = [2];
    const cluster = world.connect({
      bootstrap: '10.0.0.1:9092',
      metadataRecoveryStrategy: 'none',
      requestTimeoutMs: 2_000,
    });
    await cluster.refresh();
    await world.within(1_000, cluster.refresh());
    world.broker(2).isDown = true;
    world.broker(2).hangUp();
    expect(await codeOf(world.within(5_000, cluster.refresh()))).toBe('UNREACHABLE');
  });

  it('bootstraps again when a broker demands it (KIP-1102)', async () => {
    world.brokers = new ScriptedCluster(2);
    world.brokers.named = [2];
    const cluster = world.connect({ bootstrap: '10.0.0.1:9092' });
    await cluster.refresh();
    world.broker(2).on(Metadata, () => ({ brokers: [], topics: [], errorCode: 129 }));
    world.brokers.named = [1];
    await world.within(5_000, cluster.refresh());
    expect([...cluster.image.brokers.keys()]).toEqual([1]);
  });

  it('follows a broker to another address', async () => {
    const cluster = world.start(2);
    await cluster.refresh();
    await cluster.ask(node(2), Heartbeat, BEAT);
    world.broker(1).on(Metadata, (body) => {
      const told = world.brokers.metadata(body);
      return {
        ...told,
        brokers: told.brokers.map((one) => ({ ...one, ...(one.nodeId === 2 && { host: '10.0.0.1' }) })),
      };
    });
    world.broker(2).on(Metadata, () => 'silence');
    await world.within(60_000, cluster.refresh());
    await world.within(1_000, cluster.ask(node(2), Heartbeat, BEAT));
    expect(world.broker(1).count(Heartbeat)).toBe(1);
  });
});

describe('a hostile broker', () => {
  for (const [what, bytes] of [
    ['a size of 2 GiB', Uint8Array.of(127, 255, 255, 255)],
    ['another correlation id', Uint8Array.of(0, 0, 0, 8, 0, 0, 99, 99, 0, 0, 0, 0)],
    ['HTTP', new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ] as const)
    it(`is left after ${what}, and asked again on another connection`, async () => {
      const cluster = world.start();
      await cluster.refresh();
      world.broker(1).on(Heartbeat, () => bytes);
      expect(await codeOf(cluster.ask(node(1), Heartbeat, BEAT))).toBe('PROTOCOL_VIOLATION');
      world.broker(1).on(Heartbeat, () => OK);
      expect(await codeOf(world.within(1_000, cluster.ask(node(1), Heartbeat, BEAT)))).toBe('no error');
    });

  it('may speak unasked, and loses its connection for it', async () => {
    const cluster = world.start();
    await cluster.ask(ANYONE, Heartbeat, BEAT);
    world.broker(1).say(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0));
    await turns();
    expect(world.broker(1).open).toBe(0);
  });

  it('that names no broker changes nothing', async () => {
    const cluster = world.start();
    await cluster.refresh();
    world.broker(1).on(Metadata, () => ({ brokers: [], clusterId: null, controllerId: -1, topics: [] }));
    await world.within(1_000, cluster.refresh());
    expect(cluster.image.brokers.size).toBe(1);
  });

  it('that tells of topics that nobody asked for is not listened to', async () => {
    const cluster = world.start();
    const topics = [{ name: 'unasked', leaders: [{ leader: 1, epoch: 1 }] }];
    world.brokers.topics = topics;
    world
      .broker(1)
      .on(Metadata, (body) => world.brokers.metadata({ ...body, topics: [{ name: 'unasked', topicId: ZERO_UUID }] }));
    expect(await cluster.topic('asked')).toBeUndefined();
    expect(cluster.image.topics.size).toBe(0);
  });

  it('that names impossible addresses is not believed to be reachable', async () => {
    const cluster = world.start(1, { requestTimeoutMs: 1_000 });
    const lie = { brokers: [{ nodeId: 5, host: '', port: -7 }], controllerId: 5, topics: [] };
    world.broker(1).on(Metadata, () => lie);
    await cluster.refresh();
    expect(await codeOf(world.within(3_000, cluster.ask(node(5), Heartbeat, BEAT)))).toBe('UNREACHABLE');
  });
});
