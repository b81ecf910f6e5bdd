import { type ApiError, type Uuid, ZERO_UUID } from '@trunkline/kernel';
import type { GroupShard, StoredOffset } from '@trunkline/coordinator';
import type { MetadataImage } from '@trunkline/metadata';
import { OffsetFetch, type OffsetFetchRequest, type OffsetFetchResponse, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

/** An error for the whole group has a place of its own. */
const GROUP_ERROR_SINCE = 2;
/** Several groups in one request (KIP-709). */
const BATCH_SINCE = 8;
/** Topics are named by id. */
const TOPIC_ID_SINCE = 10;

type GroupResponse = NonNullable<OffsetFetchResponse['groups']>[number];
type TopicResponse = GroupResponse['topics'][number];
type PartitionResponse = TopicResponse['partitions'][number];

interface TopicWish {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitionIndexes: readonly number[];
}

/** Null topics ask for everything. */
interface GroupWish {
  readonly groupId: string;
  readonly topics: readonly TopicWish[] | null;
}

/**
 * OffsetFetch (9), versions 1 to 10: how far groups have come.
 *
 * Nothing committed, an unknown topic, partition or group: offset -1, leader epoch -1, empty metadata, no error; by id
 * (10+) an unknown topic is UNKNOWN_TOPIC_ID. Null topics (2+) mean all that has a commit. An offset that was committed
 * for an earlier topic of the same name is none. Only what is in the log is told, so RequireStable (7+) has nothing to
 * wait for as long as there are no transactions. Member id and epoch (9+) are for groups of the new protocol and are not
 * looked at.
 */
export const offsetFetch = handler({
  api: OffsetFetch,
  handle(request, parts, { apiVersion }) {
    const groups = wishesOf(request, apiVersion).map((wish) => fetchGroup(wish, parts, apiVersion));
    return apiVersion < BATCH_SINCE ? single(groups[0]!, apiVersion) : { groups };
  },
  failed: (request, error, { apiVersion }) => {
    const groups = wishesOf(request, apiVersion).map((wish) => refused(wish, error, apiVersion));
    return apiVersion < BATCH_SINCE ? single(groups[0]!, apiVersion) : { groups };
  },
});

function wishesOf({ groupId, topics, groups }: OffsetFetchRequest, apiVersion: number): readonly GroupWish[] {
  if (apiVersion >= BATCH_SINCE) return groups;
  return [{ groupId, topics: topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null }];
}

function fetchGroup(wish: GroupWish, parts: Parts, apiVersion: number): GroupResponse {
  try {
    const { machine } = parts.groups.shardOf(wish.groupId);
    const { image } = parts.metadata;
    const topics =
      wish.topics === null
        ? everything(machine, wish.groupId, image, apiVersion)
        : wish.topics.map((topic) => fetchTopic(machine, wish.groupId, topic, image, apiVersion));
    return { groupId: wish.groupId, topics, errorCode: 0 };
  } catch (reason) {
    return refused(wish, partitionError(reason), apiVersion);
  }
}

function fetchTopic(
  machine: GroupShard,
  groupId: string,
  { name, topicId, partitionIndexes }: TopicWish,
  image: MetadataImage,
  apiVersion: number,
): TopicResponse {
  const byId = apiVersion >= TOPIC_ID_SINCE;
  const topic = byId ? image.topics.byId(topicId) : image.topics.byName(name);
  const isUnknownId = byId && topic === undefined;
  const partitions = partitionIndexes.map((index): PartitionResponse => {
    if (isUnknownId) return nothing(index, errorCode('UNKNOWN_TOPIC_ID'));
    const stored = machine.offset(groupId, topic?.name ?? name, index);
    return stored !== undefined && belongsTo(stored, topic?.id) ? told(index, stored) : nothing(index);
  });
  return { name, topicId, partitions };
}

/** By id only topics that exist can be named. */
function everything(machine: GroupShard, groupId: string, image: MetadataImage, apiVersion: number): TopicResponse[] {
  const topics: TopicResponse[] = [];
  for (const [name, offsets] of machine.offsets(groupId)) {
    const topicId = image.topics.byName(name)?.id;
    if (topicId === undefined && apiVersion >= TOPIC_ID_SINCE) continue;
    const partitions: PartitionResponse[] = [];
    for (const [index, stored] of offsets) if (belongsTo(stored, topicId)) partitions.push(told(index, stored));
    if (partitions.length > 0) topics.push({ name, topicId: topicId ?? ZERO_UUID, partitions });
  }
  return topics;
}

function belongsTo({ topicId }: StoredOffset, current: Uuid | undefined): boolean {
  return topicId === ZERO_UUID || current === undefined || topicId === current;
}

function told(partitionIndex: number, { offset, leaderEpoch, metadata }: StoredOffset): PartitionResponse {
  return { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: 0 };
}

function nothing(partitionIndex: number, code = 0): PartitionResponse {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode: code };
}

/** Up to version 1 the error of a group stands in each partition. */
function refused({ groupId, topics }: GroupWish, { code }: ApiError, apiVersion: number): GroupResponse {
  const error = errorCode(code);
  if (apiVersion >= GROUP_ERROR_SINCE) return { groupId, topics: [], errorCode: error };
  const each = (topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((index) => nothing(index, error)),
  }));
  return { groupId, topics: each, errorCode: error };
}

function single({ topics, errorCode: code }: GroupResponse, _apiVersion: number): OffsetFetchResponse {
  return { topics: topics.map(({ name, partitions }) => ({ name: name ?? '', partitions })), errorCode: code ?? 0 };
}
