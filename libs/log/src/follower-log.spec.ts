import { describe, expect, it } from '@jest/globals';
import { type Epoch, type Offset, utf8 } from '@trunkline/kernel';
import { buildBatch, RecordBatch } from '@trunkline/records';
import { crc32c } from '@trunkline/platform';
import { batchOf, LogFixture, recordsOf, SimDisk } from '@trunkline/testing';

const at = (value: number): Offset => value as Offset;

function led(value: string, baseOffset: number, leaderEpoch: number, baseSequence?: number): RecordBatch {
  const producer = baseSequence === undefined ? {} : { producerId: 7n, producerEpoch: 0, baseSequence };
  const batch = RecordBatch.parse(buildBatch([{ value: utf8(value), timestampMs: 1 }], { crc32c, ...producer }));
  batch.assign(at(baseOffset), leaderEpoch as Epoch);
  return batch;
}

describe('a follower’s log', () => {
  it('holds the leader’s batches byte for byte, whatever their sequences (KAFKA-6003)', async () => {
    const log = await new LogFixture().open({ flush: 'os', segmentBytesMax: 100 });
    const batches = [led('a', 0, 3, 5), led('b', 1, 3, 9), led('c', 2, 4, 5), led('x'.repeat(200), 3, 4)];
    const bytes = Buffer.concat(batches.map((batch) => batch.bytes.slice()));
    expect(log.appendAsFollower(batches)).toMatchObject({ baseOffset: 0, lastOffset: 3 });
    await log.flush();
    const chunks: Uint8Array[] = [];
    for (let from = at(0); from < log.endOffset;) {
      const read = await log.read(from, log.endOffset, 1 << 20, true);
      chunks.push(...read.chunks.map((chunk) => chunk.slice()));
      from = read.nextOffset;
    }
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(log.endOffsetForEpoch(3 as Epoch)).toEqual({ epoch: 3, endOffset: 2 });
  });

  it('begins again where the leader’s log begins, and knows nothing of what was', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ flush: 'os', segmentBytesMax: 100 });
    log.appendAsFollower([led('a', 0, 3, 0), led('b', 1, 3, 1)]);
    await log.restartAt(at(500));
    expect([log.startOffset, log.endOffset, log.durableEnd, log.epochForOffset(at(500))]).toEqual([
      500,
      500,
      500,
      undefined,
    ]);
    expect(log.activeProducers()).toEqual([]);
    log.appendAsFollower([led('c', 500, 6)]);
    await log.close();
    const again = await fixture.open({ flush: 'os' }, { clean: true });
    expect((await recordsOf(again)).map(({ offset }) => offset)).toEqual([500]);
    expect([again.startOffset, again.epochForOffset(at(500))]).toEqual([500, 6]);
  });

  it('has begun again or not, whenever the power goes meanwhile', async () => {
    const seen = new Set<number>();
    for (let acts = 1; acts < 60; acts++) {
      const disk = new SimDisk({ seed: acts });
      await disk.makeDir('/data/orders-0');
      for (const dir of ['/data', '/']) await disk.syncDir(dir); // As the log manager does.
      const fixture = new LogFixture(disk);
      const log = await fixture.open({ segmentBytesMax: 100 });
      for (const value of ['a', 'b', 'c']) log.appendAsLeader(batchOf([value]), 1 as Epoch);
      await log.flush();
      disk.powerFailsAt = disk.acts + acts;
      const done = await log.restartAt(at(500)).then(
        () => true,
        () => false,
      );
      disk.crash();
      disk.powerFailsAt = Number.POSITIVE_INFINITY;
      const again = await fixture.open({ segmentBytesMax: 100 });
      const found = [again.startOffset, again.endOffset].map(Number);
      expect([[0, 3], [500, 500]]).toContainEqual(found); // prettier-ignore
      expect((await recordsOf(again)).length).toBe(found[0] === 0 ? 3 : 0);
      expect(again.epochForOffset(at(600))).toBe(found[0] === 0 ? 1 : undefined);
      if (done) expect(found).toEqual([500, 500]);
      again.appendAsFollower([led('n', found[1]!, 9)]);
      await again.flush();
      await again.close();
      seen.add(found[0]!);
    }
    expect(seen).toEqual(new Set([0, 500]));
  });
});
