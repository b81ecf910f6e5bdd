import { describe, expect, it } from '@jest/globals';
import type { Delivery } from '@trunkline/bus';
import { Gate, type Kit, WAIT_MS, atLeast, message, subscribe, turns, valueOf } from './engine-conformance-kit.js';
import { until } from './until.js';

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

export function describeGroups(kit: Kit): void {
  const { features } = kit.tested;

  describe('groups', () => {
    if (features.replay) {
      it('read what was written before them, when they begin at the earliest', async () => {
        const engine = await kit.engine();
        const channel = await kit.channel(engine);
        await engine.publish(numbers(0, 20).map((value) => message(channel, value)));
        const seen: string[] = [];
        await subscribe(engine, channel, kit.name('g'), async (delivery) => void seen.push(valueOf(delivery) ?? ''));
        await atLeast(20, seen);
        expect(seen.toSorted()).toEqual(numbers(0, 20).toSorted());
      });
    }

    it('read only what comes, when they begin at the latest', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      await engine.publish(numbers(0, 5).map((value) => message(channel, `old ${value}`)));
      const seen: string[] = [];
      const deliver = async (delivery: Delivery): Promise<void> => void seen.push(valueOf(delivery) ?? '');
      await subscribe(engine, channel, kit.name('g'), deliver, { from: 'latest' });
      await engine.publish(numbers(0, 20).map((value) => message(channel, value)));
      await atLeast(20, seen);
      expect(seen.toSorted()).toEqual(numbers(0, 20).toSorted());
    });

    it('go on where they were, and get nothing again that was acknowledged', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      const group = kit.name('g');
      const first: string[] = [];
      const subscription = await subscribe(
        engine,
        channel,
        group,
        async (delivery) => void first.push(valueOf(delivery) ?? ''),
      );
      await engine.publish(numbers(0, 10).map((value) => message(channel, value)));
      await atLeast(10, first);
      await subscription.close(5_000);
      await engine.publish(numbers(10, 20).map((value) => message(channel, value)));
      const second: string[] = [];
      await subscribe(engine, channel, group, async (delivery) => void second.push(valueOf(delivery) ?? ''));
      await atLeast(10, second);
      expect(second.toSorted()).toEqual(numbers(10, 20).toSorted());
    });

    it('each get every message', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      const seen: [string[], string[]] = [[], []];
      for (const list of seen) {
        await subscribe(engine, channel, kit.name('g'), async (delivery) => void list.push(valueOf(delivery) ?? ''));
      }
      await engine.publish(numbers(0, 10).map((value) => message(channel, value)));
      for (const list of seen) {
        await atLeast(10, list);
        expect(list.toSorted()).toEqual(numbers(0, 10).toSorted());
      }
    });

    it('share their messages among members: each goes to one', async () => {
      const engines = [await kit.engine(), await kit.engine()];
      const [engine] = engines;
      if (engine === undefined) throw new Error('two engines were opened');
      const channel = await kit.channel(engine, 4);
      const group = kit.name('g');
      const seen: string[][] = [[], []];
      const subscriptions = await Promise.all(
        engines.map((each, index) =>
          subscribe(each, channel, group, async (delivery) => void seen[index]?.push(valueOf(delivery) ?? '')),
        ),
      );
      await until(
        'both have partitions',
        () => subscriptions.every((each) => each.status().assigned.length === 2),
        WAIT_MS,
      );
      await engine.publish(numbers(0, 100).map((value) => message(channel, value, { keyText: value })));
      await until('all came', () => seen.flat().length >= 100, WAIT_MS);
      expect(seen.flat().toSorted()).toEqual(numbers(0, 100).toSorted());
      expect(seen.every((list) => list.length > 0)).toBe(true);
    });

    it('lose nothing while members come and go', async () => {
      const engine = await kit.engine();
      const others = [await kit.engine(), await kit.engine()];
      const channel = await kit.channel(engine, 6);
      const group = kit.name('g');
      const seen: string[] = [];
      const deliver = async (delivery: Delivery): Promise<void> => {
        await turns(1);
        seen.push(valueOf(delivery) ?? '');
      };
      await subscribe(engine, channel, group, deliver);
      const publish = async (from: number, to: number): Promise<void> => {
        for (let at = from; at < to; at += 10) {
          await engine.publish(
            numbers(at, Math.min(to, at + 10)).map((value) => message(channel, value, { keyText: value })),
          );
        }
      };
      const publishing = publish(0, 300);
      const joined = await Promise.all(others.map((other) => subscribe(other, channel, group, deliver)));
      await publishing;
      const more = publish(300, 600);
      await joined[0]?.close(5_000);
      await more;
      await publish(600, 700);
      await until('all came', () => new Set(seen).size === 700, WAIT_MS);
    });

    it('give what a member left unfinished to another', async () => {
      const engine = await kit.engine();
      const other = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const group = kit.name('g');
      const stuck = new Gate();
      const begun: string[] = [];
      const subscription = await subscribe(engine, channel, group, async (delivery) => {
        begun.push(valueOf(delivery) ?? '');
        await stuck.passed;
      });
      await engine.publish([message(channel, 'stuck')]);
      await atLeast(1, begun);
      await subscription.close(0);
      const seen: Delivery[] = [];
      await subscribe(other, channel, group, async (delivery) => void seen.push(delivery));
      await atLeast(1, seen);
      expect(seen.map(valueOf)).toEqual(['stuck']);
      stuck.open();
    });

    it('wait on closing for what runs, and acknowledge it', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const group = kit.name('g');
      const gate = new Gate();
      const begun: string[] = [];
      const subscription = await subscribe(engine, channel, group, async (delivery) => {
        begun.push(valueOf(delivery) ?? '');
        await gate.passed;
      });
      await engine.publish([message(channel, 'slow')]);
      await atLeast(1, begun);
      expect(subscription.status().inFlight).toBe(1);
      let isClosed = false;
      const closing = subscription.close(10_000).then(() => (isClosed = true));
      await turns(5);
      expect(isClosed).toBe(false);
      gate.open();
      await closing;
      expect(subscription.status()).toMatchObject({ state: 'closed', inFlight: 0 });
      await engine.publish([message(channel, 'next')]);
      const seen: string[] = [];
      await subscribe(engine, channel, group, async (delivery) => void seen.push(valueOf(delivery) ?? ''));
      await atLeast(1, seen);
      expect(seen).toEqual(['next']);
    });

    it('start nothing while they are paused, and go on when resumed', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const seen: string[] = [];
      const subscription = await subscribe(engine, channel, kit.name('g'), async (delivery) => {
        seen.push(valueOf(delivery) ?? '');
      });
      await engine.publish([message(channel, 'before')]);
      await atLeast(1, seen);
      subscription.pause();
      expect(subscription.status().state).toBe('paused');
      const witness: string[] = [];
      await subscribe(
        engine,
        channel,
        kit.name('witness'),
        async (delivery) => void witness.push(valueOf(delivery) ?? ''),
      );
      await engine.publish([message(channel, 'while paused')]);
      await atLeast(features.replay ? 2 : 1, witness);
      expect(seen).toEqual(['before']);
      subscription.resume();
      await atLeast(2, seen);
      expect(seen).toEqual(['before', 'while paused']);
      expect(subscription.status().state).toBe('running');
    });

    it('say which partitions they read', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 3);
      const subscription = await subscribe(engine, channel, kit.name('g'), async () => {});
      await until('all partitions', () => subscription.status().assigned.length === 3, WAIT_MS);
      expect(subscription.status()).toMatchObject({ state: 'running', inFlight: 0 });
      expect(subscription.status().assigned.toSorted()).toEqual([0, 1, 2].map((index) => `${channel}/${index}`));
    });

    it('carry thousands of messages, each once, when nothing fails', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 8);
      const seen: string[] = [];
      const deliver = async (delivery: Delivery): Promise<void> => void seen.push(valueOf(delivery) ?? '');
      await subscribe(engine, channel, kit.name('g'), deliver, { concurrency: 16 });
      for (let at = 0; at < 5_000; at += 500) {
        await engine.publish(numbers(at, at + 500).map((value) => message(channel, value, { keyText: `k${value}` })));
      }
      await atLeast(5_000, seen);
      expect(seen.toSorted()).toEqual(numbers(0, 5_000).toSorted());
    });

    if (features.durable) {
      it('and messages outlive the processes', async () => {
        const engine = await kit.engine();
        const channel = await kit.channel(engine, 2);
        const group = kit.name('g');
        const seen: string[] = [];
        const subscription = await subscribe(
          engine,
          channel,
          group,
          async (delivery) => void seen.push(valueOf(delivery) ?? ''),
        );
        await engine.publish(numbers(0, 10).map((value) => message(channel, value)));
        await atLeast(10, seen);
        await subscription.close(5_000);
        await engine.publish(numbers(10, 20).map((value) => message(channel, value)));
        await kit.restart();
        const again = await kit.engine();
        const later: string[] = [];
        await subscribe(again, channel, group, async (delivery) => void later.push(valueOf(delivery) ?? ''));
        await atLeast(10, later);
        expect(later.toSorted()).toEqual(numbers(10, 20).toSorted());
      });
    }
  });
}
