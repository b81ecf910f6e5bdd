import { ApiError, type Disk, fromUtf8, utf8 } from '@trunkline/kernel';
import { TEMPORARY } from './log-files.js';

const VERSION = '0';

/**
 * Puts a whole file in place so that a crash leaves either the old or the new one: temporary file, sync, rename, sync of
 * the directory (C55). With `syncDir` false the caller does the last step for several files at once.
 */
export async function replaceFile(
  disk: Disk,
  dir: string,
  name: string,
  bytes: Uint8Array,
  syncDir = true,
): Promise<void> {
  const path = `${dir}/${name}`;
  const file = await disk.open(path + TEMPORARY);
  try {
    await file.truncate(0);
    await file.write(0, [bytes]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(path + TEMPORARY, path);
  if (syncDir) await disk.syncDir(dir);
}

/** All bytes of a file that is there; opening one that is not would make it. */
export async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}

/** Rows of a checkpoint in Kafka's text form: version, count, then a row a line. */
export function formatCheckpoint(rows: readonly string[]): Uint8Array {
  return utf8([VERSION, String(rows.length), ...rows, ''].join('\n'));
}

/** Reads what {@link formatCheckpoint} wrote. Throws ApiError KAFKA_STORAGE_ERROR for anything else. */
export function parseCheckpoint(bytes: Uint8Array, path: string): string[] {
  const lines = fromUtf8(bytes).split('\n');
  const rows = lines.slice(2, -1);
  if (lines[0] !== VERSION) throw malformed(path, `version ${JSON.stringify(lines[0])} instead of ${VERSION}`);
  if (String(rows.length) !== lines[1] || lines.at(-1) !== '') {
    throw malformed(path, `${rows.length} rows, and ${JSON.stringify(lines[1])} announced`);
  }
  return rows;
}

/** A whole number out of a checkpoint's row. */
export function checkpointNumber(text: string | undefined, path: string): number {
  const value = Number(text);
  if (text === undefined || !/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw malformed(path, `${JSON.stringify(text)} is not a number`);
  }
  return value;
}

function malformed(path: string, why: string): ApiError {
  return new ApiError('KAFKA_STORAGE_ERROR', `${path} is malformed: ${why}`);
}
