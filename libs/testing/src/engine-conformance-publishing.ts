import { describe, expect, it } from '@jest/globals';
import { type Delivery, TrunklineError } from '@trunkline/bus';
import {
  type Kit,
  atLeast,
  bytesOf,
  message,
  rejection,
  subscribe,
  textOf,
  valueOf,
} from './engine-conformance-kit.js';

export function describePublishing(kit: Kit): void {
  describe('publishes', () => {
    it('key, value and headers as the bytes that they are', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      const seen: Delivery[] = [];
      await subscribe(engine, channel, kit.name('g'), async (delivery) => void seen.push(delivery));
      const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const headers = new Map([
        ['content-type', bytesOf('application/x-any')],
        ['x-binary', allBytes],
        ['x-empty', new Uint8Array(0)],
        ['kafka_camelCase', bytesOf('kept')],
      ]);
      const beforeMs = Date.now();
      await engine.publish([{ channel, key: allBytes, value: allBytes, headers }]);
      await atLeast(1, seen);
      const [got] = seen;
      expect(got).toMatchObject({ channel, offset: 0, attempt: 1 });
      expect(new Uint8Array(got?.key ?? [])).toEqual(allBytes);
      expect(new Uint8Array(got?.value ?? [])).toEqual(allBytes);
      expect([...(got?.headers ?? [])].map(([name, value]) => [name, [...value]])).toEqual(
        [...headers].map(([name, value]) => [name, [...value]]),
      );
      expect(Math.abs((got?.timestampMs ?? 0) - beforeMs)).toBeLessThan(60_000);
    });

    it('a tombstone as null, an empty value as empty, a missing key as null', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const seen: Delivery[] = [];
      await subscribe(engine, channel, kit.name('g'), async (delivery) => void seen.push(delivery), {
        order: 'partition',
      });
      await engine.publish([
        message(channel, '', { value: null, keyText: 'k' }),
        message(channel, '', { value: new Uint8Array(0), keyText: 'k' }),
        message(channel, 'no key'),
      ]);
      await atLeast(3, seen);
      expect(seen.map(({ value }) => value?.byteLength)).toEqual([undefined, 0, 6]);
      expect(seen.map(({ key }) => textOf(key))).toEqual(['k', 'k', undefined]);
    });

    it('a large message whole', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const seen: Delivery[] = [];
      await subscribe(engine, channel, kit.name('g'), async (delivery) => void seen.push(delivery));
      const value = Uint8Array.from({ length: 900_000 }, (_, index) => (index * 31) % 251);
      await engine.publish([message(channel, '', { value })]);
      await atLeast(1, seen);
      expect(Buffer.compare(Buffer.from(seen[0]?.value ?? []), Buffer.from(value))).toBe(0);
    });

    it('nothing that is larger than it may be, and says so for good', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 1);
      const value = new Uint8Array(engine.messageBytesMax + 1);
      const error = await rejection(engine.publish([message(channel, '', { value })]));
      expect(error).toBeInstanceOf(TrunklineError);
      expect((error as TrunklineError).retriable).toBe(false);
    });

    it('messages with one key in the order in which they were given, also when no call is awaited', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine);
      const seen: Delivery[] = [];
      await subscribe(engine, channel, kit.name('g'), async (delivery) => void seen.push(delivery));
      const calls: Promise<void>[] = [];
      for (let call = 0; call < 100; call++) {
        calls.push(
          engine.publish([0, 1, 2].map((part) => message(channel, String(call * 3 + part), { keyText: 'one' }))),
        );
        if (call % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(calls);
      await atLeast(300, seen);
      expect(seen.map(valueOf)).toEqual(Array.from({ length: 300 }, (_, index) => String(index)));
      expect(new Set(seen.map(({ partition }) => partition)).size).toBe(1);
    });

    it('messages of several channels in one call', async () => {
      const engine = await kit.engine();
      const channels = [await kit.channel(engine), await kit.channel(engine)];
      const seen: Delivery[] = [];
      const mode = { kind: 'group', group: kit.name('g') } as const;
      await engine.subscribe(
        { channels, mode, order: 'key', concurrency: 8, from: 'earliest' },
        async (delivery) => void seen.push(delivery),
      );
      await engine.publish(channels.flatMap((channel) => ['a', 'b', 'c'].map((value) => message(channel, value))));
      await atLeast(6, seen);
      for (const channel of channels) {
        expect(
          seen
            .filter((delivery) => delivery.channel === channel)
            .map((delivery) => valueOf(delivery) ?? '')
            .toSorted(),
        ).toEqual(['a', 'b', 'c']);
      }
    });

    it('to the partition that was asked for, whatever the key', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 3);
      const seen: Delivery[] = [];
      await subscribe(engine, channel, kit.name('g'), async (delivery) => void seen.push(delivery));
      await engine.publish(
        [0, 1, 2].map((partition) => message(channel, String(partition), { partition, keyText: 'same' })),
      );
      await atLeast(3, seen);
      expect(seen.map(({ partition }) => String(partition)).toSorted()).toEqual(
        seen.map((delivery) => valueOf(delivery) ?? '').toSorted(),
      );
    });

    it('spreads messages without a key over the partitions', async () => {
      const engine = await kit.engine();
      const channel = await kit.channel(engine, 4);
      const seen: Delivery[] = [];
      await subscribe(engine, channel, kit.name('g'), async (delivery) => void seen.push(delivery));
      for (let round = 0; round < 40; round++) await engine.publish([message(channel, String(round))]);
      await atLeast(40, seen);
      expect(new Set(seen.map(({ partition }) => partition)).size).toBeGreaterThan(1);
    });

    it('into channels that it made when they were missing, and leaves those that exist', async () => {
      const engine = await kit.engine();
      const channel = kit.name('made');
      await engine.ensure([{ channel, partitions: 5, flush: 'os', retentionMs: 600_000 }]);
      await engine.ensure([{ channel, partitions: 2 }, { channel: kit.name('made') }]);
      await engine.publish([message(channel, 'last', { partition: 4 })]);
    });

    it('refuses a channel that cannot be', async () => {
      const engine = await kit.engine();
      const error = await rejection(engine.ensure([{ channel: 'no such/name', partitions: 1 }]));
      expect(error).toMatchObject({ name: 'TrunklineError', code: 'ENGINE_REFUSED' });
    });

    it('nothing once it is closed', async () => {
      const engine = kit.world.engine();
      await engine.start();
      const channel = await kit.channel(engine);
      await engine.close();
      await expect(engine.publish([message(channel, 'late')])).rejects.toBeInstanceOf(TrunklineError);
      await engine.close(); // twice is allowed
    });
  });
}
