import { describe, expect, it } from '@jest/globals';
import { errorCode } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import {
  type TransactionCall,
  type TransactionPhase,
  TransactionState,
  coordinatorError,
} from './transaction-state.js';

const CALLS: readonly TransactionCall[] = [
  'initTransactions',
  'beginTransaction',
  'send',
  'sendOffsetsToTransaction',
  'commitTransaction',
  'abortTransaction',
];

function at(phase: TransactionPhase): TransactionState {
  const state = new TransactionState('x');
  state.phase = phase;
  return state;
}

describe('a transactional producer', () => {
  it.each<readonly [TransactionPhase, readonly TransactionCall[]]>([
    ['new', ['initTransactions']],
    ['initializing', []],
    ['ready', ['beginTransaction']],
    ['open', ['send', 'sendOffsetsToTransaction', 'commitTransaction', 'abortTransaction']],
    ['committing', []],
    ['aborting', []],
    ['abortable', ['abortTransaction']],
    ['fatal', []],
  ])('that is %s takes %j', (phase, allowed) => {
    expect(CALLS.filter((call) => at(phase).refusal(call) === undefined)).toEqual(allowed);
  });

  it('asks for the same end again when the end is not known', () => {
    const state = at('unsettled');
    state.commits = true;
    expect(CALLS.filter((call) => state.refusal(call) === undefined)).toEqual(['commitTransaction']);
    state.commits = false;
    expect(CALLS.filter((call) => state.refusal(call) === undefined)).toEqual(['abortTransaction']);
  });

  it('can only abort after a failure, and says of what', () => {
    const state = at('open');
    expect(state.failed(new KafkaError('TOPIC_AUTHORIZATION_FAILED', 'no'))).toBe(false);
    expect(state.phase).toBe('abortable');
    expect(state.refusal('commitTransaction')?.message).toBe(
      '[TOPIC_AUTHORIZATION_FAILED] transactional id x: commitTransaction: the transaction has failed: no; call abortTransaction()',
    );
  });

  it('does not call a failure retriable that only an abort can mend', () => {
    const state = at('open');
    state.failed(new KafkaError('TIMED_OUT', 'too late'));
    expect(state.refusal('send')).toMatchObject({ code: 'TRANSACTION_ABORTABLE', retriable: false });
  });

  it.each(['PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'] as const)(
    'is of no use after %s',
    (code) => {
      const state = at('open');
      expect(state.failed(new KafkaError(code, 'no'))).toBe(true);
      expect(state.refusal('abortTransaction')?.code).toBe(code);
      expect(state.refusal('beginTransaction')?.message).toContain('close it, and make a new one');
    },
  );

  it('takes the first failure as the reason', () => {
    const state = at('open');
    state.failed(new KafkaError('INVALID_RECORD', 'first'));
    state.failed(new KafkaError('TIMED_OUT', 'second'));
    expect(state.cause?.detail).toBe('first');
  });

  it('begins again after an end', () => {
    const state = at('aborting');
    state.isStarted = true;
    state.ended();
    expect([state.phase, state.isStarted]).toEqual(['ready', false]);
  });

  it('takes an epoch that is too old for another producer, whatever a coordinator calls it', () => {
    expect(coordinatorError(errorCode('INVALID_PRODUCER_EPOCH'), 'x')?.code).toBe('PRODUCER_FENCED');
    expect(coordinatorError(errorCode('PRODUCER_FENCED'), 'x')?.code).toBe('PRODUCER_FENCED');
    expect(coordinatorError(errorCode('CONCURRENT_TRANSACTIONS'), 'x')?.retriable).toBe(true);
    expect(coordinatorError(0, 'x')).toBeUndefined();
  });
});
