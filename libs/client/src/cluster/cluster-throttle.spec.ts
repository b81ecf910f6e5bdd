import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Heartbeat, Metadata } from '@trunkline/protocol';
import { ANYONE, BEAT, OK, codeOf, node, ScriptedWorld, turns } from '../../test/scripted-world.js';

let world: ScriptedWorld;

beforeEach(() => {
  world = new ScriptedWorld();
});

afterEach(() => world.end());

/** The next answer to a heartbeat tells to wait for so long; those after it do not. */
function throttleOnce(nodeId: number, throttleTimeMs: number): void {
  let told = 0;
  world.broker(nodeId).on(Heartbeat, () => ({ errorCode: 0, throttleTimeMs: told++ === 0 ? throttleTimeMs : 0 }));
}

describe('a broker that asks the client to wait (KIP-219)', () => {
  it('hears nothing on that connection until the time is over, and then what waited, in its order', async () => {
    const cluster = world.start();
    await cluster.refresh();
    throttleOnce(1, 500);
    await cluster.ask(node(1), Heartbeat, BEAT);
    const waiting = ['a', 'b'].map((memberId) => cluster.ask(node(1), Heartbeat, { ...BEAT, memberId }));
    world.clock.advance(499);
    await turns();
    expect(world.broker(1).count(Heartbeat)).toBe(1);
    world.clock.advance(1);
    await Promise.all(waiting);
    const said = world.broker(1).heard.filter(({ api }) => api === 'Heartbeat');
    expect(said.map(({ body }) => Reflect.get(body as object, 'memberId'))).toEqual(['m', 'a', 'b']);
  });

  it('is asked on its other connections, and other brokers are asked', async () => {
    const cluster = world.start(2);
    throttleOnce(1, 5_000);
    await cluster.refresh();
    await cluster.ask(node(1), Heartbeat, BEAT);
    expect(await codeOf(cluster.ask(node(1), Heartbeat, BEAT, { lane: 'another' }))).toBe('no error');
    expect(await codeOf(cluster.ask(node(2), Heartbeat, BEAT))).toBe('no error');
  });

  it('is not the one that is asked for what any broker can answer', async () => {
    const cluster = world.start(2);
    throttleOnce(1, 5_000);
    await cluster.refresh();
    await cluster.ask(node(1), Heartbeat, BEAT);
    const before = world.broker(1).count(Metadata);
    for (let at = 0; at < 5; at++) await cluster.ask(ANYONE, Metadata, { topics: [] });
    expect(world.broker(1).count(Metadata)).toBe(before);
  });

  it('does not move the deadline of a request: one that cannot leave in time fails and says why', async () => {
    const cluster = world.start();
    await cluster.refresh();
    throttleOnce(1, 5_000);
    await cluster.ask(node(1), Heartbeat, BEAT);
    const late = cluster.ask(node(1), Heartbeat, BEAT, { timeoutMs: 1_000 });
    await expect(world.within(2_000, late)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringMatching(/asks the client to wait \(its quota is used up\); send less/) as unknown,
    });
    expect(world.broker(1).count(Heartbeat)).toBe(1);
  });

  it('cannot deafen the client: after throttleMsMax it asks again', async () => {
    const cluster = world.start(1, { throttleMsMax: 2_000 });
    await cluster.refresh();
    world.broker(1).on(Heartbeat, () => ({ errorCode: 0, throttleTimeMs: 2 ** 31 - 1 }));
    for (let at = 0; at < 3; at++) await world.within(2_100, cluster.ask(node(1), Heartbeat, BEAT));
    expect(world.broker(1).count(Heartbeat)).toBe(3);
  });

  it('is not connected to anew before the time is over', async () => {
    const cluster = world.start();
    await cluster.refresh();
    throttleOnce(1, 5_000);
    await cluster.ask(node(1), Heartbeat, BEAT);
    world.broker(1).hangUp();
    await turns();
    const again = cluster.ask(node(1), Heartbeat, BEAT);
    world.clock.advance(4_900);
    await turns();
    expect(world.broker(1).count(Heartbeat)).toBe(1);
    expect(await codeOf(world.within(1_000, again))).toBe('no error');
  });
});

describe('a connection that nobody uses', () => {
  it('is closed in order after connectionsMaxIdleMs, and opened again when it is asked for', async () => {
    const told: string[] = [];
    const observer = {
      connected: (_: number, lane: string) => void told.push(`opened ${lane}`),
      disconnected: (_: number, lane: string, reason: Error) => void told.push(`closed ${lane}: ${reason.message}`),
    };
    const cluster = world.start(1, { connectionsMaxIdleMs: 10_000, observer });
    await cluster.ask(node(-1), Heartbeat, BEAT, { lane: 'seldom' });
    world.clock.advance(9_999);
    await turns();
    expect(world.broker(1).open).toBe(1);
    world.clock.advance(1);
    await turns();
    expect(world.broker(1).open).toBe(0);
    await cluster.ask(node(-1), Heartbeat, BEAT, { lane: 'seldom' });
    expect(told).toEqual([
      'opened seldom',
      expect.stringMatching(/^closed seldom: .*nobody used the connection for 10000 ms/),
      'opened seldom',
    ]);
  });

  it('is not what the broker is doubted for: nobody asks for metadata because of it', async () => {
    const cluster = world.start(1, { connectionsMaxIdleMs: 10_000 });
    await cluster.ask(node(-1), Heartbeat, BEAT);
    world.clock.advance(30_000);
    await turns();
    expect(world.broker(1).open).toBe(0);
    expect(world.broker(1).count(Metadata)).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  it('is kept as long as somebody uses it', async () => {
    const cluster = world.start(1, { connectionsMaxIdleMs: 10_000 });
    for (let at = 0; at < 5; at++) {
      await cluster.ask(node(-1), Heartbeat, BEAT);
      world.clock.advance(9_000);
      await turns();
    }
    expect(world.broker(1).connections).toBe(1);
  });

  it('is kept as long as an answer is due', async () => {
    const cluster = world.start(1, { connectionsMaxIdleMs: 1_000 });
    world.broker(1).on(Heartbeat, () => 'silence');
    const parked = codeOf(cluster.ask(node(-1), Heartbeat, BEAT, { timeoutMs: 25_000 }));
    await turns();
    world.clock.advance(24_000);
    await turns();
    expect(world.broker(1).open).toBe(1);
    world.clock.advance(1_000);
    expect(await parked).toBe('TIMED_OUT');
    world.broker(1).on(Heartbeat, () => OK);
  });
});
