import {
  type Cluster,
  type FetchSink,
  type FetchedPartition,
  Fetcher,
  type FetcherOptions,
  type KafkaError,
} from '@trunkline/client';
import { DeleteRecords } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { ClientWorld, type LentBroker } from './client-kit.js';

/** A client of a running broker, with topics and fetchers of its own, for the specs of fetcher and consumer. */
export class ConsumerBench extends ClientWorld {
  #heard: Heard[] = [];

  constructor(running: LentBroker) {
    super(running, 'consumer');
  }

  /** A fetcher, and what it is told. */
  hear(options: FetcherOptions = {}, cluster?: Cluster): Heard {
    const heard = new Heard(this, options, cluster);
    this.#heard.push(heard);
    return heard;
  }

  /** Ends the fetchers of a test. */
  hush(): void {
    for (const { fetcher } of this.#heard) fetcher.stop();
    this.#heard = [];
  }

  /** Moves the log's start, as retention would. */
  async deleteRecords(topic: string, partition: number, offset: number): Promise<void> {
    await this.client.cluster.ask(await this.leaderOf(topic, partition), DeleteRecords, {
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
      timeoutMs: 10_000,
    });
  }

  override async close(): Promise<void> {
    this.hush();
    await super.close();
  }
}

/** A sink that keeps all that a fetcher tells. */
export class Heard implements FetchSink {
  readonly values: string[] = [];
  readonly offsets: number[] = [];
  readonly fetched: FetchedPartition[] = [];
  readonly failures: KafkaError[] = [];
  readonly moves: string[] = [];
  readonly fetcher: Fetcher;
  /** Whether what came is drained at once. */
  drains = true;

  constructor(bench: ConsumerBench, options: FetcherOptions = {}, cluster: Cluster = bench.client.cluster) {
    this.fetcher = new Fetcher(cluster, options, this);
  }

  records(fetched: FetchedPartition): void {
    this.fetched.push(fetched);
    for (const batch of fetched.batches) {
      for (const { offset, value } of batch.records()) {
        this.offsets.push(offset);
        this.values.push(new TextDecoder().decode(value ?? new Uint8Array(0)));
      }
    }
    if (this.drains) this.fetcher.drained(fetched.topic, fetched.partition, fetched.sizeBytes);
  }

  failed(_topic: string, _partition: number, error: KafkaError): void {
    this.failures.push(error);
  }

  moved(topic: string, partition: number, from: number, to: number, reason: string): void {
    this.moves.push(`${topic}/${partition} from ${from} to ${to}: ${reason}`);
  }

  async has(count: number): Promise<void> {
    await until(`${count} values, there are ${this.values.length}`, () => this.values.length >= count);
  }
}
