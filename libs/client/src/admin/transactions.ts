import {
  type Decoded,
  DescribeProducers,
  DescribeTransactions,
  InitProducerId,
  ListTransactions,
  WriteTxnMarkers,
} from '@trunkline/protocol';
import type { TopicPartition } from '../topic-partition.js';
import type { CallOptions } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { BROKER, PARTITION, TRANSACTIONAL_ID, byTopic, plain } from './keys.js';
import { nothing, orNone, wholeOrNone } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { perform } from './perform.js';
import { liveBrokers, toCoordinators, toLeaders, toNodes } from './routes.js';
import { KafkaError } from '../error.js';

const STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const;

/** As brokers write it. */
export type TransactionState = (typeof STATES)[number] | 'Unknown';

export interface TransactionListing {
  readonly transactionalId: string;
  /** An int64: brokers may hand out any. */
  readonly producerId: bigint;
  readonly state: TransactionState;
}

export interface ListTransactionsOptions extends CallOptions {
  readonly states?: readonly TransactionState[];
  readonly producerIds?: readonly bigint[];
  /** Only those that are open for longer; milliseconds. Brokers from 3.8 on. */
  readonly openForMs?: number;
  /** Only ids that this regular expression (RE2) matches. Brokers from 4.1 on. */
  readonly idPattern?: string;
}

export interface TransactionDescription {
  readonly transactionalId: string;
  readonly state: TransactionState;
  readonly timeoutMs: number;
  /** Milliseconds since 1970; undefined: none is open. */
  readonly startedMs: number | undefined;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly partitions: readonly TopicPartition[];
}

/** A producer that a partition remembers. */
export interface ActiveProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** undefined: it wrote nothing but markers. */
  readonly lastSequence: number | undefined;
  /** Milliseconds since 1970. */
  readonly lastTimestampMs: number | undefined;
  readonly coordinatorEpoch: number | undefined;
  /** Where its open transaction begins; undefined: none is open. */
  readonly openSince: number | undefined;
}

export interface DescribeProducersOptions extends CallOptions {
  /** Ask this replica instead of the leaders. */
  readonly nodeId?: number;
}

/** A transaction that hangs on one partition; `describeProducers` shows it. */
export interface HangingTransaction extends TopicPartition {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** As `describeProducers` told; 0 where it told none. */
  readonly coordinatorEpoch: number | undefined;
}

export interface FencedProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Transactions: what is open, who writes, and how to end what hangs. */
export class AdminTransactions {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** The transactions of all brokers, by rising id. Rejects when a broker does not answer: a list with gaps would look whole. */
  async list(options: ListTransactionsOptions = {}): Promise<readonly TransactionListing[]> {
    const byBroker = await this.listByBroker(options);
    const byId = new Map(byBroker.values().flatMap((all) => all.map((one) => [one.transactionalId, one] as const)));
    return [...byId.values()].toSorted((left, right) => (left.transactionalId < right.transactionalId ? -1 : 1));
  }

  /** The transactions that each broker coordinates; a broker that does not answer has its error. */
  async listByBroker(options: ListTransactionsOptions = {}): Promise<Outcomes<number, readonly TransactionListing[]>> {
    const call = new Call(this.#scope, options);
    const { states = [], producerIds = [], openForMs, idPattern } = options;
    const versionMin = idPattern !== undefined ? WITH_PATTERN : openForMs !== undefined ? WITH_DURATION : 0;
    return perform<number, readonly TransactionListing[]>(call, {
      kind: BROKER,
      keys: await liveBrokers(call),
      route: toNodes((nodeId) => nodeId),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(
          target,
          ListTransactions,
          (version) => ({
            stateFilters: states,
            producerIdFilters: producerIds,
            ...(version >= WITH_DURATION && { durationFilter: openForMs ?? -1 }),
            ...(version >= WITH_PATTERN && { transactionalIdPattern: idPattern ?? null }),
          }),
          { versionMin },
        );
        rounds.answer(keys[0]!, body.errorCode, null, () =>
          body.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
            transactionalId,
            producerId,
            state: stateOf(transactionState),
          })),
        );
      },
    });
  }

  /** What transactions are, each asked of its coordinator. TRANSACTIONAL_ID_NOT_FOUND: nobody uses it. */
  async describe(
    transactionalIds: readonly string[],
    options: CallOptions = {},
  ): Promise<Outcomes<string, TransactionDescription>> {
    const call = new Call(this.#scope, options);
    return perform<string, TransactionDescription>(call, {
      kind: TRANSACTIONAL_ID,
      keys: transactionalIds,
      route: toCoordinators(call, 'transaction', (id) => id),
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, DescribeTransactions, { transactionalIds: keys });
        for (const told of body.transactionStates) {
          rounds.answer(told.transactionalId, told.errorCode, null, () => transaction(told));
        }
      },
    });
  }

  /** The producers that partitions remember, as their leaders know them, and since which offset a transaction is open. */
  async describeProducers(
    partitions: readonly TopicPartition[],
    options: DescribeProducersOptions = {},
  ): Promise<Outcomes<TopicPartition, readonly ActiveProducer[]>> {
    const call = new Call(this.#scope, options);
    const { nodeId } = options;
    return perform<TopicPartition, readonly ActiveProducer[]>(call, {
      kind: PARTITION,
      waitsForTopics: true,
      keys: partitions.map(plain),
      route: nodeId === undefined ? toLeaders(call) : toNodes(() => nodeId),
      ask: async ({ target, keys }, rounds) => {
        const topics = byTopic(keys).map(({ topic, partitions: of }) => ({
          name: topic,
          partitionIndexes: of.map(({ partition }) => partition),
        }));
        const { body } = await call.ask(target, DescribeProducers, { topics });
        for (const { name, partitions: told } of body.topics) {
          for (const { partitionIndex, errorCode, errorMessage, activeProducers } of told) {
            const key = { topic: name, partition: partitionIndex };
            rounds.answer(key, errorCode, errorMessage, () => activeProducers.map(producer));
          }
        }
      },
    });
  }

  /**
   * Writes an abort marker into one partition, past the coordinator: for a transaction that its coordinator has
   * forgotten. INVALID_PRODUCER_EPOCH: the producer has gone on since.
   */
  async abort(hanging: HangingTransaction, options: CallOptions = {}): Promise<void> {
    const call = new Call(this.#scope, options);
    const outcomes = await perform<TopicPartition, void>(call, {
      kind: PARTITION,
      waitsForTopics: true,
      keys: [plain(hanging)],
      route: toLeaders(call),
      ask: async ({ target, keys }, rounds) => {
        const { producerId, producerEpoch, coordinatorEpoch = 0 } = hanging;
        const topics = keys.map(({ topic, partition }) => ({ name: topic, partitionIndexes: [partition] }));
        const marker = { producerId, producerEpoch, coordinatorEpoch, transactionResult: false, topics };
        const { body } = await call.ask(target, WriteTxnMarkers, { markers: [marker] });
        for (const told of body.markers.flatMap((one) => one.topics)) {
          for (const { partitionIndex, errorCode } of told.partitions) {
            rounds.answer({ topic: told.name, partition: partitionIndex }, errorCode, null, nothing);
          }
        }
      },
    });
    outcomes.check();
  }

  /** Fences the producers that use these ids now: their epoch is raised, their open transactions end as aborted. */
  async fenceProducers(
    transactionalIds: readonly string[],
    options: CallOptions = {},
  ): Promise<Outcomes<string, FencedProducer>> {
    const call = new Call(this.#scope, options);
    return perform<string, FencedProducer>(call, {
      kind: TRANSACTIONAL_ID,
      keys: transactionalIds,
      again: ['CONCURRENT_TRANSACTIONS'],
      route: toCoordinators(call, 'transaction', (id) => id),
      ask: async ({ target, keys }, rounds) => {
        // One id a request: side by side, each with a failure of its own.
        await Promise.all(
          keys.map(async (transactionalId) => {
            try {
              const request = { transactionalId, transactionTimeoutMs: FENCING_TIMEOUT_MS };
              const { body } = await call.ask(target, InitProducerId, request);
              rounds.answer(transactionalId, body.errorCode, null, () => ({
                producerId: body.producerId,
                producerEpoch: body.producerEpoch,
              }));
            } catch (reason) {
              const error = KafkaError.from(reason, 'PROTOCOL_VIOLATION');
              if (error.is('CLOSED', 'ABORTED', 'MISUSE')) throw error;
              rounds.fail([transactionalId], error);
            }
          }),
        );
      },
    });
  }
}

const WITH_DURATION = 1;
const WITH_PATTERN = 2;
/** What the id's next transaction would have, were there one: its next user brings its own. */
const FENCING_TIMEOUT_MS = 60_000;

type Described = Decoded<typeof DescribeTransactions.response>['transactionStates'][number];
type Producers = Decoded<typeof DescribeProducers.response>['topics'][number]['partitions'][number]['activeProducers'];

function stateOf(text: string): TransactionState {
  return STATES.find((state) => state === text) ?? 'Unknown';
}

function transaction(told: Described): TransactionDescription {
  return {
    transactionalId: told.transactionalId,
    state: stateOf(told.transactionState),
    timeoutMs: told.transactionTimeoutMs,
    startedMs: wholeOrNone(told.transactionStartTimeMs, 'the begin of a transaction'),
    producerId: told.producerId,
    producerEpoch: told.producerEpoch,
    partitions: told.topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition }))),
  };
}

function producer(told: Producers[number]): ActiveProducer {
  return {
    producerId: told.producerId,
    producerEpoch: told.producerEpoch,
    lastSequence: orNone(told.lastSequence),
    lastTimestampMs: wholeOrNone(told.lastTimestamp, 'a timestamp'),
    coordinatorEpoch: orNone(told.coordinatorEpoch),
    openSince: wholeOrNone(told.currentTxnStartOffset, 'the begin of a transaction'),
  };
}
