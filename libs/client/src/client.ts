import { type ClientConfig, type ClientOptions, clientConfig } from './config.js';
import { KafkaCluster } from './cluster/kafka-cluster.js';
import type { ClientPorts } from './ports.js';

/**
 * A client of one Kafka cluster. Connects when it is first needed; `connect` does so at once and says whether it works.
 *
 * Throws KafkaError MISUSE for options that cannot be meant.
 */
export class KafkaClient {
  readonly config: ClientConfig;
  readonly cluster: KafkaCluster;

  constructor(options: ClientOptions, ports: ClientPorts) {
    this.config = clientConfig(options);
    this.cluster = new KafkaCluster(this.config, ports);
  }

  /** Finds the brokers. Rejects with UNREACHABLE, SASL_AUTHENTICATION_FAILED, UNSUPPORTED_BROKER, … */
  async connect(): Promise<void> {
    await this.cluster.refresh([]);
  }

  /** Closes every part that this client made, then every connection. */
  async close(): Promise<void> {
    this.cluster.close();
  }
}
