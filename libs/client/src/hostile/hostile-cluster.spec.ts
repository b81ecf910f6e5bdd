import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ApiVersions,
  FindCoordinator,
  Heartbeat,
  Metadata,
  SaslAuthenticate,
  SaslHandshake,
  encodeResponse,
  errorCode,
} from '@trunkline/protocol';
import { concatBytes } from '@trunkline/kernel';
import { HostileWorld, NOTHING_LEFT, turns } from '../../test/hostile-world.js';

const OK = { throttleTimeMs: 0, errorCode: 0 };
const BEAT = { groupId: 'g', generationId: 1, memberId: 'm' };
const NODE = { kind: 'node', nodeId: 1 } as const;
const GROUP = { kind: 'coordinator', type: 'group', key: 'g' } as const;
const NOT_COORDINATOR = errorCode('NOT_COORDINATOR');

let world: HostileWorld;

afterEach(async () => {
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
});

function beat(heartbeat: Uint8Array) {
  world.broker().on(Heartbeat, () => heartbeat);
  return world.client.cluster.ask(NODE, Heartbeat, BEAT, { timeoutMs: 2_000 });
}

describe('a hostile broker: frames', () => {
  const answer = (correlationId: number): Uint8Array => concatBytes(encodeResponse(Heartbeat, 4, correlationId, OK));

  it.each([
    ['a negative size', Uint8Array.of(255, 255, 255, 255), 'PROTOCOL_VIOLATION'],
    ['a size without a correlation id', Uint8Array.of(0, 0, 0, 3, 0, 0, 0), 'PROTOCOL_VIOLATION'],
    ['a size beyond the limit', Uint8Array.of(0x7f, 0, 0, 0), 'PROTOCOL_VIOLATION'],
    ['half an answer, and no more', answer(0).subarray(0, 7), 'TIMED_OUT'],
    ['nothing', new Uint8Array(0), 'TIMED_OUT'],
  ])('%s ends the request in time', async (_what, bytes, code) => {
    world = new HostileWorld();
    await world.client.connect();
    expect(await world.outcome(beat(bytes), 3_000)).toBe(code);
  });

  it('bytes that drip one a second end with the deadline, not with the last byte', async () => {
    world = new HostileWorld();
    await world.client.connect();
    world.broker().on(Heartbeat, (_body, version, correlationId) => {
      const bytes = concatBytes(encodeResponse(Heartbeat, version, correlationId, OK));
      let at = 0;
      const drip = (): void => {
        world.broker().say(bytes.subarray(at, ++at));
        if (at < bytes.length) world.clock.after(1_000, drip);
      };
      drip();
      return 'silence';
    });
    const asking = world.client.cluster.ask(NODE, Heartbeat, BEAT, { timeoutMs: 2_000 });
    expect(await world.outcome(asking, 3_000)).toBe('TIMED_OUT');
    await world.run(30_000);
  });

  it('an answer that comes twice ends the connection, and the next request goes on another', async () => {
    world = new HostileWorld();
    await world.client.connect();
    world.broker().on(Heartbeat, (_body, version, correlationId) => {
      const bytes = concatBytes(encodeResponse(Heartbeat, version, correlationId, OK));
      return concatBytes([bytes, bytes]);
    });
    const { cluster } = world.client;
    expect(await world.outcome(cluster.ask(NODE, Heartbeat, BEAT), 3_000)).toMatchObject({ nodeId: 1 });
    await turns();
    expect(await world.outcome(cluster.ask(NODE, Heartbeat, BEAT), 3_000)).toMatchObject({ nodeId: 1 });
    expect(world.broker().connections).toBe(2);
  });

  it('a connection that is cut after each request is taken up again with pauses', async () => {
    world = new HostileWorld();
    await world.client.connect();
    world.broker().on(Heartbeat, () => 'hang up');
    const { cluster } = world.client;
    const asking = cluster.askAgain(NODE, Heartbeat, BEAT, { timeoutMs: 10_000 });
    expect(await world.outcome(asking, 11_000)).toBe('DISCONNECTED');
    expect(world.count(Heartbeat)).toBeLessThan(30);
  });
});

describe('a hostile broker: ApiVersions', () => {
  const speaking = (apiKeys: readonly { apiKey: number; minVersion: number; maxVersion: number }[]): void => {
    world = new HostileWorld();
    world.broker().on(ApiVersions, () => ({ errorCode: 0, apiKeys }));
  };

  it('that claims every version that a number can name is asked in versions that exist', async () => {
    speaking([3, 12, 18].map((apiKey) => ({ apiKey, minVersion: -32_768, maxVersion: 32_767 })));
    world.broker().on(Heartbeat, () => OK);
    await world.client.connect();
    expect(await world.outcome(world.client.cluster.ask(NODE, Heartbeat, BEAT), 2_000)).toMatchObject({ version: 4 });
  });

  it.each([
    ['none', []],
    ['ranges that end before they begin', [{ apiKey: 3, minVersion: 9, maxVersion: 2 }]],
    ['versions below zero', [{ apiKey: 3, minVersion: -9, maxVersion: -1 }]],
    ['versions of the far future', [{ apiKey: 3, minVersion: 30_000, maxVersion: 32_767 }]],
  ])('that knows %s is refused with a reason, in time and without a hot loop', async (_what, apiKeys) => {
    speaking(apiKeys);
    expect(await world.outcome(world.client.connect(), 60_000)).toBe('UNSUPPORTED_BROKER');
    expect(world.heard.length).toBeLessThan(30);
  });

  it('that refuses its own version again and again is given up', async () => {
    world = new HostileWorld();
    const apiKeys = [{ apiKey: ApiVersions.key, minVersion: 0, maxVersion: 3 }];
    world.broker().on(ApiVersions, () => ({ errorCode: errorCode('UNSUPPORTED_VERSION'), apiKeys }));
    expect(await world.outcome(world.client.connect(), 60_000)).not.toBe('hangs');
    expect(world.heard.length).toBeLessThan(100);
  });
});

describe('a hostile broker: metadata', () => {
  it('of a million topics is refused by its size before it is read', async () => {
    world = new HostileWorld(1, { responseBytesMax: 100_000 });
    const topics = Array.from({ length: 10_000 }, (_, at) => ({
      errorCode: 0,
      name: `topic-${at}`,
      isInternal: false,
      partitions: [],
    }));
    world.broker().on(Metadata, () => ({ brokers: [], clusterId: null, controllerId: 1, topics }));
    expect(await world.outcome(world.client.connect(), 60_000)).toBe('PROTOCOL_VIOLATION');
    expect(world.count(Metadata)).toBeLessThan(30);
  });

  it('that would be large in memory is refused by what it would occupy', async () => {
    world = new HostileWorld(1, { decodedBytesMax: 100_000 });
    const brokers = Array.from({ length: 20_000 }, (_, nodeId) => ({ nodeId, host: '', port: 1 }));
    world.broker().on(Metadata, () => ({ brokers, clusterId: null, controllerId: 1, topics: [] }));
    expect(await world.outcome(world.client.connect(), 60_000)).toBe('PROTOCOL_VIOLATION');
  });

  it('of 20,000 brokers does not make the client connect to them', async () => {
    world = new HostileWorld();
    const others = Array.from({ length: 20_000 }, (_, at) => ({ nodeId: at + 2, host: `10.1.0.${at}`, port: 9092 }));
    const brokers = [{ nodeId: 1, host: '10.0.0.1', port: 9092 }, ...others];
    world.broker().on(Metadata, () => ({ brokers, clusterId: null, controllerId: 1, topics: [] }));
    await world.client.connect();
    await world.run(1_000);
    expect(world.brokers.dialled.length).toBeLessThan(5);
  });

  it('that fails each time is asked for with pauses', async () => {
    world = new HostileWorld();
    await world.client.connect();
    world.broker().on(Metadata, () => 'hang up');
    const looking = world.outcome(world.client.cluster.refresh(), 30_000);
    expect(await looking).not.toBe('hangs');
    expect(world.count(Metadata)).toBeLessThan(60);
  });
});

describe('a hostile broker: coordinators', () => {
  it('that send us to each other for ever are asked with pauses, until the time is over', async () => {
    world = new HostileWorld(2);
    for (const nodeId of [1, 2]) {
      world.broker(nodeId).on(FindCoordinator, (request) => world.coordinator(request, 3 - nodeId));
      world.broker(nodeId).on(Heartbeat, () => ({ ...OK, errorCode: NOT_COORDINATOR }));
    }
    const { cluster } = world.client;
    const asking = cluster.askAgain(GROUP, Heartbeat, BEAT, { timeoutMs: 10_000, codeOf: (body) => body.errorCode });
    expect(await world.outcome(asking, 12_000)).toBe('NOT_COORDINATOR');
    expect(world.count(Heartbeat)).toBeLessThan(30);
    expect(world.count(FindCoordinator)).toBeLessThan(30);
  });

  it('that do not exist are looked for with pauses', async () => {
    world = new HostileWorld();
    const lie = { nodeId: 99, host: '', port: -1, errorCode: 0, errorMessage: null };
    world.broker().on(FindCoordinator, ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => ({ ...lie, key })),
    }));
    const asking = world.client.cluster.ask(GROUP, Heartbeat, BEAT, { timeoutMs: 5_000 });
    expect(await world.outcome(asking, 7_000)).toBe('UNREACHABLE');
    expect(world.count(FindCoordinator)).toBeLessThan(30);
    expect(world.brokers.dialled.length).toBeLessThan(60);
  });

  it('with a throttle time of years holds up a request for throttleMsMax at most', async () => {
    world = new HostileWorld(1, { throttleMsMax: 2_000 });
    world.broker().on(Heartbeat, () => ({ ...OK, throttleTimeMs: 2_147_483_647 }));
    const { cluster } = world.client;
    for (let time = 0; time < 3; time++) {
      expect(await world.outcome(cluster.ask(GROUP, Heartbeat, BEAT), 5_000)).toMatchObject({ nodeId: 1 });
    }
  });
});

describe('a hostile broker: sessions', () => {
  const sasl = { mechanism: 'PLAIN', username: 'u', password: 'p' } as const;

  it.each([1n, 5n, -1n, 2n ** 63n - 1n])(
    'of %s ms do not make the client authenticate without end',
    async (sessionLifetimeMs) => {
      world = new HostileWorld(1, { sasl });
      world.broker().on(SaslHandshake, () => ({ errorCode: 0, mechanisms: ['PLAIN'] }));
      world.broker().on(SaslAuthenticate, () => ({
        errorCode: 0,
        errorMessage: null,
        authBytes: new Uint8Array(0),
        sessionLifetimeMs,
      }));
      await world.outcome(world.client.connect(), 1_000);
      await world.run(10_000);
      expect(world.count(SaslAuthenticate)).toBeLessThan(30);
    },
  );
});
