import { KafkaError, type Producer, type ProducerOptions } from '@trunkline/client';
import type { TopicHistory } from './history.js';
import type { SimHost } from './host.js';

const DELIVERY_MS = { least: 500, most: 12_000 };
/** How much later than its delivery timeout a send may end. */
const LATE_MS = 3_000;
const KEYS = 5;
/** What a send may end with although nobody did anything wrong: whether it is there is not known. */
const PASSING: readonly string[] = ['TIMED_OUT', 'CLOSED', 'DISCONNECTED', 'UNREACHABLE', 'REQUEST_TIMED_OUT'];

/** A process with an idempotent producer, which remembers what it was told of each of its records. */
export class SimSender {
  readonly faults: string[] = [];
  readonly #producer: Producer;
  readonly #deliveryMs: number;
  #next = 0;
  #pending = 0;
  acknowledged = 0;

  constructor(
    readonly host: SimHost,
    readonly history: TopicHistory,
    options: ProducerOptions,
  ) {
    const { dice } = host.world;
    this.#deliveryMs = dice.chance(50) ? DELIVERY_MS.most : DELIVERY_MS.least + dice.below(2_000);
    this.#producer = host.client().producer({
      deliveryTimeoutMs: this.#deliveryMs,
      requestTimeoutMs: 1_500,
      retryBackoffMaxMs: 200,
      batchBytesMax: dice.chance(30) ? 300 : 20_000,
      lingerMs: dice.chance(30) ? dice.below(20) : 0,
      ...options,
    });
  }

  /** Whether everything that it sent has ended. */
  get idle(): boolean {
    return this.#pending === 0;
  }

  /** Sends a few records, and does not wait for them. */
  act(): void {
    if (!this.host.alive) return;
    const { dice } = this.host.world;
    for (let left = 1 + dice.below(4); left > 0; left--) this.#send();
  }

  #send(): void {
    const { history, host } = this;
    const { dice } = host.world;
    const sequence = this.#next++;
    const value = `${host.name}:${sequence}`;
    const key = dice.chance(80) ? `k${dice.below(KEYS)}` : null;
    history.sent(value, { producer: host.name, sequence, key });
    this.#pending += 1;
    let isOver = false;
    const late = host.world.schedule((this.#deliveryMs + LATE_MS) * 1000, 'late', host.life, () => {
      if (!isOver) this.faults.push(`${value} has not ended ${LATE_MS} virtual ms after its delivery timeout`);
    });
    const filler = '.'.repeat(dice.below(40));
    this.#producer.enqueue({ topic: history.topic, key, value: `${value}:${filler}` }, (error, partition, offset) => {
      if (isOver) this.faults.push(`${value} ended twice`);
      isOver = true;
      late.cancelled = true;
      this.#pending -= 1;
      this.#ended(value, error, partition, offset);
    });
  }

  #ended(value: string, error: KafkaError | undefined, partition: number, offset: number): void {
    this.host.world.note(`${value} ${error?.code ?? 'ok'} ${partition}/${offset}`);
    if (error === undefined) {
      this.acknowledged += 1;
      return this.history.acknowledge(value, partition, offset);
    }
    this.history.fails(value);
    if (!PASSING.includes(error.code)) this.faults.push(`${value} ended with ${error.message}`);
  }
}
