import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  type AnyApi,
  type Decoded,
  EndTxn,
  InitProducerId,
  TxnOffsetCommit,
} from '@trunkline/protocol';
import { doubledMs } from '../backoff.js';
import type { BodyOf, Cluster, Target } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { ProducerMachine } from './producer-machine.js';
import type { ProducerSettings } from './producer-options.js';
import { type GroupOfOffsets, type OffsetToCommit, offsetCodes, offsetTopics } from './transaction-offsets.js';
import { TransactionState, coordinatorError } from './transaction-state.js';

/** Between tries while the coordinator still ends the transaction before this one. */
const CONCURRENT_PAUSE_MS = 20;
const ADD_PARTITIONS_VERSION_MAX = 3;
/** From these versions on, partitions and groups join a transaction by being written to (KIP-890). */
const V2 = { endTxn: 5, txnOffsetCommit: 5, transactionVersion: 2 } as const;

/** What transactions need of their producer. */
export interface TransactionHost {
  readonly cluster: Cluster;
  readonly settings: ProducerSettings;
  readonly machine: ProducerMachine;
  /** Aborted when the producer is closed. */
  readonly signal: AbortSignal;
  /** Does what the machine wants, and lets leave what may. */
  act(): void;
  /** Everything that is not settled ends with an error. */
  refuse(errorOf: () => KafkaError): void;
  /** Resolves when no request is under way. */
  idle(): Promise<void>;
  /** Resolves when everything is settled. */
  flush(): Promise<void>;
}

interface Asking<A extends AnyApi> {
  readonly target: Target;
  readonly api: A;
  readonly body: BodyOf<A>;
  readonly codeOf: (answer: Decoded<A['response']>) => number;
  readonly versionMin?: number;
  readonly versionMax?: number;
}

/** A transactional producer's talk with its coordinator (KIP-98, KIP-360, KIP-447, KIP-890). */
export class Transactions {
  readonly state: TransactionState;
  readonly #target: Target;
  #isV2 = false;
  #unadmitted: { readonly topic: string; readonly partition: number }[] = [];
  #admitting: Promise<void> | undefined;
  readonly #sendingOffsets = new Set<Promise<void>>();

  constructor(
    private readonly host: TransactionHost,
    private readonly transactionalId: string,
  ) {
    this.state = new TransactionState(transactionalId);
    this.#target = { kind: 'coordinator', type: 'transaction', key: transactionalId };
  }

  async init(): Promise<void> {
    const { state, host } = this;
    state.check('initTransactions');
    state.phase = 'initializing';
    try {
      await this.#identify(-1n, -1);
      const nodeId = await host.cluster.coordinator('transaction', this.transactionalId);
      const level = (await host.cluster.features(nodeId)).get('transaction.version') ?? 0;
      this.#isV2 = level >= V2.transactionVersion;
      state.phase = 'ready';
    } catch (reason) {
      if (!this.#failed(KafkaError.from(reason, 'UNREACHABLE', state.about))) state.phase = 'new';
      throw reason;
    }
  }

  begin(): void {
    this.state.check('beginTransaction');
    this.state.phase = 'open';
    this.host.machine.admitsUnasked(this.#isV2);
  }

  /** A batch of the transaction leaves. */
  left(): void {
    this.state.isStarted = true;
  }

  /** The latest Produce that does not, by itself, add partitions to a transaction where the cluster does not want that. */
  get produceVersionMax(): number {
    return this.#isV2 ? 13 : 11;
  }

  /** A batch failed for good: the transaction can only be aborted, if that. */
  batchFailed(error: KafkaError): void {
    if (this.#failed(error)) return;
    const { state, host } = this;
    if (state.phase === 'abortable') host.machine.refuseWaiting(() => state.refusal('send')!);
  }

  async commit(): Promise<void> {
    const { state, host } = this;
    state.check('commitTransaction');
    if (state.phase === 'open') {
      state.phase = 'committing';
      await Promise.all([host.flush(), ...this.#sendingOffsets]);
      if ((state.phase as string) !== 'committing') state.check('commitTransaction');
    }
    await this.#end(true);
  }

  async abort(): Promise<void> {
    const { state, host } = this;
    state.check('abortTransaction');
    if (state.phase !== 'unsettled') {
      const cause = state.cause;
      state.phase = 'aborting';
      host.refuse(() => abortedError(state.about, cause));
      host.act();
      await Promise.all([host.idle(), this.#admitting, ...this.#sendingOffsets]);
    }
    await this.#end(false);
  }

  /** The producer is being closed: what is open is taken back, as far as that goes. Never rejects. */
  async leave(): Promise<void> {
    if (this.state.refusal('abortTransaction') !== undefined || this.state.phase === 'unsettled') return;
    await this.abort().catch(() => {}); // The broker aborts it after transactionTimeoutMs.
  }

  async sendOffsets(offsets: readonly OffsetToCommit[], group: GroupOfOffsets): Promise<void> {
    this.state.check('sendOffsetsToTransaction');
    if (offsets.length === 0) return;
    const sent = this.#sendOffsets(offsets, group);
    const settled = sent.catch(() => {}); // The caller hears of it; commit and abort only wait.
    this.#sendingOffsets.add(settled);
    try {
      await sent;
    } catch (reason) {
      const error = KafkaError.from(reason, 'UNREACHABLE', this.state.about);
      this.batchFailed(error);
      this.host.act();
      throw error;
    } finally {
      this.#sendingOffsets.delete(settled);
    }
  }

  /** The partition becomes part of the transaction; batches to it leave then. Those of one turn are added together. */
  admit(topic: string, partition: number): void {
    this.#unadmitted.push({ topic, partition });
    this.#admitting ??= this.#admitAll().finally(() => (this.#admitting = undefined));
  }

  async #admitAll(): Promise<void> {
    const { host, state } = this;
    await Promise.resolve();
    try {
      while (this.#unadmitted.length > 0) {
        const added = this.#unadmitted.filter((each) => !this.#isAdmitted(each));
        this.#unadmitted = [];
        if (state.phase !== 'open' && state.phase !== 'committing') return;
        if (added.length > 0) await this.#addPartitions(added);
        for (const { topic, partition } of added) host.machine.admitted(topic, partition);
        host.act();
      }
    } catch (reason) {
      this.#unadmitted = [];
      this.batchFailed(KafkaError.from(reason, 'UNREACHABLE', state.about));
      host.act();
    }
  }

  #isAdmitted({ topic, partition }: { readonly topic: string; readonly partition: number }): boolean {
    return this.host.machine.writerOf(topic, partition)?.isAdmitted ?? false;
  }

  async #addPartitions(added: readonly { readonly topic: string; readonly partition: number }[]): Promise<void> {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of added) {
      const partitions = topics.get(topic);
      if (partitions === undefined) topics.set(topic, [partition]);
      else if (!partitions.includes(partition)) partitions.push(partition);
    }
    const { producerId, producerEpoch } = this.host.machine.identity!;
    this.state.isStarted = true;
    await this.#ask({
      target: this.#target,
      api: AddPartitionsToTxn,
      versionMax: ADD_PARTITIONS_VERSION_MAX,
      body: {
        v3AndBelowTransactionalId: this.transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [...topics].map(([name, partitions]) => ({ name, partitions })),
      },
      codeOf: ({ resultsByTopicV3AndBelow }) => {
        const codes = resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
          resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
        );
        return worst(codes);
      },
    });
  }

  async #sendOffsets(offsets: readonly OffsetToCommit[], group: GroupOfOffsets): Promise<void> {
    const { transactionalId, host } = this;
    const { producerId, producerEpoch } = host.machine.identity!;
    const member = typeof group === 'string' ? { groupId: group } : group;
    const { groupId } = member;
    const identity = { transactionalId, producerId, producerEpoch, groupId };
    this.state.isStarted = true;
    if (!this.#isV2) {
      await this.#ask({
        target: this.#target,
        api: AddOffsetsToTxn,
        body: identity,
        codeOf: ({ errorCode }) => errorCode,
      });
    }
    await this.#ask({
      target: { kind: 'coordinator', type: 'group', key: groupId },
      api: TxnOffsetCommit,
      body: {
        ...identity,
        memberId: member.memberId ?? '',
        generationId: member.generationId ?? -1,
        groupInstanceId: member.groupInstanceId ?? null,
        topics: offsetTopics(offsets),
      },
      codeOf: (answer) => worst(offsetCodes(answer)),
      ...(this.#isV2
        ? { versionMin: V2.txnOffsetCommit }
        : { versionMax: V2.txnOffsetCommit - 1, ...(member.memberId !== undefined && { versionMin: 3 }) }),
    });
  }

  async #end(commits: boolean): Promise<void> {
    const { state, host, transactionalId } = this;
    state.commits = commits;
    state.phase = commits ? 'committing' : 'aborting';
    const { producerId, producerEpoch } = host.machine.identity!;
    let next = { producerId: -1n, producerEpoch: -1 };
    try {
      if (state.isStarted) {
        next = await this.#ask({
          target: this.#target,
          api: EndTxn,
          body: { transactionalId, producerId, producerEpoch, committed: commits },
          codeOf: ({ errorCode }) => errorCode,
          ...(this.#isV2 ? { versionMin: V2.endTxn } : { versionMax: V2.endTxn - 1 }),
        });
      }
      if (next.producerId >= 0n) host.machine.begin({ producerId: next.producerId, producerEpoch: next.producerEpoch });
      else if (host.machine.needsNewEpoch) await this.#identify(producerId, producerEpoch);
      state.ended();
    } catch (reason) {
      const error = KafkaError.from(reason, 'UNREACHABLE', state.about);
      if (!this.#failed(error)) this.#unsettled(error);
      throw error;
    }
  }

  /** The end failed, and neither the producer nor, for a commit, the transaction is lost: it may be asked for again. */
  #unsettled(error: KafkaError): void {
    const { state } = this;
    if (error.is('INVALID_TXN_STATE')) state.phase = 'fatal';
    else if (error.retriable) state.phase = 'unsettled';
    else state.phase = state.commits ? 'abortable' : 'unsettled';
    state.cause = error;
  }

  async #identify(producerId: bigint, producerEpoch: number): Promise<void> {
    const { transactionTimeoutMs } = this.host.settings;
    const body = await this.#ask({
      target: this.#target,
      api: InitProducerId,
      versionMax: 5,
      ...(producerId >= 0n && { versionMin: 3 }),
      body: { transactionalId: this.transactionalId, transactionTimeoutMs, producerId, producerEpoch },
      codeOf: ({ errorCode }) => errorCode,
    });
    this.host.machine.begin({ producerId: body.producerId, producerEpoch: body.producerEpoch });
  }

  #failed(error: KafkaError): boolean {
    const { state, host } = this;
    const wasFatal = state.phase === 'fatal';
    const isFatal = state.failed(error);
    if (isFatal && !wasFatal) {
      host.refuse(() => state.refusal('send')!);
      host.act();
    }
    return isFatal;
  }

  /** Asks until it is done, refused for good, or `deliveryTimeoutMs` are over. */
  async #ask<A extends AnyApi>(asking: Asking<A>): Promise<Decoded<A['response']>> {
    const { cluster, settings, signal } = this.host;
    const { clock } = cluster.ports;
    const untilMs = clock.monotonicMs() + settings.deliveryTimeoutMs;
    const { target, api, body, codeOf, versionMin, versionMax } = asking;
    const versions = {
      ...(versionMin !== undefined && { versionMin }),
      ...(versionMax !== undefined && { versionMax }),
    };
    for (let failures = 1; ; failures++) {
      let error: KafkaError | undefined;
      const leftMs = Math.max(1, untilMs - clock.monotonicMs());
      try {
        const timeoutMs = Math.min(settings.requestTimeoutMs, leftMs);
        const answer = await cluster.ask(target, api, body, { timeoutMs, signal, ...versions });
        error = coordinatorError(codeOf(answer.body), this.state.about);
        if (error === undefined) return answer.body;
      } catch (reason) {
        error = KafkaError.from(reason, 'UNREACHABLE', this.state.about);
      }
      if (!error.retriable) throw error;
      const isBusy = error.is('CONCURRENT_TRANSACTIONS', 'COORDINATOR_LOAD_IN_PROGRESS');
      if (!isBusy && target.kind === 'coordinator') cluster.forgetCoordinator(target.type, target.key);
      const { retryBackoffMs, retryBackoffMaxMs } = settings;
      const pauseMs = error.is('CONCURRENT_TRANSACTIONS')
        ? CONCURRENT_PAUSE_MS
        : doubledMs(failures, retryBackoffMs, retryBackoffMaxMs);
      if (clock.monotonicMs() + pauseMs >= untilMs) throw error;
      await pause(cluster, pauseMs, signal);
      // Fenced or closed meanwhile: nobody waits for it any more.
      if (this.state.phase === 'fatal') throw this.state.cause ?? error;
    }
  }
}

/** Ends early when the producer is closed; the next try says so. */
function pause(cluster: Cluster, pauseMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = cluster.after(pauseMs, over);
    signal.addEventListener('abort', over, { once: true });
  });
}

/** The code that tells most: one that is for good before one that passes, and neither before one that was not tried. */
function worst(codes: readonly number[]): number {
  let found: KafkaError | undefined;
  for (const code of codes) {
    const error = KafkaError.ofCode(code, '');
    if (error === undefined) continue;
    if (found === undefined || found.is('OPERATION_NOT_ATTEMPTED') || (found.retriable && !error.retriable)) {
      if (found === undefined || !error.is('OPERATION_NOT_ATTEMPTED')) found = error;
    }
  }
  return found?.number ?? 0;
}

function abortedError(about: string, cause: KafkaError | undefined): KafkaError {
  const detail = 'the transaction is aborted';
  return new KafkaError('ABORTED', cause === undefined ? detail : `${detail}: ${cause.detail}`, { about, cause });
}
