import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type Codec, acceptsContentType, bytes, invalidPayload, json, schema, text } from './codec.js';
import { TrunklineError } from './error.js';

const utf8 = (said: string): Uint8Array => new TextEncoder().encode(said);

async function thrown(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (reason) {
    return reason;
  }
  throw new Error('nothing was thrown');
}

describe('codecs', () => {
  it('bring back what they wrote', async () => {
    const order = { id: 'ö', total: 1.5, lines: [null, true] };
    const codec = json<typeof order>();
    expect(await codec.decode(codec.encode(order))).toEqual(order);
    expect(await text().decode(text().encode('grüße'))).toBe('grüße');
    const raw = Uint8Array.of(0, 255);
    expect(bytes().decode(bytes().encode(raw))).toBe(raw);
  });

  it('name what JSON cannot say', async () => {
    const codec = json<() => void>();
    expect(await thrown(() => codec.encode(() => {}))).toMatchObject({ code: 'ENCODE_FAILED' });
  });

  it('refuse text that is not UTF-8', async () => {
    expect(await thrown(() => text().decode(Uint8Array.of(0xc3, 0x28)))).toMatchObject({ name: 'TypeError' });
  });

  it('make no object with a prototype of the sender’s choice', async () => {
    const read = await json<Record<string, unknown>>().decode(utf8('{"__proto__":{"admin":true}}'));
    expect(Reflect.get({}, 'admin')).toBeUndefined();
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it('validate by a standard schema, and convert', async () => {
    const codec = schema(z.object({ at: z.coerce.date(), size: z.number().int().default(1) }));
    expect(await codec.decode(codec.encode({ at: '2026-11-22T00:00:00Z' }))).toEqual({
      at: new Date('2026-11-22'),
      size: 1,
    });
    const error = await thrown(() => codec.decode(utf8('{"at":"2026-11-22","size":1.5}')));
    expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', details: [{ path: 'size' }] });
  });

  it('validate by a standard schema that takes its time', async () => {
    const codec = schema(z.object({ id: z.string().refine(async (id) => id !== 'taken', 'is taken') }));
    expect(await codec.decode(utf8('{"id":"free"}'))).toEqual({ id: 'free' });
    const error = await thrown(() => codec.decode(utf8('{"id":"taken"}')));
    expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', details: [{ path: 'id', message: 'is taken' }] });
  });

  it('keep a bounded number of issues', () => {
    const issues = Array.from({ length: 1_000 }, (_, index) => ({ path: `f${index}`, message: 'is wrong' }));
    const error = invalidPayload(issues);
    expect(error).toBeInstanceOf(TrunklineError);
    expect(error.details).toHaveLength(32);
    expect(error.message.length).toBeLessThan(1_000);
  });

  it('accept their own media type, whatever its parameters and case, and no other', () => {
    const codec: Codec<unknown> = json();
    expect(acceptsContentType(codec, 'application/json')).toBe(true);
    expect(acceptsContentType(codec, 'Application/JSON; charset=utf-8')).toBe(true);
    expect(acceptsContentType(codec, 'application/json-seq')).toBe(false);
    expect(acceptsContentType(codec, '')).toBe(false);
    expect(acceptsContentType(bytes(), 'anything/at-all')).toBe(true);
  });
});
