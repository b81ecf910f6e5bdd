import { ApiError, fromUtf8, utf8, type Disk } from '@trunkline/kernel';
import { TEMPORARY, readWhole, replaceFile } from '@trunkline/log';

/** Where the log ended when it was closed in order. */
export interface CleanEnd {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly endByte: number;
}

/** What lies in the directory of a metadata log: offsets, ascending. */
export interface Inventory {
  readonly logs: readonly number[];
  readonly snapshots: readonly number[];
  readonly clean: boolean;
}

const CLEAN_MARKER = 'clean-shutdown';
const LOG = /^(\d{20})\.log$/;
const SNAPSHOT = /^(\d{20})-\d{10}\.checkpoint$/;

/** The file of the records from an offset on. */
export function logName(baseOffset: number): string {
  return `${String(baseOffset).padStart(20, '0')}.log`;
}

/** The file of the state at an offset; the second number is the epoch of the last record in it, 0 without a quorum. */
export function snapshotName(endOffset: number, epoch = 0): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`;
}

export async function inventory(disk: Disk, dir: string): Promise<Inventory> {
  const names = await disk.list(dir);
  return { logs: offsetsIn(names, LOG), snapshots: offsetsIn(names, SNAPSHOT), clean: names.includes(CLEAN_MARKER) };
}

export async function readCleanEnd(disk: Disk, dir: string): Promise<CleanEnd> {
  const text = fromUtf8(await readWhole(disk, `${dir}/${CLEAN_MARKER}`));
  const [baseOffset, endOffset, endByte, ...rest] = text.trim().split(' ').map(Number);
  if (baseOffset === undefined || endOffset === undefined || endByte === undefined || rest.length > 0) {
    throw new ApiError('CORRUPT_MESSAGE', 'three numbers were expected in it');
  }
  return { baseOffset, endOffset, endByte };
}

export async function writeCleanEnd(disk: Disk, dir: string, end: CleanEnd): Promise<void> {
  await replaceFile(disk, dir, CLEAN_MARKER, utf8(`${end.baseOffset} ${end.endOffset} ${end.endByte}\n`));
}

/** Removes what a crash left unfinished (C68). */
export async function removeUnfinished(disk: Disk, dir: string): Promise<void> {
  for (const name of await disk.list(dir)) if (name.endsWith(TEMPORARY)) await disk.remove(`${dir}/${name}`);
}

export async function removeCleanEnd(disk: Disk, dir: string): Promise<void> {
  await disk.remove(`${dir}/${CLEAN_MARKER}`);
  await disk.syncDir(dir);
}

function offsetsIn(names: readonly string[], form: RegExp): readonly number[] {
  const offsets = names.flatMap((name) => form.exec(name)?.[1] ?? []).map(Number);
  return offsets.toSorted((left, right) => left - right);
}

/** The directory that holds a path's last name. */
export function parentOf(dir: string): string {
  const slash = dir.lastIndexOf('/');
  return slash === -1 ? '.' : dir.slice(0, Math.max(slash, 1));
}
