import {
  type Consumer,
  type FetchedRecord,
  KafkaClient,
  KafkaError,
  type Producer,
  offsetsFor,
} from '@trunkline/client';
import { fromUtf8, silentLogger } from '@trunkline/kernel';
import { NodeNetwork, compression, crc32c, nodeClock, nodeRandom, nodeScramHashes } from '@trunkline/platform';
import type { History, Reading } from './history.js';
import { pause } from './nemesis.js';

const SEND_EVERY_MS = 10;
const UNSETTLED_MAX = 500;
const POLL_MS = 200;
/** How long the end of a run may take to read everything. */
const FINAL_MS_MAX = 120_000;

export function newClient(bootstrap: string, clientId: string): KafkaClient {
  const ports = { network: new NodeNetwork(), clock: nodeClock, random: nodeRandom, crc32c, compression };
  return new KafkaClient({ bootstrap, clientId }, { ...ports, hashes: nodeScramHashes, logger: silentLogger });
}

export interface Target {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
}

/** Loops that record what they do until they are told to stop. */
export class Recorder {
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];
  /** Errors that nobody expects, in words. */
  readonly troubles: string[] = [];
  acknowledged = 0;
  #processes = 0;

  constructor(
    readonly target: Target,
    readonly history: History,
  ) {}

  /** A process that writes to every partition in turn. `acks` other than -1 promises less: for runs that must lose. */
  write(acks: -1 | 1 = -1): void {
    this.#loops.push(this.#writing(this.#processes++, acks));
  }

  /** A consumer that chose all partitions itself. */
  readAlone(name: string): void {
    this.#loops.push(this.#readingAlone(name));
  }

  /** A member of a group; its reading begins anew after each rebalance. */
  readInGroup(name: string, groupId: string): void {
    this.#loops.push(this.#readingInGroup(name, groupId));
  }

  /** Ends all loops; resolves when every send is settled and every consumer closed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }

  async #writing(process: number, acks: -1 | 1): Promise<void> {
    const client = newClient(this.target.bootstrap, `recorder-${process}`);
    const producer = client.producer({ acks, deliveryTimeoutMs: 60_000, requestTimeoutMs: 5_000 });
    let unsettled = 0;
    let partition = 0;
    while (!this.#stop.signal.aborted) {
      if (unsettled < UNSETTLED_MAX) {
        unsettled += 1;
        this.#send(producer, process, partition++ % this.target.partitions, () => (unsettled -= 1));
      }
      await pause(SEND_EVERY_MS / this.target.partitions);
    }
    await client.close();
    if (unsettled > 0) this.troubles.push(`process ${process}: ${unsettled} sends were never settled`);
  }

  #send(producer: Producer, process: number, partition: number, settled: () => void): void {
    const send = this.history.send(process, partition);
    producer.enqueue(
      { topic: this.target.topic, partition, value: String(send.value) },
      (error, _partition, offset) => {
        settled();
        if (error !== undefined) return; // It may be there or not.
        this.acknowledged += 1;
        send.outcome = 'acknowledged';
        send.offset = offset;
      },
    );
  }

  async #readingAlone(name: string): Promise<void> {
    const client = newClient(this.target.bootstrap, name);
    const readings = new Map<number, Reading>();
    const consumer = client.consumer({ reset: 'earliest' });
    await consumer.assign(partitionsOf(this.target));
    await this.#poll(consumer, ({ partition, offset, value }) => {
      let reading = readings.get(partition);
      if (reading === undefined) readings.set(partition, (reading = this.history.reading(name, partition, 'assign')));
      reading.seen.push({ offset, value: numberOf(value) });
    });
    await client.close();
  }

  async #readingInGroup(name: string, groupId: string): Promise<void> {
    const client = newClient(this.target.bootstrap, name);
    const consumer = client.consumer({ reset: 'earliest', autoCommitIntervalMs: 500 });
    const readings = new Map<number, Reading>();
    await consumer.subscribe({ groupId, topics: [this.target.topic], sessionTimeoutMs: 10_000 });
    await this.#poll(consumer, ({ partition, offset, value }) => {
      let reading = readings.get(partition);
      if (reading === undefined)
        readings.set(partition, (reading = this.history.reading(name, partition, 'subscribe')));
      reading.seen.push({ offset, value: numberOf(value) });
    });
    await client.close();
  }

  async #poll(consumer: Consumer, take: (record: FetchedRecord) => void): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        for (const record of await consumer.poll(POLL_MS)) take(record);
      } catch (reason) {
        if (!(reason instanceof KafkaError)) throw reason;
        this.troubles.push(`${consumer.assignment.length} partitions: ${reason.message}`);
        if (!reason.retriable) return;
      }
    }
  }
}

/** Reads every partition from its start to its end: what this does not see is not there. */
export async function readAll(target: Target, history: History, name: string): Promise<void> {
  const client = newClient(target.bootstrap, name);
  const ends = await endsOf(client, target);
  const consumer = client.consumer({ reset: 'earliest' });
  await consumer.assign(partitionsOf(target).map((partition) => ({ ...partition, offset: 'earliest' as const })));
  const readings = ends.map((_, partition) => history.reading(name, partition, 'assign'));
  const reached = ends.map((end) => end === 0);
  const limitMs = performance.now() + FINAL_MS_MAX;
  while (!reached.every(Boolean)) {
    if (performance.now() > limitMs) throw new Error(`${name} read not to the end: ${ends.join(', ')}`);
    for (const { partition, offset, value } of await consumer.poll(POLL_MS)) {
      readings[partition]!.seen.push({ offset, value: numberOf(value) });
      if (offset + 1 >= ends[partition]!) reached[partition] = true;
    }
  }
  await client.close();
}

async function endsOf(client: KafkaClient, target: Target): Promise<number[]> {
  const found = await offsetsFor(client.cluster, partitionsOf(target), 'latest', { timeoutMs: FINAL_MS_MAX });
  return found.map(({ offset, error }) => {
    if (error !== undefined) throw error;
    return offset;
  });
}

const partitionsOf = ({ topic, partitions }: Target): { topic: string; partition: number }[] =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));

const numberOf = (value: Uint8Array | null): number => Number(fromUtf8(value ?? new Uint8Array()));
