import { type Disk, type Epoch, type Offset, silentLogger, utf8, type Uuid } from '@trunkline/kernel';
import { DEFAULT_LOG_CONFIG, type LogConfig, type LogOptions, PartitionLog } from '@trunkline/log';
import { compression, crc32c } from '@trunkline/platform';
import {
  batchesIn,
  type BatchOptions,
  buildBatch,
  type LogRecord,
  type NewRecord,
  RecordBatch,
} from '@trunkline/records';
import { ManualClock } from './manual-clock.js';
import { SimDisk } from './sim-disk.js';

/** Logs on a simulated disk, under a clock that a test moves. */
export class LogFixture {
  readonly clock = new ManualClock();

  constructor(readonly disk: Disk = new SimDisk({ seed: 1 })) {}

  open(config: Partial<LogConfig> = {}, more: Partial<LogOptions> = {}): Promise<PartitionLog> {
    return PartitionLog.open({
      disk: this.disk,
      clock: this.clock,
      crc32c,
      compression,
      logger: silentLogger,
      dir: '/data/orders-0',
      identity: { topic: 'orders', topicId: 'abcdefghijklmnopqrstuv' as Uuid, partition: 0 },
      config: { ...DEFAULT_LOG_CONFIG, ...config },
      clean: false,
      ...more,
    });
  }
}

/** A batch for a log; texts stand for records of that value. */
export function batchOf(records: readonly (string | NewRecord)[], options: Partial<BatchOptions> = {}): RecordBatch {
  const whole = records.map((record) =>
    typeof record === 'string' ? { value: utf8(record), timestampMs: 1000 } : record,
  );
  return RecordBatch.parse(buildBatch(whole, { crc32c, codecs: compression, ...options }));
}

/** Appends a batch under epoch 0, and returns its base offset. */
export function appendTo(
  log: PartitionLog,
  records: readonly (string | NewRecord)[],
  options: Partial<BatchOptions> = {},
): Offset {
  return log.appendAsLeader(batchOf(records, options), 0 as Epoch).baseOffset;
}

/** All records that readers may see, from `from` on. */
export async function recordsOf(log: PartitionLog, from: number = log.startOffset): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for (let at = from as Offset; at < log.durableEnd;) {
    const { chunks, nextOffset } = await log.read(at, log.durableEnd, 1 << 20, true);
    for (const chunk of chunks) {
      for (const batch of batchesIn(chunk)) {
        for (const record of batch.records(compression)) if (record.offset >= at) found.push(record);
      }
    }
    at = nextOffset;
  }
  return found;
}
