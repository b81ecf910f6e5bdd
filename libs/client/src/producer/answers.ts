import type { Uuid } from '@trunkline/kernel';
import { ERROR_CODES, type Produce, type Decoded, type ErrorName, errorName } from '@trunkline/protocol';
import type { BrokerNode } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { ProducerBatch } from './batch.js';
import type { Shipment } from './effects.js';
import type { PartitionWriter } from './partition-writer.js';
import type { ProducerSettings } from './producer-options.js';
import { type Verdict, doubtsLeader, leavesOpen, verdictOf } from './verdict.js';

/** What a Produce answer says of one batch. Numbers are -1 where it says nothing. */
export interface Answer {
  readonly code: number;
  readonly baseOffset: number;
  readonly appendTimeMs: number;
  readonly logStartOffset: number;
  readonly message?: string | undefined;
  readonly recordErrors?: ReadonlyMap<number, string> | undefined;
  /** Who leads now (KIP-951). */
  readonly leader?:
    { readonly nodeId: number; readonly epoch: number; readonly node: BrokerNode | undefined } | undefined;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Given but for `written`. */
  readonly error: KafkaError | undefined;
  /** The batch may be written all the same. */
  readonly isUncertain: boolean;
  readonly doubts: boolean;
}

const WRITTEN: Judgement = { verdict: 'written', error: undefined, isUncertain: false, doubts: false };

/** What follows from an answer for the batch of a partition. `sizeBytes`: as it was sent. */
export function judge(
  answer: Answer,
  writer: PartitionWriter,
  batch: ProducerBatch,
  sizeBytes: number,
  settings: ProducerSettings,
): Judgement {
  const { code } = answer;
  if (code === 0) return WRITTEN;
  const verdict = verdictOf(code, {
    recordCount: batch.recordCount,
    isIdempotent: settings.idempotent,
    isTransactional: settings.transactionalId !== undefined,
    isExplained: writer.isExplained(batch),
    lastAckedOffset: writer.lastAckedOffset,
    logStartOffset: answer.logStartOffset,
  });
  if (verdict === 'written') return WRITTEN;
  const error = errorOf(answer, writer, sizeBytes);
  return { verdict, error, isUncertain: leavesOpen(code), doubts: doubtsLeader(code) };
}

function errorOf({ code, message }: Answer, { about }: PartitionWriter, sizeBytes: number): KafkaError {
  const name = errorName(code);
  const detail = name.endsWith('TOO_LARGE') ? sizeText(sizeBytes, message) : message;
  return KafkaError.ofCode(code, about, detail, ADVICE[name])!;
}

function sizeText(sizeBytes: number, said: string | undefined): string {
  const limit = said ?? 'which is over the max.message.bytes of the topic';
  return `one record in a batch of ${sizeBytes} bytes, ${limit}`;
}

const ADVICE: Partial<Record<ErrorName, string>> = {
  MESSAGE_TOO_LARGE: 'raise max.message.bytes of the topic, compress, or send less',
  RECORD_LIST_TOO_LARGE: 'raise segment.bytes of the topic, or send less',
  TOPIC_AUTHORIZATION_FAILED: 'grant WRITE on the topic',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'grant WRITE on the transactional id',
  CLUSTER_AUTHORIZATION_FAILED: 'grant IDEMPOTENT_WRITE on the cluster, or set idempotent to false',
  UNSUPPORTED_COMPRESSION_TYPE: 'choose another compression',
  INVALID_TIMESTAMP: 'see message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topic',
  INVALID_RECORD: 'a compacted topic wants a key in every record',
  INVALID_PRODUCER_EPOCH: 'abort the transaction; if that is refused, another producer took over the transactional id',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'abort the transaction and do it again',
  UNKNOWN_PRODUCER_ID: 'abort the transaction and do it again',
  TRANSACTION_ABORTABLE: 'abort the transaction and do it again',
  INVALID_TXN_STATE: 'abort the transaction and do it again',
  PRODUCER_FENCED: 'another producer took over the transactional id; close this one',
  INVALID_PRODUCER_ID_MAPPING: 'the transactional id has expired; make a new producer',
};

type Body = Decoded<(typeof Produce)['response']>;
type PartitionAnswer = Body['responses'][number]['partitionResponses'][number];

/**
 * A Produce answer in the order of the shipment; undefined where a batch was left out. `ids`: the topics' ids as they were
 * asked with, which stand for names from version 13 on.
 */
export function answersOf(
  { batches }: Shipment,
  body: Body,
  version: number,
  ids: readonly (Uuid | undefined)[],
): (Answer | undefined)[] {
  const byId = version >= 13;
  return batches.map(({ writer: { topic, partition } }, at) => {
    const found = find(body, partition, byId ? undefined : topic, byId ? ids[at] : undefined);
    return found === undefined ? undefined : answerOf(found, body.nodeEndpoints);
  });
}

function find(body: Body, index: number, name: string | undefined, id: Uuid | undefined): PartitionAnswer | undefined {
  for (const topic of body.responses) {
    if (name === undefined ? topic.topicId !== id : topic.name !== name) continue;
    for (const partition of topic.partitionResponses) if (partition.index === index) return partition;
  }
  return undefined;
}

function answerOf(partition: PartitionAnswer, nodes: Body['nodeEndpoints']): Answer {
  const { errorCode, baseOffset, logAppendTimeMs, logStartOffset } = partition;
  const answer = {
    code: errorCode,
    baseOffset: Number(baseOffset),
    appendTimeMs: Number(logAppendTimeMs),
    logStartOffset: Number(logStartOffset),
  };
  if (errorCode === ERROR_CODES.NONE.code) return answer;
  const { leaderId, leaderEpoch } = partition.currentLeader;
  const found = nodes.find(({ nodeId }) => nodeId === leaderId);
  const node = found === undefined ? undefined : { ...found, rack: found.rack ?? undefined };
  return {
    ...answer,
    message: partition.errorMessage ?? undefined,
    recordErrors: recordErrorsOf(partition),
    leader: leaderId < 0 || leaderEpoch < 0 ? undefined : { nodeId: leaderId, epoch: leaderEpoch, node },
  };
}

function recordErrorsOf({ recordErrors }: PartitionAnswer): ReadonlyMap<number, string> | undefined {
  if (recordErrors.length === 0) return undefined;
  return new Map(recordErrors.map((one) => [one.batchIndex, one.batchIndexErrorMessage ?? 'the broker refused it']));
}
