import type { Offset } from '@trunkline/kernel';
import type { Log } from '@trunkline/log';
import { batchesIn, RecordBatch } from '@trunkline/records';

/** What a log holds, offset by offset, to be looked at without reading it. */
export class Mirror {
  /** `epoch:checksum` of the batch that begins at each offset. */
  readonly entries = new Map<number, string>();

  /** It was cut since somebody looked. */
  wasCut = true;

  constructor(readonly log: Log) {}

  note(batch: RecordBatch): void {
    this.entries.set(batch.baseOffset, `${batch.leaderEpoch}:${batch.checksum}`);
  }

  cut(end: number): void {
    this.wasCut = true;
    for (const at of this.entries.keys()) if (at >= end) this.entries.delete(at);
  }
}

/** Keeps a mirror of a log from now on: of what is in it, of what is appended, of what is cut. */
export async function mirrored(log: Log): Promise<Mirror> {
  const mirror = new Mirror(log);
  for (let at = log.startOffset; at < log.endOffset;) {
    const { chunks, nextOffset } = await log.read(at, log.endOffset, 1 << 20, true);
    for (const chunk of chunks) for (const batch of batchesIn(chunk)) mirror.note(batch);
    if (nextOffset === at) break;
    at = nextOffset;
  }
  const appendAsLeader = log.appendAsLeader.bind(log);
  const appendAsFollower = log.appendAsFollower.bind(log);
  const truncateTo = log.truncateTo.bind(log);
  const restartAt = log.restartAt.bind(log);
  log.appendAsLeader = (batch, epoch) => {
    const info = appendAsLeader(batch, epoch);
    if (!info.duplicate) mirror.note(RecordBatch.parse(batch.bytes));
    return info;
  };
  log.appendAsFollower = (batches) => {
    const info = appendAsFollower(batches);
    for (const batch of batches) mirror.note(batch);
    return info;
  };
  log.truncateTo = async (to: Offset) => {
    await truncateTo(to);
    mirror.cut(log.endOffset);
  };
  log.restartAt = async (to: Offset) => {
    await restartAt(to);
    mirror.cut(0);
  };
  return mirror;
}
