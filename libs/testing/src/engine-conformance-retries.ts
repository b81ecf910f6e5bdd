import { describe, expect, it } from '@jest/globals';
import { type Delivery, RedeliverAfter } from '@trunkline/bus';
import {
  Gate,
  type Kit,
  WAIT_MS,
  atLeast,
  message,
  subscribe,
  textOf,
  turns,
  valueOf,
} from './engine-conformance-kit.js';
import { until } from './until.js';

export function describeRetries(kit: Kit): void {
  describe('redelivery and order', () => {
    it('delivers a rejected message again, and counts the attempts', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      const seen: Delivery[] = [];
      await subscribe(engine, channel, kit.name('g'), async (delivery) => {
        seen.push(delivery);
        if (delivery.attempt < 3) throw new RedeliverAfter(1);
      });
      await engine.publish([message(channel, '1')]);
      await atLeast(3, seen);
      expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      expect(new Set(seen.map(({ offset, partition }) => `${partition}/${offset}`)).size).toBe(1);
    });

    it('takes any rejection for a request to deliver again', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      const attempts: number[] = [];
      await subscribe(engine, channel, kit.name('g'), async ({ attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new Error('not yet');
      });
      await engine.publish([message(channel, '1')]);
      await atLeast(2, attempts);
      expect(attempts).toEqual([1, 2]);
    });

    it('waits as long as a rejection says', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      const times: number[] = [];
      await subscribe(engine, channel, kit.name('g'), async ({ attempt }) => {
        times.push(performance.now());
        if (attempt === 1) throw new RedeliverAfter(150);
      });
      await engine.publish([message(channel, '1')]);
      const [first = 0, second = 0] = await atLeast(2, times);
      expect(second - first).toBeGreaterThanOrEqual(145); // timers of Node may fire a millisecond early
    });

    it('lets other keys go on while one waits for another attempt, even with a concurrency of 1', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const seen: string[] = [];
      const deliver = async (delivery: Delivery): Promise<void> => {
        if (textOf(delivery.key) === 'bad' && delivery.attempt === 1) throw new RedeliverAfter(400);
        seen.push(valueOf(delivery) ?? '');
      };
      await subscribe(engine, channel, kit.name('g'), deliver, { concurrency: 1 });
      await engine.publish([
        message(channel, 'bad 1', { keyText: 'bad' }),
        message(channel, 'bad 2', { keyText: 'bad' }),
        ...['a', 'b', 'c'].map((key) => message(channel, key, { keyText: key })),
      ]);
      await atLeast(5, seen);
      expect(seen).toEqual(['a', 'b', 'c', 'bad 1', 'bad 2']);
    });

    it('forgets no unfinished message when later ones are through', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const group = kit.name('g');
      const done: string[] = [];
      const first = await subscribe(engine, channel, group, async (delivery) => {
        const value = valueOf(delivery) ?? '';
        if (value === 'poison') throw new RedeliverAfter(60_000);
        done.push(value);
      });
      await engine.publish(['poison', 'a', 'b'].map((value) => message(channel, value, { keyText: value })));
      await atLeast(2, done);
      await first.close(5_000);
      const again: string[] = [];
      await subscribe(engine, channel, group, async (delivery) => void again.push(valueOf(delivery) ?? ''));
      await until('the unfinished one comes again', () => again.includes('poison'), WAIT_MS);
    });

    it('handles messages of one key one after the other, in their order, whatever the concurrency', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 3);
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const seen = new Map<string, number[]>(keys.map((key) => [key, []]));
      const running = new Set<string>();
      let isBroken = false;
      const deliver = async (delivery: Delivery): Promise<void> => {
        const key = textOf(delivery.key) ?? '';
        if (running.has(key)) isBroken = true;
        running.add(key);
        const value = Number(valueOf(delivery));
        await turns(value % 4);
        seen.get(key)?.push(value);
        running.delete(key);
      };
      await subscribe(engine, channel, kit.name('g'), deliver, { concurrency: 16 });
      const messages = Array.from({ length: 50 }, (_, at) =>
        keys.map((keyText) => message(channel, String(at), { keyText })),
      ).flat();
      await engine.publish(messages);
      await until('all came', () => [...seen.values()].every((list) => list.length === 50), WAIT_MS);
      expect(isBroken).toBe(false);
      for (const list of seen.values()) expect(list).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    it('handles a whole partition in order when asked to', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const seen: number[] = [];
      let running = 0;
      let most = 0;
      const deliver = async (delivery: Delivery): Promise<void> => {
        most = Math.max(most, ++running);
        await turns(Number(valueOf(delivery)) % 3);
        seen.push(delivery.offset);
        running -= 1;
      };
      await subscribe(engine, channel, kit.name('g'), deliver, { order: 'partition' });
      await engine.publish(Array.from({ length: 40 }, (_, at) => message(channel, String(at), { keyText: `k${at}` })));
      await atLeast(40, seen);
      expect(most).toBe(1);
      expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index));
    });

    it('handles messages of one key side by side when no order is asked for, as many as the concurrency allows', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 2);
      const gate = new Gate();
      let running = 0;
      let most = 0;
      let done = 0;
      const deliver = async (): Promise<void> => {
        most = Math.max(most, ++running);
        if (running === 5) gate.open();
        await gate.passed;
        running -= 1;
        done += 1;
      };
      await subscribe(engine, channel, kit.name('g'), deliver, { order: 'none', concurrency: 5 });
      await engine.publish(Array.from({ length: 30 }, (_, at) => message(channel, String(at), { keyText: 'one' })));
      await until('all came', () => done === 30, WAIT_MS);
      expect(most).toBe(5);
    });
  });
}
