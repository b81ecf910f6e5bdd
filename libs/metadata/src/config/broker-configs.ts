import { BROKER_CLUSTER_CONFIGS } from './broker-cluster-configs.js';
import { BROKER_GROUP_CONFIGS } from './broker-group-configs.js';
import { BROKER_LOG_CONFIGS } from './broker-log-configs.js';
import { BROKER_NETWORK_CONFIGS } from './broker-network-configs.js';
import { BROKER_REPLICATION_CONFIGS } from './broker-replication-configs.js';
import { definitions } from './definition.js';

/**
 * Every config a broker may carry, by Kafka's name; `flush`, `flush.interval.ms`, `max.partitions` and
 * `auto.create.topics.per.second` are ours.
 *
 * Not promised: all 340 of Apache Kafka's; those that tools read and those this broker acts upon are here.
 */
export const BROKER_CONFIG_DEFINITIONS = definitions(
  BROKER_NETWORK_CONFIGS,
  BROKER_CLUSTER_CONFIGS,
  BROKER_REPLICATION_CONFIGS,
  BROKER_LOG_CONFIGS,
  BROKER_GROUP_CONFIGS,
);
