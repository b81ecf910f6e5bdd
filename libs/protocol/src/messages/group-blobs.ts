// What consumers of the classic protocol put into JoinGroup and SyncGroup, behind an int16 version.
import { message } from '../api.js';
import {
  type Decoded,
  array,
  bytes,
  ignorable,
  int32,
  nullable,
  since,
  string,
  struct,
  withDefault,
} from '../schema.js';

/** What a member brings to JoinGroup: its topics, and what it owned before. */
export const ConsumerProtocolSubscription = message({
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  flexibleFrom: Infinity,
  type: struct({
    topics: array(string),
    userData: withDefault(nullable(bytes), null),
    ownedPartitions: ignorable(
      since(
        1,
        array(
          struct({
            topic: string,
            partitions: array(int32),
          }),
        ),
      ),
    ),
    generationId: ignorable(since(2, int32, -1)),
    rackId: ignorable(since(3, nullable(string), null)),
  }),
});
export type ConsumerProtocolSubscription = Decoded<typeof ConsumerProtocolSubscription>;

/** What a member gets from SyncGroup: its partitions. */
export const ConsumerProtocolAssignment = message({
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  flexibleFrom: Infinity,
  type: struct({
    assignedPartitions: array(
      struct({
        topic: string,
        partitions: array(int32),
      }),
    ),
    userData: withDefault(nullable(bytes), null),
  }),
});
export type ConsumerProtocolAssignment = Decoded<typeof ConsumerProtocolAssignment>;
