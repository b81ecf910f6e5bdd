import { describe, expect, it } from '@jest/globals';
import { concatBytes } from '@trunkline/kernel';
import { SECOND, ServerWorld, settled } from '../../test/server-world.js';

describe('limits of memory', () => {
  it('pass a request at the largest size and refuse the next larger one', () => {
    const world = new ServerWorld();
    const size = world.heartbeatFrame('', 100).byteLength - 4;
    const limited = new ServerWorld({ requestBytesMax: size });
    const link = limited.connect();
    link.send(limited.heartbeatFrame('', 100));
    expect(link.answers()).toEqual([0]);
    link.send(limited.heartbeatFrame('', 101));
    expect(link.ended).toBe('end');
    expect(limited.metrics.connectionsClosed.get('refused-frame')).toBe(1);
  });

  it('let a request wait that comes while the memory of all is spent, and no small one that is here', async () => {
    const world = new ServerWorld({ queuedRequestBytesMax: 1000 });
    const [holder, large, small] = [world.connect(), world.connect(), world.connect()];
    const parked = world.heartbeatFrame('park', 2000);
    holder.send(parked);
    expect(world.server.budget.takenBytes).toBe(parked.byteLength - 4);
    const frame = world.heartbeatFrame('', 3000);
    large.send(frame.subarray(0, 100));
    expect(large.paused).toBe(true);
    small.send(world.heartbeatFrame());
    expect(small.answers()).toEqual([2]);
    await world.answer('heartbeat');
    expect(large.paused).toBe(false);
    expect(world.server.budget.takenBytes).toBe(frame.byteLength);
    large.send(frame.subarray(100));
    expect(large.answers()).toEqual([1]);
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('take back what a connection was promised when it goes', () => {
    const world = new ServerWorld({ queuedRequestBytesMax: 1000 });
    const [claimer, other] = [world.connect(), world.connect()];
    claimer.send(Uint8Array.of(0, 1, 0, 0, 0, 12)); // 64 KB are to come.
    expect(world.server.budget.takenBytes).toBe(65_540);
    other.send(Uint8Array.of(0, 1, 0, 0, 0, 12));
    expect(other.paused).toBe(true);
    claimer.close();
    expect(other.paused).toBe(false);
    other.close();
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('let a peer send on behind a parked request, a little, and count it', async () => {
    const world = new ServerWorld({ readAheadBytesMax: 1000 });
    const link = world.connect();
    const parked = world.heartbeatFrame('park');
    link.send(parked);
    const next = world.heartbeatFrame('', 400);
    for (let n = 0; n < 2; n++) link.send(next);
    expect(link.paused).toBe(false);
    expect(world.server.budget.takenBytes).toBe(parked.byteLength - 4 + next.byteLength - 4 + next.byteLength);
    for (let n = 0; n < 2; n++) link.send(next);
    expect(link.paused).toBe(true);
    await world.answer('heartbeat');
    expect(link.answers()).toEqual([0, 1, 1, 1, 1]);
    expect(link.paused).toBe(false);
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('begin no request of a peer that does not take its answers, until it has', () => {
    const world = new ServerWorld({ outboundBytesMax: 30, readAheadBytesMax: 100 });
    const link = world.connect();
    link.takes = false;
    link.send(concatBytes(Array.from({ length: 9 }, () => world.heartbeatFrame())));
    const waitingBytes = link.pendingBytes;
    expect(waitingBytes).toBeGreaterThan(30);
    expect(waitingBytes).toBeLessThan(60);
    expect(link.paused).toBe(true);
    expect(world.server.answers.takenBytes).toBe(waitingBytes);
    link.takes = true;
    link.take();
    expect(link.answers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(link.paused).toBe(false);
    expect(world.server.answers.takenBytes).toBe(0);
  });

  it('count no answer any more when its peer has gone without taking it', () => {
    const world = new ServerWorld();
    const link = world.connect();
    link.takes = false;
    link.send(world.heartbeatFrame());
    expect(world.server.answers.takenBytes).toBeGreaterThan(0);
    link.destroy();
    expect(world.server.answers.takenBytes).toBe(0);
  });
});

describe('limits of time', () => {
  it('end a silent connection, but none whose request is parked', async () => {
    const world = new ServerWorld({ idleMsMax: 600 * SECOND });
    const [silent, parked] = [world.connect(), world.connect()];
    parked.send(world.heartbeatFrame('park'));
    world.clock.advance(599 * SECOND);
    expect(silent.ended).toBeUndefined();
    world.clock.advance(3 * SECOND);
    expect([silent.ended, parked.ended]).toEqual(['destroy', undefined]);
    await world.answer('heartbeat');
    world.clock.advance(602 * SECOND);
    expect(parked.ended).toBe('destroy');
    expect(world.clock.pending).toBe(0);
  });

  it('end a request that comes too slowly, and none that comes as quickly as it must', () => {
    const world = new ServerWorld({ frameGraceMs: 10 * SECOND, frameBytesPerSecondMin: 100 });
    const [drip, steady] = [world.connect(), world.connect()];
    const begun = Uint8Array.of(0, 1, 0, 0, 0, 12);
    drip.send(begun);
    steady.send(begun);
    for (let second = 0; second < 30; second++) {
      drip.send(Uint8Array.of(0));
      steady.send(new Uint8Array(100));
      world.clock.advance(SECOND);
    }
    expect([drip.ended, steady.ended]).toEqual(['destroy', undefined]);
    expect(world.lines.join()).toContain('slower than 100 bytes a second');
    expect(world.metrics.connectionsClosed.get('slow-frame')).toBe(1);
  });

  it('do not count the time in which the broker itself lets the peer wait', async () => {
    const world = new ServerWorld({ frameGraceMs: 10 * SECOND, queuedRequestBytesMax: 10 });
    const [holder, waiting] = [world.connect(), world.connect()];
    holder.send(world.heartbeatFrame('park', 100));
    waiting.send(Uint8Array.of(0, 1, 0, 0, 0, 12));
    world.clock.advance(60 * SECOND);
    await world.answer('heartbeat');
    world.clock.advance(9 * SECOND);
    expect(waiting.ended).toBeUndefined();
    world.clock.advance(9 * SECOND);
    expect(waiting.ended).toBe('destroy');
  });

  it('let a peer go that takes none of its answers, but not one that takes some', () => {
    const world = new ServerWorld({ outboundStallMsMax: 60 * SECOND });
    const [stuck, slow] = [world.connect(), world.connect()];
    for (const link of [stuck, slow]) {
      link.takes = false;
      for (let n = 0; n < 50; n++) link.send(world.heartbeatFrame());
    }
    for (let n = 0; n < 8; n++) {
      world.clock.advance(20 * SECOND);
      slow.take(1);
    }
    expect([stuck.ended, slow.ended]).toEqual(['destroy', undefined]);
    expect(world.metrics.connectionsClosed.get('stalled')).toBe(1);
  });
});

describe('limits of connections', () => {
  it('take as many as are allowed, and one more when one has gone', () => {
    const world = new ServerWorld({ connectionsMax: 2 });
    const links = [world.connect('10.0.0.1:1'), world.connect('10.0.0.2:1'), world.connect('10.0.0.3:1')];
    expect(links.map(({ ended }) => ended)).toEqual([undefined, undefined, 'destroy']);
    expect(world.lines[0]).toContain('max.connections (2) are open');
    links[0]!.close();
    const next = world.connect();
    next.send(world.heartbeatFrame());
    expect(next.answers()).toEqual([0]);
    expect(world.metrics.connectionsOpen).toBe(2);
  });

  it('count each host for itself, with its own limit where one is set', () => {
    const world = new ServerWorld({
      connectionsPerHostMax: 1,
      connectionsPerHostOverrides: new Map([['10.0.0.2', 2]]),
    });
    const from = (host: string): string | undefined => world.connect(`${host}:1`).ended;
    expect([from('10.0.0.1'), from('10.0.0.1'), from('10.0.0.2'), from('10.0.0.2'), from('10.0.0.2')]).toEqual([
      undefined,
      'destroy',
      undefined,
      undefined,
      'destroy',
    ]);
    expect(from('::1')).toBeUndefined();
    expect(world.lines.join()).toContain('max.connections.per.ip (1)');
  });

  it('take so many new ones a second', () => {
    const world = new ServerWorld({ connectionsPerSecondMax: 2 });
    expect([world.connect(), world.connect(), world.connect()].map(({ ended }) => ended)).toEqual([
      undefined,
      undefined,
      'destroy',
    ]);
    world.clock.advance(SECOND);
    expect(world.connect().ended).toBeUndefined();
  });

  it('do not let strangers fill the log', () => {
    const world = new ServerWorld({ connectionsMax: 0 });
    for (let n = 0; n < 500; n++) world.connect();
    expect(world.lines).toHaveLength(20);
    world.clock.advance(2 * SECOND);
    world.connect();
    expect(world.lines.slice(20)).toEqual([
      expect.stringContaining('480 more lines'),
      expect.stringContaining('refused'),
    ]);
  });
});

describe('closing', () => {
  it('refuses new connections, ends idle ones, and waits for requests that have begun', async () => {
    const world = new ServerWorld();
    const [idle, busy] = [world.connect(), world.connect()];
    busy.send(concatBytes([world.heartbeatFrame('park'), world.heartbeatFrame()]));
    await world.server.stopListening();
    expect(world.connect().ended).toBe('destroy');
    let drained = false;
    const draining = world.server.drain().then(() => (drained = true));
    expect([idle.ended, busy.ended]).toEqual(['end', undefined]);
    idle.close();
    await settled();
    expect(drained).toBe(false);
    await world.answer('heartbeat');
    expect(busy.answers()).toEqual([0]); // The second one had not begun: its client asks the next broker.
    expect(busy.ended).toBe('end');
    busy.close();
    await draining;
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('does not wait for ever', async () => {
    const world = new ServerWorld({ drainMsMax: 5 * SECOND });
    const link = world.connect();
    link.send(world.heartbeatFrame('park'));
    const draining = world.server.drain();
    world.clock.advance(5 * SECOND);
    await draining;
    expect(link.ended).toBe('destroy');
    expect(world.clock.pending).toBe(0);
  });
});
