import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Uuid } from '@trunkline/kernel';
import { ApiVersions, FindCoordinator, Heartbeat, Metadata } from '@trunkline/protocol';
import { BEAT, OK, codeOf, node, ScriptedWorld, turns } from '../../test/scripted-world.js';

let world: ScriptedWorld;

beforeEach(() => {
  world = new ScriptedWorld();
});

afterEach(() => world.end());

describe('metadata', () => {
  const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;

  it('shares one request between all who doubt at once', async () => {
    const cluster = world.start();
    world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 1 }] }];
    await cluster.topic('a');
    const before = world.broker(1).count(Metadata);
    for (let at = 0; at < 100; at++) cluster.doubt('a', 0);
    await world.within(2_000, cluster.refresh(['a']));
    expect(world.broker(1).count(Metadata)).toBe(before + 1);
  });

  it('shares one request between all who look up in one turn', async () => {
    const cluster = world.start();
    world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 1 }] }];
    const found = await Promise.all([cluster.topic('a'), cluster.topic('b'), cluster.refresh(['a'])]);
    expect(found[0]?.name).toBe('a');
    expect(found[1]).toBeUndefined();
    expect(world.broker(1).count(Metadata)).toBe(1);
  });

  it('tells of a leader that Produce or Fetch named, and connects to it', async () => {
    const cluster = world.start(2);
    world.brokers.named = [1];
    world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 1 }] }];
    await cluster.topic('a');
    const leaders: (number | undefined)[] = [];
    const stop = cluster.onImage((image) => void leaders.push(image.topics.get('a')?.partitions[0]?.leader));
    cluster.learnLeader('a', 0, { nodeId: 2, epoch: 2 }, { nodeId: 2, host: '10.0.0.2', port: 9092, rack: undefined });
    stop();
    cluster.learnLeader('a', 0, { nodeId: 1, epoch: 3 });
    expect(leaders).toEqual([2]);
    expect(await codeOf(cluster.ask(node(2), Heartbeat, BEAT))).toBe('no error');
  });

  it('refreshes watched topics when they grow old, until they are released', async () => {
    const cluster = world.start(1, { metadataMaxAgeMs: 10_000 });
    world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 1 }] }];
    const watched = cluster.watch(['a']);
    await turns();
    const before = world.broker(1).count(Metadata);
    world.clock.advance(10_000);
    await turns();
    expect(world.broker(1).count(Metadata)).toBe(before + 1);
    watched.release();
    watched.release();
    world.clock.advance(60_000);
    await turns();
    expect(world.broker(1).count(Metadata)).toBe(before + 1);
  });

  it('notices that a topic was made anew', async () => {
    const cluster = world.start();
    world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 9 }] }];
    await cluster.topic('a');
    const again = 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid;
    world.brokers.topics = [{ name: 'a', topicId: again, leaders: [{ leader: 1, epoch: 0 }] }];
    await world.within(1_000, cluster.refresh(['a']));
    expect(cluster.image.topics.get('a')).toMatchObject({ topicId: again, partitions: [{ leaderEpoch: 0 }] });
    expect(cluster.image.topicsById.has(topicId)).toBe(false);
  });

  it('waits for a topic that it lets be made', async () => {
    const cluster = world.start();
    const asked: boolean[] = [];
    world.broker(1).on(Metadata, (request) => {
      const answer = world.brokers.metadata(request);
      // As Apache Kafka: unknown in the first answers, though it is being made.
      if (asked.push(request.allowAutoTopicCreation) === 2)
        world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 0 }] }];
      return answer;
    });
    const topic = await world.within(20_000, cluster.topic('a', { allowAutoCreation: true }));
    expect(topic?.partitions).toHaveLength(1);
    expect(asked).toEqual([true, true, true]);
  });

  it('looks up a topic at once while another one is looked for in vain', async () => {
    const cluster = world.start();
    const missing = cluster.watch(['missing']);
    for (let round = 0; round < 8; round++) {
      cluster.doubt('missing', 0);
      world.clock.advance(2_000);
      await turns();
    }
    cluster.doubt('missing', 0);
    world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 1 }] }];
    expect((await world.within(20, cluster.topic('a')))?.name).toBe('a');
    missing.release();
  });

  it('looks for a topic that is not there yet with pauses of its own', async () => {
    const cluster = world.start();
    const missing = cluster.watch(['missing']);
    await turns();
    for (const advanceMs of [100, 200, 400, 800, 1_000]) {
      cluster.doubt('missing', 0);
      world.clock.advance(advanceMs);
      await turns();
    }
    cluster.doubt('missing', 0); // Its turn comes in a second.
    expect(await world.within(20, cluster.topic('a'))).toBeUndefined();
    world.brokers.topics = [{ name: 'a', topicId, leaders: [{ leader: 1, epoch: 1 }] }];
    expect((await world.within(200, cluster.topic('a')))?.name).toBe('a');
    missing.release();
  });

  it('looks at another broker when the one that it asked says nothing', async () => {
    const cluster = world.start(2, { connectTimeoutMs: 1_000 });
    await cluster.refresh();
    const silent = world.brokers.brokers.find(({ open }) => open > 0)!;
    silent.on(Metadata, () => 'silence');
    silent.on(ApiVersions, () => 'silence');
    expect(await codeOf(world.within(10_000, cluster.refresh()))).toBe('no error');
  });
});

describe('coordinators', () => {
  const at = (key: string, nodeId: number, errorCode = 0) => ({
    key,
    nodeId,
    host: `10.0.0.${nodeId}`,
    port: 9092,
    errorCode,
    errorMessage: null,
  });

  it('are looked up together, and once', async () => {
    const cluster = world.start(2);
    for (const one of world.brokers.brokers)
      one.on(FindCoordinator, ({ coordinatorKeys }) => ({ coordinators: coordinatorKeys.map((key) => at(key, 2)) }));
    const found = await Promise.all(['a', 'b', 'a'].map((key) => cluster.coordinator('group', key)));
    expect(found).toEqual([2, 2, 2]);
    expect(await cluster.coordinator('group', 'b')).toBe(2);
    expect(world.broker(1).count(FindCoordinator) + world.broker(2).count(FindCoordinator)).toBe(1);
  });

  it('are looked up one by one with older brokers', async () => {
    const cluster = world.start();
    world.broker(1).on(ApiVersions, () => ({
      errorCode: 0,
      apiKeys: [FindCoordinator, Metadata].map(({ key }) => ({
        apiKey: key,
        minVersion: 0,
        maxVersion: key === 10 ? 3 : 9,
      })),
    }));
    world
      .broker(1)
      .on(FindCoordinator, ({ key }) => ({ errorCode: 0, nodeId: key === 'a' ? 1 : 2, host: '10.0.0.1', port: 9092 }));
    expect(await Promise.all(['a', 'b'].map((key) => cluster.coordinator('group', key)))).toEqual([1, 2]);
  });

  it('are asked for again while there is none', async () => {
    const cluster = world.start();
    let asked = 0;
    world.broker(1).on(FindCoordinator, () => ({ coordinators: [at('g', 1, ++asked < 4 ? 15 : 0)] }));
    expect(await world.within(5_000, cluster.coordinator('group', 'g'))).toBe(1);
    expect(asked).toBe(4);
  });

  it('are refused for good when the broker refuses for good', async () => {
    const cluster = world.start();
    world.broker(1).on(FindCoordinator, () => ({ coordinators: [at('g', -1, 30)] }));
    expect(await codeOf(cluster.coordinator('group', 'g'))).toBe('GROUP_AUTHORIZATION_FAILED');
  });

  it('are not known when the answer leaves them out', async () => {
    const cluster = world.start();
    world.broker(1).on(FindCoordinator, () => ({ coordinators: [] }));
    expect(await codeOf(cluster.coordinator('group', 'g'))).toBe('PROTOCOL_VIOLATION');
  });

  it('are waited for only as long as the caller wants', async () => {
    const cluster = world.start();
    world.broker(1).on(FindCoordinator, () => ({ coordinators: [at('g', -1, 15)] }));
    expect(await codeOf(world.within(1_000, cluster.coordinator('group', 'g', { timeoutMs: 500 })))).toBe('TIMED_OUT');
  });

  it('are looked up anew when the one that was asked is none', async () => {
    const cluster = world.start(2);
    let coordinator = 1;
    for (const one of world.brokers.brokers) {
      one.on(FindCoordinator, () => ({ coordinators: [at('g', coordinator)] }));
      one.on(Heartbeat, () => ({ ...OK, errorCode: one.nodeId === coordinator ? 0 : 16 }));
    }
    const target = { kind: 'coordinator', type: 'group', key: 'g' } as const;
    const codes = { codeOf: (body: { readonly errorCode: number }) => body.errorCode };
    expect((await cluster.askAgain(target, Heartbeat, BEAT, codes)).nodeId).toBe(1);
    coordinator = 2;
    expect((await world.within(5_000, cluster.askAgain(target, Heartbeat, BEAT, codes))).nodeId).toBe(2);
  });

  it('are looked up anew when their broker is lost', async () => {
    const cluster = world.start(2);
    for (const one of world.brokers.brokers) one.on(FindCoordinator, () => ({ coordinators: [at('g', 2)] }));
    await cluster.coordinator('group', 'g');
    await cluster.ask(node(2), Heartbeat, BEAT);
    world.broker(2).hangUp();
    await turns();
    await world.within(1_000, cluster.coordinator('group', 'g'));
    expect(world.broker(1).count(FindCoordinator) + world.broker(2).count(FindCoordinator)).toBe(2);
  });
});
