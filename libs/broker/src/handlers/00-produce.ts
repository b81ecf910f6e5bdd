import { ApiError, type Uuid } from '@trunkline/kernel';
import { INTERNAL_TOPICS } from '@trunkline/metadata';
import { errorCode, isErrorName, Produce, type ProduceRequest, type ProduceResponse } from '@trunkline/protocol';
import { BatchRefused, isTransactionalAt, RequestRefused, validateProduced } from '@trunkline/records';
import type { Parts } from '../parts.js';
import type { Partition } from '../replica/partition.js';
import { PendingProduce, ProducedPartition } from '../replica/pending-produce.js';
import { type Answer, CLOSE_CONNECTION, handler, NO_ANSWER } from '../server/handler.js';
import type { RequestContext } from '../server/request-context.js';
import { currentLeader, NodeEndpoints } from './current-leader.js';

type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number];
type RecordErrorAnswer = NonNullable<PartitionAnswer['recordErrors']>[number];

interface TopicAnswer {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitionResponses: readonly Row[];
}

const ACKS_ALL = -1;
const ACKS_LEADER = 1;
const ACKS_NONE = 0;
const ZSTD_SINCE = 7;
const TOPIC_IDS_SINCE = 13;
/** From here on an answer says who leads instead (KIP-951). */
const CURRENT_LEADER_SINCE = 10;
/** Up to here KAFKA_STORAGE_ERROR is told as NOT_LEADER_OR_FOLLOWER. */
const NO_STORAGE_ERROR_UNTIL = 3;
/** Java's admin client may write to the broker's own topics, and nobody else (as in Kafka). */
const ADMIN_CLIENT_ID = '__admin_client';
/** Errors that say nothing of the log, so that its start is not told with them. */
const WITHOUT_LOG_START: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
  'INVALID_PRODUCER_ID_MAPPING',
  'NOT_LEADER_OR_FOLLOWER',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'KAFKA_STORAGE_ERROR',
]);

const NO_RECORD_ERRORS: readonly RecordErrorAnswer[] = [];

/** One partition of the request, and its part of the answer: what is encoded is this very object. */
class Row extends ProducedPartition implements PartitionAnswer {
  errorCode = 0;
  errorMessage: string | null = null;
  recordErrors = NO_RECORD_ERRORS;
  currentLeader: { readonly leaderId: number; readonly leaderEpoch: number } | undefined;

  /** Nothing was appended. */
  refuse(error: ApiError, partition: Partition | undefined): void {
    this.settle(error.code);
    this.errorMessage = error.detail;
    if (error instanceof BatchRefused) {
      this.recordErrors = error.recordErrors.map(({ batchIndex, message }) => ({
        batchIndex,
        batchIndexErrorMessage: message,
      }));
    }
    if (partition === undefined || error instanceof RequestRefused) return;
    if (!WITHOUT_LOG_START.has(error.code)) this.logStartOffset = partition.log.startOffset;
  }
}

/**
 * Produce (0), versions 3 to 13 (0 to 13 are shown, as Kafka does; 0 to 2 end the connection): appends one batch a
 * partition.
 *
 * Each partition succeeds or fails for itself. All appends happen in the turn of the request, so what a connection
 * sends in a row is appended in that order, and requests in flight share an fdatasync. `acks` 1 and -1 are answered when
 * the flush mode is satisfied and, for -1, the high watermark is past; with one replica that is one moment. When too few
 * replicas are in sync, -1 is NOT_ENOUGH_REPLICAS before the append and NOT_ENOUGH_REPLICAS_AFTER_APPEND behind it. 0 is not answered;
 * after an error the connection ends. An exact repetition of one of a producer's last five batches is answered with the
 * first offsets. After `timeout_ms`, at least a second: REQUEST_TIMED_OUT, though the batch is in the log. A fault of our
 * own is KAFKA_STORAGE_ERROR, never UNKNOWN_SERVER_ERROR: after that Java's client writes duplicates (Redpanda #5355).
 * The bytes are appended as they came, but for offsets and epoch, unless the topic names a codec of its own.
 *
 * Not done: transactions. Their batches are INVALID_PRODUCER_ID_MAPPING, as for a transactional id that the coordinator
 * has never heard of; without a transactional id the whole request is TRANSACTIONAL_ID_AUTHORIZATION_FAILED, as in Kafka.
 * Quotas: `throttle_time_ms` is 0.
 */
export const produce = handler({
  api: Produce,
  overlaps: true,
  handle(request, parts, context) {
    const pending = new PendingProduce();
    const producing: Producing = { request, parts, context, pending };
    const asked = request.topicData.filter(({ partitionData }) => partitionData.length > 0);
    const responses = asked.map(({ name, topicId, partitionData }): TopicAnswer => {
      return { name, topicId, partitionResponses: partitionData.map(({ index }) => new Row(index, pending)) };
    });
    appendAll(asked, responses, producing);
    const rows = (): readonly Row[] => responses.flatMap(({ partitionResponses }) => partitionResponses);
    if (request.acks === ACKS_NONE) {
      return rows().some(({ error }) => error !== undefined) ? CLOSE_CONNECTION : NO_ANSWER;
    }
    if (pending.isDone) return answerOf(responses, producing);
    return new Promise((resolve) => {
      const done = (): void => resolve(answerOf(responses, producing));
      pending.wait(parts.delayed, context, { timeoutMs: request.timeoutMs, partitions: rows, done });
    });
  },
  failed(request, error): Answer<typeof Produce> {
    if (request.acks === ACKS_NONE) return CLOSE_CONNECTION;
    const told = error.code === 'UNKNOWN_SERVER_ERROR' ? 'KAFKA_STORAGE_ERROR' : error.code;
    const responses = request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: errorCode(told), baseOffset: -1 })),
    }));
    return { responses };
  },
});

interface Producing {
  readonly request: ProduceRequest;
  readonly parts: Parts;
  readonly context: RequestContext;
  readonly pending: PendingProduce;
}

/** What is wrong with the request as a whole, as Kafka tells it in each partition. */
function refusalOfAll({ transactionalId, topicData }: ProduceRequest, { delayed }: Parts, context: RequestContext) {
  if (transactionalId === null) {
    for (const { partitionData } of topicData) {
      if (partitionData.some(({ records }) => records !== null && isTransactionalAt(records, 0))) {
        const why = 'transactional records without a transactional id';
        return new ApiError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', why);
      }
    }
  }
  if (delayed.hasRoom(context)) return undefined;
  return new ApiError('REQUEST_TIMED_OUT', 'too many requests of this connection, or of all, wait for the disk');
}

/** In the order of the request, and all of it in this turn. */
function appendAll(asked: ProduceRequest['topicData'], responses: readonly TopicAnswer[], producing: Producing): void {
  const whole = refusalOfAll(producing.request, producing.parts, producing.context);
  for (const [at, { partitionData }] of asked.entries()) {
    const topic = responses[at]!;
    for (const [place, { records }] of partitionData.entries()) {
      const row = topic.partitionResponses[place]!;
      if (whole === undefined) append(row, topic, records, producing);
      else row.refuse(whole, undefined);
    }
  }
}

function append(row: Row, topic: TopicAnswer, records: Uint8Array | null, producing: Producing): void {
  const { request, parts, context } = producing;
  const { metrics } = parts;
  let partition: Partition | undefined;
  try {
    partition = find(topic, row.index, producing);
    const { acks } = request;
    if (acks !== ACKS_ALL && acks !== ACKS_LEADER && acks !== ACKS_NONE) {
      throw new ApiError('INVALID_REQUIRED_ACKS', `acks is -1, 0 or 1, not ${acks}`);
    }
    if (INTERNAL_TOPICS.has(partition.topic) && context.clientId !== ADMIN_CLIENT_ID) {
      throw new ApiError('INVALID_TOPIC_EXCEPTION', `${partition.topic} is the broker's own`);
    }
    partition.mustLead();
    if (acks === ACKS_ALL) partition.mustHaveMinIsr();
    const rules = context.apiVersion < ZSTD_SINCE ? { ...partition.rules, takesZstd: false } : partition.rules;
    const world = { crc32c: parts.crc32c, compression: parts.compression, nowMs: parts.clock.nowMs() };
    const batch = validateProduced(records, rules, world);
    if (batch.isTransactional) {
      const why = `transactional id ${request.transactionalId} has no producer id: transactions are not served yet`;
      throw new ApiError('INVALID_PRODUCER_ID_MAPPING', why);
    }
    if (acks !== ACKS_NONE) row.expect();
    const { recordCount, sizeBytes } = batch; // Read before the bytes belong to the log.
    const waitsFor = acks === ACKS_ALL ? 'commit' : 'disk';
    const appended = partition.append(batch, acks === ACKS_NONE ? undefined : row, waitsFor);
    row.baseOffset = appended.baseOffset;
    row.logAppendTimeMs = appended.logAppendTimeMs;
    row.logStartOffset = appended.logStartOffset;
    metrics.bytesIn += sizeBytes;
    metrics.messagesIn += recordCount;
  } catch (reason) {
    row.refuse(asAnswer(reason), partition);
    metrics.failedProduceRequests += 1;
  }
}

function find({ name, topicId }: TopicAnswer, index: number, { parts, context }: Producing): Partition {
  const byId = context.apiVersion >= TOPIC_IDS_SINCE;
  const { replicas } = parts;
  const found = byId ? replicas.findById(topicId, index) : replicas.find(name, index);
  if (typeof found !== 'string') return found;
  throw new ApiError(found, `there is no partition ${index} of ${byId ? topicId : `"${name}"`}`);
}

/** Whatever went wrong with one partition, as something that its client may be told. */
function asAnswer(reason: unknown): ApiError {
  if (!(reason instanceof ApiError)) throw reason;
  return isErrorName(reason.code) ? reason : new ApiError('KAFKA_STORAGE_ERROR', reason.message, { cause: reason });
}

function answerOf(responses: readonly TopicAnswer[], producing: Producing): ProduceResponse {
  if (responses.every(isGood)) return { responses };
  const endpoints = new NodeEndpoints();
  for (const topic of responses) {
    for (const row of topic.partitionResponses) {
      if (row.error !== undefined) tellError(row, row.error, topic, { ...producing, endpoints });
    }
  }
  return { responses, nodeEndpoints: endpoints.list() };
}

function isGood({ partitionResponses }: TopicAnswer): boolean {
  return partitionResponses.every(({ error }) => error === undefined);
}

interface Telling extends Producing {
  readonly endpoints: NodeEndpoints;
}

function tellError(row: Row, error: string, { name, topicId }: TopicAnswer, telling: Telling): void {
  const { parts, context, endpoints } = telling;
  const { apiVersion, listenerName } = context;
  const hidden = apiVersion <= NO_STORAGE_ERROR_UNTIL && error === 'KAFKA_STORAGE_ERROR';
  const told = hidden ? 'NOT_LEADER_OR_FOLLOWER' : error;
  row.errorCode = errorCode(told);
  if (told !== 'NOT_LEADER_OR_FOLLOWER' || apiVersion < CURRENT_LEADER_SINCE) return;
  const asked = { topic: name, topicId, index: row.index };
  const leader = currentLeader(parts.metadata.image, asked, listenerName);
  if (leader === undefined) return;
  endpoints.add(leader);
  row.currentLeader = { leaderId: leader.leaderId, leaderEpoch: leader.leaderEpoch };
}
