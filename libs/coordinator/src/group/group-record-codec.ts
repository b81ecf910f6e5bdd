import { ZERO_UUID, concatBytes } from '@trunkline/kernel';
import {
  type Decoded,
  type Encodable,
  GroupMetadataKey,
  GroupMetadataValue,
  LegacyOffsetCommitKey,
  OffsetCommitKey,
  OffsetCommitValue,
  Reader,
  type RecordMessage,
  Writer,
} from '@trunkline/protocol';
import type { RecordCodec, ShardRecord } from '../state-machine.js';
import type { GroupRecord, StoredGroup, StoredOffset } from './group-records.js';

/** What Apache Kafka 4.3.1 writes (seen in its log): version 1 of an offset only where it has an expiry of its own. */
const GROUP_VERSION = 3;
const OFFSET_VERSION = 4;
const EXPIRING_OFFSET_VERSION = 1;

type Pair<Message extends RecordMessage> = (writer: Writer, version: number, value: Encodable<Message>) => void;

/** Records in Kafka's own format of `__consumer_offsets`: a key is its table's number and a body, a value its version and a body. */
export const groupRecordCodec: RecordCodec<GroupRecord> = {
  encode: (record) => (record.kind === 'group' ? encodeGroup(record) : encodeOffset(record)),
  decode,
};

const writer = new Writer();

function prefixed<M extends RecordMessage>(
  message: M,
  prefix: number,
  version: number,
  body: Encodable<M>,
): Uint8Array {
  writer.begin();
  writer.int16(prefix);
  (message.write as Pair<M>)(writer, version, body);
  return concatBytes(writer.finish());
}

function encodeGroup({ groupId, value }: Extract<GroupRecord, { kind: 'group' }>): ShardRecord {
  const key = prefixed(GroupMetadataKey, GroupMetadataKey.key, 0, { group: groupId });
  return { key, value: value && prefixed(GroupMetadataValue, GROUP_VERSION, GROUP_VERSION, groupBody(value)) };
}

function encodeOffset({ groupId, topic, partition, value }: Extract<GroupRecord, { kind: 'offset' }>): ShardRecord {
  const key = prefixed(OffsetCommitKey, OffsetCommitKey.key, 0, { group: groupId, topic, partition });
  if (value === null) return { key, value };
  const version = value.expiresMs === -1 ? OFFSET_VERSION : EXPIRING_OFFSET_VERSION;
  return { key, value: prefixed(OffsetCommitValue, version, version, offsetBody(value)) };
}

function groupBody(group: StoredGroup): Encodable<typeof GroupMetadataValue> {
  return {
    protocolType: group.protocolType,
    generation: group.generation,
    protocol: group.protocol,
    leader: group.leader,
    currentStateTimestamp: BigInt(group.sinceMs),
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.subscription,
      assignment: member.assignment,
    })),
  };
}

function offsetBody(stored: StoredOffset): Encodable<typeof OffsetCommitValue> {
  return {
    offset: stored.offset,
    leaderEpoch: stored.leaderEpoch,
    metadata: stored.metadata,
    commitTimestamp: BigInt(stored.committedMs),
    expireTimestamp: BigInt(stored.expiresMs),
    topicId: stored.topicId,
  };
}

/** Throws MALFORMED when a known key or value cannot be read: then the log is not ours, or broken. */
function decode({ key, value }: ShardRecord): GroupRecord | undefined {
  const reader = new Reader(key, 'coordinator key');
  const kind = reader.int16();
  if (kind === GroupMetadataKey.key) {
    const { group } = GroupMetadataKey.read(reader, 0);
    return { kind: 'group', groupId: group, value: value && storedGroup(value) };
  }
  if (kind !== OffsetCommitKey.key && kind !== LegacyOffsetCommitKey.key) return undefined;
  const { group, topic, partition } = OffsetCommitKey.read(reader, 0);
  return { kind: 'offset', groupId: group, topic, partition, value: value && storedOffset(value) };
}

function storedGroup(bytes: Uint8Array): StoredGroup {
  const body: Decoded<typeof GroupMetadataValue> = readValue(GroupMetadataValue, bytes);
  return {
    protocolType: body.protocolType,
    generation: body.generation,
    protocol: body.protocol,
    leader: body.leader,
    sinceMs: Number(body.currentStateTimestamp),
    members: body.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      subscription: member.subscription.slice(),
      assignment: member.assignment.slice(),
    })),
  };
}

function storedOffset(bytes: Uint8Array): StoredOffset {
  const body: Decoded<typeof OffsetCommitValue> = readValue(OffsetCommitValue, bytes);
  return {
    offset: body.offset,
    leaderEpoch: body.leaderEpoch,
    metadata: body.metadata,
    committedMs: Number(body.commitTimestamp),
    expiresMs: Number(body.expireTimestamp),
    topicId: body.topicId ?? ZERO_UUID,
  };
}

function readValue<M extends RecordMessage>(message: M, bytes: Uint8Array): Decoded<M> {
  const reader = new Reader(bytes, message.name);
  return message.read(reader, reader.int16()) as Decoded<M>;
}
