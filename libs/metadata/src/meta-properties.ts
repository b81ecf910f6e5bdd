import { ApiError, fromUtf8, utf8, type Disk, type NodeId, type Random, type Uuid } from '@trunkline/kernel';
import { readWhole, replaceFile } from '@trunkline/log';
import { parentOf } from './metadata-files.js';

/** Who a data directory belongs to. Written once, when it is new. */
export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  readonly directoryId: Uuid;
}

const NAME = 'meta.properties';
/** The form of the whole data directory. Whoever changes it so that older brokers would misread it counts it up. */
const VERSION = 1;

/**
 * Reads `meta.properties` of a data directory in Kafka's form, or writes it when the directory is new.
 *
 * `clusterId`: that of a new directory, and what an older one must say. Default: a new cluster's, and any.
 *
 * Throws ApiError INCONSISTENT_CLUSTER_ID for a directory of another node or cluster, UNSUPPORTED_VERSION for one in a
 * form that only another version knows, and KAFKA_STORAGE_ERROR for a file that cannot be understood: the sentence says
 * which value stands there. Nothing of the directory is changed then.
 */
export async function metaProperties(
  disk: Disk,
  dir: string,
  nodeId: NodeId,
  random: Random,
  clusterId?: string,
): Promise<MetaProperties> {
  if (!(await disk.list(dir)).includes(NAME)) {
    const made: MetaProperties = { clusterId: clusterId ?? random.uuid(), nodeId, directoryId: random.uuid() };
    await syncParents(disk, dir);
    await replaceFile(disk, dir, NAME, utf8(format(made)));
    return made;
  }
  const path = `${dir}/${NAME}`;
  const found = parse(fromUtf8(await readWhole(disk, path)), path);
  if (found.nodeId === nodeId && clusterId !== undefined && found.clusterId !== clusterId) {
    const why = `${path} says cluster.id=${found.clusterId}, but this node shall be in cluster ${clusterId}`;
    throw new ApiError('INCONSISTENT_CLUSTER_ID', `${why}; use another directory, or the cluster it belongs to`);
  }
  if (found.nodeId === nodeId) return found;
  const why = `${path} says node.id=${found.nodeId}, but this node is started with node.id=${nodeId}`;
  throw new ApiError('INCONSISTENT_CLUSTER_ID', `${why}; use the directory's own id, or another directory`);
}

/** The directory is new, and those above it may be: without their names a power cut would take all that is in it (C54). */
async function syncParents(disk: Disk, dir: string): Promise<void> {
  for (let at = parentOf(dir); ; at = parentOf(at)) {
    await disk.syncDir(at).catch((reason: unknown) => {
      // What we may not read we have not made.
      if (!(reason instanceof Error && 'code' in reason && reason.code === 'EACCES')) throw reason;
    });
    if (at === '/' || at === '.') return;
  }
}

function format({ clusterId, nodeId, directoryId }: MetaProperties): string {
  return `version=${VERSION}\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n`;
}

function parse(text: string, path: string): MetaProperties {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const values = new Map(
    lines.map((line): [string, string] => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
  const read = (key: string, form: RegExp): string => {
    const value = values.get(key);
    if (value !== undefined && form.test(value)) return value;
    throw new ApiError('KAFKA_STORAGE_ERROR', `${path}: ${key} is ${value === undefined ? 'missing' : `"${value}"`}`);
  };
  const version = Number(read('version', /^\d{1,9}$/));
  if (version !== VERSION) throw otherVersion(path, version);
  return {
    clusterId: read('cluster.id', /^[\w-]{1,100}$/),
    nodeId: Number(read('node.id', /^\d{1,10}$/)) as NodeId,
    directoryId: read('directory.id', /^[\w-]{22}$/) as Uuid,
  };
}

function otherVersion(path: string, version: number): ApiError {
  const newer = 'it was written by a newer version: start that one or a later one on it, or use another directory';
  const older = 'it was written for Kafka with ZooKeeper, or by hand: use another directory';
  const why = `${path} says version=${version}, and this broker knows version=${VERSION}`;
  return new ApiError('UNSUPPORTED_VERSION', `${why}; ${version > VERSION ? newer : older} (nothing was changed)`);
}
