import { ApiError, concatBytes, type NodeId } from '@trunkline/kernel';
import * as wire from '@trunkline/protocol';
import {
  CONFIG_RESOURCE_TYPES,
  LEADER_RECOVERY_STATES,
  type ConfigResourceType,
  type LeaderRecoveryState,
  type MetadataRecord,
} from './records.js';

/** The number before the key of every metadata record: the version of this framing. */
const FRAME_VERSION = 1;
const UNCHANGED_LEADER = -2;
const UNCHANGED_RECOVERY = -1;

type Kind = MetadataRecord['kind'];
type RecordOf<K extends Kind> = Extract<MetadataRecord, { kind: K }>;

/** How one kind is written in Kafka's tables, and read back. */
interface Form<K extends Kind> {
  readonly key: number;
  /** The version that is written; all up to it are read. */
  readonly version: number;
  write(writer: wire.Writer, record: RecordOf<K>): void;
  read(reader: wire.Reader, version: number): RecordOf<K>;
}

function formOf<K extends Kind, T extends wire.AnyType>(
  message: wire.RecordMessage<T>,
  toWire: (record: RecordOf<K>) => wire.Encodable<T>,
  fromWire: (body: wire.Decoded<T>) => RecordOf<K>,
): Form<K> {
  const [, version] = message.versions;
  return {
    key: message.key,
    version,
    write: (writer, record) => message.write(writer, version, toWire(record)),
    read: (reader, asked) => fromWire(message.read(reader, asked)),
  };
}

const FORMS: { readonly [K in Kind]: Form<K> } = {
  topic: formOf(
    wire.TopicRecord,
    ({ name, topicId }) => ({ name, topicId }),
    (body) => ({ kind: 'topic', ...body }),
  ),
  partition: formOf(
    wire.PartitionRecord,
    ({ kind: _kind, eligibleLeaderReplicas, lastKnownElr, ...body }) => ({
      ...body,
      ...(eligibleLeaderReplicas.length > 0 && { eligibleLeaderReplicas }),
      ...(lastKnownElr.length > 0 && { lastKnownElr }),
    }),
    (body) => ({
      kind: 'partition',
      topicId: body.topicId,
      partitionId: body.partitionId,
      replicas: nodes(body.replicas),
      isr: nodes(body.isr),
      removingReplicas: nodes(body.removingReplicas),
      addingReplicas: nodes(body.addingReplicas),
      leader: body.leader as NodeId,
      leaderRecoveryState: recoveryState(body.leaderRecoveryState),
      leaderEpoch: body.leaderEpoch,
      partitionEpoch: body.partitionEpoch,
      directories: body.directories,
      eligibleLeaderReplicas: nodes(body.eligibleLeaderReplicas ?? []),
      lastKnownElr: nodes(body.lastKnownElr ?? []),
    }),
  ),
  'partition-change': formOf(
    wire.PartitionChangeRecord,
    ({ kind: _kind, ...body }) => body,
    (body) => ({
      kind: 'partition-change',
      topicId: body.topicId,
      partitionId: body.partitionId,
      ...(body.isr && { isr: nodes(body.isr) }),
      ...(body.leader !== UNCHANGED_LEADER && { leader: body.leader as NodeId }),
      ...(body.replicas && { replicas: nodes(body.replicas) }),
      ...(body.removingReplicas && { removingReplicas: nodes(body.removingReplicas) }),
      ...(body.addingReplicas && { addingReplicas: nodes(body.addingReplicas) }),
      ...(body.leaderRecoveryState !== UNCHANGED_RECOVERY && {
        leaderRecoveryState: recoveryState(body.leaderRecoveryState),
      }),
      ...(body.directories && { directories: body.directories }),
      ...(body.eligibleLeaderReplicas && { eligibleLeaderReplicas: nodes(body.eligibleLeaderReplicas) }),
      ...(body.lastKnownElr && { lastKnownElr: nodes(body.lastKnownElr) }),
    }),
  ),
  'clear-elr': formOf(
    wire.ClearElrRecord,
    ({ topicName }) => ({ topicName }),
    ({ topicName }) => ({ kind: 'clear-elr', topicName }),
  ),
  'remove-topic': formOf(
    wire.RemoveTopicRecord,
    ({ topicId }) => ({ topicId }),
    ({ topicId }) => ({ kind: 'remove-topic', topicId }),
  ),
  config: formOf(
    wire.ConfigRecord,
    ({ kind: _kind, ...body }) => body,
    (body) => ({ kind: 'config', ...body, resourceType: resourceType(body.resourceType) }),
  ),
  'register-broker': formOf(
    wire.RegisterBrokerRecord,
    ({ kind: _kind, ...body }) => body,
    (body) => ({
      kind: 'register-broker',
      brokerId: body.brokerId as NodeId,
      incarnationId: body.incarnationId,
      brokerEpoch: body.brokerEpoch,
      endPoints: body.endPoints,
      features: body.features,
      rack: body.rack,
      fenced: body.fenced,
      inControlledShutdown: body.inControlledShutdown,
      logDirs: body.logDirs,
    }),
  ),
  'broker-registration-change': formOf(
    wire.BrokerRegistrationChangeRecord,
    ({ brokerId, brokerEpoch, fenced, inControlledShutdown, logDirs = [] }) => ({
      brokerId,
      brokerEpoch,
      fenced: fenced === undefined ? 0 : fenced ? 1 : -1,
      inControlledShutdown: inControlledShutdown === true ? 1 : 0,
      logDirs,
    }),
    (body) => ({
      kind: 'broker-registration-change',
      brokerId: body.brokerId as NodeId,
      brokerEpoch: body.brokerEpoch,
      ...(body.fenced !== 0 && { fenced: body.fenced > 0 }),
      ...(body.inControlledShutdown !== 0 && { inControlledShutdown: true }),
      ...(body.logDirs.length > 0 && { logDirs: body.logDirs }),
    }),
  ),
  'unregister-broker': formOf(
    wire.UnregisterBrokerRecord,
    ({ brokerId, brokerEpoch }) => ({ brokerId, brokerEpoch }),
    ({ brokerId, brokerEpoch }) => ({ kind: 'unregister-broker', brokerId: brokerId as NodeId, brokerEpoch }),
  ),
  'feature-level': formOf(
    wire.FeatureLevelRecord,
    ({ name, featureLevel }) => ({ name, featureLevel }),
    (body) => ({ kind: 'feature-level', ...body }),
  ),
  'producer-ids': formOf(
    wire.ProducerIdsRecord,
    ({ kind: _kind, ...body }) => body,
    (body) => ({ kind: 'producer-ids', ...body, brokerId: body.brokerId as NodeId }),
  ),
  'no-op': formOf(
    wire.NoOpRecord,
    () => ({}),
    () => ({ kind: 'no-op' }),
  ),
};

const BY_KEY: ReadonlyMap<number, Form<Kind>> = new Map(
  Object.values(FORMS).map((one) => [one.key, one as Form<Kind>]),
);

/** A metadata record's bytes in Kafka's form: unsigned varints 1, key, version, then the body. */
export function encodeRecord(record: MetadataRecord): Uint8Array {
  const form = FORMS[record.kind] as Form<Kind>;
  const writer = wire.sharedWriter;
  writer.begin();
  writer.unsignedVarint(FRAME_VERSION);
  writer.unsignedVarint(form.key);
  writer.unsignedVarint(form.version);
  form.write(writer, record);
  return concatBytes(writer.finish());
}

/**
 * The record in these bytes. Throws ApiError MALFORMED, and UNSUPPORTED_VERSION for a kind or version that only a newer
 * build knows.
 */
export function decodeRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new wire.Reader(bytes, 'metadata record');
  const frame = reader.unsignedVarint();
  if (frame !== FRAME_VERSION) throw reader.refuse(`framing version ${frame} is not ${FRAME_VERSION}`);
  const key = reader.unsignedVarint();
  const version = reader.unsignedVarint();
  const known = BY_KEY.get(key);
  if (known === undefined || version > known.version) {
    const what = `A metadata record of kind ${key} in version ${version}`;
    throw new ApiError('UNSUPPORTED_VERSION', `${what} is unknown to this build; a newer one wrote it`);
  }
  const record = known.read(reader, version);
  if (reader.remaining > 0) throw reader.refuse(`${reader.remaining} bytes behind the end`);
  return record;
}

function nodes(ids: readonly number[]): readonly NodeId[] {
  return ids as readonly NodeId[];
}

function recoveryState(state: number): LeaderRecoveryState {
  const known = Object.values(LEADER_RECOVERY_STATES).find((value) => value === state);
  if (known === undefined) throw new ApiError('MALFORMED', `${state} is no state of a leader's recovery`);
  return known;
}

function resourceType(type: number): ConfigResourceType {
  const known = Object.values(CONFIG_RESOURCE_TYPES).find((value) => value === type);
  if (known === undefined) throw new ApiError('MALFORMED', `${type} is no type of config resource`);
  return known;
}
