import { type Address, ApiError, systemCode } from '@trunkline/kernel';

/** Why a broker cannot start: a sentence for whoever started it, with what to do. Nothing is left open behind it. */
export class StartFault extends Error {
  constructor(text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'StartFault';
  }
}

const DIRECTORY_FAULTS: Readonly<Record<string, string>> = {
  ELOCKED: 'another process uses it; stop that one, or choose another directory with --data-dir (log.dirs)',
  EACCES: 'it may not be written; change its owner or mode, or choose another directory with --data-dir (log.dirs)',
  EPERM: 'it may not be written; change its owner or mode, or choose another directory with --data-dir (log.dirs)',
  EROFS: 'it is on a read-only volume; choose another directory with --data-dir (log.dirs)',
  ENOSPC: 'its volume is full; make room, or choose another directory with --data-dir (log.dirs)',
  EDQUOT: 'its disk quota is used up; make room, or choose another directory with --data-dir (log.dirs)',
  ENOTDIR: 'there is a file in the way; choose another directory with --data-dir (log.dirs)',
  EEXIST: 'there is a file in the way; choose another directory with --data-dir (log.dirs)',
  EIO: 'its disk reports errors; look at the system log, and do not write to it before it is known what is wrong',
  EMFILE: 'too many files are open; raise the limit of open files (ulimit -n)',
  ENFILE: 'too many files are open in the system; raise its limit (fs.file-max)',
};

/** What went wrong with the data directory while it was opened, as a sentence. */
export function directoryFault(dir: string, reason: unknown): StartFault {
  const told = DIRECTORY_FAULTS[systemCode(reason) ?? ''];
  if (told !== undefined) return new StartFault(`the data directory ${dir} cannot be used: ${told}`, { cause: reason });
  const why = reason instanceof ApiError ? reason.detail : String(reason);
  return new StartFault(`the data directory ${dir} cannot be used: ${why}`, { cause: reason });
}

/** What went wrong with a listener, as a sentence. */
export function listenerFault(name: string, address: Address, reason: unknown): StartFault {
  const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
  const choose = `choose another with --listeners ${name}://host:port (listeners; port 0 takes any that is free)`;
  switch (systemCode(reason)) {
    case 'EADDRINUSE':
      return new StartFault(`cannot listen on ${where}: the port is in use by another process; ${choose}`, {
        cause: reason,
      });
    case 'EACCES':
      return new StartFault(`cannot listen on ${where}: this user may not; ${choose}`, { cause: reason });
    case 'EADDRNOTAVAIL':
      return new StartFault(`cannot listen on ${where}: this machine has no such address; ${choose}`, {
        cause: reason,
      });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartFault(`cannot listen on ${where}: the name is not known; ${choose}`, { cause: reason });
    default:
      return new StartFault(`cannot listen on ${where}: ${String(reason)}; ${choose}`, { cause: reason });
  }
}
