import type { Broker } from '@trunkline/broker';
import type { Disk, DiskFile } from '@trunkline/kernel';

/** A broker that is broken on purpose, from outside: by the disk it is given, or by what is done to it once it runs. */
export interface Mutant {
  readonly disk?: (inner: Disk) => Disk;
  readonly broker?: (broker: Broker) => void;
}

type FileChange = (file: DiskFile, path: string) => Partial<DiskFile>;

/** Mutants by name: each is a bug that brokers have had, and that the simulation must find. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  /** Producers are answered before fdatasync (NATS #7567). */
  'ack-before-fsync': { disk: (inner) => withFiles(inner, (_, path) => (isLog(path) ? { sync: async () => {} } : {})) },
  /** The same of the metadata log. */
  'metadata-before-fsync': {
    disk: (inner) => withFiles(inner, (_, path) => (isMetadata(path) ? { sync: async () => {} } : {})),
  },
  /** Files are made and renamed without fsync of their directory (KAFKA-3968). */
  'no-sync-of-directories': {
    disk: (inner) => ({ ...bound(inner), syncDir: async (dir) => (isPartition(dir) ? undefined : inner.syncDir(dir)) }),
  },
  /** Checkpoints and snapshots are renamed into place before their content is on disk (KAFKA-15312). */
  'rename-without-fsync': {
    disk: (inner) => withFiles(inner, (_, path) => (isLog(path) || isMetadata(path) ? {} : { sync: async () => {} })),
  },
  /** Recovery takes the last batch for torn. */
  'recovery-drops-tail': {
    disk: (inner) =>
      withFiles(inner, (file, path) => {
        let isOpened = false;
        const size = async (): Promise<number> => {
          const found = await file.size();
          if (isOpened || !isLog(path) || found === 0) return found;
          isOpened = true;
          await file.truncate(found - 1);
          return found - 1;
        };
        return { size };
      }),
  },
  /** Readers are shown the written end instead of the durable one. */
  'watermark-of-written-end': {
    broker: ({ parts }) => {
      for (const partition of parts.replicas.partitions()) {
        Object.defineProperty(partition, 'highWatermark', { get: () => partition.log.endOffset });
      }
    },
  },
};

function isLog(path: string): boolean {
  return path.endsWith('.log') && !isMetadata(path);
}

function isPartition(dir: string): boolean {
  return /-\d+$/.test(dir) && !isMetadata(dir);
}

function isMetadata(path: string): boolean {
  return path.includes('__cluster_metadata');
}

function bound(inner: Disk): Disk {
  return {
    open: (path) => inner.open(path),
    list: (dir) => inner.list(dir),
    makeDir: (dir) => inner.makeDir(dir),
    rename: (from, to) => inner.rename(from, to),
    remove: (path) => inner.remove(path),
    syncDir: (dir) => inner.syncDir(dir),
    space: (dir) => inner.space(dir),
    lock: (path) => inner.lock(path),
  };
}

function withFiles(inner: Disk, change: FileChange): Disk {
  const open = async (path: string): Promise<DiskFile> => {
    const file = await inner.open(path);
    return {
      size: () => file.size(),
      read: (at, length) => file.read(at, length),
      write: (at, chunks) => file.write(at, chunks),
      writeNow: (at, chunks) => file.writeNow(at, chunks),
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      close: () => file.close(),
      ...change(file, path),
    };
  };
  return { ...bound(inner), open };
}
