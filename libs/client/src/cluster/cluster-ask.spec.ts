import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ZERO_UUID } from '@trunkline/kernel';
import { ApiVersions, CreateTopics, Heartbeat, ListGroups, Metadata, Produce } from '@trunkline/protocol';
import { ANYONE, BEAT, codeOf, node, OK, ScriptedWorld, turns } from '../../test/scripted-world.js';
import type { KafkaError } from '../error.js';

let world: ScriptedWorld;

beforeEach(() => {
  world = new ScriptedWorld();
});

afterEach(() => world.end());

describe('versions', () => {
  it('agrees on an earlier ApiVersions with an older broker (KIP-511)', async () => {
    const cluster = world.start();
    world.broker(1).on(ApiVersions, (_, version) => {
      const known = [ApiVersions, Metadata, Heartbeat].map(({ key }) => ({
        apiKey: key,
        minVersion: 0,
        maxVersion: 2,
      }));
      return { errorCode: version > 2 ? 35 : 0, apiKeys: version > 2 ? known.slice(0, 1) : known };
    });
    expect(await codeOf(cluster.ask(ANYONE, Heartbeat, BEAT))).toBe('no error');
    expect(world.broker(1).heard.map(({ api, version }) => `${api} ${version}`)).toEqual([
      'ApiVersions 4',
      'ApiVersions 2',
      'Heartbeat 2',
    ]);
  });

  it('gives up on a broker that refuses every version', async () => {
    const cluster = world.start();
    world.broker(1).on(ApiVersions, () => ({ errorCode: 35, apiKeys: [] }));
    expect(await codeOf(cluster.ask(ANYONE, Heartbeat, BEAT))).toBe('UNSUPPORTED_VERSION');
  });

  it('refuses an API that the broker does not know', async () => {
    const cluster = world.start();
    world.broker(1).on(ApiVersions, () => ({ errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }));
    const asking = cluster.ask(ANYONE, Heartbeat, BEAT);
    await expect(asking).rejects.toThrow(/UNSUPPORTED_BROKER.*Heartbeat.*does not know it/);
  });

  it('holds to the bounds that the caller sets', async () => {
    const cluster = world.start();
    expect((await cluster.ask(ANYONE, Heartbeat, BEAT, { versionMax: 2 })).version).toBe(2);
    expect(await codeOf(cluster.ask(ANYONE, Heartbeat, BEAT, { versionMin: 5 }))).toBe('UNSUPPORTED_BROKER');
  });

  it('makes the body for the version that was agreed upon', async () => {
    const cluster = world.start();
    const seen: number[] = [];
    await cluster.ask(ANYONE, Heartbeat, (version) => (seen.push(version), BEAT), { versionMax: 3 });
    expect(seen).toEqual([3]);
  });

  it('tells the version that it would use, and the features', async () => {
    const cluster = world.start();
    await cluster.refresh();
    expect(await cluster.versionOf(1, Heartbeat)).toBe(4);
    expect((await cluster.features()).get('group.version')).toBe(1);
  });
});

describe('asking', () => {
  it('leaves what waits for a connection in its order', async () => {
    const cluster = world.start();
    const asked = Array.from({ length: 5 }, (_, at) => cluster.ask(ANYONE, Heartbeat, { ...BEAT, generationId: at }));
    await Promise.all(asked);
    const heard = world.broker(1).heard.filter(({ api }) => api === 'Heartbeat');
    expect(heard.map(({ body }) => (body as typeof BEAT).generationId)).toEqual([0, 1, 2, 3, 4]);
  });

  it('waits for a broker that comes back in time', async () => {
    const cluster = world.start();
    await cluster.refresh();
    world.broker(1).isDown = true;
    world.broker(1).hangUp();
    await turns();
    const asking = cluster.ask(node(1), Heartbeat, BEAT);
    world.clock.advance(500);
    await turns();
    world.broker(1).isDown = false;
    expect(await codeOf(world.within(5_000, asking))).toBe('no error');
    expect(world.broker(1).count(Heartbeat)).toBe(1);
  });

  it('says UNREACHABLE of a broker that does not come back', async () => {
    const cluster = world.start(2);
    await cluster.refresh();
    world.broker(2).isDown = true;
    world.broker(2).hangUp();
    await turns();
    const asking = cluster.ask(node(2), Heartbeat, BEAT, { timeoutMs: 2_000 });
    await expect(world.within(3_000, asking)).rejects.toThrow(
      /UNREACHABLE.*broker 2 at 10\.0\.0\.2:9092.*ECONNREFUSED/,
    );
  });

  it('stops waiting for a broker that the cluster does not name any more', async () => {
    const cluster = world.start(2);
    await cluster.refresh();
    world.broker(2).isDown = true;
    world.broker(2).hangUp();
    await turns();
    const asking = cluster.ask(node(2), Heartbeat, BEAT);
    world.brokers.named = [1];
    expect(await codeOf(world.within(3_000, asking))).toBe('UNREACHABLE');
  });

  it('asks another broker when any will do', async () => {
    const cluster = world.start(3);
    await cluster.refresh();
    const connected = world.brokers.brokers.find(({ open }) => open > 0)!;
    connected.isDown = true;
    connected.hangUp();
    await turns();
    expect(await codeOf(world.within(1_000, cluster.ask(ANYONE, Heartbeat, BEAT)))).toBe('no error');
  });

  it('fails with DISCONNECTED what had left, and never sends it twice', async () => {
    const cluster = world.start();
    world.broker(1).on(Heartbeat, () => 'hang up');
    expect(await codeOf(cluster.ask(ANYONE, Heartbeat, BEAT))).toBe('DISCONNECTED');
    expect(world.broker(1).count(Heartbeat)).toBe(1);
  });

  it('connects again before a request leaves when the broker closed an idle connection', async () => {
    const cluster = world.start();
    await cluster.ask(ANYONE, Heartbeat, BEAT);
    world.broker(1).hangUp();
    await turns();
    expect(await codeOf(world.within(1_000, cluster.ask(ANYONE, Heartbeat, BEAT)))).toBe('no error');
    expect(world.broker(1).connections).toBe(2);
  });

  it('ends a half-open connection at the deadline of a request, and connects anew', async () => {
    const cluster = world.start();
    await cluster.refresh();
    world.broker(1).on(Heartbeat, () => 'silence');
    const first = cluster.ask(node(1), Heartbeat, BEAT, { timeoutMs: 1_000 });
    const second = cluster.ask(node(1), ListGroups, {}, { timeoutMs: 9_000 });
    expect(await codeOf(world.within(2_000, first))).toBe('TIMED_OUT');
    expect(await codeOf(second)).toBe('DISCONNECTED');
    world.broker(1).on(Heartbeat, () => OK);
    expect(await codeOf(world.within(2_000, cluster.ask(node(1), Heartbeat, BEAT)))).toBe('no error');
  });

  it('gives up a broker that accepts and says nothing, after connectTimeoutMs', async () => {
    const cluster = world.start(1, { connectTimeoutMs: 500 });
    world.broker(1).on(ApiVersions, () => 'silence');
    const asking = cluster.ask(ANYONE, Heartbeat, BEAT, { timeoutMs: 2_000 });
    await codeOf(world.within(4_000, asking));
    expect(world.broker(1).connections).toBeGreaterThan(1);
  });

  it('lets a parked request on another lane hold up nobody', async () => {
    const cluster = world.start();
    await cluster.refresh();
    world.broker(1).on(ListGroups, () => 'silence');
    const parked = codeOf(cluster.ask(node(1), ListGroups, {}, { lane: 'parked' }));
    expect(await codeOf(cluster.ask(node(1), Heartbeat, BEAT))).toBe('no error');
    cluster.closeLane('parked');
    expect(await parked).toBe('DISCONNECTED');
  });

  it('takes a lane up again after it was closed', async () => {
    const cluster = world.start();
    await cluster.refresh();
    cluster.closeLane('mine');
    expect(await codeOf(cluster.ask(node(1), Heartbeat, BEAT, { lane: 'mine' }))).toBe('no error');
    expect(world.broker(1).connections).toBe(2);
  });

  it('refuses more than requestsWaitingMax requests that wait', async () => {
    const cluster = world.start(1, { requestsWaitingMax: 2 });
    const codes = Array.from({ length: 3 }, () => codeOf(cluster.ask(ANYONE, Heartbeat, BEAT)));
    expect(await Promise.all(codes)).toEqual(['no error', 'no error', 'OVERLOADED']);
  });

  it('sends no more than requestsInFlightMax, and the rest when answers come', async () => {
    let most = 0;
    let open = 0;
    const requestSent = (): void => void (most = Math.max(most, ++open));
    const cluster = world.start(1, {
      requestsInFlightMax: 2,
      observer: { requestSent, answered: () => void (open -= 1) },
    });
    await Promise.all(Array.from({ length: 6 }, () => cluster.ask(ANYONE, Heartbeat, BEAT)));
    expect(most).toBe(2);
    expect(world.broker(1).count(Heartbeat)).toBe(6);
  });

  it('stops waiting when the caller gives it up', async () => {
    const cluster = world.start();
    await cluster.refresh();
    world.broker(1).on(Heartbeat, () => 'silence');
    const given = new AbortController();
    const asking = codeOf(cluster.ask(node(1), Heartbeat, BEAT, { signal: given.signal }));
    given.abort();
    expect(await asking).toBe('ABORTED');
    expect(await codeOf(cluster.ask(node(1), Heartbeat, BEAT, { signal: given.signal }))).toBe('ABORTED');
  });

  it('never answers inside of send', async () => {
    const cluster = world.start();
    await cluster.refresh();
    const ends: string[] = [];
    const send = (nodeId: number): void => {
      let isInside = true;
      cluster.send(nodeId, Heartbeat, BEAT, {}, (error) => {
        ends.push(`${isInside ? 'inside' : 'later'} ${(error as KafkaError | undefined)?.code ?? 'answered'}`);
      });
      isInside = false;
    };
    send(9);
    send(1);
    await turns();
    await world.closeClients();
    send(1);
    await turns();
    expect(ends).toEqual(['later UNREACHABLE', 'later answered', 'later CLOSED']);
  });

  it('settles what gets no answer once it is with the network', async () => {
    const cluster = world.start();
    await cluster.refresh();
    const ends: unknown[] = [];
    const body = { transactionalId: null, acks: 0, timeoutMs: 1_000, topicData: [] };
    cluster.send(1, Produce, body, { noAnswer: true }, (error, answer) => void ends.push(error, answer));
    await turns();
    expect(ends).toEqual([undefined, undefined]);
    expect(await codeOf(cluster.ask(node(1), Heartbeat, BEAT))).toBe('no error');
    expect(world.broker(1).count(Produce)).toBe(1);
  });

  it('fails everything with CLOSED when it is closed, while connecting too', async () => {
    const cluster = world.start();
    world.broker(1).on(ApiVersions, () => 'silence');
    const codes = [codeOf(cluster.ask(ANYONE, Heartbeat, BEAT)), codeOf(cluster.refresh()), codeOf(cluster.topic('t'))];
    await turns();
    cluster.close();
    expect(await Promise.all(codes)).toEqual(['CLOSED', 'CLOSED', 'CLOSED']);
    expect(await codeOf(cluster.ask(ANYONE, Heartbeat, BEAT))).toBe('CLOSED');
  });
});

describe('asking again', () => {
  it('goes on while the code says so, and gives the last failure when time is over', async () => {
    const cluster = world.start();
    world.broker(1).on(Heartbeat, () => ({ ...OK, errorCode: 14 }));
    const asking = cluster.askAgain(ANYONE, Heartbeat, BEAT, {
      timeoutMs: 3_000,
      codeOf: ({ errorCode }) => errorCode,
    });
    expect(await codeOf(world.within(4_000, asking))).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(world.broker(1).count(Heartbeat)).toBeGreaterThan(3);
    expect(world.broker(1).count(Heartbeat)).toBeLessThan(12);
  });

  it('leaves codes to the caller that no second try would change', async () => {
    const cluster = world.start();
    world.broker(1).on(Heartbeat, () => ({ ...OK, errorCode: 25 }));
    const { body } = await cluster.askAgain(ANYONE, Heartbeat, BEAT, { codeOf: ({ errorCode }) => errorCode });
    expect(body.errorCode).toBe(25);
  });

  it('asks another broker when one could not say', async () => {
    const cluster = world.start(2);
    await cluster.refresh();
    await cluster.ask(node(1), Heartbeat, BEAT); // It is connected, and so the first choice.
    for (const one of world.brokers.brokers) {
      one.on(Heartbeat, () => ({ ...OK, errorCode: one.nodeId === 1 ? 7 : 0 }));
    }
    const codes = { codeOf: ({ errorCode }: { readonly errorCode: number }) => errorCode };
    expect((await world.within(5_000, cluster.askAgain(ANYONE, Heartbeat, BEAT, codes))).nodeId).toBe(2);
    expect(world.broker(1).count(Heartbeat)).toBe(2);
  });

  it('asks again after the connection was lost', async () => {
    const cluster = world.start();
    let asked = 0;
    world.broker(1).on(Heartbeat, () => (++asked < 3 ? 'hang up' : OK));
    expect(await codeOf(world.within(5_000, cluster.askAgain(ANYONE, Heartbeat, BEAT, {})))).toBe('no error');
  });

  it('looks for the controller that there is now', async () => {
    const cluster = world.start(2);
    let controller = 1;
    for (const one of world.brokers.brokers) {
      one.on(Metadata, (body) => ({ ...world.brokers.metadata(body), controllerId: controller }));
      one.on(CreateTopics, () => ({ throttleTimeMs: 0, topics: [topicResult(one.nodeId === controller ? 0 : 41)] }));
    }
    await cluster.refresh();
    controller = 2;
    const answer = await world.within(
      5_000,
      cluster.askAgain(
        { kind: 'controller' },
        CreateTopics,
        { topics: [], timeoutMs: 1 },
        {
          codeOf: ({ topics }) => topics[0]!.errorCode,
        },
      ),
    );
    expect(answer.nodeId).toBe(2);
  });

  const topicResult = (errorCode: number) => ({ name: 't', topicId: ZERO_UUID, errorCode, errorMessage: null });
});
