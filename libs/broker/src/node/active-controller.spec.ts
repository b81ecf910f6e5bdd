import { describe, expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import { ControllerWorld, HEARTBEAT_MS, SESSION_MS } from '../../test/controller-world.js';
import { settled } from '../../test/server-world.js';

/** Lets time pass in small steps, and everything that falls due happen. */
async function pass(world: ControllerWorld, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 50) {
    world.clock.advance(50);
    await settled();
    await settled();
  }
}

describe('ActiveController', () => {
  it('lets a broker in that has applied its own registration', async () => {
    const world = await ControllerWorld.open();
    await world.register(2);
    expect(world.fenced).toEqual([2]);
    expect(await world.beat(2, { offset: 0 })).toMatchObject({ isCaughtUp: false, isFenced: true });
    expect(await world.beat(2)).toMatchObject({ isCaughtUp: true, isFenced: false });
    expect(world.fenced).toEqual([]);
  });

  it('fences a silent broker after its session, and not before', async () => {
    const world = await ControllerWorld.open(2, 3);
    for (let each = 0; each < 6; each += 1) {
      await pass(world, HEARTBEAT_MS);
      await world.beat(3);
    }
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(SESSION_MS);
    await until('2 is fenced', () => world.fenced.join() === '2');
  });

  it('fences at once a broker whose connection ended where nobody listens any more', async () => {
    const world = await ControllerWorld.open(2, 3);
    world.found = 'refused';
    world.hangUp(2);
    await pass(world, 100);
    await until('2 is fenced', () => world.fenced.join() === '2');
    expect(world.probed).toEqual([2]);
    expect(world.lines.join()).toContain('broker 2 is fenced');
  });

  it('gives a broker whose connection ended, and that still listens, time to come back', async () => {
    const world = await ControllerWorld.open(2);
    world.found = 'listens';
    world.hangUp(2);
    await pass(world, HEARTBEAT_MS);
    expect(world.fenced).toEqual([]);
    await world.beat(2);
    await pass(world, HEARTBEAT_MS);
    expect(world.fenced).toEqual([]);
  });

  it('fences a broker that does not come back, though something listens there', async () => {
    const world = await ControllerWorld.open(2);
    world.found = 'listens';
    world.hangUp(2);
    await pass(world, 1_000);
    await until('2 is fenced', () => world.fenced.join() === '2');
  });

  it('does not look for a broker whose older connection ends', async () => {
    const world = await ControllerWorld.open(2);
    const endOld = world.leaveConnection(2);
    await world.beat(2);
    endOld();
    await pass(world, 200);
    expect(world.probed).toEqual([]);
  });

  it('lets a change be answered when every live broker has applied it', async () => {
    const world = await ControllerWorld.open(2, 3);
    await world.beat(2);
    await world.beat(3);
    await world.register(4); // A change.
    let done = false;
    const applied = world.active.appliedEverywhere().then(() => (done = true));
    await world.beat(2);
    await settled();
    expect(done).toBe(false);
    await world.beat(3);
    await applied;
  });

  it('does not let a change wait for a broker whose connection has ended', async () => {
    const world = await ControllerWorld.open(2, 3);
    await world.register(4);
    const applied = world.active.appliedEverywhere();
    await world.beat(2);
    world.hangUp(3);
    await applied;
  });

  it('lets a change wait for a slow broker for a second at most', async () => {
    const world = await ControllerWorld.open(2);
    await world.register(4);
    const applied = world.active.appliedEverywhere();
    await pass(world, 1_000);
    await applied;
  });

  it('refuses a heartbeat of an older uptime', async () => {
    const world = await ControllerWorld.open(2);
    world.epochs.set(2, world.epochs.get(2)! - 1n);
    await expect(world.beat(2)).rejects.toMatchObject({ code: 'STALE_BROKER_EPOCH' });
  });
});
