import { ApiError, nodeId } from '@trunkline/kernel';
import { ERROR_CODES, errorCode, Fetch, type FetchRequest, type FetchResponse } from '@trunkline/protocol';
import type { FetchContext } from '../fetch/fetch-sessions.js';
import type { FetchingReplica, Reading } from '../fetch/reading.js';
import type { Parts } from '../parts.js';
import { answerRaft } from '../quorum/quorum-handler.js';
import { fetchForm } from '../quorum/wire/fetch.js';
import { asksForMetadata } from '../quorum/wire/metadata-partition.js';
import { UNKNOWN_BROKER_EPOCH } from '../replica/isr.js';
import { handler } from '../server/handler.js';
import type { RequestContext } from '../server/request-context.js';
import { currentLeader, NodeEndpoints } from './current-leader.js';

type TopicAnswer = FetchResponse['responses'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
/** From here on the replica's id stands in `replica_state`. */
const REPLICA_STATE_SINCE = 15;
/** From here on a client knows that followers may be read (KIP-392). */
const FOLLOWERS_SINCE = 11;
const TOPIC_IDS_SINCE = 13;
/** From here on an answer says who leads instead (KIP-951). */
const CURRENT_LEADER_SINCE = 16;
/** Up to here KAFKA_STORAGE_ERROR is told as NOT_LEADER_OR_FOLLOWER. */
const NO_STORAGE_ERROR_UNTIL = 5;
const NOT_HERE: ReadonlySet<number> = new Set([
  ERROR_CODES.NOT_LEADER_OR_FOLLOWER.code,
  ERROR_CODES.FENCED_LEADER_EPOCH.code,
]);
const UNKNOWN: ReadonlySet<number> = new Set([
  ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION.code,
  ERROR_CODES.UNKNOWN_TOPIC_ID.code,
]);
const NO_BYTES: readonly Uint8Array[] = [];

/**
 * Fetch (1), versions 4 to 18: whole batches from an offset on, up to the high watermark (`read_committed`: the last
 * stable offset).
 *
 * Answered at once with `min_bytes`, no wait, no partitions, a diverging epoch, or an error that the session has not
 * told; else parked, and answered in the turn of the append that makes it enough, when a partition changes hands, fails
 * or is deleted, or after `max_wait_ms`. At least one batch comes whatever the limits (KIP-74), and never a part of one.
 * Sessions (7+, KIP-227) answer what changed. Topic ids from 13 on; epochs are checked (9+) and divergence told (12+).
 * A partition without data has an empty records field, never null. No down-conversion: zstd is sent as it is.
 *
 * Followers read up to the log's end, and it is noted how far they are before anything is read, so that the watermark
 * moves, and produces are answered, in that turn. A follower hears at once of a partition that is new in its session, of
 * a moved log start and, when it says which one it knows (18+), of a moved watermark. A consumer (11+) is served by
 * followers too, up to what they know of the watermark, and with a rack is told of a nearer replica (KIP-392).
 *
 * Not done: quotas, and transactions: as long as none can be open, `aborted_transactions` is empty (null for
 * `read_uncommitted`).
 */
export const fetch = handler({
  api: Fetch,
  early: true,
  handle(request, parts, context) {
    if (asksForMetadata(request)) return answerRaft(fetchForm, request, parts);
    if (request.isolationLevel !== READ_UNCOMMITTED && request.isolationLevel !== READ_COMMITTED) {
      throw new ApiError('INVALID_REQUEST', `the isolation level is 0 or 1, not ${request.isolationLevel}`);
    }
    const fetching = parts.fetches.begin(request, context.apiVersion >= TOPIC_IDS_SINCE);
    if (fetching.error !== 'NONE') return sessionError(fetching.error);
    const asked = {
      maxWaitMs: request.maxWaitMs,
      minBytes: request.minBytes,
      maxBytes: request.maxBytes,
      readCommitted: request.isolationLevel === READ_COMMITTED,
      leaderOnly: context.apiVersion < FOLLOWERS_SINCE,
      replica: replicaOf(request, context),
      rack: request.rackId,
    };
    const readings = parts.fetches.run(fetching, asked, context);
    const answer = (done: readonly Reading[]): FetchResponse => answerOf(fetching, done, { request, parts, context });
    return readings instanceof Promise ? readings.then(answer) : answer(readings);
  },
  failed: (request, error) => ({
    throttleTimeMs: 0,
    errorCode: errorCode(error.code),
    responses: failedInEach(request, errorCode(error.code)),
  }),
});

function replicaOf(
  { replicaId, replicaState }: FetchRequest,
  { apiVersion }: RequestContext,
): FetchingReplica | undefined {
  const said = apiVersion >= REPLICA_STATE_SINCE;
  const id = said ? replicaState.replicaId : replicaId;
  return id < 0 ? undefined : { id: nodeId(id), brokerEpoch: said ? replicaState.replicaEpoch : UNKNOWN_BROKER_EPOCH };
}

function sessionError(error: string, sessionId = 0): FetchResponse {
  return { throttleTimeMs: 0, errorCode: errorCode(error), sessionId, responses: [] };
}

interface Answering {
  readonly request: FetchRequest;
  readonly parts: Parts;
  readonly context: RequestContext;
}

function answerOf(fetching: FetchContext, readings: readonly Reading[], answering: Answering): FetchResponse {
  const { error, sessionId, tell } = fetching.finish(readings);
  if (error !== 'NONE') return sessionError(error, sessionId);
  const { metrics } = answering.parts;
  const endpoints = new NodeEndpoints();
  const responses: (TopicAnswer & { partitions: PartitionAnswer[] })[] = [];
  for (const reading of tell) {
    const { of, sizeBytes, errorCode: code } = reading;
    let topic = responses.at(-1);
    if (topic === undefined || topic.topicId !== of.topicId || topic.topic !== (of.topic ?? '')) {
      topic = { topic: of.topic ?? '', topicId: of.topicId, partitions: [] };
      responses.push(topic);
    }
    topic.partitions.push(code === 0 ? readAnswer(reading, answering) : errorAnswer(reading, answering, endpoints));
    metrics.bytesOut += sizeBytes;
    if (code !== 0) metrics.failedFetchRequests += 1;
  }
  return { throttleTimeMs: 0, errorCode: 0, sessionId, responses, nodeEndpoints: endpoints.list() };
}

function readAnswer(reading: Reading, { request }: Answering): PartitionAnswer {
  return {
    partitionIndex: reading.of.index,
    errorCode: 0,
    highWatermark: reading.highWatermark,
    lastStableOffset: reading.lastStableOffset,
    logStartOffset: reading.logStartOffset,
    divergingEpoch: reading.diverging,
    preferredReadReplica: reading.preferredReadReplica,
    abortedTransactions: request.isolationLevel === READ_COMMITTED ? [] : null,
    records: reading.chunks,
  };
}

function errorAnswer(reading: Reading, answering: Answering, to: NodeEndpoints): PartitionAnswer {
  const { of, errorCode: code } = reading;
  const { apiVersion, listenerName } = answering.context;
  const hidden = apiVersion <= NO_STORAGE_ERROR_UNTIL && code === ERROR_CODES.KAFKA_STORAGE_ERROR.code;
  const told = hidden ? ERROR_CODES.NOT_LEADER_OR_FOLLOWER.code : code;
  const answer: PartitionAnswer = {
    partitionIndex: of.index,
    errorCode: told,
    highWatermark: -1,
    abortedTransactions: UNKNOWN.has(code) ? [] : null, // As Kafka does; nobody looks at it.
    records: NO_BYTES,
  };
  if (apiVersion < CURRENT_LEADER_SINCE || !NOT_HERE.has(told)) return answer;
  const asked = { topic: of.topic ?? '', topicId: of.topicId, index: of.index };
  const leader = currentLeader(answering.parts.metadata.image, asked, listenerName);
  if (leader === undefined) return answer;
  to.add(leader);
  return { ...answer, currentLeader: { leaderId: leader.leaderId, leaderEpoch: leader.leaderEpoch } };
}

function failedInEach({ topics }: FetchRequest, code: number): FetchResponse['responses'] {
  return topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) => ({
      partitionIndex: partition,
      errorCode: code,
      highWatermark: -1,
      abortedTransactions: [],
      records: NO_BYTES,
    })),
  }));
}
