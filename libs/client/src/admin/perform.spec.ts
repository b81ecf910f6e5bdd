import { describe, expect, it } from '@jest/globals';
import { KafkaError, type KafkaErrorName } from '../error.js';
import { ADMIN_DEFAULTS } from './admin-options.js';
import type { Call } from './call.js';
import { TOPIC } from './keys.js';
import { perform, performOne } from './perform.js';
import { toAnyone } from './routes.js';

/** A call whose time passes only while it pauses. */
function callOf(timeoutMs = 1_000): Call {
  let now = 0;
  const cluster = { image: { brokers: new Map() }, ports: { random: { below: () => 500 } }, refresh: async () => {} };
  const pause = async (delayMs: number): Promise<void> => void (now += delayMs);
  const call = { scope: { cluster, settings: ADMIN_DEFAULTS }, deadlineMs: timeoutMs, nowMs: () => now, pause };
  return call as unknown as Call;
}

/** Fails in this order, then answers with how often it was asked. */
function failing(...codes: readonly KafkaErrorName[]): () => Promise<number> {
  let asked = 0;
  return async () => {
    const code = codes[asked++];
    if (code !== undefined) throw new KafkaError(code, 'as planned');
    return asked;
  };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(String, (reason: KafkaError) => reason.code);
}

describe('one thing that is asked for', () => {
  it('is asked for again when there was no answer', async () => {
    expect(await performOne(callOf(), 'it', toAnyone, failing('DISCONNECTED', 'UNREACHABLE'))).toBe(3);
  });

  it('is asked for again when it has moved', async () => {
    expect(await performOne(callOf(), 'it', toAnyone, failing('NOT_CONTROLLER'))).toBe(2);
  });

  it('is refused once when the refusal is final', async () => {
    const ask = failing('INVALID_REQUEST');
    expect(await codeOf(performOne(callOf(), 'it', toAnyone, ask))).toBe('INVALID_REQUEST');
    expect(await ask()).toBe(2);
  });

  it('is refused once also with a code that other calls may repeat', async () => {
    expect(await codeOf(performOne(callOf(), 'it', toAnyone, failing('ELECTION_NOT_NEEDED')))).toBe(
      'ELECTION_NOT_NEEDED',
    );
  });

  it('is not asked for twice when it may have had its effect, and twice would do harm', async () => {
    for (const uncertain of ['DISCONNECTED', 'TIMED_OUT', 'PROTOCOL_VIOLATION'] as const) {
      const call = performOne(callOf(), 'it', toAnyone, failing(uncertain), { repeatable: false });
      expect(await codeOf(call)).toBe(uncertain);
    }
  });

  it('is asked for again when it cannot have had its effect, though twice would do harm', async () => {
    expect(await performOne(callOf(), 'it', toAnyone, failing('UNREACHABLE'), { repeatable: false })).toBe(2);
  });

  it('ends when its time is over', async () => {
    const always = async (): Promise<never> => {
      throw new KafkaError('UNREACHABLE', 'as planned');
    };
    expect(await codeOf(performOne(callOf(), 'it', toAnyone, always))).toBe('UNREACHABLE');
  });
});

describe('many things that are asked for', () => {
  const route = (keys: readonly string[]) =>
    keys.map((key) => ({ target: { kind: 'node', nodeId: Number(key) } as const, keys: [key] }));

  it('fail alone where one place is lost', async () => {
    const outcomes = await perform<string, string>(callOf(), {
      kind: TOPIC,
      keys: ['1', '2'],
      route,
      ask: async ({ keys: [key] }, rounds) => {
        if (key === '1') throw new KafkaError('UNREACHABLE', 'as planned');
        rounds.answer('2', 0, null, () => 'two');
      },
    });
    expect(outcomes.value('2')).toBe('two');
    expect(outcomes.get('1')?.error?.code).toBe('UNREACHABLE');
  });

  it('fail together when the call was misused', async () => {
    const call = perform<string, string>(callOf(), {
      kind: TOPIC,
      keys: ['1', '2'],
      route,
      ask: async ({ keys: [key] }, rounds) => {
        if (key === '1') throw new KafkaError('MISUSE', 'as planned');
        rounds.answer('2', 0, null, () => 'two');
      },
    });
    expect(await codeOf(call)).toBe('MISUSE');
  });
});
