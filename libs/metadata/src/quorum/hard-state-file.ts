import { ApiError, epoch, fromUtf8, nodeId, utf8, type Disk, type Uuid } from '@trunkline/kernel';
import { readWhole, replaceFile } from '@trunkline/log';
import type { HardState } from '@trunkline/raft';

/** Kafka's name of the file. */
const NAME = 'quorum-state';
const VERSION = 1;
const NOBODY = -1;

/** As Apache Kafka writes it, but for `needsRepair`, which is ours. */
interface Written {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly votedId: number;
  readonly votedDirectoryId: string;
  readonly data_version: number;
  readonly needsRepair?: boolean;
}

/** Puts the state in place so that a crash leaves the old or the new one; durable when it resolves (C1, C55). */
export async function writeHardState(disk: Disk, dir: string, state: HardState): Promise<void> {
  const written: Written = {
    leaderId: state.leaderId ?? NOBODY,
    leaderEpoch: state.epoch,
    votedId: state.votedFor?.id ?? NOBODY,
    votedDirectoryId: state.votedFor?.directoryId ?? '',
    data_version: VERSION,
    ...(state.needsRepair && { needsRepair: true }),
  };
  await replaceFile(disk, dir, NAME, utf8(JSON.stringify(written)));
}

/** The state that is there; undefined when there is none. Throws KAFKA_STORAGE_ERROR for what cannot be understood. */
export async function readHardState(disk: Disk, dir: string): Promise<HardState | undefined> {
  if (!(await disk.list(dir)).includes(NAME)) return undefined;
  const path = `${dir}/${NAME}`;
  const text = fromUtf8(await readWhole(disk, path));
  const found = parse(text, path);
  return {
    epoch: epoch(found.leaderEpoch),
    leaderId: found.leaderId === NOBODY ? undefined : nodeId(found.leaderId),
    votedFor:
      found.votedId === NOBODY ? undefined : { id: nodeId(found.votedId), directoryId: found.votedDirectoryId as Uuid },
    needsRepair: found.needsRepair === true,
  };
}

function parse(text: string, path: string): Written {
  const damaged = (why: string): ApiError => {
    const advice =
      'A voter that has forgotten its vote must not vote: take the voter out, and let it join with an empty directory';
    return new ApiError('KAFKA_STORAGE_ERROR', `${path} is damaged: ${why}. ${advice}`);
  };
  let found: Partial<Written>;
  try {
    found = JSON.parse(text) as Partial<Written>;
  } catch {
    throw damaged('it is no JSON');
  }
  const { leaderId, leaderEpoch, votedId, votedDirectoryId, data_version: version } = found;
  if (version !== VERSION) throw damaged(`it says version ${String(version)}, and this broker knows ${VERSION}`);
  for (const value of [leaderId, leaderEpoch, votedId])
    if (!Number.isInteger(value)) throw damaged('a number is missing');
  if (typeof votedDirectoryId !== 'string') throw damaged('votedDirectoryId is missing');
  return found as Written;
}
