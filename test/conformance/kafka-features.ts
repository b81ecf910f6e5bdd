/** What the Kafka engine claims, wherever its broker runs. */
export const KAFKA_FEATURES = {
  durable: true,
  orderedByKey: true,
  multiProcess: true,
  replay: true,
  partitionedBroadcast: true,
  nativeDelay: false,
  transactions: false,
} as const;
