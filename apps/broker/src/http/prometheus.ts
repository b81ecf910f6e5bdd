import type { Broker } from '@trunkline/broker';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

/**
 * The broker's counters in Prometheus' text form, under the names that Kafka's JMX exporter gives them where Kafka has
 * the same thing. The broker counts in plain numbers; they are read when somebody asks.
 */
export class Prometheus {
  readonly #registry = new Registry();

  constructor(broker: Broker) {
    collectDefaultMetrics({ register: this.#registry });
    this.#traffic(broker);
    this.#requests(broker);
    this.#connections(broker);
    this.#cluster(broker);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #traffic({ metrics }: Broker): void {
    const topics = 'kafka_server_brokertopicmetrics';
    this.#counter(`${topics}_bytesin_total`, 'Bytes of records produced', () => metrics.bytesIn);
    this.#counter(`${topics}_bytesout_total`, 'Bytes of records fetched', () => metrics.bytesOut);
    this.#counter(`${topics}_messagesin_total`, 'Records produced', () => metrics.messagesIn);
    const failed = [
      ['produce', () => metrics.failedProduceRequests],
      ['fetch', () => metrics.failedFetchRequests],
    ] as const;
    for (const [name, read] of failed) {
      this.#counter(`${topics}_failed${name}requests_total`, `${name} requests with an error for a partition`, read);
    }
    this.#counter('trunkline_received_bytes_total', 'Bytes received on all connections', () => metrics.receivedBytes);
    this.#counter('trunkline_sent_bytes_total', 'Bytes of answers', () => metrics.sentBytes);
  }

  #requests({ metrics }: Broker): void {
    const requests = 'kafka_network_requestmetrics';
    const each = (
      name: string,
      help: string,
      read: (api: NonNullable<ReturnType<typeof metrics.apis.get>>) => number,
    ): void => {
      this.#labelled(name, help, ['request'], (set) => {
        for (const [request, api] of metrics.apis) if (api.requests > 0) set({ request }, read(api));
      });
    };
    each(`${requests}_requests_total`, 'Requests', (api) => api.requests);
    each(`${requests}_errors_total`, 'Requests whose handler failed as a whole', (api) => api.failures);
    each(`${requests}_requestbytes_total`, 'Bytes of requests', (api) => api.requestBytes);
    each(`${requests}_responsebytes_total`, 'Bytes of answers', (api) => api.responseBytes);
    each(`${requests}_totaltimems_sum`, 'Milliseconds from request to answer, waits included', (api) => api.totalMs);
    each(`${requests}_totaltimems_count`, 'Answered requests', (api) => sum(api.requestsByMs));
    this.#labelled(`${requests}_totaltimems_bucket`, 'Answered requests by time', ['request', 'le'], (set) => {
      for (const [request, api] of metrics.apis) {
        if (api.requests === 0) continue;
        let below = 0;
        api.requestsByMs.forEach((count, at) => {
          below += count;
          set({ request, le: String(metrics.requestMsBounds[at] ?? '+Inf') }, below);
        });
      }
    });
  }

  #connections({ metrics, requestMemoryBytes }: Broker): void {
    this.#gauge(
      'kafka_server_socket_server_metrics_connection_count',
      'Open connections',
      () => metrics.connectionsOpen,
    );
    this.#counter('trunkline_connections_accepted_total', 'Connections accepted', () => metrics.connectionsAccepted);
    this.#labelled('trunkline_connections_closed_total', 'Connections that the broker ended', ['reason'], (set) => {
      for (const [reason, count] of metrics.connectionsClosed) set({ reason }, count);
    });
    this.#gauge('trunkline_requests_in_flight', 'Requests in work or parked', () => metrics.requestsInFlight);
    this.#gauge('trunkline_request_memory_bytes', 'Bytes of requests in memory', requestMemoryBytes);
  }

  #cluster({ parts }: Broker): void {
    const controller = 'kafka_controller_kafkacontroller';
    const { topics, brokers } = {
      topics: () => parts.metadata.image.topics,
      brokers: () => parts.metadata.image.brokers,
    };
    this.#gauge(`${controller}_globaltopiccount`, 'Topics', () => topics().size);
    this.#gauge(`${controller}_globalpartitioncount`, 'Partitions', () => topics().partitionCount);
    this.#gauge(`${controller}_activebrokercount`, 'Brokers', () => brokers().size);
  }

  #counter(name: string, help: string, read: () => number): void {
    this.#labelled(name, help, [], (set) => set({}, read()));
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #labelled(
    name: string,
    help: string,
    labelNames: readonly string[],
    collect: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        this.reset();
        collect((labels, value) => this.inc(labels, value));
      },
    });
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
