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
  const path = `${dir}/${NAME}`;
  const found = await readMetaProperties(disk, dir);
  if (found === undefined) {
    const made: MetaProperties = { clusterId: clusterId ?? random.uuid(), nodeId, directoryId: random.uuid() };
    await write(disk, dir, made);
    return made;
  }
  if (found.nodeId === nodeId && clusterId !== undefined && found.clusterId !== clusterId) {
    const why = `${path} says cluster.id=${found.clusterId}, but this node shall be in cluster ${clusterId}`;
    throw new ApiError('INCONSISTENT_CLUSTER_ID', `${why}; use another directory, or the cluster it belongs to`);
  }
  if (found.nodeId === nodeId) return found;
  const why = `${path} says node.id=${found.nodeId}, but this node is started with node.id=${nodeId}`;
  throw new ApiError('INCONSISTENT_CLUSTER_ID', `${why}; use the directory's own id, or another directory`);
}

/** What `meta.properties` of a directory says; undefined when it has none. Throws as {@link metaProperties} does. */
export async function readMetaProperties(disk: Disk, dir: string): Promise<MetaProperties | undefined> {
  if (!(await disk.list(dir)).includes(NAME)) return undefined;
  const path = `${dir}/${NAME}`;
  return parse(fromUtf8(await readWhole(disk, path)), path);
}

/**
 * Gives a directory to a node of a cluster, once and for all; makes it when it is missing.
 *
 * Throws ApiError INVALID_REQUEST when it belongs to somebody already, or the values cannot be: nothing is changed then.
 */
export async function formatDirectory(disk: Disk, dir: string, properties: MetaProperties): Promise<void> {
  parse(format(properties), `the new ${NAME}`);
  await disk.makeDir(dir);
  const found = await readMetaProperties(disk, dir);
  if (found !== undefined) {
    const whose = `cluster.id=${found.clusterId}, node.id=${found.nodeId}, directory.id=${found.directoryId}`;
    throw new ApiError('INVALID_REQUEST', `${dir} is formatted already: ${whose}`);
  }
  await write(disk, dir, properties);
}

/**
 * The directory id of one of a cluster's first voters: it follows from the ids of cluster and node, so that every node
 * knows the keys of all first voters without having asked them (KIP-853 wants them told by hand).
 *
 * FNV-1a of 128 bits, marked as a UUID of version 8. It names a disk, and keeps no secret.
 */
export function firstDirectoryId(clusterId: string, nodeId: NodeId): Uuid {
  let hash = FNV_OFFSET;
  for (const byte of utf8(`${nodeId}/${clusterId}`)) hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * FNV_PRIME);
  const bytes = Array.from({ length: 16 }, (_, at) => Number((hash >> BigInt(8 * (15 - at))) & 0xffn));
  bytes[0] = bytes[0]! & 0x7f; // Its text shall not begin with a hyphen: it stands on command lines.
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return base64Url(bytes) as Uuid;
}

const FNV_OFFSET = 0x6c62272e07bb014262b821756295c58dn;
const FNV_PRIME = 0x0000000001000000000000000000013bn;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Of 16 bytes: 22 digits, the last of which holds two bits. */
function base64Url(bytes: readonly number[]): string {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('') + '0000';
  return (bits.match(/.{6}/g) ?? []).map((six) => DIGITS[Number.parseInt(six, 2)]).join('');
}

async function write(disk: Disk, dir: string, properties: MetaProperties): Promise<void> {
  await syncParents(disk, dir);
  await replaceFile(disk, dir, NAME, utf8(format(properties)));
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
