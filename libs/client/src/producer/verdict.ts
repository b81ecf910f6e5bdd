import { ERROR_CODES, isRetriable } from '@trunkline/protocol';

/**
 * What follows from an answer for a batch:
 * `written`; `split`: taken apart and sent in parts; `again`: sent again; `renew`: sent again under a raised epoch, from
 * sequence 0; `restart`: sent again under the same epoch, from sequence 0; `refused`: it ends with this error.
 */
export type Verdict = 'written' | 'split' | 'again' | 'renew' | 'restart' | 'refused';

/** What is known of a batch when its answer comes. */
export interface Circumstances {
  readonly recordCount: number;
  readonly isIdempotent: boolean;
  readonly isTransactional: boolean;
  /** A batch before it has not arrived, or its sequence changed meanwhile: another sequence was expected for that. */
  readonly isExplained: boolean;
  /** Behind the last record that was acknowledged; -1: none was. */
  readonly lastAckedOffset: number;
  /** Where the log begins, as the answer tells; -1: it does not. */
  readonly logStartOffset: number;
}

const { code: DUPLICATE } = ERROR_CODES.DUPLICATE_SEQUENCE_NUMBER;
const { code: OUT_OF_ORDER } = ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER;
const { code: UNKNOWN_PRODUCER } = ERROR_CODES.UNKNOWN_PRODUCER_ID;
const { code: INVALID_EPOCH } = ERROR_CODES.INVALID_PRODUCER_EPOCH;
const { code: TOO_LARGE } = ERROR_CODES.MESSAGE_TOO_LARGE;
const { code: LIST_TOO_LARGE } = ERROR_CODES.RECORD_LIST_TOO_LARGE;

/** As Apache Kafka's Java producer decides (TransactionManager.canRetry, Sender.completeBatch; KIP-360). */
export function verdictOf(code: number, batch: Circumstances): Verdict {
  switch (code) {
    case 0:
    case DUPLICATE:
      return 'written';
    case TOO_LARGE:
    case LIST_TOO_LARGE:
      return batch.recordCount > 1 ? 'split' : 'refused';
    case OUT_OF_ORDER:
      if (!batch.isIdempotent) return 'refused';
      if (batch.isExplained) return 'again';
      return batch.isTransactional ? 'refused' : 'renew';
    case UNKNOWN_PRODUCER:
      return unknownProducer(batch);
    case INVALID_EPOCH:
      if (!batch.isIdempotent || batch.isTransactional) return 'refused';
      return batch.isExplained ? 'again' : 'renew';
    default:
      return isRetriable(code) ? 'again' : 'refused';
  }
}

/** The log has forgotten the producer, mostly because everything it had written there was deleted. */
function unknownProducer(batch: Circumstances): Verdict {
  if (!batch.isIdempotent) return 'refused';
  if (batch.logStartOffset < 0 || batch.isExplained) return 'again';
  if (!batch.isTransactional) return 'renew';
  return batch.lastAckedOffset <= batch.logStartOffset ? 'restart' : 'refused';
}

/** After these answers neither the batch is written nor what follows it in sequence. */
export function refusesSequence(code: number): boolean {
  return code === OUT_OF_ORDER || code === UNKNOWN_PRODUCER || code === INVALID_EPOCH;
}

/** After these answers the batch may be written all the same. */
export function leavesOpen(code: number): boolean {
  return code === ERROR_CODES.REQUEST_TIMED_OUT.code || code === ERROR_CODES.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code;
}

/** After these answers another broker may lead. */
export function doubtsLeader(code: number): boolean {
  return DOUBTS.has(code);
}

const DOUBTS = new Set<number>([
  ERROR_CODES.NOT_LEADER_OR_FOLLOWER.code,
  ERROR_CODES.LEADER_NOT_AVAILABLE.code,
  ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION.code,
  ERROR_CODES.UNKNOWN_TOPIC_ID.code,
  ERROR_CODES.INCONSISTENT_TOPIC_ID.code,
  ERROR_CODES.FENCED_LEADER_EPOCH.code,
  ERROR_CODES.UNKNOWN_LEADER_EPOCH.code,
  ERROR_CODES.KAFKA_STORAGE_ERROR.code,
  ERROR_CODES.REPLICA_NOT_AVAILABLE.code,
]);
