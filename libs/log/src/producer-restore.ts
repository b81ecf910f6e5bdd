import { type Offset } from '@trunkline/kernel';
import { readWhole } from './checkpoint-file.js';
import { fileName, offsetOfName, SUFFIX } from './log-files.js';
import type { LogWorld } from './log-options.js';
import { decodeSnapshot } from './producer-snapshot.js';
import type { ProducerState } from './producer-state.js';
import type { Segment } from './segment.js';

const PIECE_BYTES = 1024 * 1024;

/** Loads the snapshot as of `at`, if it is there and whole. */
export async function loadSnapshot(
  world: LogWorld,
  dir: string,
  names: ReadonlySet<string>,
  at: number,
  producers: ProducerState,
): Promise<boolean> {
  const name = fileName(at, SUFFIX.producers);
  if (!names.has(name)) return false;
  const entries = decodeSnapshot(await readWhole(world.disk, `${dir}/${name}`), world.crc32c);
  if (entries === undefined) return false;
  producers.clear();
  for (const entry of entries) producers.restore(entry);
  return true;
}

/**
 * Producer state as of the base of segment `last`: the newest whole snapshot at or before it, and the batches between.
 * Snapshots behind it are removed: what will stand there may be other records.
 */
export async function restoreProducers(
  world: LogWorld,
  dir: string,
  segments: readonly Segment[],
  last: number,
  producers: ProducerState,
): Promise<void> {
  const base = segments[last]!.baseOffset;
  const names = new Set(await world.disk.list(dir));
  producers.clear();
  let from: number = segments[0]!.baseOffset;
  for (const at of snapshotsIn(names).toReversed()) {
    if (at > base) await world.disk.remove(`${dir}/${fileName(at, SUFFIX.producers)}`);
    else if (await loadSnapshot(world, dir, names, at, producers)) {
      from = at;
      break;
    }
  }
  const nowMs = world.clock.nowMs();
  for (let index = 0; index < last; index++) {
    const segment = segments[index]!;
    if (segments[index + 1]!.baseOffset <= from) continue;
    const position = (await segment.offsets()).positionFor(from);
    for await (const { batch } of segment.batches(position, segment.sizeBytes, PIECE_BYTES)) {
      if (batch.baseOffset >= from && batch.hasProducerId) producers.apply(batch, nowMs);
    }
    segment.unloadIndexes();
  }
}

/** Offsets of the snapshots in a directory, ascending. */
export function snapshotsIn(names: Iterable<string>): Offset[] {
  const found: Offset[] = [];
  for (const name of names) {
    const at = offsetOfName(name, SUFFIX.producers);
    if (at !== undefined) found.push(at);
  }
  return found.sort((left, right) => left - right);
}
