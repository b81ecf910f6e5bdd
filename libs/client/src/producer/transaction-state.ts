import { KafkaError, type KafkaErrorName } from '../error.js';

/**
 * Where a transactional producer stands:
 * `new` → initTransactions → `ready` → begin → `open` → commit or abort → `ready`. `abortable`: something of the transaction
 * failed, it can only be aborted. `unsettled`: a commit or abort was not answered, the same must be asked again. `fatal`: the
 * producer is of no use any more.
 */
export type TransactionPhase =
  'new' | 'initializing' | 'ready' | 'open' | 'committing' | 'aborting' | 'abortable' | 'unsettled' | 'fatal';

/** What a caller may ask for. */
export type TransactionCall =
  | 'initTransactions'
  | 'beginTransaction'
  | 'send'
  | 'sendOffsetsToTransaction'
  | 'commitTransaction'
  | 'abortTransaction';

const ALLOWED: Readonly<Record<TransactionCall, readonly TransactionPhase[]>> = {
  initTransactions: ['new'],
  beginTransaction: ['ready'],
  send: ['open'],
  sendOffsetsToTransaction: ['open'],
  commitTransaction: ['open', 'unsettled'],
  abortTransaction: ['open', 'abortable', 'unsettled'],
};

const WHY: Readonly<Record<TransactionPhase, readonly [why: string, advice: string]>> = {
  new: ['the producer has no identity yet', 'await initTransactions() first'],
  initializing: ['initTransactions is under way', 'await it first'],
  ready: ['no transaction is open', 'call beginTransaction() first'],
  open: ['a transaction is open', 'commit or abort it first'],
  committing: ['the transaction is being committed', 'await commitTransaction() first'],
  aborting: ['the transaction is being aborted', 'await abortTransaction() first'],
  abortable: ['the transaction has failed', 'call abortTransaction()'],
  unsettled: ['the end of the transaction is not known', 'ask for the same end again'],
  fatal: ['the producer is of no use any more', 'close it, and make a new one'],
};

/** These end a transactional producer wherever they come from. */
const FATAL = new Set<KafkaErrorName>([
  'PRODUCER_FENCED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
  'INVALID_TRANSACTION_TIMEOUT',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_BROKER',
  'CLOSED',
]);

/** The rules of a transactional producer's calls, without anything that it does. */
export class TransactionState {
  phase: TransactionPhase = 'new';
  /** Why it is `abortable`, `unsettled` or `fatal`. */
  cause: KafkaError | undefined;
  /** The end that is asked for. */
  commits = false;
  /** The coordinator knows of the transaction, so that it must be told of the end. */
  isStarted = false;

  constructor(readonly transactionalId: string) {}

  get about(): string {
    return `transactional id ${this.transactionalId}`;
  }

  /** Why a call is not possible now; undefined: it is. */
  refusal(call: TransactionCall): KafkaError | undefined {
    const { phase, cause, about } = this;
    const otherEnd = phase === 'unsettled' && this.commits !== (call === 'commitTransaction');
    if (ALLOWED[call].includes(phase) && !otherEnd) return undefined;
    const [why, advice] = WHY[phase];
    if (cause === undefined) return new KafkaError('MISUSE', `${call}: ${why}`, { about, advice });
    const code = phase === 'abortable' && cause.retriable ? 'TRANSACTION_ABORTABLE' : cause.code;
    return new KafkaError(code, `${call}: ${why}: ${cause.detail}`, { about, advice, cause });
  }

  check(call: TransactionCall): void {
    const refusal = this.refusal(call);
    if (refusal !== undefined) throw refusal;
  }

  /** Something of the transaction failed. Returns whether the producer is of no use any more. */
  failed(error: KafkaError): boolean {
    if (this.phase === 'fatal') return true;
    if (FATAL.has(error.code)) {
      this.phase = 'fatal';
      this.cause = error;
      return true;
    }
    if (this.phase === 'open' || this.phase === 'committing') {
      this.phase = 'abortable';
      this.cause = error;
    }
    return false;
  }

  /** The transaction ended as asked for. */
  ended(): void {
    this.phase = 'ready';
    this.cause = undefined;
    this.isStarted = false;
  }
}

/** What a coordinator's refusal means: an epoch that is too old is another producer's doing, whatever it is called. */
export function coordinatorError(code: number, about: string): KafkaError | undefined {
  const error = KafkaError.ofCode(code, about);
  if (error === undefined) return undefined;
  if (error.is('INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED')) {
    const detail = 'a newer producer with this transactional id is there, or the transaction took too long';
    return new KafkaError('PRODUCER_FENCED', detail, { about, advice: 'close this producer' });
  }
  return error;
}
