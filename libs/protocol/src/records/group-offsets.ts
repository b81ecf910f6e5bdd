// Records of __consumer_offsets: committed offsets and classic groups.
// On disk: a key is an int16 with the table’s key, then the body; a value is an int16 version, then the body.
import { recordMessage } from '../api.js';
import {
  type Decoded,
  array,
  between,
  bytes,
  ignorable,
  int32,
  int64,
  nullable,
  since,
  string,
  struct,
  tagged,
  uuid,
} from '../schema.js';

/** A classic group. */
export const GroupMetadataKey = recordMessage({
  key: 2,
  name: 'GroupMetadataKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    group: string,
  }),
});
export type GroupMetadataKey = Decoded<typeof GroupMetadataKey>;

const memberMetadata = struct({
  memberId: string,
  groupInstanceId: ignorable(since(3, nullable(string), null)),
  clientId: string,
  clientHost: string,
  rebalanceTimeout: ignorable(since(1, int32, -1)),
  sessionTimeout: int32,
  subscription: bytes,
  assignment: bytes,
});

/** A classic group with members and assignments; a record without a value takes it away. */
export const GroupMetadataValue = recordMessage({
  key: 2,
  name: 'GroupMetadataValue',
  versions: [0, 4],
  flexibleFrom: 4,
  type: struct({
    protocolType: string,
    generation: int32,
    protocol: nullable(string),
    leader: nullable(string),
    currentStateTimestamp: ignorable(since(2, int64, -1n)),
    members: array(memberMetadata),
  }),
});
export type GroupMetadataValue = Decoded<typeof GroupMetadataValue>;

/** As OffsetCommitKey, written by old brokers. */
export const LegacyOffsetCommitKey = recordMessage({
  key: 0,
  name: 'LegacyOffsetCommitKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    group: string,
    topic: string,
    partition: int32,
  }),
});
export type LegacyOffsetCommitKey = Decoded<typeof LegacyOffsetCommitKey>;

/** As OffsetCommitValue, written by old brokers. */
export const LegacyOffsetCommitValue = recordMessage({
  key: 0,
  name: 'LegacyOffsetCommitValue',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    offset: int64,
    metadata: string,
    commitTimestamp: int64,
  }),
});
export type LegacyOffsetCommitValue = Decoded<typeof LegacyOffsetCommitValue>;

/** A group’s offset of a partition. */
export const OffsetCommitKey = recordMessage({
  key: 1,
  name: 'OffsetCommitKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    group: string,
    topic: string,
    partition: int32,
  }),
});
export type OffsetCommitKey = Decoded<typeof OffsetCommitKey>;

/** The offset; a record without a value takes it away. */
export const OffsetCommitValue = recordMessage({
  key: 1,
  name: 'OffsetCommitValue',
  versions: [0, 4],
  flexibleFrom: 4,
  type: struct({
    offset: int64,
    leaderEpoch: ignorable(since(3, int32, -1)),
    metadata: string,
    commitTimestamp: int64,
    expireTimestamp: ignorable(between(1, 1, int64, -1n)),
    topicId: ignorable(tagged(0, since(4, uuid))),
  }),
});
export type OffsetCommitValue = Decoded<typeof OffsetCommitValue>;
