import { ApiError, nodeId } from '@trunkline/kernel';
import { type MetaProperties, firstDirectoryId, formatDirectory, readMetaProperties } from '@trunkline/metadata';
import { NodeDisk, nodeRandom } from '@trunkline/platform';

/** What a directory is given to. */
export interface FormatOptions {
  readonly dataDir: string;
  readonly clusterId: string;
  readonly nodeId: number;
  /** The cluster runs, or has run before: the node comes with a blank disk, or is one more. Else it is a first voter. */
  readonly join: boolean;
}

/** A directory that cannot be formatted so: a sentence. */
export class FormatFault extends Error {
  override readonly name = 'ConfigFault';
}

/** Writes `meta.properties` of a node of a cluster. Rejects with a {@link FormatFault}. */
export async function formatNode(options: FormatOptions): Promise<MetaProperties> {
  const { dataDir, clusterId, join } = options;
  if (!Number.isInteger(options.nodeId) || options.nodeId < 0 || options.nodeId > NODE_ID_MAX) {
    throw new FormatFault(`--node-id must be a whole number from 0 to ${NODE_ID_MAX}`);
  }
  const id = nodeId(options.nodeId);
  const directoryId = join ? nodeRandom.uuid() : firstDirectoryId(clusterId, id);
  const properties = { clusterId, nodeId: id, directoryId };
  try {
    await formatDirectory(new NodeDisk(), dataDir, properties);
  } catch (reason) {
    if (!(reason instanceof ApiError)) throw reason;
    throw new FormatFault(reason.detail, { cause: reason });
  }
  return properties;
}

/** Whether a directory is there and belongs to somebody. */
export async function isFormatted(dataDir: string): Promise<boolean> {
  const disk = new NodeDisk();
  await disk.makeDir(dataDir);
  return (await readMetaProperties(disk, dataDir)) !== undefined;
}

const NODE_ID_MAX = 2 ** 31 - 1;
