import type { Disk } from '@trunkline/kernel';

/** How a file ends that was not finished. */
export const UNFINISHED = '.tmp';

/** Puts a whole file in place so that a crash leaves the old one or the new one, never half of it (C55). */
export async function replaceFile(disk: Disk, dir: string, name: string, chunks: readonly Uint8Array[]): Promise<void> {
  const path = `${dir}/${name}`;
  const file = await disk.open(path + UNFINISHED);
  try {
    await file.truncate(0);
    await file.write(0, chunks);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(path + UNFINISHED, path);
  await disk.syncDir(dir);
}

/** All bytes of a file that is there. */
export async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}

/** Removes what a crash left unfinished (C68). */
export async function removeUnfinished(disk: Disk, dir: string): Promise<void> {
  for (const name of await disk.list(dir)) if (name.endsWith(UNFINISHED)) await disk.remove(`${dir}/${name}`);
}
