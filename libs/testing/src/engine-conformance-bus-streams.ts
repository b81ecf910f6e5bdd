import { describe, expect, it } from '@jest/globals';
import { CallFailed, bytes, call, json } from '@trunkline/bus';
import { type Kit, WAIT_MS, atLeast, rejection, turns } from './engine-conformance-kit.js';
import { until } from './until.js';

interface Range {
  readonly from: number;
  readonly to: number;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of items) all.push(each);
  return all;
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** Long enough that a loaded machine does not fall silent by itself. */
const SILENCE_MS = 1_000;

export function describeBusStreams(kit: Kit): void {
  const rows = (timeoutMs = 10_000) =>
    call.stream(kit.name('rows'), { request: json<Range>(), item: json<number>(), timeoutMs, partitions: 4 });

  describe('streamed replies', () => {
    it('bring every item once and in order', async () => {
      const count = rows();
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      back.respondStream(count, async function* ({ from, to }) {
        for (let at = from; at < to; at++) yield at;
      });
      await Promise.all([front.start(), back.start()]);
      expect(await collect(front.requestStream(count, { from: 0, to: 1_000 }))).toEqual(numbers(0, 1_000));
      expect(await collect(front.requestStream(count, { from: 5, to: 5 }))).toEqual([]);
      expect(front.health().openStreams).toBe(0);
    });

    it('come from anything that can be iterated', async () => {
      const count = rows();
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      back.respondStream(count, ({ from, to }) => numbers(from, to));
      await Promise.all([front.start(), back.start()]);
      expect(await collect(front.requestStream(count, { from: 1, to: 4 }))).toEqual([1, 2, 3]);
    });

    it('run side by side without mixing', async () => {
      const count = rows(30_000);
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      back.respondStream(count, async function* ({ from, to }) {
        for (let at = from; at < to; at++) {
          if (at % 7 === 0) await turns(1);
          yield at;
        }
      });
      await Promise.all([front.start(), back.start()]);
      const streams = numbers(0, 30).map((index) =>
        collect(front.requestStream(count, { from: index * 100, to: index * 100 + 60 })),
      );
      expect(await Promise.all(streams)).toEqual(numbers(0, 30).map((index) => numbers(index * 100, index * 100 + 60)));
    });

    it('carry large items', async () => {
      const chunks = call.stream(kit.name('chunks'), { request: json<number>(), item: bytes(), partitions: 1 });
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      back.respondStream(chunks, async function* (count) {
        for (let at = 0; at < count; at++) yield new Uint8Array(100_000).fill(at);
      });
      await Promise.all([front.start(), back.start()]);
      const got = await collect(front.requestStream(chunks, 30));
      expect(got.map((chunk) => [chunk.byteLength, chunk[99_999]])).toEqual(numbers(0, 30).map((at) => [100_000, at]));
    });

    it('go no further than the credit of a caller that reads slowly', async () => {
      const count = rows();
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      let made = 0;
      back.respondStream(count, async function* ({ from, to }) {
        for (let at = from; at < to; at++) {
          made += 1;
          yield at;
        }
      });
      await Promise.all([front.start(), back.start()]);
      const items = front.requestStream(count, { from: 0, to: 10_000 }, { creditItems: 10 });
      for (let at = 0; at < 5; at++) expect(await items.next()).toEqual({ done: false, value: at });
      await until('the credit is used up', () => made >= 15, WAIT_MS);
      await turns(20);
      expect(made).toBeLessThanOrEqual(16);
      for (let at = 5; at < 40; at++) expect(await items.next()).toEqual({ done: false, value: at });
      expect(made).toBeLessThanOrEqual(51);
      await items.return?.();
    });

    it('stop at the responder when the caller leaves the loop', async () => {
      const count = rows();
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      const ended: string[] = [];
      back.respondStream(count, async function* ({ from }) {
        try {
          for (let at = from; ; at++) yield at;
        } finally {
          ended.push('cleaned up');
        }
      });
      await Promise.all([front.start(), back.start()]);
      const got: number[] = [];
      for await (const each of front.requestStream(count, { from: 0, to: 0 })) {
        got.push(each);
        if (got.length === 50) break;
      }
      expect(got).toEqual(numbers(0, 50));
      await atLeast(1, ended);
      await until(
        'nothing is open',
        () => back.health().openStreams === 0 && front.health().openStreams === 0,
        WAIT_MS,
      );
    });

    it('stop when the signal of the caller is aborted, also before the first item', async () => {
      const count = rows(60_000);
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      const begun: string[] = [];
      const ended: string[] = [];
      back.respondStream(count, async function* ({ from }, { signal }) {
        begun.push('one');
        if (from > 0) yield from;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        ended.push('one');
      });
      await Promise.all([front.start(), back.start()]);
      for (const [round, from] of [0, 7].entries()) {
        const controller = new AbortController();
        const items = front.requestStream(count, { from, to: 0 }, { signal: controller.signal });
        if (from > 0) expect(await items.next()).toEqual({ done: false, value: from });
        const next = rejection(items.next());
        await atLeast(round + 1, begun);
        controller.abort();
        expect(await next).toMatchObject({ code: 'ABORTED' });
        await atLeast(round + 1, ended);
      }
    });

    it('end with the error of the responder, after the items before it', async () => {
      const count = rows();
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      back.respondStream(count, async function* ({ to }) {
        for (let at = 0; at < to; at++) yield at;
        throw new CallFailed('DISK_FULL', 'no room', { freeBytes: 0 });
      });
      await Promise.all([front.start(), back.start()]);
      for (const to of [0, 40]) {
        const got: number[] = [];
        const reading = (async () => {
          for await (const each of front.requestStream(count, { from: 0, to })) got.push(each);
        })();
        const error = await rejection(reading);
        expect(error).toMatchObject({
          code: 'REMOTE',
          remote: { code: 'DISK_FULL', text: 'no room', details: { freeBytes: 0 } },
        });
        expect(got).toEqual(numbers(0, to));
      }
    });

    it('stay open for a caller that takes its time', async () => {
      const count = rows(SILENCE_MS);
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      back.respondStream(count, async function* ({ from, to }) {
        for (let at = from; at < to; at++) yield at;
      });
      await Promise.all([front.start(), back.start()]);
      const items = front.requestStream(count, { from: 0, to: 20 }, { creditItems: 2, timeoutMs: SILENCE_MS });
      expect(await items.next()).toEqual({ done: false, value: 0 });
      const beganMs = performance.now();
      await until('longer than the silence', () => performance.now() - beganMs > SILENCE_MS * 2, WAIT_MS);
      const rest: number[] = [];
      for await (const each of items) rest.push(each);
      expect(rest).toEqual(numbers(1, 20));
    });

    it('time out when the responder falls silent, or never was there', async () => {
      const count = rows(150);
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      const aborted: unknown[] = [];
      back.respondStream(count, async function* (_, { signal }) {
        yield 1;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        aborted.push(signal.reason);
      });
      await Promise.all([front.start(), back.start()]);
      const items = front.requestStream(count, { from: 0, to: 1 });
      expect(await items.next()).toEqual({ done: false, value: 1 });
      expect(await rejection(items.next())).toMatchObject({ code: 'TIMED_OUT' });
      await atLeast(1, aborted);
      expect(await rejection(front.requestStream(rows(100), { from: 0, to: 1 }).next())).toMatchObject({
        code: 'TIMED_OUT',
      });
    });

    it('are read to their end while their responder drains', async () => {
      const count = rows();
      const [front, back] = [kit.bus('front'), kit.bus('back')];
      back.respondStream(count, async function* ({ from, to }) {
        for (let at = from; at < to; at++) {
          await turns(1);
          yield at;
        }
      });
      await Promise.all([front.start(), back.start()]);
      const items = front.requestStream(count, { from: 0, to: 200 });
      expect(await items.next()).toEqual({ done: false, value: 0 });
      const drained = back.drain(20_000);
      expect(await collect(items)).toEqual(numbers(1, 200));
      await drained;
    });
  });
}
