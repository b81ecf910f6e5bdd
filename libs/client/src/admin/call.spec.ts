import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@trunkline/kernel';
import { Metadata } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import { ADMIN_DEFAULTS, type CallOptions } from './admin-options.js';
import { Call } from './call.js';
import { ANYONE } from './routes.js';

/** A cluster that answers everything at once, and a clock that the test moves. */
function world(ask: () => Promise<unknown> = async () => 'an answer') {
  const clock = { now: 0, monotonicMs: () => clock.now };
  const closing = new AbortController();
  const timesMs: number[] = [];
  const asked = (_target: unknown, _api: unknown, _body: unknown, { timeoutMs }: { timeoutMs: number }) => {
    timesMs.push(timeoutMs);
    return ask();
  };
  const cluster = { ports: { clock }, ask: asked, after: () => ({ cancel: () => {} }) };
  const scope = { cluster, settings: ADMIN_DEFAULTS, lane: 'admin', closing: closing.signal };
  const call = (options: CallOptions) => new Call(scope as never, options);
  return { clock, closing, timesMs, call };
}

const ask = (call: Call): Promise<string> =>
  call.ask(ANYONE, Metadata, { topics: [] }).then(String, (reason: KafkaError) => reason.code);

describe('a call', () => {
  it('gives an answer no more time than it has itself, in whole milliseconds', async () => {
    const { clock, timesMs, call } = world();
    const made = call({ timeoutMs: 40_000 });
    await ask(made);
    clock.now = 39_000.25;
    await ask(made);
    expect(timesMs).toEqual([30_000, 1_000]);
  });

  it('asks nobody when its time is over, however quick the answers are', async () => {
    const { clock, timesMs, call } = world();
    const made = call({ timeoutMs: 100 });
    clock.now = 100;
    expect(await ask(made)).toBe('TIMED_OUT');
    expect(timesMs).toEqual([]);
  });

  it('takes a request that cannot be written for the misuse that it is', async () => {
    const { call } = world(async () => {
      throw new ApiError('MALFORMED', 'an int32, not 1.5');
    });
    expect(await ask(call({}))).toBe('MISUSE');
  });

  it('takes what the version cannot say for a broker that is too old', async () => {
    const { call } = world(async () => {
      throw new ApiError('UNSUPPORTED_VERSION', 'it has no place in version 0');
    });
    expect(await ask(call({}))).toBe('UNSUPPORTED_BROKER');
  });

  it('says CLOSED when the admin closes while it waits for an answer', async () => {
    const { closing, call } = world(async () => {
      closing.abort();
      throw new KafkaError('DISCONNECTED', 'the lane was closed');
    });
    expect(await ask(call({}))).toBe('CLOSED');
  });

  it('ends a pause at once when the admin closes', async () => {
    const { closing, call } = world();
    const pause = call({}).pause(60_000);
    closing.abort();
    await expect(pause).rejects.toThrow('[CLOSED]');
  });

  it('ends a pause at once by its signal', async () => {
    const stop = new AbortController();
    const pause = world().call({ signal: stop.signal }).pause(60_000);
    stop.abort();
    await expect(pause).rejects.toThrow('[ABORTED]');
  });
});
