import { describe, expect, it } from '@jest/globals';
import { type ErrorName, errorCode } from '@trunkline/protocol';
import { type Circumstances, type Verdict, doubtsLeader, leavesOpen, verdictOf } from './verdict.js';

const plain: Circumstances = {
  recordCount: 3,
  isIdempotent: true,
  isTransactional: false,
  isExplained: false,
  lastAckedOffset: 10,
  logStartOffset: -1,
};

type Row = readonly [name: ErrorName, verdict: Verdict, circumstances?: Partial<Circumstances>];

const ROWS: readonly Row[] = [
  ['NONE', 'written'],
  ['DUPLICATE_SEQUENCE_NUMBER', 'written'],
  ['MESSAGE_TOO_LARGE', 'split'],
  ['MESSAGE_TOO_LARGE', 'refused', { recordCount: 1 }],
  ['RECORD_LIST_TOO_LARGE', 'split'],
  ['NOT_LEADER_OR_FOLLOWER', 'again'],
  ['NOT_ENOUGH_REPLICAS', 'again'],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'again'],
  ['REQUEST_TIMED_OUT', 'again'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'again'],
  ['UNKNOWN_TOPIC_ID', 'again'],
  ['CORRUPT_MESSAGE', 'again'],
  ['CONCURRENT_TRANSACTIONS', 'again', { isTransactional: true }],
  ['TOPIC_AUTHORIZATION_FAILED', 'refused'],
  ['INVALID_RECORD', 'refused'],
  ['UNSUPPORTED_COMPRESSION_TYPE', 'refused'],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'renew'],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'again', { isExplained: true }],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'refused', { isTransactional: true }],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'again', { isTransactional: true, isExplained: true }],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'refused', { isIdempotent: false }],
  ['UNKNOWN_PRODUCER_ID', 'again'],
  ['UNKNOWN_PRODUCER_ID', 'renew', { logStartOffset: 5 }],
  ['UNKNOWN_PRODUCER_ID', 'again', { logStartOffset: 5, isExplained: true }],
  ['UNKNOWN_PRODUCER_ID', 'restart', { logStartOffset: 10, isTransactional: true }],
  ['UNKNOWN_PRODUCER_ID', 'refused', { logStartOffset: 9, isTransactional: true }],
  ['INVALID_PRODUCER_EPOCH', 'renew'],
  ['INVALID_PRODUCER_EPOCH', 'refused', { isTransactional: true }],
  ['TRANSACTION_ABORTABLE', 'refused', { isTransactional: true }],
  ['PRODUCER_FENCED', 'refused', { isTransactional: true }],
];

describe('an answer for a batch', () => {
  it.each(ROWS.map(([name, verdict, given = {}]) => [name, verdict, given] as const))(
    '%s means %s %j',
    (name, verdict, circumstances) => {
      expect(verdictOf(errorCode(name), { ...plain, ...circumstances })).toBe(verdict);
    },
  );

  it('leaves open whether the batch was written, for two codes', () => {
    const open = ROWS.map(([name]) => name).filter((name) => leavesOpen(errorCode(name)));
    expect(open).toEqual(['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'REQUEST_TIMED_OUT']);
  });

  it('makes the leader doubtful when it speaks of leadership or of the topic', () => {
    expect(doubtsLeader(errorCode('NOT_LEADER_OR_FOLLOWER'))).toBe(true);
    expect(doubtsLeader(errorCode('UNKNOWN_TOPIC_ID'))).toBe(true);
    expect(doubtsLeader(errorCode('NOT_ENOUGH_REPLICAS'))).toBe(false);
  });
});
