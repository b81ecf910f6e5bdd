import type { Timer } from '@trunkline/kernel';
import { InitProducerId, Produce } from '@trunkline/protocol';
import { BatchSlab } from '@trunkline/records';
import type { Cluster } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { ClientObserver } from '../observer.js';
import { answersOf } from './answers.js';
import type { ProducerEffect, SettleEffect, Shipment } from './effects.js';
import { encodeRecord } from './encode.js';
import { type IdOf, idIn, idsOf, produceBody, versionMaxOf } from './produce-request.js';
import { closedError, recordError } from './producer-errors.js';
import { ProducerMachine } from './producer-machine.js';
import { type ProducerOptions, type ProducerSettings, producerSettings } from './producer-options.js';
import type { ProducerRecord, RecordMetadata, Settled } from './producer-record.js';
import { Room } from './room.js';
import { tellAnswered, tellSent } from './shipment-observer.js';
import type { EncodedRecord } from './topic-writers.js';
import type { GroupOfOffsets, OffsetToCommit } from './transaction-offsets.js';
import { type TransactionHost, Transactions } from './transactions.js';
import { Turn } from './turn.js';

/**
 * Writes records to the cluster: in order, once, and in batches as large as the moment gives.
 *
 * What is sent in one turn of the event loop leaves together, one batch a partition and one request a broker. Order holds
 * within a partition. A record that failed may be written all the same when its error is TIMED_OUT, DISCONNECTED or
 * CLOSED. Belongs to its maker, who closes it.
 */
export class Producer {
  readonly settings: ProducerSettings;
  readonly #machine: ProducerMachine;
  readonly #room: Room;
  readonly #turn: Turn;
  readonly #transactions: Transactions | undefined;
  readonly #watched = new Map<string, { release(): void }>();
  readonly #stopImage: () => void;
  readonly #idOf: IdOf = (topic) => idIn(this.#machine.imageOf(topic));
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #isPerforming = false;
  #idleWaiters: (() => void)[] = [];
  #closed: Promise<void> | undefined;
  readonly #life = new AbortController();

  /** Throws KafkaError MISUSE for options that cannot be meant. */
  constructor(
    private readonly cluster: Cluster,
    options: ProducerOptions = {},
    private readonly observer: ClientObserver = {},
  ) {
    const settings = producerSettings(options);
    const { ports } = cluster;
    if (settings.compression !== 'none' && ports.compression === undefined) {
      const about = 'producer options';
      throw new KafkaError('MISUSE', `compression ${settings.compression} needs the compression port`, { about });
    }
    this.settings = settings;
    this.#turn = new Turn(ports.clock, () => {
      this.#machine.pump(this.#turn.nowMs);
      this.#perform();
    });
    const { compression, transactionalId } = settings;
    const making = {
      crc32c: ports.crc32c,
      compression,
      isTransactional: transactionalId !== undefined,
      slab: new BatchSlab(),
      ...(ports.compression !== undefined && { codecs: ports.compression }),
    };
    this.#machine = new ProducerMachine(settings, making, ports.random);
    this.#machine.learn(0, cluster.image);
    this.#room = new Room(
      settings,
      () => this.#machine.bufferedBytes,
      (record) => this.#add(record),
    );
    if (transactionalId !== undefined) this.#transactions = new Transactions(this.#host(), transactionalId);
    this.#stopImage = cluster.onImage((image) => {
      this.#machine.learn(this.#nowMs(), image);
      this.#turn.open();
    });
  }

  /**
   * Sends a record; resolves when the brokers have it as `acks` says. Rejects with KafkaError: what a broker refused,
   * TIMED_OUT after `deliveryTimeoutMs`, OVERLOADED, MESSAGE_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION, CLOSED, MISUSE.
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    const { topic } = record;
    return new Promise((resolve, reject) => {
      this.enqueue(record, (error, partition, offset, timestampMs) => {
        if (error === undefined) resolve({ topic, partition, offset, timestampMs });
        else reject(error);
      });
    });
  }

  /** Sends records; resolves in their order when all are settled. Rejects, then too, with the first error. */
  sendAll(records: readonly ProducerRecord[]): Promise<RecordMetadata[]> {
    return new Promise((resolve, reject) => {
      const results = Array.from<RecordMetadata>({ length: records.length });
      let left = records.length;
      let failure: KafkaError | undefined;
      if (left === 0) return resolve(results);
      for (let index = 0; index < records.length; index++) {
        const { topic } = records[index]!;
        this.enqueue(records[index]!, (error, partition, offset, timestampMs) => {
          failure ??= error;
          results[index] = { topic, partition, offset, timestampMs };
          left -= 1;
          if (left > 0) return;
          if (failure === undefined) resolve(results);
          else reject(failure);
        });
      }
    });
  }

  /** `send` without a promise: `settled` is called exactly once, inside of this call when the record is refused at once. */
  enqueue(record: ProducerRecord, settled: Settled): void {
    let encoded: EncodedRecord;
    this.#turn.open();
    try {
      if (this.#closed !== undefined) throw closedError();
      this.#transactions?.state.check('send');
      encoded = encodeRecord(record, this.#turn.wallMs, this.settings, settled);
    } catch (reason) {
      return settled(KafkaError.from(reason, 'MISUSE'), record.partition ?? -1, -1, -1);
    }
    this.#room.take(this.#turn.nowMs, encoded);
  }

  /**
   * Takes over the transactional id: an older producer of this id is fenced, its open transaction is aborted. Once, before
   * the first transaction. Rejects with KafkaError; may be called again when the error is retriable.
   */
  async initTransactions(): Promise<void> {
    await this.#transactional().init();
  }

  /** What is sent from now on, until commit or abort, is visible to `read_committed` readers together or never. */
  beginTransaction(): void {
    this.#transactional().begin();
  }

  /** Adds a group's offsets to the open transaction (KIP-447). Those of the group's member are fenced with it. */
  async sendOffsetsToTransaction(offsets: readonly OffsetToCommit[], group: GroupOfOffsets): Promise<void> {
    await this.#transactional().sendOffsets(offsets, group);
  }

  /**
   * Sends what waits, and makes the transaction visible. Rejects when anything of it failed: then abort. After a retriable
   * error of the commit itself the end is not known: call it again.
   */
  async commitTransaction(): Promise<void> {
    await this.#transactional().commit();
  }

  /** Takes the transaction back. What is not settled rejects with ABORTED. */
  async abortTransaction(): Promise<void> {
    await this.#transactional().abort();
  }

  /** Begins, runs, commits; aborts when `run` rejects, or anything of the transaction failed, and rejects with that. */
  async transaction<T>(run: (producer: this) => Promise<T>): Promise<T> {
    this.beginTransaction();
    try {
      const result = await run(this);
      await this.commitTransaction();
      return result;
    } catch (reason) {
      // An end that is not known, or a producer that is of no use, cannot be aborted: the reason tells.
      if (this.#transactional().state.refusal('abortTransaction') === undefined) await this.abortTransaction();
      throw reason;
    }
  }

  /** Resolves when everything that was sent before is settled, whatever became of it. What lingers leaves at once. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#room.whenPassed(() => {
        this.#machine.flush(resolve);
        this.#perform();
        this.#turn.open();
      });
    });
  }

  /**
   * Takes no more records, waits until what was sent is settled, at most `timeoutMs`, and rejects the rest with CLOSED:
   * what was under way then may be written all the same. Never rejects.
   */
  close({ timeoutMs = this.settings.deliveryTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(timeoutMs);
    return this.#closed;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#machine.hurry();
    const sent = this.flush().then(() => this.#transactions?.leave());
    await new Promise<void>((resolve) => {
      const timer = this.cluster.after(timeoutMs, resolve);
      void sent.finally(() => {
        timer.cancel();
        resolve();
      });
    });
    this.#room.refuseAll(closedError());
    this.#machine.refuseAll((batch) => closedError(batch));
    this.#perform();
    this.#life.abort();
    this.#stopImage();
    this.#timer?.cancel();
    for (const watch of this.#watched.values()) watch.release();
  }

  #transactional(): Transactions {
    if (this.#closed !== undefined) throw closedError();
    if (this.#transactions !== undefined) return this.#transactions;
    const advice = 'give the producer a transactionalId';
    throw new KafkaError('MISUSE', 'transactions need a transactional id', { about: 'producer', advice });
  }

  /** Resolves when no request is under way. */
  #idle(): Promise<void> {
    if (this.#machine.requestCount === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #nowMs(): number {
    return this.cluster.ports.clock.monotonicMs();
  }

  #host(): TransactionHost {
    return {
      cluster: this.cluster,
      settings: this.settings,
      machine: this.#machine,
      signal: this.#life.signal,
      idle: () => this.#idle(),
      flush: () => this.flush(),
      refuse: (errorOf) => {
        this.#room.refuseAll(errorOf());
        this.#machine.refuseAll(errorOf);
      },
      act: () => {
        this.#turn.open();
        this.#perform();
      },
    };
  }

  #add(record: EncodedRecord): void {
    this.#turn.grow();
    this.#machine.add(this.#turn.nowMs, record);
    if (!this.#watched.has(record.topic)) this.#watched.set(record.topic, this.cluster.watch([record.topic]));
  }

  /** Does what the machine wants, also what it comes to want meanwhile: those who are told of an end may send again. */
  #perform(): void {
    if (this.#isPerforming) return;
    this.#isPerforming = true;
    const { effects } = this.#machine;
    const hadAny = effects.length > 0;
    for (let at = 0; at < effects.length; at++) this.#do(effects[at]!);
    while (effects.length > 0) effects.pop(); // A length of 0 that is set costs as much as fifty of these.
    this.#isPerforming = false;
    if (hadAny && this.#room.isAwaited) this.#room.admit(this.#nowMs());
    this.#wake();
  }

  #do(effect: ProducerEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.shipment);
      case 'settle':
        return this.#settle(effect);
      case 'refuse':
        return effect.record.settled(effect.error, effect.record.partition ?? -1, -1, effect.record.timestampMs);
      case 'doubt':
        return this.cluster.doubt(effect.topic, effect.partition);
      case 'learn':
        return this.cluster.learnLeader(effect.topic, effect.partition, effect.leader, effect.node);
      case 'lookUp':
        return void this.#lookUp(effect.topic);
      case 'identify':
        return void this.#identify();
      case 'admit':
        return this.#transactions?.admit(effect.topic, effect.partition);
    }
  }

  #send(shipment: Shipment): void {
    const { cluster, settings, observer } = this;
    this.#transactions?.left();
    const ids = idsOf(shipment, this.#idOf);
    const versionMax = Math.min(versionMaxOf(ids), this.#transactions?.produceVersionMax ?? Infinity);
    const options = {
      timeoutMs: settings.requestTimeoutMs,
      lane: settings.lane,
      versionMax,
      noAnswer: settings.acks === 0,
    };
    const body = produceBody(shipment, settings, ids);
    const sentMs = observer.batchAnswered === undefined ? 0 : this.#nowMs();
    tellSent(observer, shipment);
    cluster.send(shipment.nodeId, Produce, body, options, (error, answer) => {
      this.#turn.open();
      const now = this.#turn.nowMs;
      const failure = error === undefined ? undefined : KafkaError.from(error, 'DISCONNECTED');
      const answers = answer === undefined ? undefined : answersOf(shipment, answer.body, answer.version, ids);
      tellAnswered(observer, shipment, now - sentMs, failure, answers);
      if (failure !== undefined) this.#machine.failed(now, shipment, failure);
      else if (answers === undefined) this.#machine.unanswered(shipment);
      else this.#machine.answered(now, shipment, answers);
      this.#perform();
      if (this.#idleWaiters.length > 0 && this.#machine.requestCount === 0) {
        for (const resolve of this.#idleWaiters.splice(0)) resolve();
      }
    });
  }

  #settle({ batch, writer, error, baseOffset, appendTimeMs, recordErrors }: SettleEffect): void {
    if (error !== undefined) this.#transactions?.batchFailed(error);
    if (recordErrors === undefined) return batch.settle(error, writer.partition, baseOffset, appendTimeMs);
    batch.settleEach((index) => recordError(error!, recordErrors.get(index)), writer.partition);
  }

  async #lookUp(topic: string): Promise<void> {
    const { allowAutoCreation } = this.settings;
    let failure: KafkaError | undefined;
    try {
      const found = await this.cluster.topic(topic, { allowAutoCreation });
      // Known, but not with the partition that somebody waits for.
      if (found !== undefined) await this.cluster.refresh([topic]);
    } catch (reason) {
      failure = KafkaError.from(reason, 'UNREACHABLE');
    }
    this.#turn.open();
    this.#machine.learn(this.#turn.nowMs, this.cluster.image);
    this.#machine.lookedUp(this.#turn.nowMs, topic, failure);
  }

  async #identify(): Promise<void> {
    const { deliveryTimeoutMs, transactionTimeoutMs } = this.settings;
    const request = { transactionalId: null, transactionTimeoutMs };
    try {
      const { body } = await this.cluster.askAgain({ kind: 'anyone' }, InitProducerId, request, {
        timeoutMs: deliveryTimeoutMs,
        versionMax: 5,
        codeOf: ({ errorCode }) => errorCode,
        signal: this.#life.signal,
      });
      const advice = 'grant IDEMPOTENT_WRITE on the cluster, or WRITE on a topic, or set idempotent to false';
      KafkaError.check(body.errorCode, 'a producer id', undefined, advice);
      this.#turn.open();
      this.#machine.identified({ producerId: body.producerId, producerEpoch: body.producerEpoch });
    } catch (reason) {
      this.#turn.open();
      this.#machine.notIdentified(this.#turn.nowMs, KafkaError.from(reason, 'UNREACHABLE', 'a producer id'));
    }
    this.#perform();
  }

  #wake(): void {
    const atMs = Math.min(this.#machine.wakeAtMs, this.#room.wakeAtMs);
    if (atMs >= this.#timerAtMs || this.#life.signal.aborted) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.cluster.after(Math.max(1, Math.ceil(atMs - this.#nowMs())), () => {
      this.#timerAtMs = Infinity;
      this.#room.admit(this.#nowMs());
      this.#turn.open();
    });
  }
}
