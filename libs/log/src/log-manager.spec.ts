import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DiskFile, type Epoch, type Offset, silentLogger, utf8, type Uuid } from '@trunkline/kernel';
import { compression, crc32c, nodeClock, NodeDisk } from '@trunkline/platform';
import { buildBatch, RecordBatch } from '@trunkline/records';
import { ManualClock } from '@trunkline/testing';
import { DEFAULT_LOG_CONFIG, LogManager, type LogIdentity, type LogManagerOptions } from './index.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'logs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const orders: LogIdentity = { topic: 'orders', topicId: 'abcdefghijklmnopqrstuv' as Uuid, partition: 0 };
const mails: LogIdentity = { topic: 'mails', topicId: 'mmmmmmmmmmmmmmmmmmmmmm' as Uuid, partition: 3 };

function open(more: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  const disk = new NodeDisk();
  return LogManager.open({ disk, clock: nodeClock, crc32c, compression, logger: silentLogger, dir, ...more });
}

function batch(value: string, timestampMs = 1000): RecordBatch {
  return RecordBatch.parse(buildBatch([{ value: utf8(value), timestampMs }], { crc32c }));
}

describe('the log manager', () => {
  it('finds the logs again, and knows a clean stop from another', async () => {
    const first = await open();
    expect(first.lastStop).toBeUndefined();
    const log = await first.openLog(orders, DEFAULT_LOG_CONFIG);
    expect(await first.openLog(orders, DEFAULT_LOG_CONFIG)).toBe(log);
    log.appendAsLeader(batch('a'), 0 as Epoch);
    await first.close(7);
    const second = await open();
    expect(second.lastStop).toEqual({ brokerEpoch: 7 });
    expect((await second.openLog(orders, DEFAULT_LOG_CONFIG)).endOffset).toBe(1);
    // No close: the process is killed here.
    const third = await open();
    expect(third.lastStop).toBeUndefined();
    expect((await third.openLog(orders, DEFAULT_LOG_CONFIG)).endOffset).toBe(1);
    await third.close();
  });

  it('deletes a log, also one whose removal a crash cut short', async () => {
    const manager = await open();
    await manager.openLog(orders, DEFAULT_LOG_CONFIG);
    await manager.openLog(mails, DEFAULT_LOG_CONFIG);
    const disk = new NodeDisk();
    await manager.deleteLog(orders);
    await manager.deleteLog(orders);
    expect(readdirSync(dir).filter((name) => !name.endsWith('-delete'))).toEqual(['mails-3']);
    await disk.makeDir(`${dir}/x-0.idididididididididididi-delete`);
    await manager.close();
    await (await open()).close();
    expect(readdirSync(dir)).toEqual(['.kafka_cleanshutdown', 'mails-3']);
  });

  it('never uses data of a deleted topic of the same name', async () => {
    const manager = await open();
    const old = await manager.openLog(orders, DEFAULT_LOG_CONFIG);
    old.appendAsLeader(batch('old'), 0 as Epoch);
    await manager.close();
    const again = await open();
    const fresh = await again.openLog({ ...orders, topicId: mails.topicId }, DEFAULT_LOG_CONFIG);
    expect(fresh.endOffset).toBe(0);
    await again.close();
    expect(readdirSync(dir)).toContain('orders-0.abcdefghijklmnopqrstuv-stray');
  });

  it('sets aside what no topic knows any more', async () => {
    const manager = await open();
    await manager.openLog(orders, DEFAULT_LOG_CONFIG);
    await manager.openLog(mails, DEFAULT_LOG_CONFIG);
    await manager.close();
    const again = await open();
    expect(await again.setAsideStrays((topicId) => topicId === mails.topicId)).toEqual([
      `${dir}/orders-0.abcdefghijklmnopqrstuv-stray`,
    ]);
    expect(existsSync(`${dir}/mails-3`)).toBe(true);
    await again.close();
  });

  const unusable: [what: string, text: string, why: string][] = [
    [
      'of a newer version',
      `version: 1\ntopic_id: ${orders.topicId}\n`,
      'partition.metadata says version: 1, and this broker knows version: 0; it was written by a newer version',
    ],
    ['that is empty', '', 'partition.metadata is malformed: there is no line "version: ..."'],
    [
      'that is damaged',
      'version: 0\ntopic_id: abc',
      'partition.metadata is malformed: there is no line "topic_id: ..."',
    ],
  ];
  it.each(unusable)('keeps out a log with an identity %s, and changes nothing of it', async (_what, text, why) => {
    const manager = await open();
    (await manager.openLog(orders, DEFAULT_LOG_CONFIG)).appendAsLeader(batch('a'), 0 as Epoch);
    await manager.openLog(mails, DEFAULT_LOG_CONFIG);
    await manager.close();
    writeFileSync(`${dir}/orders-0/partition.metadata`, text);
    writeFileSync(`${dir}/orders-0/x.tmp`, '');
    const before = readdirSync(`${dir}/orders-0`);
    const lines: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (said: string, fields?: object) => lines.push(said + JSON.stringify(fields)),
    };
    const again = await open({ logger });
    await expect(again.openLog(orders, DEFAULT_LOG_CONFIG)).rejects.toThrow(why);
    await again.openLog({ ...mails, partition: 4 }, DEFAULT_LOG_CONFIG);
    expect(await again.setAsideStrays(() => false)).toEqual([`${dir}/mails-3.${mails.topicId}-stray`]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('whose data this is could not be found out');
    expect(JSON.stringify(lines[0])).toContain('orders-0/partition.metadata');
    expect(readdirSync(`${dir}/orders-0`)).toEqual(before);
    await again.close();
  });

  it('goes on when the directory of a log cannot be read', async () => {
    const manager = await open();
    await manager.openLog(orders, DEFAULT_LOG_CONFIG);
    await manager.openLog(mails, DEFAULT_LOG_CONFIG);
    await manager.close();
    class LockedDisk extends NodeDisk {
      override list(path: string): Promise<readonly string[]> {
        const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
        return path.endsWith('/mails-3') ? Promise.reject(refused) : super.list(path);
      }
    }
    const lines: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (said: string, fields?: object) => lines.push(said + JSON.stringify(fields)),
    };
    writeFileSync(`${dir}/a-file-7`, '');
    const again = await open({ logger, disk: new LockedDisk() });
    expect(await again.setAsideStrays(() => false)).toEqual([`${dir}/orders-0.${orders.topicId}-stray`]);
    expect(lines).toEqual([expect.stringContaining('mails-3 cannot be read: EACCES: permission denied')]);
    await expect(again.openLog(mails, DEFAULT_LOG_CONFIG)).rejects.toThrow('KAFKA_STORAGE_ERROR');
    await again.close();
  });

  it('takes a mark of a clean stop in a form it does not know for none', async () => {
    await (await open()).close(7);
    writeFileSync(`${dir}/.kafka_cleanshutdown`, '{"version":1,"brokerEpoch":7}');
    const again = await open();
    expect(again.lastStop).toBeUndefined();
    await again.close();
  });

  it('keeps a damaged log out and lets the others live', async () => {
    const manager = await open();
    for (const identity of [orders, mails]) {
      const log = await manager.openLog(identity, DEFAULT_LOG_CONFIG);
      for (const value of ['a', 'b', 'c']) log.appendAsLeader(batch(value), 0 as Epoch);
    }
    await manager.close();
    truncateSync(`${dir}/orders-0/00000000000000000000.log`, 100);
    const again = await open();
    await expect(again.openLog(orders, DEFAULT_LOG_CONFIG)).rejects.toThrow(
      /KAFKA_STORAGE_ERROR: .*orders-0\/00000000000000000000.log is damaged at byte \d+ \(offset 1\)/,
    );
    expect((await again.openLog(mails, DEFAULT_LOG_CONFIG)).endOffset).toBe(3);
    await again.close();
  });

  it('leaves no clean marker when a log has failed', async () => {
    class BrokenDisk extends NodeDisk {
      override async open(path: string): Promise<DiskFile> {
        const file = await super.open(path);
        if (path.includes('orders-0/') && path.endsWith('.log')) {
          file.writeNow = () => {
            throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
          };
        }
        return file;
      }
    }
    const manager = await open({ disk: new BrokenDisk() });
    const log = await manager.openLog(orders, DEFAULT_LOG_CONFIG);
    const failures: string[] = [];
    log.onFailed = (reason) => failures.push(reason.message);
    const other = await manager.openLog(mails, DEFAULT_LOG_CONFIG);
    log.appendAsLeader(batch('a'), 0 as Epoch);
    await expect(log.flush()).rejects.toThrow('KAFKA_STORAGE_ERROR: no space left');
    expect(failures).toEqual(['no space left']);
    expect(() => log.appendAsLeader(batch('b'), 0 as Epoch)).toThrow('KAFKA_STORAGE_ERROR');
    expect(() => log.read(0 as Offset, 1 as Offset, 100, true)).toThrow('KAFKA_STORAGE_ERROR');
    other.appendAsLeader(batch('a'), 0 as Epoch);
    expect(await other.flush()).toBe(1);
    await manager.close();
    expect(readdirSync(dir)).not.toContain('.kafka_cleanshutdown');
    const again = await open();
    expect((await again.openLog(mails, DEFAULT_LOG_CONFIG)).endOffset).toBe(1);
    await again.close();
  });

  it('makes its rounds by the clock: retention, and room on the disk', async () => {
    const clock = new ManualClock();
    let freeBytes = 1e9;
    class CrowdedDisk extends NodeDisk {
      override async space(): Promise<{ freeBytes: number; totalBytes: number }> {
        return { freeBytes, totalBytes: 1e9 };
      }
    }
    const manager = await open({ clock, disk: new CrowdedDisk(), config: { reserveBytes: 1e6 } });
    const config = { ...DEFAULT_LOG_CONFIG, retentionMs: 60_000, flush: 'os' as const };
    const log = await manager.openLog(orders, config);
    const offsets = await manager.openLog({ ...mails, topic: '__consumer_offsets' }, config);
    log.appendAsLeader(batch('old', clock.nowMs() - 61_000), 0 as Epoch);
    await log.flush();
    freeBytes = 10;
    clock.advance(5_000);
    while (!log.refusesProduce) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(() => log.appendAsLeader(batch('x'), 0 as Epoch)).toThrow('the disk is almost full');
    offsets.appendAsLeader(batch('x'), 0 as Epoch);
    clock.advance(300_000);
    while (log.startOffset === 0) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([log.startOffset, log.endOffset, log.sizeBytes]).toEqual([1, 1, 0]);
    freeBytes = 1e9;
    clock.advance(5_000);
    while (log.refusesProduce) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    log.appendAsLeader(batch('y'), 0 as Epoch);
    await manager.close();
    expect(clock.pending).toBe(0);
  });

  it('ignores what it did not write', async () => {
    appendFileSync(`${dir}/meta.properties`, 'version=1\n');
    const manager = await open();
    expect(await manager.setAsideStrays(() => false)).toEqual([]);
    await manager.close();
  });
});
