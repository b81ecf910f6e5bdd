import { ZERO_UUID, type NodeId, type Uuid } from '@trunkline/kernel';
import type { BrokerImage, PartitionImage } from './image.js';

/** Kafka's ids that stand for no directory (KIP-858). None may be a directory's own. */
export const RESERVED_DIRECTORIES = {
  /** From the time before directories had ids. */
  migrating: ZERO_UUID,
  /** The broker has yet to say where it put the replica. */
  unassigned: 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid,
  /** In a directory that is gone, and nobody knows which. */
  lost: 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid,
} as const;

const RESERVED: ReadonlySet<Uuid> = new Set(Object.values(RESERVED_DIRECTORIES));

export function isReserved(directory: Uuid): boolean {
  return RESERVED.has(directory);
}

/** Where a broker puts a replica that is new: only a broker with several directories has to choose, and tells it then. */
export function directoryOfNew(broker: BrokerImage | undefined): Uuid {
  if (broker === undefined) return RESERVED_DIRECTORIES.unassigned;
  const [only = RESERVED_DIRECTORIES.migrating, ...more] = broker.logDirs;
  return more.length === 0 ? only : RESERVED_DIRECTORIES.unassigned;
}

/** Whether a broker has the directory. It does not when its disk failed, or was replaced by a blank one. */
export function hasDirectory({ logDirs }: BrokerImage, directory: Uuid): boolean {
  if (directory === RESERVED_DIRECTORIES.lost) return false;
  return logDirs.length === 0 || RESERVED.has(directory) || logDirs.includes(directory);
}

/** The directory of one replica of a partition. */
export function directoryIn({ replicas, directories }: PartitionImage, id: NodeId): Uuid {
  return directories[replicas.indexOf(id)] ?? RESERVED_DIRECTORIES.unassigned;
}
