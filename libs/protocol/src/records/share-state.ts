// Records of __share_group_state: what share groups have delivered (KIP-932).
// On disk: a key is an int16 with the table’s key, then the body; a value is an int16 version, then the body.
import { recordMessage } from '../api.js';
import { type Decoded, array, int16, int32, int64, int8, string, struct, tagged, uuid } from '../schema.js';

/** A share partition. */
export const ShareSnapshotKey = recordMessage({
  key: 0,
  name: 'ShareSnapshotKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    topicId: uuid,
    partition: int32,
  }),
});
export type ShareSnapshotKey = Decoded<typeof ShareSnapshotKey>;

/** All of its state. */
export const ShareSnapshotValue = recordMessage({
  key: 0,
  name: 'ShareSnapshotValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    snapshotEpoch: int32,
    stateEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: tagged(0, int32, -1),
    createTimestamp: int64,
    writeTimestamp: int64,
    stateBatches: array(
      struct({
        firstOffset: int64,
        lastOffset: int64,
        deliveryState: int8,
        deliveryCount: int16,
      }),
    ),
  }),
});
export type ShareSnapshotValue = Decoded<typeof ShareSnapshotValue>;

/** A share partition. */
export const ShareUpdateKey = recordMessage({
  key: 1,
  name: 'ShareUpdateKey',
  versions: [0, 0],
  flexibleFrom: Infinity,
  type: struct({
    groupId: string,
    topicId: uuid,
    partition: int32,
  }),
});
export type ShareUpdateKey = Decoded<typeof ShareUpdateKey>;

/** What changed since its last snapshot. */
export const ShareUpdateValue = recordMessage({
  key: 1,
  name: 'ShareUpdateValue',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    snapshotEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: tagged(0, int32, -1),
    stateBatches: array(
      struct({
        firstOffset: int64,
        lastOffset: int64,
        deliveryState: int8,
        deliveryCount: int16,
      }),
    ),
  }),
});
export type ShareUpdateValue = Decoded<typeof ShareUpdateValue>;
