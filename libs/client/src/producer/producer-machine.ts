import type { Random } from '@trunkline/kernel';
import type { BatchOptions } from '@trunkline/records';
import type { ClusterImage, TopicImage } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { type Answer, judge } from './answers.js';
import { backoffMs } from '../backoff.js';
import type { Holder, ProducerBatch } from './batch.js';
import { Departures } from './departures.js';
import type { ProducerEffect, Shipment } from './effects.js';
import { EPOCH_MAX, NO_IDENTITY, type PartitionWriter, type ProducerIdentity } from './partition-writer.js';
import { Pending, hold, release } from './pending.js';
import type { ProducerSettings } from './producer-options.js';
import { Placement } from './placement.js';
import { ReadyWriters } from './ready-writers.js';
import type { EncodedRecord } from './topic-writers.js';
import { refusesSequence } from './verdict.js';

/**
 * All that a producer decides: into which batch a record goes, when a batch leaves and to whom, what follows from an
 * answer. Pure: no promise, timer or port inside; time is the number that it is given (monotonic milliseconds).
 *
 * What is to be done lies in `effects`; the shell takes it after each input. `wakeAtMs` says when `pump` wants to be
 * called though nothing happens.
 */
export class ProducerMachine {
  readonly effects: ProducerEffect[] = [];
  wakeAtMs = Infinity;
  identity: ProducerIdentity | undefined;
  readonly #pending = new Pending(this.effects);
  readonly #departures: Departures;
  readonly #placement: Placement;
  readonly #ready = new ReadyWriters();
  readonly #isTransactional: boolean;
  #isIdentifying = false;
  #identifyAtMs = 0;
  #isHurried = false;
  #lastError: KafkaError | undefined;

  constructor(
    readonly settings: ProducerSettings,
    making: BatchOptions,
    private readonly random: Random,
  ) {
    this.#isTransactional = settings.transactionalId !== undefined;
    if (!settings.idempotent) this.identity = NO_IDENTITY;
    this.#placement = new Placement(settings, making, random, this.effects, this.#pending, this.#ready);
    this.#departures = new Departures(settings, this.effects, this.#placement);
  }

  /** Estimated bytes of what is not settled. */
  get bufferedBytes(): number {
    return this.#pending.bufferedBytes;
  }

  /** Whether everything is settled. */
  get isEmpty(): boolean {
    return this.#pending.isEmpty && this.#placement.parkedCount === 0;
  }

  get requestCount(): number {
    return this.#departures.requestCount;
  }

  /** Whether sequences of some partition are in doubt, so that a transactional producer needs another epoch. */
  get needsNewEpoch(): boolean {
    for (const writer of this.#placement.writers()) if (writer.needsNewEpoch) return true;
    return false;
  }

  /** A record to be sent. */
  add(nowMs: number, record: EncodedRecord): void {
    this.#placement.add(nowMs, record);
  }

  /** The metadata changed. */
  learn(nowMs: number, image: ClusterImage): void {
    this.#placement.learn(nowMs, image);
  }

  /** The look-up of a topic ended, whatever it found. */
  lookedUp(nowMs: number, topic: string, error?: KafkaError): void {
    this.#placement.lookedUp(nowMs, topic, error);
  }

  /** undefined: nothing was sent there. */
  writerOf(topic: string, partition: number): PartitionWriter | undefined {
    return this.#placement.writerOf(topic, partition);
  }

  imageOf(topic: string): TopicImage | undefined {
    return this.#placement.imageOf(topic);
  }

  identified(identity: ProducerIdentity): void {
    this.identity = identity;
    this.#isIdentifying = false;
    for (const writer of this.#placement.writers()) if (!writer.isEmpty) this.#ready.add(writer);
  }

  /** No producer id: what waits is refused, unless the failure may pass. */
  notIdentified(nowMs: number, error: KafkaError): void {
    this.#isIdentifying = false;
    this.#identifyAtMs = nowMs + this.settings.retryBackoffMaxMs;
    this.#lastError = error;
    if (!error.retriable) this.refuseAll(() => error);
  }

  /** Another identity for all partitions, from sequence 0. Nothing may be under way. For transactional producers. */
  begin(identity: ProducerIdentity): void {
    this.identity = identity;
    for (const writer of this.#placement.writers()) writer.begin(identity, true);
  }

  /** Whether partitions may be written to without being admitted to the transaction first; none is admitted from now on. */
  admitsUnasked(admits: boolean): void {
    this.#placement.admitsUnasked(admits);
  }

  admitted(topic: string, partition: number): void {
    const writer = this.writerOf(topic, partition);
    if (writer === undefined) return;
    writer.isAdmitted = true;
    this.#ready.add(writer);
  }

  /** Calls `ended` when everything that is not settled now is; what lingers leaves. */
  flush(ended: () => void): void {
    const holder: Holder = { left: 1, ended };
    for (const { batch } of this.#pending.all()) {
      batch.isUrgent = true;
      hold(batch, holder);
    }
    this.#placement.holdParked(holder);
    release([holder]);
  }

  /** No batch lingers any more. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Everything that is not settled ends with an error; answers that come later count for the order only. */
  refuseAll(errorOf: (batch: ProducerBatch | undefined) => KafkaError): void {
    for (const { batch, writer } of this.#pending.all()) {
      if (batch.place !== undefined) this.#pending.refuse(writer, batch, errorOf(batch));
    }
    this.#placement.refuseParked(() => errorOf(undefined));
  }

  /** As `refuseAll`, for what is not under way. */
  refuseWaiting(errorOf: (batch: ProducerBatch | undefined) => KafkaError): void {
    for (const { batch, writer } of this.#pending.all()) {
      if (batch.place !== undefined && !batch.isInFlight && batch.parts === undefined)
        this.#pending.refuse(writer, batch, errorOf(batch));
    }
    this.#placement.refuseParked(() => errorOf(undefined));
  }

  /** Lets leave what may leave, and gives up what is too late. */
  pump(nowMs: number): void {
    this.wakeAtMs = Infinity;
    this.#expire(nowMs);
    this.#wakeAt(this.#placement.tend(nowMs));
    if (this.#ready.all.length === 0) return;
    if (this.identity === undefined) return this.#identify(nowMs);
    for (const writer of this.#ready.all) this.#adopt(writer);
    if (this.identity === undefined) return this.#identify(nowMs);
    this.#departures.depart(this.#ready, nowMs, this.#isHurried);
    this.#wakeAt(this.#departures.wakeAtMs);
  }

  /** The answer to a shipment: one for each batch, in its order, undefined where the broker left it out. */
  answered(nowMs: number, shipment: Shipment, answers: readonly (Answer | undefined)[]): void {
    this.#departures.arrived(shipment);
    for (let at = 0; at < shipment.batches.length; at++) {
      const { writer, batch, bytes } = shipment.batches[at]!;
      writer.returns(batch);
      const answer = answers[at];
      if (answer !== undefined) this.#answered(nowMs, writer, batch, answer, bytes.byteLength);
      else {
        const detail = 'the broker left it out of its answer';
        this.#again(nowMs, writer, batch, new KafkaError('PROTOCOL_VIOLATION', detail, { about: writer.about }), true);
      }
      if (!writer.isEmpty) this.#ready.add(writer);
    }
  }

  /** With `acks` 0 nothing is answered: the shipment is over once it left. */
  unanswered(shipment: Shipment): void {
    this.#departures.arrived(shipment);
    for (const { writer, batch } of shipment.batches) {
      writer.returns(batch);
      writer.written(batch, -1);
      this.#pending.written(writer, batch, -1, -1);
      if (!writer.isEmpty) this.#ready.add(writer);
    }
  }

  /** There is no answer to a shipment. */
  failed(nowMs: number, shipment: Shipment, error: KafkaError): void {
    this.#departures.arrived(shipment);
    const mayHaveArrived = !error.is('UNREACHABLE', 'OVERLOADED');
    for (const { writer, batch } of shipment.batches) {
      writer.returns(batch);
      if (error.retriable) this.#again(nowMs, writer, batch, error, mayHaveArrived);
      else {
        batch.isUncertain ||= mayHaveArrived;
        this.#pending.refuse(writer, batch, error);
      }
      this.effects.push({ kind: 'doubt', topic: writer.topic, partition: writer.partition });
      if (!writer.isEmpty) this.#ready.add(writer);
    }
  }

  #answered(nowMs: number, writer: PartitionWriter, batch: ProducerBatch, answer: Answer, sizeBytes: number): void {
    const { verdict, error, isUncertain, doubts } = judge(answer, writer, batch, sizeBytes, this.settings);
    if (verdict === 'written') {
      writer.written(batch, answer.baseOffset < 0 ? -1 : answer.baseOffset + batch.recordCount);
      this.#pending.written(writer, batch, answer.code === 0 ? answer.baseOffset : -1, answer.appendTimeMs);
      return;
    }
    const { topic, partition } = writer;
    if (answer.leader !== undefined) {
      this.effects.push({ kind: 'learn', topic, partition, leader: answer.leader, node: answer.leader.node });
    } else if (doubts) this.effects.push({ kind: 'doubt', topic, partition });
    if (verdict === 'refused') return this.#pending.refuse(writer, batch, error!, answer.recordErrors);
    if (verdict === 'split' && !batch.isAbandoned) return this.#split(writer, batch);
    const isGap = writer.needsNewEpoch && writer.sent[0] === batch && refusesSequence(answer.code);
    if (verdict === 'renew' || verdict === 'restart') writer.needsNewEpoch = true;
    if (verdict === 'restart') writer.mayRestart = true;
    this.#again(nowMs, writer, batch, error!, isUncertain);
    if (isGap || verdict === 'renew' || verdict === 'restart') writer.resolve();
  }

  #split(writer: PartitionWriter, batch: ProducerBatch): void {
    const parts = batch.split();
    writer.replace(batch, parts);
    writer.batchBytesMax = Math.max(parts[0].sizeBytes, parts[1].sizeBytes);
    this.#pending.split(writer, batch, parts);
  }

  #again(nowMs: number, writer: PartitionWriter, batch: ProducerBatch, error: KafkaError, isUncertain: boolean): void {
    batch.isUncertain ||= isUncertain;
    batch.lastError = error;
    if (batch.isAbandoned) return writer.dropped(batch);
    writer.failures += 1;
    writer.failedEpoch = this.imageOf(writer.topic)?.partitions[writer.partition]?.leaderEpoch ?? -1;
    const { retryBackoffMs, retryBackoffMaxMs } = this.settings;
    writer.notBeforeMs = nowMs + backoffMs(writer.failures, retryBackoffMs, retryBackoffMaxMs, this.random);
  }

  /** Gives a partition its identity where it has none, an older one, or one that is spent there. */
  #adopt(writer: PartitionWriter): void {
    if (!this.settings.idempotent || writer.inFlight > 0) return;
    const { identity } = this;
    if (identity === undefined) return;
    if (writer.isUnresolved) return;
    if (writer.needsNewEpoch) this.#renew(writer);
    else if (writer.identity.producerId !== identity.producerId && writer.sent.length === 0) {
      writer.begin(identity, this.#isTransactional);
    }
  }

  #renew(writer: PartitionWriter): void {
    const { producerId, producerEpoch } = writer.identity;
    if (this.#isTransactional) {
      // Another epoch comes from the coordinator alone, when the transaction ends.
      if (writer.mayRestart) writer.begin(writer.identity, true);
    } else if (this.identity!.producerId !== producerId) writer.begin(this.identity!);
    else if (producerEpoch < EPOCH_MAX) writer.begin({ producerId, producerEpoch: producerEpoch + 1 });
    else this.identity = undefined; // The id is used up: pump asks for another.
  }

  #identify(nowMs: number): void {
    if (this.#isIdentifying || this.#isTransactional) return;
    if (nowMs < this.#identifyAtMs) return this.#wakeAt(this.#identifyAtMs);
    this.#isIdentifying = true;
    this.effects.push({ kind: 'identify' });
  }

  #expire(nowMs: number): void {
    for (let oldest = this.#pending.oldest; oldest !== undefined; oldest = this.#pending.oldest) {
      const { batch, writer } = oldest;
      if (batch.deadlineMs > nowMs) return this.#wakeAt(batch.deadlineMs);
      this.#pending.refuse(writer, batch, this.#tooLate(writer.about, batch.lastError ?? this.#lastError));
    }
  }

  #tooLate(about: string, cause: KafkaError | undefined): KafkaError {
    const why = cause === undefined ? '' : `; the last failure: ${cause.message}`;
    const detail = `not known to be written within ${this.settings.deliveryTimeoutMs} ms${why}`;
    return new KafkaError('TIMED_OUT', detail, {
      about,
      cause,
      advice: 'raise deliveryTimeoutMs, or look at the brokers',
    });
  }

  #wakeAt(atMs: number): void {
    if (atMs < this.wakeAtMs) this.wakeAtMs = atMs;
  }
}
