import { type Consumer, type KafkaClient, KafkaError, type Producer } from '@trunkline/client';
import { fromUtf8 } from '@trunkline/kernel';
import type { History, Reading } from '../../e2e/cluster/history.js';
import type { SimHost } from '../system/host.js';

const DELIVERY_MS = { least: 1_500, most: 20_000 };
const LATE_MS = 3_000;
const POLL_MS = 200;
/** What a send may end with although nobody did anything wrong: whether it is there is not known. */
const PASSING: readonly string[] = [
  'TIMED_OUT',
  'CLOSED',
  'DISCONNECTED',
  'UNREACHABLE',
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
];

/** A topic of the run; its partitions have numbers that no other topic's have. */
export interface SimTopic {
  readonly name: string;
  readonly partitions: number;
  readonly first: number;
}

export const numberIn = (value: Uint8Array | null): number =>
  Number(fromUtf8(value ?? new Uint8Array(0)).split(':')[0]);

/** A process with an idempotent producer, which records what became of each of its records. */
export class Writer {
  readonly faults: string[] = [];
  readonly #producer: Producer;
  readonly #deliveryMs: number;
  /** Sends that have not ended. */
  open = 0;
  acknowledged = 0;

  constructor(
    readonly host: SimHost,
    private readonly index: number,
    private readonly history: History,
    acks: -1 | 1,
  ) {
    const { dice } = host.world;
    this.#deliveryMs = dice.chance(70) ? DELIVERY_MS.most : DELIVERY_MS.least + dice.below(3_000);
    this.#producer = host.client().producer({
      ...(acks === 1 ? { acks, idempotent: false } : {}),
      deliveryTimeoutMs: this.#deliveryMs,
      requestTimeoutMs: 1_500,
      retryBackoffMaxMs: 200,
      lingerMs: dice.chance(30) ? dice.below(20) : 0,
      batchBytesMax: dice.chance(30) ? 300 : 20_000,
    });
  }

  /** Sends a few records, and does not wait for them. */
  act({ name, partitions, first }: SimTopic): void {
    if (!this.host.alive) return;
    const { dice } = this.host.world;
    for (let left = 1 + dice.below(4); left > 0; left--) this.#send(name, dice.below(partitions), first);
  }

  #send(topic: string, partition: number, first: number): void {
    const { host, history } = this;
    const { world } = host;
    const send = history.send(this.index, first + partition);
    this.open += 1;
    const late = world.schedule((this.#deliveryMs + LATE_MS) * 1000, 'late', host.life, () =>
      this.faults.push(`${send.value} has not ended ${LATE_MS} virtual ms after its delivery timeout`),
    );
    const value = `${send.value}:${'.'.repeat(world.dice.below(40))}`;
    this.#producer.enqueue({ topic, partition, value }, (error, _partition, offset) => {
      late.cancelled = true;
      this.open -= 1;
      world.note(`${send.value} ${error?.code ?? 'ok'} ${send.partition}/${offset}`);
      if (error === undefined) {
        this.acknowledged += 1;
        Object.assign(send, { outcome: 'acknowledged', offset });
      } else if (!PASSING.includes(error.code)) this.faults.push(`${send.value} ended with ${error.message}`);
    });
  }
}

/** A process that reads every partition of a topic from its beginning, without a group. */
export class Reader {
  readonly faults: string[] = [];
  readonly readings: readonly Reading[];
  readonly #client: KafkaClient;

  constructor(
    readonly host: SimHost,
    readonly topic: SimTopic,
    history: History,
  ) {
    const { name, partitions, first } = topic;
    this.readings = Array.from({ length: partitions }, (_, at) => history.reading(host.name, first + at, 'assign'));
    this.#client = host.client();
    const { dice } = host.world;
    const consumer = this.#client.consumer({ reset: 'none', maxWaitMs: 1 + dice.below(300), requestTimeoutMs: 1_500 });
    const all = this.readings.map((_, partition) => ({ topic: name, partition, offset: 0 }));
    void consumer.assign(all).then(() => this.#run(consumer));
  }

  /** The first offset that it has not seen, by partition. */
  get positions(): readonly number[] {
    return this.readings.map(({ seen }) => (seen.at(-1)?.offset ?? -1) + 1);
  }

  async #run(consumer: Consumer): Promise<void> {
    while (this.host.alive) {
      try {
        for (const { partition, offset, value } of await consumer.poll(POLL_MS)) {
          this.readings[partition]!.seen.push({ offset, value: numberIn(value) });
        }
      } catch (reason) {
        if (!this.host.alive) return;
        this.host.world.note(`${this.host.name}: ${String(reason)}`);
        if (!(reason instanceof KafkaError && reason.retriable)) {
          this.faults.push(`${this.host.name} of ${this.topic.name} stops: ${String(reason)}`);
          return;
        }
        await this.host.pause(100);
      }
    }
  }
}
