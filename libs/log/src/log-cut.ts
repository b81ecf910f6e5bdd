import { type Offset, offset } from '@trunkline/kernel';
import type { EpochCache } from './epoch-cache.js';
import type { LogCheckpoints } from './log-checkpoints.js';
import type { LogWorld } from './log-options.js';
import type { LogWriter } from './log-writer.js';
import { restoreProducers } from './producer-restore.js';
import { encodeSnapshot } from './producer-snapshot.js';
import type { ProducerState } from './producer-state.js';
import { scanSegment } from './recovery.js';
import { cutPoint, type SegmentChain } from './segment-chain.js';
import type { TailCache } from './tail-cache.js';

/** Where a log starts and ends. */
export interface LogEnds {
  readonly startOffset: Offset;
  readonly endOffset: Offset;
}

/** What a log is made of, for who cuts it. Nothing is appended meanwhile. */
export interface LogInside extends LogEnds {
  readonly world: LogWorld;
  readonly dir: string;
  readonly chain: SegmentChain;
  readonly checkpoints: LogCheckpoints;
  readonly epochs: EpochCache;
  readonly producers: ProducerState;
  readonly writer: LogWriter;
  readonly tail: TailCache;
  readonly indexIntervalBytes: number;
}

/**
 * Forgets everything from the batch that holds `to` on. Reigns that would begin there are forgotten even when nothing is
 * cut (KAFKA-10706). The steps stand in an order in which a crash after any of them leaves a log that opens.
 */
export async function cutAt(log: LogInside, to: Offset): Promise<LogEnds> {
  const { chain, checkpoints, epochs, producers, writer, world, indexIntervalBytes } = log;
  await writer.flush(log.endOffset);
  const last = chain.indexFor(to);
  const cut = to >= log.endOffset ? undefined : await cutPoint(chain.all[last]!, to);
  const end = cut?.end ?? log.endOffset;
  if (epochs.truncateEnd(end)) checkpoints.epochsChanged();
  await checkpoints.writeEpochs();
  if (cut === undefined) return log;
  if (checkpoints.recoveryPoint > end) await checkpoints.writeRecoveryPoint(end);
  if (log.startOffset > end) await checkpoints.writeStart(end); // The cut batch holds the start.
  await restoreProducers(world, log.dir, chain.all, last, producers);
  await chain.removeBehind(last);
  await chain.truncateActive(cut.position);
  const { active } = chain;
  active.sealed = false;
  const nowMs = world.clock.nowMs();
  await scanSegment(active, world.crc32c, indexIntervalBytes, (batch) => {
    if (batch.hasProducerId) producers.apply(batch, nowMs);
  });
  await active.resume();
  log.tail.truncateTo(end);
  writer.truncated(end);
  return { startOffset: offset(Math.min(log.startOffset, end)), endOffset: end };
}

/**
 * Forgets everything, and goes on at `to`, which is no lower than the end unless the log is empty. Once the start is on disk a crash leads to the
 * same: what lies before a log's start is removed when it is opened.
 */
export async function emptyAt(log: LogInside, to: Offset): Promise<LogEnds> {
  const { chain, checkpoints, epochs, producers, writer } = log;
  await writer.flush(log.endOffset);
  if (checkpoints.recoveryPoint > to) await checkpoints.writeRecoveryPoint(to);
  await checkpoints.writeStart(to);
  producers.clear();
  await checkpoints.writeSnapshot(to, encodeSnapshot(producers.entries(), log.world.crc32c));
  if (epochs.clear()) checkpoints.epochsChanged();
  await checkpoints.writeEpochs();
  log.tail.clear();
  await chain.restartAt(to);
  writer.truncated(to);
  return { startOffset: to, endOffset: to };
}
