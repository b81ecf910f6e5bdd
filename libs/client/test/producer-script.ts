import { ZERO_UUID, fromUtf8, utf8 } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { type ErrorName, errorCode } from '@trunkline/protocol';
import { BatchSlab, RecordBatch, recordBytesMax } from '@trunkline/records';
import { SimRandom } from '@trunkline/testing';
import type { ClusterImage, TopicImage } from '../src/cluster/cluster.js';
import { KafkaError, type KafkaErrorName } from '../src/error.js';
import type { Answer } from '../src/producer/answers.js';
import type { ProducerEffect, Shipment } from '../src/producer/effects.js';
import type { PartitionWriter } from '../src/producer/partition-writer.js';
import { ProducerMachine } from '../src/producer/producer-machine.js';
import { type ProducerOptions, producerSettings } from '../src/producer/producer-options.js';

export interface SentTo {
  readonly topic?: string;
  readonly partition?: number;
  readonly key?: string;
}

/**
 * Plays a producer's machine by hand and writes down what it wants: `1> n1 t/0[a b] e0 s0` is request 1 to node 1 with one
 * batch of the records a and b under epoch 0 and base sequence 0.
 */
export class ProducerScript {
  readonly machine: ProducerMachine;
  readonly transcript: string[] = [];
  nowMs = 1_000;
  readonly #shipments = new Map<number, Shipment>();
  readonly #topics = new Map<string, TopicImage>();
  #count = 0;
  #offset = 0;

  constructor(options: ProducerOptions = {}, partitions = 1) {
    const settings = producerSettings({ retryBackoffMs: 100, ...options });
    const making = {
      crc32c,
      compression: settings.compression,
      codecs: compression,
      isTransactional: settings.transactionalId !== undefined,
      slab: new BatchSlab(),
    };
    this.machine = new ProducerMachine(settings, making, new SimRandom(1));
    if (partitions > 0) this.topic('t', partitions);
  }

  /** A producer with id 7, epoch 0, and a topic `t` whose partitions node 1 leads. */
  static known(options: ProducerOptions = {}, partitions = 1): ProducerScript {
    const script = new ProducerScript(options, partitions);
    script.machine.identified({ producerId: 7n, producerEpoch: 0 });
    return script;
  }

  /** One whose partition has an acknowledged batch, so that 5 may be under way; sequence 1 is the next. */
  static warm(options: ProducerOptions = {}, partitions = 1): ProducerScript {
    const script = ProducerScript.known(options, partitions)
      .send('w')
      .wait(options.lingerMs ?? 0)
      .answer(1);
    script.transcript.length = 0;
    return script;
  }

  topic(name: string, partitions: number, leader = 1, leaderEpoch = 0): void {
    const images = Array.from({ length: partitions }, (_, partition) => {
      return { partition, leader, leaderEpoch, replicas: [leader], isr: [leader] };
    });
    this.#topics.set(name, { name, topicId: ZERO_UUID, isInternal: false, partitions: images });
    this.#learn();
  }

  leads(topic: string, partition: number, leader: number, leaderEpoch: number): void {
    const image = this.#topics.get(topic)!;
    const partitions = image.partitions.map((each) =>
      each.partition === partition ? { ...each, leader, leaderEpoch } : each,
    );
    this.#topics.set(topic, { ...image, partitions });
    this.#learn();
  }

  /** Adds records whose values are the letters of `values`, without letting them leave. */
  add(values: string, { topic = 't', partition, key }: SentTo = {}): this {
    for (const value of values.split(' ')) {
      const bytes = [key === undefined ? null : utf8(key), utf8(value)] as const;
      this.machine.add(this.nowMs, {
        topic,
        partition,
        key: bytes[0],
        value: bytes[1],
        headers: [],
        timestampMs: 5,
        bytesMax: recordBytesMax(bytes[0], bytes[1], []),
        settled: (error, at, offset) => {
          this.transcript.push(
            error === undefined ? `  ${value} is ${at}@${offset}` : `  ${value} failed: ${error.message}`,
          );
        },
      });
    }
    return this;
  }

  send(values: string, to: SentTo = {}): this {
    return this.add(values, to).pump();
  }

  pump(): this {
    this.machine.pump(this.nowMs);
    this.#note();
    return this;
  }

  wait(ms: number): this {
    this.nowMs += ms;
    this.transcript.push(`wait ${ms}`);
    return this.pump();
  }

  /** Answers a request, each of its batches with the same. */
  answer(id: number, code: ErrorName = 'NONE', more: Partial<Answer> = {}): this {
    const shipment = this.#take(id, code);
    const answers = shipment.batches.map(({ batch }): Answer => {
      const baseOffset = code === 'NONE' ? this.#offset : -1;
      if (code === 'NONE') this.#offset += batch.recordCount;
      return { code: errorCode(code), baseOffset, appendTimeMs: -1, logStartOffset: -1, ...more };
    });
    this.machine.answered(this.nowMs, shipment, answers);
    this.#note();
    return this.pump();
  }

  leftOut(id: number): this {
    this.machine.answered(this.nowMs, this.#take(id, 'nothing'), []);
    this.#note();
    return this.pump();
  }

  fail(id: number, code: KafkaErrorName = 'DISCONNECTED'): this {
    this.machine.failed(this.nowMs, this.#take(id, code), new KafkaError(code, 'it ended'));
    this.#note();
    return this.pump();
  }

  do(act: (machine: ProducerMachine) => void): this {
    act(this.machine);
    this.#note();
    return this.pump();
  }

  errorOf(code: KafkaErrorName): KafkaError {
    return new KafkaError(code, 'it ended');
  }

  writer(partition = 0): PartitionWriter {
    const writer = this.machine.writerOf('t', partition);
    if (writer === undefined) throw new Error(`nothing was sent to partition ${partition}`);
    return writer;
  }

  get text(): string {
    return `\n${this.transcript.join('\n')}\n`;
  }

  #take(id: number, what: string): Shipment {
    const shipment = this.#shipments.get(id);
    if (shipment === undefined) throw new Error(`there is no request ${id} under way`);
    this.#shipments.delete(id);
    this.transcript.push(`${id}< ${what}`);
    return shipment;
  }

  #learn(): void {
    const image: ClusterImage = {
      clusterId: 'test',
      controllerId: 1,
      brokers: new Map(),
      topics: new Map(this.#topics),
      topicsById: new Map(),
    };
    this.machine.learn(this.nowMs, image);
    this.#note();
  }

  #note(): void {
    for (const effect of this.machine.effects.splice(0)) this.#noteOne(effect);
  }

  #noteOne(effect: ProducerEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#count += 1;
        this.#shipments.set(this.#count, effect.shipment);
        this.transcript.push(`${this.#count}> n${effect.shipment.nodeId} ${shown(effect.shipment)}`);
        return;
      case 'settle':
        return effect.batch.settle(effect.error, effect.writer.partition, effect.baseOffset, effect.appendTimeMs);
      case 'refuse':
        return effect.record.settled(effect.error, -1, -1, -1);
      case 'learn':
        this.transcript.push(`learns ${effect.topic}/${effect.partition} n${effect.leader.nodeId}`);
        return;
      case 'doubt':
      case 'admit':
        this.transcript.push(`${effect.kind}s ${effect.topic}/${effect.partition}`);
        return;
      case 'lookUp':
        this.transcript.push(`looks up ${effect.topic}`);
        return;
      case 'identify':
        this.transcript.push('asks for an id');
        return;
    }
  }
}

function shown({ batches }: Shipment): string {
  return batches
    .map(({ writer, bytes }) => {
      const batch = RecordBatch.parse(bytes);
      if (!batch.checksumHolds(crc32c)) throw new Error('a checksum that does not hold');
      const values = [...batch.records(compression)].map(({ value }) => (value === null ? '-' : fromUtf8(value)));
      const short = values.map((value) => (value.length > 8 ? `${value[0]}*${value.length}` : value)).join(' ');
      const id = batch.producerId === 7n || batch.producerId < 0n ? '' : `id${batch.producerId} `;
      return `${writer.topic}/${writer.partition}[${short}] ${id}e${batch.producerEpoch} s${batch.baseSequence}`;
    })
    .join(', ');
}
