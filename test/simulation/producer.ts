import { utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { InitProducerId, Produce, errorName } from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import type { PartitionLedger } from './ledger.js';
import { NoAnswer, SimClient, type SimNode } from './node.js';

/** What Kafka's own clients keep in flight. */
const IN_FLIGHT_MAX = 5;
/** Answers after which a producer sends the same batch again. */
const RETRIABLE: ReadonlySet<string> = new Set([
  'KAFKA_STORAGE_ERROR',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'COORDINATOR_NOT_AVAILABLE',
]);

/** What somebody should get done once nothing fails any more. */
export interface Goal {
  readonly name: string;
  readonly isReached: () => boolean;
  readonly act: () => void;
}

interface Batch {
  readonly firstSequence: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** An idempotent producer of one partition: unique values, five batches in flight, the same sequences when it retries. */
export class SimProducer {
  readonly faults: string[] = [];
  /** Batches that were acknowledged. */
  acknowledgedCount = 0;
  readonly #client: SimClient;
  #producerId: bigint | undefined;
  #initialising = false;
  #next = 0;
  #unacknowledged: Batch[] = [];
  #inFlight = 0;
  #mustRetry = false;

  constructor(
    readonly name: string,
    readonly node: SimNode,
    readonly ledger: PartitionLedger,
    readonly acks: number,
  ) {
    this.#client = new SimClient(node);
  }

  /** So many batches more than now are acknowledged, and none waits. */
  goal(batches: number): Goal {
    const wanted = this.acknowledgedCount + batches;
    const isEnough = (): boolean => this.acknowledgedCount >= wanted;
    return {
      name: `${this.name} of ${this.ledger.name}`,
      isReached: () => isEnough() && this.#unacknowledged.length === 0,
      act: () => (isEnough() ? this.#retryIfNeeded() : this.act()),
    };
  }

  /** Does the next thing: gets its id, sends again what failed, or sends something new. Does not wait for the answer. */
  act(): void {
    if (!this.node.up || this.#initialising) return;
    if (this.#producerId === undefined) return void this.#initialise();
    if (this.#mustRetry) return this.retry();
    if (this.#unacknowledged.length === IN_FLIGHT_MAX) return;
    const batch = this.#batch();
    this.#unacknowledged.push(batch);
    void this.#send(batch);
  }

  /** Sends again what was not acknowledged, once nothing is in flight. */
  retry(): void {
    if (this.#inFlight > 0) return;
    this.#mustRetry = false;
    for (const batch of this.#unacknowledged) void this.#send(batch);
  }

  #retryIfNeeded(): void {
    if (this.#mustRetry) this.retry();
  }

  async #initialise(): Promise<void> {
    this.#initialising = true;
    try {
      const answer = await this.#client.send(InitProducerId, 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      });
      if (answer.errorCode === 0) this.#producerId = answer.producerId;
    } catch (reason) {
      if (!(reason instanceof NoAnswer)) throw reason;
    } finally {
      this.#initialising = false;
    }
  }

  #batch(): Batch {
    const { dice, nowMs } = this.node.world;
    const count = 1 + dice.below(4);
    const firstSequence = this.#next;
    this.#next += count;
    this.ledger.sent(this.name, this.#next);
    const timestampMs = 1_700_000_000_000 + Math.floor(nowMs);
    const filler = '.'.repeat(dice.chance(20) ? dice.below(2000) : dice.below(60));
    const records = Array.from({ length: count }, (_, at) => ({
      value: utf8(`${this.name}:${firstSequence + at}:${filler}`),
      timestampMs,
    }));
    const producer = { producerId: this.#producerId!, producerEpoch: 0, baseSequence: firstSequence };
    return { firstSequence, count, bytes: buildBatch(records, { crc32c, ...producer }) };
  }

  async #send(batch: Batch): Promise<void> {
    const { name: topic, index } = this.ledger;
    this.#inFlight += 1;
    try {
      const answer = await this.#client.send(Produce, 9, {
        transactionalId: null,
        acks: this.acks,
        timeoutMs: 10_000,
        topicData: [{ name: topic, partitionData: [{ index, records: batch.bytes.slice() }] }],
      });
      const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!;
      this.#answered(batch, errorName(errorCode), Number(baseOffset));
    } catch (reason) {
      if (!(reason instanceof NoAnswer)) throw reason;
      this.#mustRetry = true;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #answered(batch: Batch, error: string, baseOffset: number): void {
    this.node.world.note(`${this.name}:${batch.firstSequence} ${error} ${baseOffset}`);
    if (error === 'NONE') {
      this.acknowledgedCount += 1;
      this.ledger.acknowledged(this.name, batch.firstSequence, batch.count, baseOffset);
      this.#unacknowledged = this.#unacknowledged.filter((other) => other !== batch);
      return;
    }
    this.#mustRetry = true;
    // Behind a batch that failed, the next ones are out of order; the first that is missing never is.
    const follows = this.#unacknowledged[0] !== batch && error === 'OUT_OF_ORDER_SEQUENCE_NUMBER';
    if (!follows && !RETRIABLE.has(error)) {
      this.faults.push(`${this.name}: the batch from ${batch.firstSequence} on was answered with ${error}`);
    }
  }
}
