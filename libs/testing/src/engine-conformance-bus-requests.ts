import { describe, expect, it } from '@jest/globals';
import { type Bus, CallFailed, Reject, RemoteError, TrunklineError, call, invalidPayload, json } from '@trunkline/bus';
import { Gate, type Kit, WAIT_MS, atLeast, message, rejection } from './engine-conformance-kit.js';
import { until } from './until.js';

interface Sum {
  readonly left: number;
  readonly right: number;
}

export function describeBusRequests(kit: Kit): void {
  const add = (timeoutMs = 10_000) =>
    call(kit.name('sum.add'), { request: json<Sum>(), reply: json<number>(), timeoutMs, partitions: 4 });
  const pair = (service = 'calculator'): [Bus, Bus] => [kit.bus('front'), kit.bus(service)];

  describe('requests', () => {
    it('get the answer to their own question', async () => {
      const sum = add();
      const [front, back] = pair();
      back.respond(sum, ({ left, right }) => left + right);
      await Promise.all([front.start(), back.start()]);
      expect(await front.request(sum, { left: 2, right: 3 })).toBe(5);
      expect(await front.request(sum, { left: 20, right: 30 })).toBe(50);
    });

    it('get it a thousand at once, each its own', async () => {
      const sum = add(30_000);
      const [front, back] = pair();
      back.respond(sum, async ({ left, right }) => left + right);
      await Promise.all([front.start(), back.start()]);
      const asked = Array.from({ length: 1_000 }, (_, left) => front.request(sum, { left, right: 1 }));
      expect(await Promise.all(asked)).toEqual(Array.from({ length: 1_000 }, (_, left) => left + 1));
      expect(front.health()).toMatchObject({ pendingRequests: 0, lateReplies: 0 });
    });

    it('of several processes of one service come back to the one that asked', async () => {
      const sum = add();
      const limits = { inboxPartitions: 1 }; // one partition for all three
      const service = kit.name('front');
      const fronts = [0, 1, 2].map(() => kit.bus(service, { limits }));
      const back = kit.bus('calculator');
      back.respond(sum, ({ left, right }) => left + right);
      await Promise.all([...fronts, back].map((bus) => bus.start()));
      const asked = fronts.flatMap((bus, index) =>
        Array.from({ length: 20 }, (_, at) => bus.request(sum, { left: index * 100, right: at })),
      );
      const wanted = fronts.flatMap((_, index) => Array.from({ length: 20 }, (__, at) => index * 100 + at));
      expect(await Promise.all(asked)).toEqual(wanted);
      expect(fronts.map((bus) => bus.health().lateReplies)).toEqual([0, 0, 0]); // not theirs is not late
    });

    it('are shared by the responders of a call', async () => {
      const sum = add();
      const [front] = pair();
      const counts = [0, 0];
      const backs = counts.map((_, index) => {
        const bus = kit.bus('calculator');
        const lane = bus.respond(sum, ({ left, right }) => {
          counts[index] = (counts[index] ?? 0) + 1;
          return left + right;
        });
        return { bus, lane };
      });
      await Promise.all([front, ...backs.map(({ bus }) => bus)].map((bus) => bus.start()));
      await until('both share', () => backs.every(({ lane }) => lane.health().assigned.length === 2), WAIT_MS);
      await Promise.all(
        Array.from({ length: 100 }, (_, left) => front.request(sum, { left, right: 0 }, { key: String(left) })),
      );
      expect(counts.every((count) => count > 0)).toBe(true);
      expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(100);
    });

    it('that failed bring code, text and details of the error', async () => {
      const sum = add();
      const [front, back] = pair();
      back.respond(sum, ({ left }) => {
        if (left === 1) throw new CallFailed('NO_FUNDS', 'not enough', { missing: 3 });
        if (left === 2) throw invalidPayload([{ path: 'left', message: 'must not be 2' }]);
        if (left === 3) throw new Reject('not today');
        throw new RangeError('too small');
      });
      await Promise.all([front.start(), back.start()]);
      const errors = await Promise.all([1, 2, 3, 4].map((left) => rejection(front.request(sum, { left, right: 0 }))));
      expect(errors.every((error) => error instanceof RemoteError && error.code === 'REMOTE')).toBe(true);
      expect(errors.map((error) => (error as RemoteError).remote)).toEqual([
        { code: 'NO_FUNDS', text: 'not enough', details: { missing: 3 } },
        { code: 'INVALID_PAYLOAD', text: 'left: must not be 2', details: [{ path: 'left', message: 'must not be 2' }] },
        { code: 'REJECTED', text: 'not today' },
        { code: 'HANDLER_FAILED', text: 'too small' },
      ]);
    });

    it('that cannot be read are answered with what is wrong', async () => {
      const asked = add();
      const other = call(asked.name, { request: json<string>(), reply: json<number>(), partitions: 4 });
      const [front, back] = pair();
      const strict = {
        ...json<Sum>(),
        decode: () => Promise.reject(invalidPayload([{ path: 'right', message: 'is missing' }])),
      };
      back.respond(call(asked.name, { request: strict, reply: json<number>(), partitions: 4 }), () => 0);
      await Promise.all([front.start(), back.start()]);
      const error = await rejection(front.request(other, 'text'));
      expect(error).toMatchObject({ code: 'REMOTE', remote: { code: 'INVALID_PAYLOAD', text: 'right: is missing' } });
    });

    it('whose answer is too large are told so', async () => {
      const big = call(kit.name('big'), { request: json<number>(), reply: json<string>(), partitions: 1 });
      const front = kit.bus('front');
      const back = kit.bus('back', { limits: { messageBytesMax: 10_000 } });
      back.respond(big, (length) => 'x'.repeat(length));
      await Promise.all([front.start(), back.start()]);
      expect(await front.request(big, 5_000)).toHaveLength(5_000);
      const error = await rejection(front.request(big, 20_000));
      expect(error).toMatchObject({ remote: { code: 'MESSAGE_TOO_LARGE' } });
      expect((error as RemoteError).message).toMatch(/limit of 10000 bytes.*limits\.messageBytesMax/);
    });

    it('time out, and the responder hears of it', async () => {
      const sum = add(200);
      const [front, back] = pair();
      const aborted: unknown[] = [];
      const gate = new Gate();
      back.respond(sum, async (_, { signal }) => {
        signal.addEventListener('abort', () => aborted.push(signal.reason));
        await gate.passed;
        return 1;
      });
      await Promise.all([front.start(), back.start()]);
      const error = await rejection(front.request(sum, { left: 1, right: 1 }));
      expect(error).toMatchObject({ code: 'TIMED_OUT', retriable: true });
      await atLeast(1, aborted, 'aborts');
      expect(aborted[0]).toBeInstanceOf(TrunklineError);
      gate.open();
      expect(front.health().pendingRequests).toBe(0);
    });

    it('time out when nobody answers', async () => {
      const front = kit.bus('front');
      await front.start();
      const sum = add(100);
      await expect(front.request(sum, { left: 1, right: 1 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
      await expect(front.request(sum, { left: 1, right: 1 }, { timeoutMs: 50 })).rejects.toThrow('within 50 ms');
    });

    it('are cancelled at the responder when their caller aborts', async () => {
      const sum = add(60_000);
      const [front, back] = pair();
      const begun: string[] = [];
      const aborted: unknown[] = [];
      back.respond(sum, async (_, { signal }) => {
        begun.push('one');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        aborted.push(signal.reason);
        return 1;
      });
      await Promise.all([front.start(), back.start()]);
      const controller = new AbortController();
      const asked = rejection(front.request(sum, { left: 1, right: 1 }, { signal: controller.signal }));
      await atLeast(1, begun);
      controller.abort(new Error('the user left'));
      expect(await asked).toMatchObject({ code: 'ABORTED', cause: { message: 'the user left' } });
      await atLeast(1, aborted, 'aborts');
      expect(aborted[0]).toMatchObject({ code: 'ABORTED' });
    });

    it('of a caller that gave up long ago are dropped unrun', async () => {
      const sum = add(80);
      const [front, back] = pair();
      let runs = 0;
      const lane = back.respond(sum, () => ++runs);
      // With its inbox open and its channel made, a request is sent whatever the machine is doing.
      const warm = add();
      front.respond(warm, ({ left, right }) => left + right);
      front.declare([sum]);
      await front.start();
      await front.request(warm, { left: 1, right: 1 });
      await rejection(front.request(sum, { left: 1, right: 1 }));
      await back.start();
      expect(await front.request(sum, { left: 1, right: 1 }, { timeoutMs: 10_000 })).toBe(1);
      await until('it is counted', () => lane.health().expired === 1, WAIT_MS);
      expect(runs).toBe(1);
    });

    it('that name no inbox are dropped: nobody makes a responder write elsewhere', async () => {
      const sum = add();
      const [front, back] = pair();
      let runs = 0;
      const lane = back.respond(sum, () => ++runs);
      await Promise.all([front.start(), back.start()]);
      const engine = await kit.engine();
      const headers = (replyTo: string): Map<string, Uint8Array> =>
        new Map(
          Object.entries({ 'tl-correlation-id': 'x', 'tl-reply-to': replyTo }).map(([k, v]) => [k, Buffer.from(v)]),
        );
      await engine.publish([
        message(sum.name, '{}'),
        message(sum.name, '{}', { headers: headers('orders.placed:0') }),
        message(sum.name, '{}', { headers: headers('no.such.inbox') }),
      ]);
      await until('they are counted', () => lane.health().expired === 3, WAIT_MS);
      expect(await front.request(sum, { left: 1, right: 1 })).toBe(1);
      expect(runs).toBe(1);
    });

    it('are answered while their responder drains', async () => {
      const sum = add(30_000);
      const [front, back] = pair();
      const begun: string[] = [];
      const gate = new Gate();
      back.respond(sum, async ({ left, right }) => {
        begun.push('one');
        await gate.passed;
        return left + right;
      });
      await Promise.all([front.start(), back.start()]);
      const asked = front.request(sum, { left: 4, right: 5 });
      await atLeast(1, begun);
      const drained = back.drain(10_000);
      gate.open();
      expect(await asked).toBe(9);
      await drained;
    });

    it('may be asked inside of handlers', async () => {
      const sum = add();
      const twice = call(kit.name('twice'), { request: json<number>(), reply: json<number>(), partitions: 1 });
      const [front, back] = pair();
      back.respond(sum, ({ left, right }) => left + right);
      back.respond(twice, async (value) => await back.request(sum, { left: value, right: value }));
      await Promise.all([front.start(), back.start()]);
      expect(await front.request(twice, 21)).toBe(42);
    });
  });
}
