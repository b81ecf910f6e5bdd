import { type Disk, fromUtf8, utf8 } from '@trunkline/kernel';
import { readWhole, replaceFile } from './checkpoint-file.js';

/** Kafka's name. */
export const CLEAN_FILE = '.kafka_cleanshutdown';

/** What the last stop left: everything was closed in order, by the broker of this epoch (-1: it had none). */
export interface CleanStop {
  readonly brokerEpoch: number;
}

/**
 * Reads the marker and removes it for good before anything is loaded: a crash while loading must not look like a clean
 * stop the next time (C61, KAFKA-10471). undefined: the last stop was not clean,
 * or what it left is in a form that is not known here.
 */
export async function takeCleanMarker(disk: Disk, dir: string): Promise<CleanStop | undefined> {
  if (!(await disk.list(dir)).includes(CLEAN_FILE)) return undefined;
  const path = `${dir}/${CLEAN_FILE}`;
  const text = fromUtf8(await readWhole(disk, path));
  await disk.remove(path);
  await disk.syncDir(dir);
  const match = /^\{\s*"version":\s*0,\s*"brokerEpoch":\s*(-?\d+)\s*\}\s*$/.exec(text);
  return match === null ? undefined : { brokerEpoch: Number(match[1]) };
}

/** The very last thing that is written. */
export async function writeCleanMarker(disk: Disk, dir: string, { brokerEpoch }: CleanStop): Promise<void> {
  await replaceFile(disk, dir, CLEAN_FILE, utf8(JSON.stringify({ version: 0, brokerEpoch })));
}
