import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Heartbeat, ListGroups, SaslAuthenticate, SaslHandshake } from '@trunkline/protocol';
import { ANYONE, BEAT, codeOf, node, ScriptedWorld, turns } from '../../test/scripted-world.js';

let world: ScriptedWorld;

beforeEach(() => {
  world = new ScriptedWorld();
});

afterEach(() => world.end());

describe('SASL', () => {
  const sasl = { mechanism: 'PLAIN', username: 'alice', password: 'secret' } as const;

  function authenticates(lifetimeMs = 0): void {
    world.broker(1).on(SaslHandshake, () => ({ errorCode: 0, mechanisms: ['PLAIN'] }));
    world.broker(1).on(SaslAuthenticate, () => ({
      errorCode: 0,
      errorMessage: null,
      authBytes: new Uint8Array(0),
      sessionLifetimeMs: BigInt(lifetimeMs),
    }));
  }

  it('comes before every request', async () => {
    const cluster = world.start(1, { sasl });
    authenticates();
    await cluster.ask(ANYONE, Heartbeat, BEAT);
    expect(world.broker(1).heard.map(({ api }) => api)).toEqual([
      'ApiVersions',
      'SaslHandshake',
      'SaslAuthenticate',
      'Heartbeat',
    ]);
  });

  it('is not tried again after a refusal', async () => {
    const cluster = world.start(1, { sasl });
    authenticates();
    world.broker(1).on(SaslAuthenticate, () => ({
      errorCode: 58,
      errorMessage: 'no such user',
      authBytes: new Uint8Array(0),
    }));
    await expect(cluster.refresh()).rejects.toThrow(/SASL_AUTHENTICATION_FAILED.*no such user/);
    expect(world.broker(1).connections).toBe(1);
  });

  it('names the mechanisms that the broker knows', async () => {
    const cluster = world.start(1, { sasl });
    world.broker(1).on(SaslHandshake, () => ({ errorCode: 33, mechanisms: ['SCRAM-SHA-256'] }));
    await expect(cluster.refresh()).rejects.toThrow(/UNSUPPORTED_SASL_MECHANISM.*SCRAM-SHA-256/);
  });

  it('is done again before the session ends, with no request of others in between', async () => {
    const cluster = world.start(1, { sasl });
    authenticates(10_000);
    await cluster.refresh();
    let release: () => void = () => {};
    world.broker(1).on(SaslHandshake, () => {
      release = () =>
        void (cluster.ask(node(1), Heartbeat, BEAT), cluster.ask(node(1), ListGroups, {}).catch(() => {}));
      release();
      return { errorCode: 0, mechanisms: ['PLAIN'] };
    });
    world.broker(1).on(ListGroups, () => ({ errorCode: 0, groups: [] }));
    world.clock.advance(9_600);
    await turns();
    expect(
      world
        .broker(1)
        .heard.map(({ api }) => api)
        .slice(-4),
    ).toEqual(['SaslHandshake', 'SaslAuthenticate', 'Heartbeat', 'ListGroups']);
    expect(world.broker(1).connections).toBe(1);
  });

  it('ends the connection when it cannot be done again', async () => {
    const cluster = world.start(1, { sasl });
    authenticates(10_000);
    await cluster.refresh();
    world.broker(1).on(SaslAuthenticate, () => ({ errorCode: 58, errorMessage: 'gone', authBytes: new Uint8Array(0) }));
    world.clock.advance(9_600);
    await turns();
    expect(world.broker(1).open).toBe(0);
  });

  it('does not wait for a token longer than for a connection', async () => {
    const token = (): Promise<never> => new Promise(() => {});
    const cluster = world.start(1, { sasl: { mechanism: 'OAUTHBEARER', token }, connectTimeoutMs: 300 });
    world.broker(1).on(SaslHandshake, () => ({ errorCode: 0, mechanisms: ['OAUTHBEARER'] }));
    expect(await codeOf(world.within(3_000, cluster.ask(ANYONE, Heartbeat, BEAT, { timeoutMs: 1_000 })))).not.toBe(
      'no error',
    );
    expect(world.broker(1).connections).toBeGreaterThan(1);
  });
});
