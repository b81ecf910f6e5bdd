import { ApiError, concatBytes, nodeId, type Crc32c } from '@trunkline/kernel';
import {
  KRaftVersionRecord,
  LeaderChangeMessage,
  VotersRecord,
  decodeBody,
  encodeBody,
  type Encodable,
} from '@trunkline/protocol';
import type { ControlRecord, Voter } from '@trunkline/raft';
import { CONTROL_TYPES, buildBatch, controlTypeOf, type ControlType, type RecordBatch } from '@trunkline/records';

/** What a batch of the log is stamped with. */
export interface BatchStamp {
  readonly baseOffset: number;
  readonly epoch: number;
  readonly timestampMs: number;
  readonly crc32c: Crc32c;
}

/** Versions of the quorum's own protocol that a voter of ours knows (KIP-853). */
const KRAFT_VERSIONS = { minSupportedVersion: 0, maxSupportedVersion: 1 };
const LEADER_CHANGE_VERSION = 1;
const VOTERS_VERSION = 0;

/** The bytes of a control batch, as Apache Kafka writes it. */
export function controlBatch(control: ControlRecord, stamp: BatchStamp): Uint8Array {
  if (control.kind === 'voters') return controlBatchOf('KRAFT_VOTERS', votersValue(control.voters), stamp);
  const value: Encodable<typeof LeaderChangeMessage> = {
    version: LEADER_CHANGE_VERSION,
    leaderId: control.leaderId,
    voters: control.voters.map(keyOf),
    grantingVoters: control.grantingVoters.map(keyOf),
  };
  return controlBatchOf(
    'LEADER_CHANGE',
    concatBytes(encodeBody(LeaderChangeMessage, LEADER_CHANGE_VERSION, value)),
    stamp,
  );
}

/** A control batch with one record. */
export function controlBatchOf(type: ControlType, value: Uint8Array, stamp: BatchStamp): Uint8Array {
  const { crc32c, baseOffset, epoch, timestampMs } = stamp;
  const key = Uint8Array.of(0, 0, 0, CONTROL_TYPES[type]);
  return buildBatch([{ key, value, timestampMs }], { crc32c, baseOffset, leaderEpoch: epoch, isControl: true });
}

/** The value of a VotersRecord. */
export function votersValue(voters: readonly Voter[]): Uint8Array {
  const told = voters.map(({ id, directoryId, endpoints }) => ({
    voterId: id,
    voterDirectoryId: directoryId,
    endpoints,
    kRaftVersionFeature: KRAFT_VERSIONS,
  }));
  return concatBytes(encodeBody(VotersRecord, VOTERS_VERSION, { version: VOTERS_VERSION, voters: told }));
}

/** The value of the record that says which protocol the quorum speaks: the one with voters in the log. */
export function quorumVersionValue(): Uint8Array {
  const kRaftVersion = KRAFT_VERSIONS.maxSupportedVersion;
  return concatBytes(encodeBody(KRaftVersionRecord, 0, { version: 0, kRaftVersion }));
}

/** What a control batch of the log says; undefined for a batch of metadata. Throws CORRUPT_MESSAGE for other kinds. */
export function controlOf(batch: RecordBatch): ControlRecord | undefined {
  if (!batch.isControl) return undefined;
  const type = controlTypeOf(batch);
  const value = batch.records().next().value?.value;
  if (value === null || value === undefined) throw unknown(batch, 'no value');
  if (type === 'KRAFT_VOTERS') return { kind: 'voters', voters: votersOf(value) };
  if (type !== 'LEADER_CHANGE') throw unknown(batch, `the type ${type ?? 'of nobody'}`);
  const { leaderId, voters, grantingVoters } = decodeBody(LeaderChangeMessage, LEADER_CHANGE_VERSION, value);
  return {
    kind: 'leader-change',
    leaderId: nodeId(leaderId),
    voters: voters.map(replicaOf),
    grantingVoters: grantingVoters.map(replicaOf),
  };
}

/** The voters of a VotersRecord's value. */
export function votersOf(value: Uint8Array): Voter[] {
  return decodeBody(VotersRecord, VOTERS_VERSION, value).voters.map(({ voterId, voterDirectoryId, endpoints }) => ({
    id: nodeId(voterId),
    directoryId: voterDirectoryId,
    endpoints: endpoints.map(({ name, host, port }) => ({ name, host, port })),
  }));
}

const keyOf = ({ id, directoryId }: Pick<Voter, 'id' | 'directoryId'>) => ({
  voterId: id,
  voterDirectoryId: directoryId,
});

const replicaOf = ({
  voterId,
  voterDirectoryId,
}: ReturnType<typeof keyOf> | { voterId: number; voterDirectoryId: Voter['directoryId'] }) => ({
  id: nodeId(voterId),
  directoryId: voterDirectoryId,
});

function unknown({ baseOffset }: RecordBatch, what: string): ApiError {
  return new ApiError('CORRUPT_MESSAGE', `the control record at offset ${baseOffset} has ${what}`);
}
