import { describe, expect, it } from '@jest/globals';
import { type Deliver, type Engine, RedeliverAfter, type Subscription } from '@trunkline/bus';
import { type Kit, atLeast, message, valueOf } from './engine-conformance-kit.js';

function listen(engine: Engine, channel: string, deliver: Deliver, partition?: number): Promise<Subscription> {
  const mode = { kind: 'broadcast', ...(partition !== undefined && { partition }) } as const;
  return engine.subscribe({ channels: [channel], mode, order: 'partition', concurrency: 4, from: 'latest' }, deliver);
}

export function describeBroadcast(kit: Kit): void {
  describe('broadcast', () => {
    it('gives every subscriber each message, from now on', async () => {
      const engines = [await kit.engine(), await kit.engine()];
      const [engine] = engines;
      if (engine === undefined) throw new Error('two engines were opened');
      const channel = await kit.channel(engine, 2);
      await engine.publish(['old 1', 'old 2', 'old 3'].map((value) => message(channel, value)));
      const seen: string[][] = [[], []];
      for (const [index, each] of engines.entries()) {
        await listen(each, channel, async (delivery) => void seen[index]?.push(valueOf(delivery) ?? ''));
      }
      await engine.publish(['a', 'b', 'c', 'd'].map((value) => message(channel, value)));
      for (const list of seen) {
        await atLeast(4, list);
        expect(list.toSorted()).toEqual(['a', 'b', 'c', 'd']);
      }
    });

    it('delivers what is published right after a subscribe', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 2);
      for (let round = 0; round < 10; round++) {
        const seen: string[] = [];
        const subscription = await listen(engine, channel, async (delivery) => void seen.push(valueOf(delivery) ?? ''));
        await engine.publish([message(channel, String(round))]);
        await atLeast(1, seen);
        expect(seen).toEqual([String(round)]);
        await subscription.close(1_000);
      }
    });

    it('delivers a rejected message again', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const attempts: number[] = [];
      await listen(engine, channel, async ({ attempt }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new RedeliverAfter(1);
      });
      await engine.publish([message(channel, 'x')]);
      await atLeast(3, attempts);
      expect(attempts).toEqual([1, 2, 3]);
    });

    it('remembers nothing: who comes again begins at now', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const first = await listen(engine, channel, async () => {});
      await first.close(1_000);
      await engine.publish([message(channel, 'missed')]);
      const seen: string[] = [];
      await listen(engine, channel, async (delivery) => void seen.push(valueOf(delivery) ?? ''));
      await engine.publish([message(channel, 'heard')]);
      await atLeast(1, seen);
      expect(seen).toEqual(['heard']);
    });

    if (kit.tested.features.partitionedBroadcast) {
      it('of one partition brings that one alone, to each who reads it, in order', async () => {
        const engine = await kit.engine();
        const other = await kit.engine();
        const channel = await kit.channel(engine, 4);
        const seen: [string[], string[], string[]] = [[], [], []];
        await listen(engine, channel, async (delivery) => void seen[0].push(valueOf(delivery) ?? ''), 1);
        await listen(other, channel, async (delivery) => void seen[1].push(valueOf(delivery) ?? ''), 1);
        await listen(other, channel, async (delivery) => void seen[2].push(valueOf(delivery) ?? ''), 2);
        const both = Array.from({ length: 20 }, (_, at) =>
          [1, 2].map((partition) => message(channel, `${partition}: ${at}`, { partition })),
        );
        for (const messages of both) await engine.publish(messages);
        const wanted = (partition: number): string[] => Array.from({ length: 20 }, (_, at) => `${partition}: ${at}`);
        for (const [index, partition] of [1, 1, 2].entries()) {
          const list = seen[index] ?? [];
          await atLeast(20, list);
          expect(list).toEqual(wanted(partition));
        }
      });
    }
  });
}
