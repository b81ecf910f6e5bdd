import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '@trunkline/kernel';

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** Paths that this process has locked: SQLite's own answer within one process would come only after its file was opened. */
const held = new Set<string>();

/** Another process, or another part of this one, holds the lock. */
export class LockHeld extends Error {
  readonly code = 'ELOCKED';
  constructor(path: string) {
    super(`${path} is locked by another process`);
    this.name = 'LockHeld';
  }
}

/**
 * Takes an exclusive lock on the file `path`, creating it when it is missing.
 *
 * Node has no flock. SQLite, which is part of Node, has: it takes POSIX record locks (LockFileEx on Windows) when a
 * transaction is exclusive. The kernel drops them when the process ends, however it ends, so nothing stale can stay
 * behind, nobody has to guess whether a process id still means the same process, and two containers that share a volume
 * see each other. The file stays empty. Nothing else may open it in this process: closing any descriptor of a file
 * drops a process's record locks on it.
 */
export function takeLock(path: string): { release(): Promise<void> } {
  const key = join(realpathSync(dirname(path)), basename(path));
  if (held.has(key)) throw new LockHeld(path);
  // SQLite's own failure to create says too little: let the file system say EACCES, EROFS or ENOSPC.
  if (!existsSync(key)) createEmpty(key);
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(key, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw isBusy(error) ? new LockHeld(path) : error;
  }
  held.add(key);
  let released = false;
  return {
    release: async () => {
      if (released) return;
      released = true;
      database.close();
      held.delete(key);
    },
  };
}

function createEmpty(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error; // Another process was first: it, or we, will have the lock.
  }
}

function isBusy(reason: unknown): boolean {
  const code: unknown = typeof reason === 'object' && reason !== null ? Reflect.get(reason, 'errcode') : undefined;
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}
