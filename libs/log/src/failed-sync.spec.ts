import { describe, expect, it } from '@jest/globals';
import { type Epoch, silentLogger, utf8, type Uuid } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { buildBatch, RecordBatch } from '@trunkline/records';
import { ManualClock, SimDisk } from '@trunkline/testing';
import { DEFAULT_LOG_CONFIG, PartitionLog } from './index.js';

async function open(disk: SimDisk): Promise<PartitionLog> {
  return PartitionLog.open({
    disk: disk.process(),
    clock: new ManualClock(),
    crc32c,
    compression,
    logger: silentLogger,
    dir: '/t-0',
    identity: { topic: 't', topicId: 'tttttttttttttttttttttt' as Uuid, partition: 0 },
    config: DEFAULT_LOG_CONFIG,
    clean: false,
  });
}

function append(log: PartitionLog, sizeBytes: number): void {
  const records = [{ value: utf8('x'.repeat(sizeBytes)) }];
  log.appendAsLeader(RecordBatch.parse(buildBatch(records, { crc32c })), 0 as Epoch);
}

describe('a sync that fails', () => {
  it('loses nothing that the next life of the process shows, when later the power goes', async () => {
    for (const sizes of [[10], [700, 20], [10, 3000, 5], [3_000_000]]) {
      const disk = new SimDisk({ seed: 1, odds: { keptPercent: 0 } });
      const first = await open(disk);
      append(first, 100);
      await first.flush();
      disk.fail('sync', /\.log$/, 'EIO');
      for (const size of sizes) append(first, size);
      await expect(first.flush()).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
      disk.kill();
      const shown = (await open(disk)).durableEnd;
      expect(shown).toBe(1 + sizes.length);
      disk.crash();
      expect((await open(disk)).endOffset).toBe(shown);
    }
  });

  it('does the same when what follows is torn', async () => {
    const disk = new SimDisk({ seed: 1, odds: { keptPercent: 0 } });
    const first = await open(disk);
    disk.fail('sync', /\.log$/, 'EIO');
    append(first, 3000);
    await expect(first.flush()).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
    const name = '/t-0/00000000000000000000.log';
    const size = disk.peek(name).byteLength;
    await (await disk.open(name)).write(size, [new Uint8Array(20)]);
    disk.kill();
    expect((await open(disk)).durableEnd).toBe(1);
    disk.crash();
    expect((await open(disk)).endOffset).toBe(1);
  });
});
