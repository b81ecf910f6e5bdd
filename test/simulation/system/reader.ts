import { type FetchedPartition, Fetcher, type KafkaClient } from '@trunkline/client';
import { fromUtf8 } from '@trunkline/kernel';
import type { TopicHistory } from './history.js';
import type { SimHost } from './host.js';

/** A process that reads every partition of a topic from its beginning, without a group: no record missing, none twice. */
export class SimReader {
  readonly faults: string[] = [];
  readonly positions: number[];
  readonly #fetcher: Fetcher;
  readonly #client: KafkaClient;

  constructor(
    readonly host: SimHost,
    readonly history: TopicHistory,
  ) {
    this.positions = Array.from({ length: history.partitions }, () => 0);
    this.#client = host.client();
    const { dice } = host.world;
    const options = {
      reset: 'none' as const,
      maxWaitMs: 1 + dice.below(500),
      partitionMaxBytes: dice.chance(50) ? 1_000 : 100_000,
      requestTimeoutMs: 1_500,
    };
    this.#fetcher = new Fetcher(this.#client.cluster, options, {
      records: (fetched) => this.#take(fetched),
      failed: (topic, partition, error) =>
        void this.faults.push(`${host.name} of ${topic}/${partition}: ${error.message}`),
    });
    for (let partition = 0; partition < history.partitions; partition++) this.#fetcher.add(history.topic, partition, 0);
  }

  #take({ topic, partition, batches, sizeBytes }: FetchedPartition): void {
    const { host, history } = this;
    for (const batch of batches) {
      for (const record of batch.records()) {
        const due = this.positions[partition]!;
        if (record.offset !== due)
          this.faults.push(`${host.name} of ${topic}/${partition}: ${record.offset} came where ${due} was due`);
        this.positions[partition] = record.offset + 1;
        history.seen(seenOf(record), host.name);
      }
    }
    this.#fetcher.drained(topic, partition, sizeBytes);
  }
}

/** A record as the history knows it. */
export function seenOf({ partition, offset, key, value }: RecordLike): Parameters<TopicHistory['seen']>[0] {
  return { partition, offset, key: key === null ? null : fromUtf8(key), value: valueOf(value) };
}

interface RecordLike {
  readonly partition: number;
  readonly offset: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** Without what fills it up. */
export function valueOf(value: Uint8Array | null): string {
  const [name, sequence] = fromUtf8(value ?? new Uint8Array(0)).split(':');
  return `${name}:${sequence}`;
}
