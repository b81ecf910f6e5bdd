import { describe, expect, it } from '@jest/globals';
import { ApiError, InvariantViolated, concatBytes, invariant } from '@trunkline/kernel';
import { ApiVersions, Heartbeat, decodeResponse } from '@trunkline/protocol';
import { SECOND, ServerWorld, settled } from '../../test/server-world.js';
import { CLOSE_CONNECTION, NO_ANSWER } from './handler.js';

describe('a connection', () => {
  it('answers in the turn in which the bytes came, also when several requests came at once', () => {
    const world = new ServerWorld();
    const link = world.connect();
    link.send(concatBytes([world.heartbeatFrame(), world.heartbeatFrame(), world.heartbeatFrame()]));
    expect(link.answers()).toEqual([0, 1, 2]);
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('lets a parked request hold up what comes behind it, and lets the peer wait', async () => {
    const world = new ServerWorld({ readAheadBytesMax: 10 });
    const link = world.connect();
    link.send(concatBytes([world.heartbeatFrame('park'), world.heartbeatFrame(), world.heartbeatFrame()]));
    expect(link.answers()).toEqual([]);
    expect(link.paused).toBe(true);
    await world.answer('heartbeat');
    expect(link.answers()).toEqual([0, 1, 2]);
    expect(link.paused).toBe(false);
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('begins requests that may overlap together, and answers them in their order', async () => {
    const world = new ServerWorld();
    const link = world.connect();
    link.send(
      concatBytes([world.find('a'), world.find('b'), world.find('c'), world.heartbeatFrame(), world.find('d')]),
    );
    expect(world.waiting.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    await world.answer('c');
    await world.answer('a');
    expect(link.answers()).toEqual([0]);
    await world.answer('b');
    expect(link.answers()).toEqual([1, 2, 3]);
    await world.answer('d');
    expect(link.answers()).toEqual([4]);
  });

  it('lets only so many overlap', async () => {
    const world = new ServerWorld({ overlappingRequestsMax: 2 });
    const link = world.connect();
    link.send(concatBytes([world.find('a'), world.find('b'), world.find('c')]));
    expect(world.waiting).toHaveLength(2);
    await world.answer('a');
    expect(world.waiting).toHaveLength(3);
  });

  it('writes nothing for NO_ANSWER, and ends for CLOSE_CONNECTION', () => {
    const world = new ServerWorld();
    const link = world.connect();
    world.heartbeat = () => NO_ANSWER;
    link.send(concatBytes([world.heartbeatFrame(), world.heartbeatFrame()]));
    world.heartbeat = () => ({ errorCode: 0 });
    link.send(world.heartbeatFrame());
    expect(link.answers()).toEqual([2]);
    world.heartbeat = () => CLOSE_CONNECTION;
    link.send(world.heartbeatFrame());
    expect(link.ended).toBe('end');
  });

  it('lets requests know that it has gone, and forgets what it held', async () => {
    const world = new ServerWorld();
    const link = world.connect();
    link.send(
      concatBytes([world.heartbeatFrame('park'), world.heartbeatFrame(), world.heartbeatFrame().subarray(0, 9)]),
    );
    const { closed } = world.waiting[0]!.context;
    expect(closed.aborted).toBe(false);
    link.close();
    expect(closed.aborted).toBe(true);
    expect(world.metrics.connectionsOpen).toBe(0);
    await world.answer('heartbeat');
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('that the broker begins to serve later keeps its first request', () => {
    const world = new ServerWorld({}, false);
    const link = world.connect();
    link.send(world.heartbeatFrame());
    expect(link.answers()).toEqual([]);
    world.server.serve();
    expect(link.answers()).toEqual([0]);
  });
});

describe('a request', () => {
  it.each([
    ['of a size above the limit', Uint8Array.of(0x7f, 0xff, 0xff, 0xff), 'a request of 2147483647 bytes'],
    ['of a negative size', Uint8Array.of(0xff, 0xff, 0xff, 0xff), 'a request of -1 bytes'],
    ['without a header', Uint8Array.of(0, 0, 0, 0), 'request header'],
    [
      'of an unknown key',
      Uint8Array.of(0, 0, 0, 10, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff),
      'no api has the key 32512',
    ],
    [
      'of a key without handler',
      Uint8Array.of(0, 0, 0, 10, 0, 0, 0, 3, 0, 0, 0, 0, 0xff, 0xff),
      'Produce v3 was asked for',
    ],
    ['of an unknown version', Uint8Array.of(0, 0, 0, 11, 0, 12, 0, 99, 0, 0, 0, 0, 0xff, 0xff, 0), 'Heartbeat'],
    ['with half a body', Uint8Array.of(0, 0, 0, 12, 0, 12, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 9), 'HeartbeatRequest'],
  ])('%s ends its connection with a line that says why, and no other', (_, bytes, why) => {
    const world = new ServerWorld();
    const other = world.connect();
    const link = world.connect();
    link.send(world.heartbeatFrame());
    link.send(bytes);
    expect(link.answers()).toEqual([0]);
    expect(link.ended).toBe('end');
    expect(world.lines).toHaveLength(1);
    expect(world.lines[0]).toContain(why);
    other.send(world.heartbeatFrame());
    expect(other.answers()).toEqual([1]);
    expect(world.server.budget.takenBytes).toBe(0);
  });

  it('whose peer does not end its side after that is destroyed after two seconds', () => {
    const world = new ServerWorld();
    const link = world.connect();
    link.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    expect([link.ended, link.paused]).toEqual(['end', false]);
    link.send(new Uint8Array(1000));
    world.clock.advance(4 * SECOND);
    expect(link.ended).toBe('destroy');
    expect(world.metrics.connectionsOpen).toBe(0);
  });

  it('ApiVersions of an unknown version is told the range, in version 0', () => {
    const world = new ServerWorld();
    const link = world.connect();
    link.send(Uint8Array.of(0, 0, 0, 11, 0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0));
    const { correlationId, body } = decodeResponse(ApiVersions, 0, link.frames()[0]!);
    expect(correlationId).toBe(7);
    expect(body.errorCode).toBe(35);
    expect(body.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
    expect(link.ended).toBeUndefined();
  });

  const fails = async (reason: Error, later: boolean): Promise<[ServerWorld, number | undefined]> => {
    const world = new ServerWorld();
    const link = world.connect();
    world.heartbeat = () => {
      if (later) return Promise.reject(reason);
      throw reason;
    };
    link.send(world.heartbeatFrame());
    await settled();
    const [frame] = link.frames();
    return [world, frame === undefined ? undefined : decodeResponse(Heartbeat, 0, frame).body.errorCode];
  };

  it.each([false, true])('that the handler refuses gets the error of its API (later: %s)', async (later) => {
    const [world, code] = await fails(new ApiError('UNKNOWN_MEMBER_ID', 'who'), later);
    expect(code).toBe(25);
    expect(world.lines).toEqual([]);
    expect(world.metrics.api('Heartbeat').failures).toBe(1);
  });

  it.each([new TypeError('of ours'), new ApiError('LANE_FULL', 'too much')])(
    'that fails for another reason is UNKNOWN_SERVER_ERROR, with a line (%s)',
    async (reason) => {
      const [world, code] = await fails(reason, true);
      expect(code).toBe(-1);
      expect(world.lines[0]).toContain('Heartbeat v0 failed');
      expect(world.lines[0]).toContain(reason.message);
      expect(world.defects).toEqual([]);
    },
  );

  it.each([false, true])('that breaks an invariant is told to whoever runs the broker (later: %s)', async (later) => {
    let broken: unknown;
    try {
      invariant(Number('1') === 2, 'one is two');
    } catch (error) {
      broken = error;
    }
    const [world, code] = await fails(broken as Error, later);
    expect(code).toBe(-1);
    expect(world.defects).toEqual([expect.any(InvariantViolated)]);
  });
});
