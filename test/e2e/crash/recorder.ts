import { utf8 } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { FindCoordinator, InitProducerId, OffsetCommit, Produce, errorName } from '@trunkline/protocol';
import { buildBatch } from '@trunkline/records';
import { RawClient } from '@trunkline/testing';
import type { Acknowledged } from './history.js';

/** Batches of one producer that wait for their acknowledgement: what Kafka's own clients keep in flight. */
const IN_FLIGHT_MAX = 5;

interface Batch {
  readonly firstSequence: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/**
 * An idempotent producer of one partition that writes 0, 1, 2, … and remembers what it was told. When its broker dies it
 * connects again and sends what was not acknowledged once more, with the same sequence numbers.
 */
export class Recorder {
  readonly acknowledged: Acknowledged[] = [];
  /** The highest offset whose commit was acknowledged; -1: none. */
  committed = -1;
  #committing = -1;
  #producerId: bigint | undefined;
  #next = 0;
  #unacknowledged: Batch[] = [];
  #stopping = false;
  #client: RawClient | undefined;

  constructor(
    readonly port: number,
    readonly topic: string,
    readonly partition: number,
    readonly group: string,
    readonly recordsPerBatch: () => number,
  ) {}

  /** The highest offset that a commit was sent for. */
  get committing(): number {
    return this.#committing;
  }

  /** Runs until `stop`; over as many connections as it takes. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      try {
        this.#client = await RawClient.connect(this.port);
        await this.#produce(this.#client);
      } catch (reason) {
        if (reason instanceof UnexpectedAnswer) throw reason;
        await new Promise((resolve) => setImmediate(resolve)); // The broker is down: try again until it is back.
      } finally {
        this.#client?.close();
      }
    }
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Stops without waiting for anything: for a test that failed. */
  abandon(): void {
    this.#stopping = true;
    this.#unacknowledged = [];
    this.#client?.close();
  }

  async #produce(client: RawClient): Promise<void> {
    this.#producerId ??= await this.#initialise(client);
    while (client.open) {
      if (this.#stopping && this.#unacknowledged.length === 0) return;
      while (!this.#stopping && this.#unacknowledged.length < IN_FLIGHT_MAX) this.#unacknowledged.push(this.#batch());
      const sent = [...this.#unacknowledged];
      const answers = sent.map((batch) => this.#send(client, batch));
      const settled = await Promise.allSettled(answers);
      const failed = settled.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await this.#commit(client);
    }
  }

  async #initialise(client: RawClient): Promise<bigint> {
    // Asking for the coordinator makes the topic of offsets, as it does on Apache Kafka.
    await client.send(FindCoordinator, 3, { key: this.group, keyType: 0 });
    const answer = await client.send(InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 60_000 });
    check('InitProducerId', answer.errorCode);
    return answer.producerId;
  }

  #batch(): Batch {
    const count = this.recordsPerBatch();
    const firstSequence = this.#next;
    this.#next += count;
    const records = Array.from({ length: count }, (_, index) => ({ value: utf8(String(firstSequence + index)) }));
    const producer = { producerId: this.#producerId!, producerEpoch: 0, baseSequence: firstSequence };
    return { firstSequence, count, bytes: buildBatch(records, { crc32c, ...producer }) };
  }

  async #send(client: RawClient, batch: Batch): Promise<void> {
    const partitionData = [{ index: this.partition, records: batch.bytes.slice() }];
    const answer = await client.send(Produce, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: this.topic, partitionData }],
    });
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!;
    check(`Produce of ${batch.firstSequence}`, errorCode);
    for (let index = 0; index < batch.count; index++) {
      this.acknowledged.push({ sequence: batch.firstSequence + index, offset: Number(baseOffset) + index });
    }
    this.#unacknowledged = this.#unacknowledged.filter((other) => other !== batch);
  }

  async #commit(client: RawClient): Promise<void> {
    const offset = this.acknowledged.at(-1)!.offset + 1;
    this.#committing = offset;
    const partitions = [{ partitionIndex: this.partition, committedOffset: BigInt(offset), committedMetadata: '' }];
    const answer = await client.send(OffsetCommit, 8, {
      groupId: this.group,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: this.topic, partitions }],
    });
    const { errorCode } = answer.topics[0]!.partitions[0]!;
    const name = errorName(errorCode);
    // A coordinator that is still loading says so; the next round commits again.
    if (name === 'COORDINATOR_LOAD_IN_PROGRESS' || name === 'COORDINATOR_NOT_AVAILABLE') return;
    check('OffsetCommit', errorCode);
    this.committed = offset;
  }
}

/** An answer that no crash explains. */
export class UnexpectedAnswer extends Error {}

function check(what: string, code: number): void {
  const name = errorName(code);
  if (name !== 'NONE') throw new UnexpectedAnswer(`${what} was answered with ${name}`);
}
