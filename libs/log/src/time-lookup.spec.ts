import { describe, expect, it } from '@jest/globals';
import type { Epoch, Offset } from '@trunkline/kernel';
import { batchOf, LogFixture } from '@trunkline/testing';
import * as fc from 'fast-check';
import type { PartitionLog } from './index.js';

const codec = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd');
const times = fc.array(fc.oneof({ arbitrary: fc.nat(1000), weight: 9 }, { arbitrary: fc.constant(-1), weight: 1 }), {
  minLength: 1,
  maxLength: 5,
});
const batches = fc.array(fc.record({ times, codec }), { maxLength: 25 });

async function logWith(
  sent: readonly { readonly times: readonly number[]; readonly codec: string }[],
): Promise<PartitionLog> {
  const log = await new LogFixture().open({ segmentBytesMax: 900, indexIntervalBytes: 150, segmentMs: 1e9 });
  for (const { times: stamps, codec: type } of sent) {
    log.appendAsLeader(
      batchOf(
        stamps.map((timestampMs) => ({ timestampMs })),
        { compression: type as 'none' },
      ),
      4 as Epoch,
    );
  }
  await log.flush();
  return log;
}

describe('a lookup by time', () => {
  it('finds the first record at or after a time, also inside of compressed batches, like a look at every record', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(100), async (sent, startPercent) => {
        const log = await logWith(sent);
        const all = sent.flatMap(({ times: stamps }) => stamps);
        const start = Math.floor((all.length * startPercent) / 200);
        await log.advanceStartOffset(start as Offset);
        for (const target of [0, 1, 250, 500, 999, 1000, 1001]) {
          for (const until of [all.length, Math.floor(all.length / 2)]) {
            const offset = all.findIndex((time, at) => at >= start && at < until && time >= target);
            const wanted = offset === -1 ? undefined : { offset, timestampMs: all[offset], leaderEpoch: 4 };
            expect(await log.offsetForTime(target, until as Offset)).toEqual(wanted);
          }
        }
        const readable = all.slice(start);
        const largest = Math.max(-1, ...readable);
        const first = start + readable.indexOf(largest);
        const wanted = largest < 0 ? undefined : { offset: first, timestampMs: largest, leaderEpoch: 4 };
        expect(await log.offsetForMaxTimestamp()).toEqual(wanted);
        await log.close();
      }),
      { numRuns: 60 },
    );
  });

  it('takes the append time of a batch for each of its records', async () => {
    const log = await new LogFixture().open();
    log.appendAsLeader(batchOf([{ timestampMs: 5 }, { timestampMs: 900 }], { appendTimeMs: 500 }), 0 as Epoch);
    await log.flush();
    expect(await log.offsetForTime(400, 2 as Offset)).toMatchObject({ offset: 0, timestampMs: 500 });
    expect(await log.offsetForTime(501, 2 as Offset)).toBeUndefined();
    await log.close();
  });

  it('works on segments whose indexes were read again from disk', async () => {
    const fixture = new LogFixture();
    const config = { segmentBytesMax: 400, indexIntervalBytes: 100, segmentMs: 1e9 };
    const log = await fixture.open(config);
    for (let at = 0; at < 40; at++) log.appendAsLeader(batchOf([{ timestampMs: 10 * at }]), 0 as Epoch);
    await log.close();
    for (const clean of [true, false]) {
      const again = await fixture.open(config, { clean });
      for (let at = 0; at < 40; at++) {
        expect(await again.offsetForTime(10 * at - 4, 40 as Offset)).toMatchObject({ offset: at });
        if (at % 9 === 0) await again.checkpoint();
      }
      expect(await again.offsetForMaxTimestamp()).toMatchObject({ offset: 39 });
      await again.close();
    }
  });
});
