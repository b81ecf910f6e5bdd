import { describe, expect, it } from '@jest/globals';
import { type Bus, fixed, json, queue } from '@trunkline/bus';
import { Gate, type Kit, WAIT_MS, atLeast, turns } from './engine-conformance-kit.js';
import { until } from './until.js';

interface Email {
  readonly to: string;
  readonly number: number;
}

export function describeBusQueues(kit: Kit): void {
  const emails = (partitions = 4) =>
    queue(kit.name('email.send'), json<Email>(), { partitions, retry: { attempts: 4, backoff: fixed(1) } });

  describe('work queues', () => {
    it('give each job to one worker, over all services', async () => {
      const send = emails(4);
      const seen: string[][] = [[], []];
      const workers = ['mailer', 'other-mailer'].map((service, index) => {
        const bus = kit.bus(service);
        const lane = bus.work(send, (email) => void seen[index]?.push(email.to));
        return { bus, lane };
      });
      await Promise.all(workers.map(({ bus }) => bus.start()));
      await until('both share', () => workers.every(({ lane }) => lane.health().assigned.length === 2), WAIT_MS);
      const jobs = Array.from({ length: 60 }, (_, number) => ({ to: `to${number}`, number }));
      await Promise.all(jobs.map(async (job) => await workers[0]?.bus.enqueue(send, job, { key: job.to })));
      await until('all done', () => seen.flat().length >= 60, WAIT_MS);
      expect(seen.flat().toSorted()).toEqual(jobs.map(({ to }) => to).toSorted());
      expect(seen.every((list) => list.length > 0)).toBe(true);
    });

    it('do jobs of one key in order and others side by side, within the concurrency', async () => {
      const send = emails(2);
      const bus = kit.bus('mailer');
      const seen = new Map<string, number[]>();
      let running = 0;
      let most = 0;
      bus.work(
        send,
        async ({ to, number }) => {
          most = Math.max(most, ++running);
          await turns(number % 3);
          seen.set(to, [...(seen.get(to) ?? []), number]);
          running -= 1;
        },
        { concurrency: 5 },
      );
      await bus.start();
      const keys = Array.from({ length: 10 }, (_, index) => `key${index}`);
      for (let number = 0; number < 20; number++) {
        await Promise.all(keys.map((to) => bus.enqueue(send, { to, number }, { key: to })));
      }
      await until('all done', () => [...seen.values()].flat().length === 200, WAIT_MS);
      for (const key of keys) expect(seen.get(key)).toEqual(Array.from({ length: 20 }, (_, index) => index));
      expect(most).toBeLessThanOrEqual(5);
      expect(most).toBeGreaterThan(1);
    });

    it('try a failed job again by the policy of the queue, and hold up nobody else', async () => {
      const send = emails(1);
      const bus = kit.bus('mailer');
      const seen: string[] = [];
      const lane = bus.work(
        send,
        ({ to }, { attempt }) => {
          if (to === 'greylisted' && attempt < 4) throw new Error('450 try later');
          seen.push(`${to} ${attempt}`);
        },
        { concurrency: 1, retry: { backoff: fixed(200) } },
      );
      await bus.start();
      for (const to of ['greylisted', 'a', 'b']) await bus.enqueue(send, { to, number: 0 }, { key: to });
      await atLeast(3, seen);
      expect(seen).toEqual(['a 1', 'b 1', 'greylisted 4']);
      await until('it is counted', () => lane.health().handled === 3, WAIT_MS);
      expect(lane.health()).toMatchObject({ retried: 3, deadLettered: 0 });
    });

    it('give the job of a worker that ended in the middle to another', async () => {
      const send = emails(1);
      const begun: string[] = [];
      const done: string[] = [];
      const worker = (name: string, gate: Gate): Bus => {
        const bus = kit.bus('mailer');
        bus.work(send, async ({ to }) => {
          begun.push(name);
          await gate.passed;
          done.push(`${to} by ${name}`);
        });
        return bus;
      };
      const stuck = new Gate();
      const free = new Gate();
      free.open();
      const first = worker('first', stuck);
      await first.start();
      await first.enqueue(send, { to: 'a', number: 1 });
      await atLeast(1, begun);
      const second = worker('second', free);
      const starting = second.start();
      await first.close();
      await starting;
      await atLeast(1, done);
      expect(done).toEqual(['a by second']);
      stuck.open();
    });

    it('do one of several jobs with one dedupe id', async () => {
      const send = emails(1);
      const bus = kit.bus('mailer');
      const seen: string[] = [];
      bus.work(send, ({ to }) => void seen.push(to), { idempotent: { ttlMs: 60_000 } });
      await bus.start();
      for (const to of ['a', 'a', 'b', 'a'])
        await bus.enqueue(send, { to, number: 1 }, { key: to, dedupeId: `mail to ${to}` });
      await bus.enqueue(send, { to: 'last', number: 1 }, { key: 'a' });
      await until('the last one', () => seen.includes('last'), WAIT_MS);
      expect(seen.toSorted()).toEqual(['a', 'b', 'last']);
    });

    it('drop a job that expired before its turn', async () => {
      const send = emails(1);
      const bus = kit.bus('mailer');
      const seen: string[] = [];
      const lane = bus.work(send, ({ to }) => void seen.push(to));
      await bus.start();
      await bus.enqueue(send, { to: 'stale', number: 1 }, { key: 'k', expiresAt: new Date(Date.now() - 1) });
      await bus.enqueue(send, { to: 'fresh', number: 1 }, { key: 'k', expiresAt: new Date(Date.now() + 60_000) });
      await atLeast(1, seen);
      expect(seen).toEqual(['fresh']);
      expect(lane.health().expired).toBe(1);
    });

    it('finish on a drain what runs, and leave the rest to others', async () => {
      const send = emails(1);
      const first = kit.bus('mailer');
      const gate = new Gate();
      const done: string[] = [];
      const begun: string[] = [];
      first.work(
        send,
        async ({ to }) => {
          begun.push(to);
          await gate.passed;
          done.push(`first ${to}`);
        },
        { concurrency: 1 },
      );
      await first.start();
      for (const to of ['a', 'b', 'c']) await first.enqueue(send, { to, number: 1 });
      await atLeast(1, begun);
      const drained = first.drain(10_000);
      await turns(3);
      gate.open();
      await drained;
      expect(first.health()).toMatchObject({ status: 'down', state: 'closed' });
      expect(done).toEqual(['first a']);
      const second = kit.bus('mailer');
      second.work(send, ({ to }) => void done.push(`second ${to}`));
      await second.start();
      await atLeast(3, done);
      expect(done.toSorted()).toEqual(['first a', 'second b', 'second c']);
    });

    it('stop and go on by the pause button of a lane', async () => {
      const send = emails(1);
      const bus = kit.bus('mailer');
      const seen: string[] = [];
      const lane = bus.work(send, ({ to }) => void seen.push(to));
      lane.pause();
      await bus.start();
      expect(bus.health()).toMatchObject({ status: 'up', lanes: [{ state: 'paused' }] });
      await bus.enqueue(send, { to: 'a', number: 1 });
      await turns(20);
      expect(seen).toEqual([]);
      lane.resume();
      await atLeast(1, seen);
    });
  });
}
