import { describe, expect, it } from '@jest/globals';
import { kafka } from './kafka-engine.js';
import { KAFKA_DEFAULTS, kafkaSettings } from './options.js';

describe('options of kafka()', () => {
  it('have defaults', () => {
    expect(kafkaSettings({ brokers: ['a:1', 'b', '[::1]:9093', 'unix:/tmp/x'] })).toMatchObject({
      ...KAFKA_DEFAULTS,
      bootstrap: ['a:1', 'b:9092', '[::1]:9093', 'unix:/tmp/x'],
    });
  });

  it('that are left undefined count as left out', () => {
    expect(kafkaSettings({ brokers: ['a'], clientId: undefined as unknown as string }).clientId).toBe('trunkline');
  });

  it.each([
    [{ brokers: [] }, /brokers is empty; give at least one/],
    [{ brokers: ['http://x:1'] }, /"http:\/\/x:1" is no broker; give "host:port"/],
    [{ brokers: ['x:99999'] }, /"x:99999" is no broker/],
    [{ brokers: ['x'], commitMs: 0 }, /commitMs is 0; give a whole number from 1 to 60000/],
    [
      { brokers: ['x'], heartbeatMs: 9_000 },
      /heartbeatMs is 9000; give at most a third of sessionTimeoutMs, which is 10000/,
    ],
    [{ brokers: ['x'], messageBytesMax: 1.5 }, /messageBytesMax is 1.5/],
  ])('that cannot be are refused in a sentence: %j', (options, said) => {
    expect(() => kafka(options)).toThrow(said);
    expect(() => kafka(options)).toThrow(/^\[MISUSE\]/);
  });
});

describe('an engine without a broker', () => {
  it('says which brokers it tried, within its connect timeout', async () => {
    const engine = kafka({ brokers: ['127.0.0.1:1'], connectTimeoutMs: 500 });
    await expect(engine.start()).rejects.toThrow(/^\[ENGINE_UNAVAILABLE\] no broker of 127.0.0.1:1 answers/);
    await engine.close();
  });

  it('refuses work before its start and after its close', async () => {
    const engine = kafka({ brokers: ['127.0.0.1:1'] });
    const message = { channel: 'c', value: null, headers: new Map<string, Uint8Array>() };
    await expect(engine.publish([message])).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(engine.ensure([{ channel: 'c' }])).rejects.toMatchObject({ code: 'CLOSED' });
    await engine.close();
    await expect(engine.start()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
