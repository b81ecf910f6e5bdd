/** Kafka's error codes that this engine meets. `retriable`: the same request may work later, or at another broker. */
const TABLE = {
  OFFSET_OUT_OF_RANGE: [1, false],
  CORRUPT_MESSAGE: [2, true],
  UNKNOWN_TOPIC_OR_PARTITION: [3, true],
  LEADER_NOT_AVAILABLE: [5, true],
  NOT_LEADER_OR_FOLLOWER: [6, true],
  REQUEST_TIMED_OUT: [7, true],
  BROKER_NOT_AVAILABLE: [8, true],
  REPLICA_NOT_AVAILABLE: [9, true],
  MESSAGE_TOO_LARGE: [10, false],
  NETWORK_EXCEPTION: [13, true],
  COORDINATOR_LOAD_IN_PROGRESS: [14, true],
  COORDINATOR_NOT_AVAILABLE: [15, true],
  NOT_COORDINATOR: [16, true],
  INVALID_TOPIC_EXCEPTION: [17, false],
  RECORD_LIST_TOO_LARGE: [18, false],
  NOT_ENOUGH_REPLICAS: [19, true],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [20, true],
  ILLEGAL_GENERATION: [22, false],
  INCONSISTENT_GROUP_PROTOCOL: [23, false],
  INVALID_GROUP_ID: [24, false],
  UNKNOWN_MEMBER_ID: [25, false],
  INVALID_SESSION_TIMEOUT: [26, false],
  REBALANCE_IN_PROGRESS: [27, false],
  TOPIC_AUTHORIZATION_FAILED: [29, false],
  GROUP_AUTHORIZATION_FAILED: [30, false],
  CLUSTER_AUTHORIZATION_FAILED: [31, false],
  UNSUPPORTED_VERSION: [35, false],
  TOPIC_ALREADY_EXISTS: [36, false],
  INVALID_PARTITIONS: [37, false],
  INVALID_REPLICATION_FACTOR: [38, false],
  INVALID_CONFIG: [40, false],
  NOT_CONTROLLER: [41, true],
  INVALID_REQUEST: [42, false],
  POLICY_VIOLATION: [44, false],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, false],
  DUPLICATE_SEQUENCE_NUMBER: [46, false],
  INVALID_PRODUCER_EPOCH: [47, false],
  INVALID_PRODUCER_ID_MAPPING: [49, false],
  CONCURRENT_TRANSACTIONS: [51, true],
  KAFKA_STORAGE_ERROR: [56, true],
  UNKNOWN_PRODUCER_ID: [59, false],
  FENCED_LEADER_EPOCH: [74, true],
  UNKNOWN_LEADER_EPOCH: [75, true],
  OFFSET_NOT_AVAILABLE: [78, true],
  MEMBER_ID_REQUIRED: [79, false],
  GROUP_MAX_SIZE_REACHED: [81, false],
  FENCED_INSTANCE_ID: [82, false],
  INVALID_RECORD: [87, false],
  UNSTABLE_OFFSET_COMMIT: [88, true],
  THROTTLING_QUOTA_EXCEEDED: [89, true],
} as const satisfies Record<string, readonly [number, boolean]>;

export type KafkaErrorName = keyof typeof TABLE;

const BY_CODE = new Map<number, { readonly name: string; readonly retriable: boolean }>(
  Object.entries(TABLE).map(([name, [code, retriable]]) => [code, { name, retriable }]),
);

/** The number of a name. */
export function codeOf(name: KafkaErrorName): number {
  return TABLE[name][0];
}

/** Kafka's name of a code, for texts. */
export function nameOf(code: number): string {
  return BY_CODE.get(code)?.name ?? `error ${code}`;
}

/** Whether the same request may work later. Codes that are not in the table count as final. */
export function isRetriable(code: number): boolean {
  return BY_CODE.get(code)?.retriable ?? false;
}

/** A broker's answer that is an error. Stays inside this engine. */
export class BrokerSaid extends Error {
  constructor(
    readonly errorCode: number,
    readonly where: string,
  ) {
    super(`${where}: ${nameOf(errorCode)}`);
    this.name = 'BrokerSaid';
  }

  is(...names: readonly KafkaErrorName[]): boolean {
    return names.some((name) => codeOf(name) === this.errorCode);
  }
}

/** Throws when `errorCode` is one. */
export function throwIfError(errorCode: number, where: string): void {
  if (errorCode !== 0) throw new BrokerSaid(errorCode, where);
}
