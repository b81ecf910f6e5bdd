import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@trunkline/testing';
import fc from 'fast-check';
import { type AssignedPartition, type DispatcherOptions, PartitionDispatcher } from './dispatcher.js';
import type { Delivery } from './engine.js';
import { RedeliverAfter } from './error.js';

/** A delivery under way that the test settles. */
interface Running {
  readonly delivery: Delivery;
  readonly acknowledge: () => void;
  readonly reject: (reason?: unknown) => void;
}

const NO_HEADERS = new Map<string, Uint8Array>();

function delivery(offset: number, key: string | null = null, partition = 0, bytes = 1): Delivery {
  return {
    channel: 'c',
    partition,
    offset,
    key: key === null ? null : new TextEncoder().encode(key),
    value: new Uint8Array(bytes),
    headers: NO_HEADERS,
    timestampMs: 0,
    attempt: 1,
  };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function setUp(options: Partial<DispatcherOptions> = {}) {
  const clock = new ManualClock();
  const running: Running[] = [];
  const told: string[] = [];
  const tell = (what: string) => (partition: AssignedPartition) =>
    void told.push(`${what} ${partition.partition}${what === 'moved' ? ` to ${partition.position}` : ''}`);
  const dispatcher = new PartitionDispatcher({
    order: 'key',
    concurrency: 4,
    clock,
    deliver: (given) =>
      new Promise((resolve, reject) => {
        const settle = (): void => void running.splice(running.indexOf(entry), 1);
        const entry: Running = {
          delivery: given,
          acknowledge: () => (settle(), resolve()),
          reject: (reason = new Error('no')) => (settle(), reject(reason as Error)),
        };
        running.push(entry);
      }),
    events: { full: tell('full'), ready: tell('ready'), moved: tell('moved') },
    ...options,
  });
  const offsets = (): number[] => running.map((entry) => entry.delivery.offset);
  const at = (offset: number): Running => {
    const found = running.find((entry) => entry.delivery.offset === offset);
    if (found === undefined) throw new Error(`offset ${offset} is not running`);
    return found;
  };
  return { clock, running, told, dispatcher, offsets, at };
}

describe('a partition dispatcher', () => {
  it('runs messages of one key one after the other, and others side by side', async () => {
    const { dispatcher, offsets, at } = setUp();
    const partition = dispatcher.assign('c', 0, 0);
    for (const [offset, key] of ['a', 'a', 'b', null].entries()) partition.offer(delivery(offset, key));
    expect(offsets()).toEqual([0, 2, 3]);
    at(0).acknowledge();
    await turn();
    expect(offsets()).toEqual([2, 3, 1]);
  });

  it('starts no more than its concurrency, in the order of the offsets', async () => {
    const { dispatcher, offsets, at } = setUp({ concurrency: 2, order: 'none' });
    const partition = dispatcher.assign('c', 0, 0);
    for (let offset = 0; offset < 5; offset++) partition.offer(delivery(offset, 'same'));
    expect(offsets()).toEqual([0, 1]);
    at(1).acknowledge();
    await turn();
    expect(offsets()).toEqual([0, 2]);
    expect(dispatcher.inFlight).toBe(2);
  });

  it('runs a partition in order when asked to, and two partitions side by side', () => {
    const { dispatcher, running } = setUp({ order: 'partition' });
    for (const index of [0, 1]) {
      const partition = dispatcher.assign('c', index, 0);
      partition.offer(delivery(0, 'a', index));
      partition.offer(delivery(1, 'b', index));
    }
    expect(running.map((entry) => [entry.delivery.partition, entry.delivery.offset])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('commits no further than the first unfinished message', async () => {
    const { dispatcher, at, told } = setUp();
    const partition = dispatcher.assign('c', 0, 10);
    for (const offset of [10, 11, 13]) partition.offer(delivery(offset));
    at(11).acknowledge();
    at(13).acknowledge();
    await turn();
    expect(partition.position).toBe(10);
    at(10).acknowledge();
    await turn();
    expect(partition.position).toBe(14);
    expect(told).toEqual(['moved 0 to 14']);
  });

  it('passes what is not to be delivered once it is told so', () => {
    const { dispatcher, told } = setUp();
    const partition = dispatcher.assign('c', 0, 5);
    partition.advance(9);
    expect(partition.position).toBe(9);
    partition.offer(delivery(9));
    partition.advance(20);
    expect(partition.position).toBe(9);
    expect(told).toEqual(['moved 0 to 9']);
  });

  it('delivers a rejected message again after the pause that was named, without holding up other keys', async () => {
    const { dispatcher, clock, offsets, at } = setUp({ concurrency: 1 });
    const partition = dispatcher.assign('c', 0, 0);
    for (const [offset, key] of ['a', 'a', 'b'].entries()) partition.offer(delivery(offset, key));
    at(0).reject(new RedeliverAfter(5_000));
    await turn();
    expect(offsets()).toEqual([2]); // its key waits, and its place is free
    at(2).acknowledge();
    await turn();
    clock.advance(4_999);
    expect(offsets()).toEqual([]);
    clock.advance(1);
    expect(offsets()).toEqual([0]);
    expect(at(0).delivery.attempt).toBe(2);
    at(0).acknowledge();
    await turn();
    expect(offsets()).toEqual([1]);
    expect(partition.position).toBe(1);
  });

  it('doubles its own pause up to a limit when none is named', async () => {
    const { dispatcher, clock, offsets, at } = setUp({ redeliverFirstMs: 100, redeliverMaxMs: 300 });
    const partition = dispatcher.assign('c', 0, 0);
    partition.offer(delivery(0));
    for (const pauseMs of [100, 200, 300, 300]) {
      at(0).reject();
      await turn();
      clock.advance(pauseMs - 1);
      expect(offsets()).toEqual([]);
      clock.advance(1);
      expect(offsets()).toEqual([0]);
    }
  });

  it('asks to stop fetching when too many messages wait behind the first unfinished one, and to go on at half', async () => {
    const { dispatcher, told, at, offsets } = setUp({ concurrency: 8, lookAheadMax: 4, order: 'none' });
    const partition = dispatcher.assign('c', 0, 0);
    for (let offset = 0; offset < 4; offset++) partition.offer(delivery(offset));
    expect(told).toEqual(['full 0']);
    expect(partition.full).toBe(true);
    for (const offset of [3, 2, 1]) at(offset).acknowledge();
    await turn();
    expect(told).toEqual(['full 0']); // finished, but behind an unfinished one: still held
    at(0).acknowledge();
    await turn();
    expect(told).toEqual(['full 0', 'moved 0 to 4', 'ready 0']);
    expect(offsets()).toEqual([]);
  });

  it('shares its bytes among its partitions', () => {
    const { dispatcher, told } = setUp({ lookAheadBytesMax: 100 });
    const first = dispatcher.assign('c', 0, 0);
    dispatcher.assign('c', 1, 0);
    first.offer(delivery(0, null, 0, 49));
    expect(told).toEqual([]);
    first.offer(delivery(1, null, 0, 1));
    expect(told).toEqual(['full 0']);
  });

  it('starts nothing while it is paused', () => {
    const { dispatcher, offsets } = setUp();
    const partition = dispatcher.assign('c', 0, 0);
    dispatcher.pause();
    partition.offer(delivery(0));
    expect(offsets()).toEqual([]);
    dispatcher.resume();
    expect(offsets()).toEqual([0]);
  });

  it('ignores what comes late from a revoked partition', async () => {
    const { dispatcher, offsets, at, told } = setUp({ concurrency: 1 });
    const revoked = dispatcher.assign('c', 0, 0);
    revoked.offer(delivery(0));
    revoked.offer(delivery(1));
    const late = at(0);
    revoked.revoke();
    const kept = dispatcher.assign('c', 1, 0);
    kept.offer(delivery(0, null, 1));
    expect(dispatcher.inFlight).toBe(1); // it runs, so it counts
    late.acknowledge();
    await turn();
    expect(offsets()).toEqual([0]);
    expect(revoked.position).toBe(0);
    expect(told).toEqual([]);
    revoked.offer(delivery(2));
    expect(dispatcher.inFlight).toBe(1);
  });

  it('releases a partition when what runs is through, and says how far it came', async () => {
    const { dispatcher, at, offsets } = setUp({ concurrency: 2, order: 'none' });
    const partition = dispatcher.assign('c', 0, 0);
    for (let offset = 0; offset < 4; offset++) partition.offer(delivery(offset));
    const released = partition.release(1_000);
    at(0).acknowledge();
    await turn();
    expect(offsets()).toEqual([1]);
    at(1).acknowledge();
    expect(await released).toBe(2);
  });

  it('releases a partition at the deadline, whatever runs', async () => {
    const { dispatcher, clock, at } = setUp();
    const partition = dispatcher.assign('c', 0, 7);
    partition.offer(delivery(7));
    const released = partition.release(1_000);
    clock.advance(1_000);
    expect(await released).toBe(7);
    at(7).acknowledge();
    await turn();
    expect(partition.position).toBe(7);
  });

  it('drains: what runs finishes and counts, what waits for another attempt stays unfinished', async () => {
    const { dispatcher, clock, at, offsets } = setUp({ concurrency: 2, order: 'none' });
    const partition = dispatcher.assign('c', 0, 0);
    for (let offset = 0; offset < 3; offset++) partition.offer(delivery(offset));
    at(1).reject();
    await turn();
    const drained = dispatcher.drain(1_000);
    at(0).acknowledge();
    at(2).acknowledge();
    expect(await drained).toBe(true);
    clock.advance(60_000);
    expect(offsets()).toEqual([]);
    expect(partition.position).toBe(1);
  });

  it('takes nothing more while it drains or releases, and its position passes nothing that it did not take', async () => {
    const { dispatcher, at } = setUp();
    const [drained, released] = [dispatcher.assign('c', 0, 0), dispatcher.assign('c', 1, 0)];
    for (const partition of [drained, released]) partition.offer(delivery(0, 'a', partition.partition));
    const releasing = released.release(1_000);
    released.offer(delivery(1, 'a', 1));
    released.advance(2);
    const draining = dispatcher.drain(1_000);
    drained.offer(delivery(1));
    drained.advance(2);
    at(0).acknowledge();
    await turn();
    at(0).acknowledge();
    expect(await draining).toBe(true);
    expect([drained.position, await releasing]).toEqual([1, 1]);
  });

  it('says when a drain was not through in time', async () => {
    const { dispatcher, clock } = setUp();
    dispatcher.assign('c', 0, 0).offer(delivery(0));
    const drained = dispatcher.drain(50);
    clock.advance(50);
    expect(await drained).toBe(false);
  });
});

/** What a random run does next. */
type Step =
  | { readonly kind: 'offer'; readonly partition: number; readonly key: number; readonly gap: number }
  | { readonly kind: 'settle'; readonly which: number; readonly ok: boolean }
  | { readonly kind: 'revoke'; readonly partition: number }
  | { readonly kind: 'time' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('offer' as const), partition: fc.nat(2), key: fc.nat(4), gap: fc.nat(2) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat(20), ok: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), partition: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const) }) },
);

describe('a partition dispatcher, whatever happens', () => {
  it('keeps order per key and concurrency, never commits an unfinished message, loses none and repeats none unasked', async () => {
    const run = async (steps: readonly Step[], concurrency: number): Promise<void> => {
      const { dispatcher, clock, running } = setUp({ concurrency, lookAheadMax: 1_000, redeliverFirstMs: 10 });
      const partitions = [0, 1, 2].map((index) => dispatcher.assign('c', index, 0));
      const next = [0, 0, 0];
      const offered = [0, 1, 2].map(
        () => new Map<number, { key: string | null; done: boolean; asked: number; begun: number }>(),
      );
      const revoked = new Set<number>();
      const begun = new Set<Running>();
      const check = (): void => {
        expect(running.length).toBeLessThanOrEqual(concurrency);
        for (const entry of running) {
          if (begun.has(entry)) continue;
          begun.add(entry);
          const { partition, offset, attempt } = entry.delivery;
          const known = offered[partition]?.get(offset);
          if (known === undefined) throw new Error(`${partition}/${offset} was never offered`);
          known.begun += 1;
          expect(known.begun).toBe(known.asked + 1); // no run that nobody asked for
          expect(attempt).toBe(known.begun);
          for (const [other, { key, done }] of offered[partition] ?? []) {
            if (other < offset && key !== null && key === known.key) expect(done).toBe(true);
          }
        }
        for (const [index, partition] of partitions.entries()) {
          const open = [...(offered[index] ?? [])].filter(([, { done }]) => !done).map(([offset]) => offset);
          expect(partition.position).toBeLessThanOrEqual(Math.min(...open));
          if (!revoked.has(index) && open.length === 0) expect(partition.position).toBe(next[index]);
        }
      };
      const settle = (entry: Running, ok: boolean): void => {
        const known = offered[entry.delivery.partition]?.get(entry.delivery.offset);
        if (known !== undefined && !revoked.has(entry.delivery.partition)) {
          if (ok) known.done = true;
          else known.asked += 1;
        }
        if (ok) entry.acknowledge();
        else entry.reject();
      };
      for (const each of steps) {
        if (each.kind === 'offer' && !revoked.has(each.partition)) {
          const offset = (next[each.partition] ?? 0) + each.gap;
          const key = each.key === 4 ? null : `key ${each.key}`;
          offered[each.partition]?.set(offset, { key, done: false, asked: 0, begun: 0 });
          next[each.partition] = offset + 1;
          partitions[each.partition]?.offer(delivery(offset, key, each.partition));
        } else if (each.kind === 'settle' && running.length > 0) {
          const entry = running[each.which % running.length];
          if (entry !== undefined) settle(entry, each.ok);
        } else if (each.kind === 'revoke') {
          revoked.add(each.partition);
          partitions[each.partition]?.revoke();
        } else if (each.kind === 'time') {
          clock.advance(20);
        }
        await turn();
        check();
      }
      for (let round = 0; running.length > 0 || clock.pending > 0; round++) {
        expect(round).toBeLessThan(10_000);
        for (const entry of running.slice()) settle(entry, true);
        clock.advance(20_000);
        await turn();
        check();
      }
      for (const [index, messages] of offered.entries()) {
        if (revoked.has(index)) continue;
        for (const { done } of messages.values()) expect(done).toBe(true);
        expect(partitions[index]?.position).toBe(next[index]);
      }
    };
    const runs = fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), run);
    await fc.assert(runs, { numRuns: 150 }); // fast-check prints the seed and the path of a failure
  });
});
