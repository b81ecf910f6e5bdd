import type { AnyApi } from '@trunkline/protocol';

/**
 * The version of each API from which on brokers answer a throttled request at once and leave the waiting to the client
 * (KIP-219); before, the answer came late. By API key, as Java's `shouldClientThrottle` has it; not named there: never.
 */
const CLIENT_WAITS_SINCE: ReadonlyMap<number, number> = new Map([
  [0, 6], // Produce
  [1, 8], // Fetch
  [2, 3], // ListOffsets
  [3, 6], // Metadata
  [8, 4], // OffsetCommit
  [9, 4], // OffsetFetch
  [10, 2], // FindCoordinator
  [11, 3], // JoinGroup
  [12, 2], // Heartbeat
  [13, 2], // LeaveGroup
  [14, 2], // SyncGroup
  [15, 2], // DescribeGroups
  [16, 2], // ListGroups
  [18, 2], // ApiVersions
  [19, 3], // CreateTopics
  [20, 2], // DeleteTopics
  [21, 1], // DeleteRecords
  [22, 1], // InitProducerId
  [24, 1], // AddPartitionsToTxn
  [25, 1], // AddOffsetsToTxn
  [26, 1], // EndTxn
  [28, 1], // TxnOffsetCommit
  [29, 1], // DescribeAcls
  [30, 1], // CreateAcls
  [31, 1], // DeleteAcls
  [32, 2], // DescribeConfigs
  [33, 1], // AlterConfigs
  [34, 1], // AlterReplicaLogDirs
  [35, 1], // DescribeLogDirs
  [37, 1], // CreatePartitions
  [38, 1], // CreateDelegationToken
  [39, 1], // RenewDelegationToken
  [40, 1], // ExpireDelegationToken
  [41, 1], // DescribeDelegationToken
  [42, 1], // DeleteGroups
  [43, 0], // ElectLeaders
  [44, 0], // IncrementalAlterConfigs
  [45, 0], // AlterPartitionReassignments
  [46, 0], // ListPartitionReassignments
  [47, 0], // OffsetDelete
  [50, 0], // DescribeUserScramCredentials
  [51, 0], // AlterUserScramCredentials
  [64, 0], // UnregisterBroker
  [75, 0], // DescribeTopicPartitions
]);

/** The throttle time that an answer tells, ms; 0: none. */
export function throttleTimeOf(body: object): number {
  const told: unknown = Reflect.get(body, 'throttleTimeMs');
  return typeof told === 'number' && told > 0 ? told : 0;
}

/** Whether it is the client that has to wait when an answer of this version tells a throttle time. */
export function clientWaits(api: AnyApi, version: number): boolean {
  return version >= (CLIENT_WAITS_SINCE.get(api.key) ?? Infinity);
}
