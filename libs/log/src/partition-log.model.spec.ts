import { describe, expect, it } from '@jest/globals';
import { type Epoch, type Offset, silentLogger, utf8, type Uuid } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { batchesIn, buildBatch, RecordBatch } from '@trunkline/records';
import { ManualClock, SimDisk } from '@trunkline/testing';
import * as fc from 'fast-check';
import { DEFAULT_LOG_CONFIG, PartitionLog } from './index.js';
import type { ActiveProducer, FlushMode, LogConfig } from './log.js';

const SEQUENCES = 0x8000_0000;
/** `MODEL_RUNS=50` plays fifty times as many stories: for an hour when nobody waits. */
const RUNS = 60 * Number(process.env['MODEL_RUNS'] ?? 1);

/** What was given to the log: the reference that it is held against. */
interface Sent {
  readonly base: number;
  readonly values: readonly string[];
  readonly producer?: { readonly id: bigint; readonly epoch: number; readonly sequence: number };
}

type Act =
  | { kind: 'append'; producer: number; count: number; size: number; bump: boolean }
  | { kind: 'retry'; producer: number; back: number }
  | { kind: 'turns'; count: number }
  | { kind: 'flush' }
  | { kind: 'start'; percent: number }
  | { kind: 'retention' }
  | { kind: 'truncate'; percent: number }
  | { kind: 'checkpoint' }
  | { kind: 'mode'; mode: FlushMode }
  | { kind: 'restart'; how: 'clean' | 'kill' | 'crash' };

const CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  segmentBytesMax: 2500,
  indexIntervalBytes: 300,
  retentionBytes: 6000,
  retentionMs: -1,
};

/** A log on a simulated disk, and an array that says what must be in it. */
class Model {
  readonly clock = new ManualClock();
  sent: Sent[] = [];
  /** Reported durable, so it must be there whatever happens. */
  acked = 0;
  /** The log may start here at least (durable), and at most. */
  startMin = 0;
  startMax = 0;
  log!: PartitionLog;
  #mode: FlushMode = 'group-commit';
  #next = 0;
  #truncating = false;
  readonly #producers = new Map<number, { epoch: number; sequence: number }>();

  constructor(readonly disk: SimDisk) {}

  get end(): number {
    const last = this.sent.at(-1);
    return last === undefined ? 0 : last.base + last.values.length;
  }

  async open(clean: boolean): Promise<void> {
    this.#truncating = false;
    const disk = this.disk.process();
    await disk.makeDir('/data');
    await disk.syncDir('/');
    this.log = await PartitionLog.open({
      disk,
      clock: this.clock,
      crc32c,
      compression,
      logger: silentLogger,
      dir: '/data/t-0',
      identity: { topic: 't', topicId: 'tttttttttttttttttttttt' as Uuid, partition: 0 },
      config: { ...CONFIG, flush: this.#mode },
      clean,
      tailBytesMax: 1500,
    });
    this.log.onDurable = (end) => {
      if (this.#mode === 'group-commit' && !this.#truncating) this.acked = Math.max(this.acked, end);
    };
  }

  async perform(act: Act): Promise<void> {
    switch (act.kind) {
      case 'append':
        return this.#append(act);
      case 'retry':
        return this.#retry(act.producer, act.back);
      case 'turns':
        return turns(act.count);
      case 'flush':
        this.acked = Math.max(this.acked, await this.log.flush());
        return;
      case 'start':
        return this.#advance(Math.floor((this.end * act.percent) / 100));
      case 'retention':
        this.startMax = this.log.endOffset;
        await this.log.applyRetention(this.clock.nowMs());
        this.startMin = this.startMax = this.log.startOffset;
        return;
      case 'truncate':
        return this.#truncate(Math.max(this.log.startOffset, Math.floor((this.end * act.percent) / 100)));
      case 'checkpoint':
        return this.log.checkpoint();
      case 'mode':
        this.#mode = act.mode;
        return this.log.reconfigure({ ...CONFIG, flush: act.mode });
      case 'restart':
        return this.restart(act.how);
    }
  }

  async restart(how: 'clean' | 'kill' | 'crash'): Promise<void> {
    if (how === 'clean') {
      await this.log.close();
      this.acked = this.end;
    }
    if (how === 'kill') this.disk.kill();
    if (how === 'crash') this.disk.crash();
    await this.open(how === 'clean');
    await this.check(how === 'clean');
  }

  /** The log against the array. What survived becomes the array from here on. */
  async check(everything = false): Promise<void> {
    const { log } = this;
    expect(log.durableEnd).toBe(log.endOffset);
    expect(log.endOffset).toBeGreaterThanOrEqual(everything ? this.end : Math.max(this.acked, this.startMin));
    expect(log.startOffset).toBeGreaterThanOrEqual(this.startMin);
    expect(log.startOffset).toBeLessThanOrEqual(this.startMax);
    if (log.endOffset > log.startOffset) expect(log.endOffset).toBeLessThanOrEqual(this.end);
    this.sent = this.sent.filter(({ base }) => base < log.endOffset);
    await this.checkContent();
    this.checkProducers();
    this.acked = log.endOffset;
    this.startMin = log.startOffset;
    for (const [producer, state] of this.#producers) this.#rewind(producer, state);
  }

  async checkContent(): Promise<void> {
    const { startOffset, durableEnd } = this.log;
    const wanted = this.sent.flatMap(({ base, values }) => values.map((value, at) => `${base + at}:${value}`));
    const inRange = wanted.filter((line) => {
      const offset = Number(line.split(':', 1)[0]);
      return offset >= startOffset && offset < durableEnd;
    });
    for (const bytesMax of [1, 700, 1 << 20]) expect(await readAll(this.log, durableEnd, bytesMax)).toEqual(inRange);
  }

  checkProducers(): void {
    const wanted = new Map<bigint, ActiveProducer>();
    for (const { producer, values } of this.sent) {
      if (producer === undefined) continue;
      wanted.set(producer.id, {
        producerId: producer.id,
        producerEpoch: producer.epoch,
        lastSequence: (producer.sequence + values.length - 1) % SEQUENCES,
        lastTimestampMs: 1000,
        coordinatorEpoch: -1,
        currentTxnStartOffset: -1,
      });
    }
    const byId = (left: ActiveProducer, right: ActiveProducer): number => Number(left.producerId - right.producerId);
    expect([...this.log.activeProducers()].sort(byId)).toEqual([...wanted.values()].sort(byId));
    for (const id of wanted.keys()) this.#checkRetries(id);
  }

  /** The last five batches are known again by their first offsets, an older one is not (C75). */
  #checkRetries(id: bigint): void {
    const all = this.sent.filter(({ producer }) => producer?.id === id);
    const { epoch } = all.at(-1)!.producer!;
    const mine = all.filter(({ producer }) => producer!.epoch === epoch);
    for (const sent of mine.slice(-5)) {
      const info = this.log.appendAsLeader(this.#batchOf(sent), 0 as Epoch);
      expect(info).toMatchObject({ duplicate: true, baseOffset: sent.base });
    }
    const older = mine.at(-6);
    if (older !== undefined) {
      expect(() => this.log.appendAsLeader(this.#batchOf(older), 0 as Epoch)).toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER');
    }
  }

  #append({ producer, count, size, bump }: Extract<Act, { kind: 'append' }>): void {
    const values = Array.from({ length: count }, () => `${this.#next++}`.padEnd(size, 'x'));
    let state = this.#producers.get(producer);
    if (producer > 0 && state === undefined)
      this.#producers.set(producer, (state = { epoch: 0, sequence: 0x7fff_fffa }));
    if (state !== undefined && bump) Object.assign(state, { epoch: state.epoch + 1, sequence: 0 });
    const sent: Sent = {
      base: this.log.endOffset,
      values,
      ...(state && { producer: { id: BigInt(producer), epoch: state.epoch, sequence: state.sequence } }),
    };
    expect(this.log.appendAsLeader(this.#batchOf(sent), 0 as Epoch)).toMatchObject({
      duplicate: false,
      baseOffset: sent.base,
    });
    if (state !== undefined) state.sequence = (state.sequence + count) % SEQUENCES;
    this.sent.push(sent);
  }

  #retry(producer: number, back: number): void {
    const mine = this.sent.filter((sent) => sent.producer?.id === BigInt(producer));
    const sent = mine.at(-1 - (back % 5));
    if (sent === undefined || sent.producer!.epoch !== mine.at(-1)!.producer!.epoch) return;
    const info = this.log.appendAsLeader(this.#batchOf(sent), 0 as Epoch);
    expect(info).toMatchObject({ duplicate: true, baseOffset: sent.base });
  }

  async #advance(to: number): Promise<void> {
    if (to < this.log.startOffset || to > this.log.endOffset) return;
    this.startMax = Math.max(this.startMax, to);
    await this.log.advanceStartOffset(to as Offset);
    this.startMin = Math.max(this.startMin, to);
  }

  async #truncate(to: number): Promise<void> {
    // Until it resolves, either end may be what a crash leaves.
    const keeps = this.sent.findLast(({ base }) => base <= to)?.base ?? 0;
    this.acked = Math.min(this.acked, keeps);
    this.startMin = Math.min(this.startMin, keeps); // The start may lie inside of the batch that is cut.
    this.#truncating = true;
    await this.log.truncateTo(to as Offset);
    this.#truncating = false;
    expect(this.log.endOffset).toBeLessThanOrEqual(to);
    this.sent = this.sent.filter(({ base }) => base < this.log.endOffset);
    expect(this.log.endOffset).toBe(Math.max(this.end, this.log.startOffset));
    this.acked = this.log.endOffset;
    this.startMin = Math.min(this.startMin, this.log.startOffset);
    for (const [producer, state] of this.#producers) this.#rewind(producer, state);
    this.checkProducers();
  }

  /** A producer goes on behind what the log still has of it. */
  #rewind(producer: number, state: { epoch: number; sequence: number }): void {
    const last = this.sent.findLast((sent) => sent.producer?.id === BigInt(producer));
    if (last === undefined) this.#producers.delete(producer);
    else {
      state.epoch = last.producer!.epoch;
      state.sequence = (last.producer!.sequence + last.values.length) % SEQUENCES;
    }
  }

  #batchOf({ values, producer }: Sent): RecordBatch {
    const records = values.map((value) => ({ value: utf8(value), timestampMs: 1000 }));
    const options = producer && {
      producerId: producer.id,
      producerEpoch: producer.epoch,
      baseSequence: producer.sequence,
    };
    return RecordBatch.parse(buildBatch(records, { crc32c, ...options }));
  }
}

async function readAll(log: PartitionLog, end: Offset, bytesMax: number): Promise<string[]> {
  const lines: string[] = [];
  for (let at = log.startOffset; at < end;) {
    const { chunks, nextOffset, sizeBytes } = await log.read(at, end, bytesMax, true);
    expect(nextOffset).toBeGreaterThan(at);
    let bytes = 0;
    for (const chunk of chunks) {
      bytes += chunk.byteLength;
      for (const batch of batchesIn(chunk)) {
        expect(batch.checksumHolds(crc32c)).toBe(true);
        for (const { offset, value } of batch.records()) {
          if (offset >= at) lines.push(`${offset}:${Buffer.from(value!).toString()}`);
        }
      }
    }
    expect(bytes).toBe(sizeBytes);
    at = nextOffset;
  }
  return lines;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

const append = fc.record({
  kind: fc.constant('append' as const),
  producer: fc.nat(3),
  count: fc.integer({ min: 1, max: 3 }),
  size: fc.oneof(fc.nat(60), fc.nat(700)),
  bump: fc.nat(9).map((die) => die === 0),
});
const ordinary = fc.oneof(
  { arbitrary: append, weight: 12 },
  { arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.nat(40) }), weight: 6 },
  {
    arbitrary: fc.record({
      kind: fc.constant('retry' as const),
      producer: fc.integer({ min: 1, max: 3 }),
      back: fc.nat(5),
    }),
    weight: 3,
  },
  { arbitrary: fc.constant({ kind: 'flush' as const }), weight: 1 },
  { arbitrary: fc.constant({ kind: 'checkpoint' as const }), weight: 1 },
  { arbitrary: fc.constant({ kind: 'retention' as const }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('start' as const), percent: fc.nat(100) }), weight: 1 },
);
const rare = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      how: fc.constantFrom('clean' as const, 'kill' as const, 'crash' as const),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: fc.constant('truncate' as const), percent: fc.nat(100) }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant('mode' as const),
      mode: fc.constantFrom('os' as const, 'interval' as const, 'group-commit' as const),
    }),
    weight: 1,
  },
);
const story: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof({ arbitrary: ordinary, weight: 12 }, { arbitrary: rare, weight: 1 }),
  {
    minLength: 20,
    maxLength: 90,
  },
);

describe('a log against an array', () => {
  const limitMs = 60_000 * Math.ceil(RUNS / 60);
  it(
    'holds what it reported durable, once and in order, and invents nothing, whatever happens',
    async () => {
      await fc.assert(
        fc.asyncProperty(story, fc.integer(), async (acts, seed) => {
          const model = new Model(new SimDisk({ seed, jitter: 4 }));
          await model.open(false);
          for (const act of acts) await model.perform(act);
          await model.checkContent();
          await model.restart('crash');
          await model.restart('kill');
          await model.restart('clean');
        }),
        { numRuns: RUNS },
      );
    },
    limitMs,
  );

  it(
    'survives a power cut before every single act of the disk',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof({ arbitrary: ordinary, weight: 8 }, { arbitrary: rare, weight: 1 }), {
            minLength: 12,
            maxLength: 25,
          }),
          fc.integer(),
          async (acts, seed) => {
            const whole = await playUntil(acts, seed, Number.POSITIVE_INFINITY);
            for (let cutAt = 1; cutAt <= whole.acts; cutAt++) await playUntil(acts, seed, cutAt);
          },
        ),
        { numRuns: RUNS / 15 },
      );
    },
    limitMs,
  );
});

/** Plays a story until the power goes, then looks what is there, and goes on a little. */
async function playUntil(acts: readonly Act[], seed: number, cutAt: number): Promise<SimDisk> {
  const disk = new SimDisk({ seed, jitter: 3 });
  const model = new Model(disk);
  disk.powerFailsAt = cutAt;
  try {
    await model.open(false);
    for (const act of acts) {
      await model.perform(act);
      if (disk.acts >= cutAt) break;
    }
  } catch (reason) {
    if (disk.acts < cutAt) throw reason;
  }
  const played = disk.acts;
  await model.restart('crash');
  await model.perform({ kind: 'append', producer: 1, count: 2, size: 40, bump: false });
  await model.perform({ kind: 'flush' });
  await model.restart('crash');
  disk.acts = played;
  return disk;
}
