import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  between,
  bool,
  ignorable,
  int16,
  int32,
  nullable,
  nullableSince,
  since,
  string,
  struct,
  uuid,
} from '../schema.js';

/**
 * Metadata (3): brokers, topics and partitions, and who leads them.
 *
 * v0 an empty list of topics means all; from v1 null does.
 * v1 controller, racks, internal topics.
 * v4 the client may forbid the creation of topics.
 * v5 offline replicas.
 * v7 leader epochs.
 * v8 authorized operations on request.
 * v9 is flexible.
 * v10 topic ids; v12 asks by them.
 * v11 no longer tells operations on the cluster.
 * v13 an error of the whole answer (KIP-1102).
 */

const request = struct({
  topics: nullableSince(
    1,
    array(
      struct({
        topicId: ignorable(since(10, uuid)),
        name: nullableSince(10, string),
      }),
    ),
  ),
  allowAutoTopicCreation: since(4, bool, true),
  includeClusterAuthorizedOperations: between(8, 10, bool),
  includeTopicAuthorizedOperations: since(8, bool),
});

const response = struct({
  throttleTimeMs: ignorable(since(3, int32)),
  brokers: array(
    struct({
      nodeId: int32,
      host: string,
      port: int32,
      rack: ignorable(since(1, nullable(string), null)),
    }),
  ),
  clusterId: ignorable(since(2, nullable(string), null)),
  controllerId: ignorable(since(1, int32, -1)),
  topics: array(
    struct({
      errorCode: int16,
      name: nullableSince(12, string),
      topicId: ignorable(since(10, uuid)),
      isInternal: ignorable(since(1, bool, false)),
      partitions: array(
        struct({
          errorCode: int16,
          partitionIndex: int32,
          leaderId: int32,
          leaderEpoch: ignorable(since(7, int32, -1)),
          replicaNodes: array(int32),
          isrNodes: array(int32),
          offlineReplicas: ignorable(since(5, array(int32))),
        }),
      ),
      topicAuthorizedOperations: since(8, int32, -2147483648),
    }),
  ),
  clusterAuthorizedOperations: between(8, 10, int32, -2147483648),
  errorCode: ignorable(since(13, int16)),
});

/** Metadata (3): brokers, topics and partitions, and who leads them. */
export const Metadata = api({ key: 3, name: 'Metadata', versions: [0, 13], flexibleFrom: 9, request, response });
export type MetadataRequest = RequestOf<typeof Metadata>;
export type MetadataResponse = ResponseOf<typeof Metadata>;
