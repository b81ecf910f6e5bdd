import { type ApacheKafka, newClusterId, startApacheKafka } from './apache-kafka.js';

/** How a cluster is started. */
export interface ApacheKafkaClusterOptions {
  /** The first of six ports in a row on 127.0.0.1: two a node, client and controller. */
  readonly port: number;
  /** Kafka's own properties of every node, laid over those of the fixture. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** Three nodes of Apache Kafka, each broker and controller, in the racks `rack-1` to `rack-3`. */
export interface ApacheKafkaCluster {
  /** `host:port` of all, with commas between. */
  readonly bootstrap: string;
  /** Node ids: 1, 2, 3. */
  node(nodeId: number): ApacheKafka;
  /** Starts again those that do not run. */
  startAll(): Promise<void>;
  /** Ends every process and removes their data. */
  close(): Promise<void>;
}

const NODE_IDS = [1, 2, 3] as const;
const HEAP_MB = 256;
const JAVA = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/**
 * Starts three nodes of Apache Kafka with small heaps, that take a silent broker for dead after 3 s.
 *
 * Resolves when all accept connections; they may not yet know each other. Rejects as {@link startApacheKafka}, with none
 * left running.
 */
export async function startApacheKafkaCluster(options: ApacheKafkaClusterOptions): Promise<ApacheKafkaCluster> {
  const portOf = (nodeId: number): number => options.port + 2 * (nodeId - 1);
  const controllers = NODE_IDS.map((nodeId) => `${nodeId}@127.0.0.1:${portOf(nodeId) + 1}`).join(',');
  const clusterId = newClusterId();
  const started = await Promise.allSettled(
    NODE_IDS.map((nodeId) =>
      startApacheKafka({
        port: portOf(nodeId),
        clusterId,
        heapMb: HEAP_MB,
        javaArguments: JAVA,
        properties: { ...propertiesOf(nodeId, controllers), ...options.properties },
      }),
    ),
  );
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(nodes.map((node) => node.close()));
    throw failed.reason;
  }
  return new Cluster(nodes);
}

class Cluster implements ApacheKafkaCluster {
  readonly #nodes: readonly ApacheKafka[];

  constructor(nodes: readonly ApacheKafka[]) {
    this.#nodes = nodes;
  }

  get bootstrap(): string {
    return this.#nodes.map(({ bootstrap }) => bootstrap).join(',');
  }

  node(nodeId: number): ApacheKafka {
    const node = this.#nodes[nodeId - 1];
    if (node === undefined) throw new Error(`no node ${nodeId}; there are 1 to ${this.#nodes.length}`);
    return node;
  }

  async startAll(): Promise<void> {
    await Promise.all(this.#nodes.filter(({ runs }) => !runs).map((node) => node.start()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }
}

function propertiesOf(nodeId: number, controllers: string): Record<string, string> {
  return {
    'node.id': `${nodeId}`,
    'broker.rack': `rack-${nodeId}`,
    'controller.quorum.voters': controllers,
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    'replica.fetch.wait.max.ms': '100',
    'default.replication.factor': '3',
    'offsets.topic.replication.factor': '3',
    'offsets.topic.num.partitions': '6',
    'transaction.state.log.replication.factor': '3',
    'transaction.state.log.num.partitions': '3',
    'share.coordinator.state.topic.replication.factor': '3',
    'share.coordinator.state.topic.num.partitions': '3',
    'auto.leader.rebalance.enable': 'false',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'log.index.size.max.bytes': '65536',
  };
}
