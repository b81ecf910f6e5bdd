import { describe, expect, it } from '@jest/globals';
import type { Uuid } from '@trunkline/kernel';
import { errorCode, type ErrorName } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import { type HeartbeatResponse, ShareMembership } from './share-membership.js';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;

/** A member, the requests that it sent, and what it says of its answers. */
class Script {
  readonly member = new ShareMembership({
    groupId: 'g',
    memberId: 'm',
    rackId: 'r1',
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1_000,
  });
  readonly lines: string[] = [];
  nowMs = 0;

  /** Moves to when the member wants to be woken, and writes down what it sends. */
  beat(): this {
    const atMs = this.member.wakeAtMs;
    if (atMs === Infinity) this.lines.push('waits');
    else {
      this.nowMs = Math.max(this.nowMs, atMs);
      const request = this.member.next(this.nowMs)!;
      const topics = request.subscribedTopicNames?.join('+') ?? 'as before';
      const rack = typeof request.rackId === 'string' ? ` rack ${request.rackId}` : '';
      this.lines.push(`${this.nowMs} > epoch ${request.memberEpoch} ${topics}${rack}`);
    }
    return this;
  }

  answer(memberEpoch: number, partitions?: readonly number[], error?: ErrorName): this {
    const response: HeartbeatResponse = {
      throttleTimeMs: 0,
      errorCode: error === undefined ? 0 : errorCode(error),
      errorMessage: null,
      memberId: 'm',
      memberEpoch,
      heartbeatIntervalMs: 5_000,
      assignment: partitions === undefined ? null : { topicPartitions: [{ topicId: TOPIC, partitions }] },
    };
    this.lines.push(`< ${error ?? `epoch ${memberEpoch}`}: ${this.member.answered(response, this.nowMs)}`);
    return this;
  }

  fail(): this {
    const change = this.member.failed(new KafkaError('DISCONNECTED', 'gone'), this.nowMs);
    this.lines.push(`< nothing: ${change}`);
    return this;
  }
}

function subscribed(): Script {
  const script = new Script();
  script.member.subscribe(['t'], 0);
  return script;
}

describe('a member of a share group', () => {
  it('joins with epoch 0 and its topics, then beats with its epoch alone', () => {
    const script = subscribed().beat().answer(1, [0]).beat().answer(1).beat();
    expect(script.lines.join('\n')).toMatchInlineSnapshot(`
     "0 > epoch 0 t rack r1
     < epoch 1: assigned
     5000 > epoch 1 as before
     < epoch 1: none
     10000 > epoch 1 as before"
    `);
  });

  it('asks sooner while it has no partitions, and less and less often', () => {
    const script = subscribed();
    for (let beat = 0; beat < 8; beat++) script.beat().answer(1);
    expect(script.lines.filter((line) => line.includes('>')).join('\n')).toMatchInlineSnapshot(`
     "0 > epoch 0 t rack r1
     100 > epoch 1 as before
     300 > epoch 1 as before
     700 > epoch 1 as before
     1500 > epoch 1 as before
     3100 > epoch 1 as before
     6300 > epoch 1 as before
     11300 > epoch 1 as before"
    `);
  });

  it('tells a new subscription at once, though an answer is under way', () => {
    const script = subscribed().beat();
    script.member.subscribe(['t', 'u'], 0);
    script.answer(1, [0]).beat().answer(2, [0, 1]).beat();
    expect(script.lines.join('\n')).toMatchInlineSnapshot(`
     "0 > epoch 0 t rack r1
     < epoch 1: assigned
     0 > epoch 1 t+u
     < epoch 2: assigned
     5000 > epoch 2 as before"
    `);
  });

  it.each(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const)('joins again at once after %s', (error) => {
    const script = subscribed().beat().answer(4, [0]).beat().answer(-1, undefined, error);
    expect(script.member.assignment.size).toBe(0);
    script.beat();
    expect(script.lines.at(-1)).toBe('5000 > epoch 0 t rack r1');
  });

  it('does not join in a hot loop when it is fenced each time', () => {
    const script = subscribed().beat().answer(4, [0]);
    for (let time = 0; time < 6; time++) script.beat().answer(-1, undefined, 'FENCED_MEMBER_EPOCH');
    expect(script.lines.filter((line) => line.includes('>')).join('\n')).toMatchInlineSnapshot(`
     "0 > epoch 0 t rack r1
     5000 > epoch 4 as before
     5000 > epoch 0 t rack r1
     5200 > epoch 0 t rack r1
     5600 > epoch 0 t rack r1
     6400 > epoch 0 t rack r1
     7400 > epoch 0 t rack r1"
    `);
  });

  it('keeps its epoch and its partitions over lost answers, with back-off', () => {
    const script = subscribed().beat().answer(3, [0]).beat().fail().beat().fail().beat().answer(3).beat();
    expect(script.member.assignment.get(TOPIC)).toEqual([0]);
    expect(script.lines.join('\n')).toMatchInlineSnapshot(`
     "0 > epoch 0 t rack r1
     < epoch 3: assigned
     5000 > epoch 3 as before
     < nothing: none
     5100 > epoch 3 as before
     < nothing: none
     5300 > epoch 3 as before
     < epoch 3: none
     10300 > epoch 3 as before"
    `);
  });

  it('says what the group refused for good, and asks no more until it subscribes again', () => {
    const script = subscribed().beat().answer(0, undefined, 'GROUP_AUTHORIZATION_FAILED').beat();
    expect(script.lines.slice(-2)).toEqual(['< GROUP_AUTHORIZATION_FAILED: failed', 'waits']);
    expect(script.member.error?.code).toBe('GROUP_AUTHORIZATION_FAILED');
    script.member.subscribe(['t'], script.nowMs);
    expect(script.member.error).toBeUndefined();
    script.beat();
    expect(script.lines.at(-1)).toBe('0 > epoch 0 t rack r1');
  });

  it('leaves with epoch -1', () => {
    const script = subscribed().beat().answer(2, [0]);
    expect(script.member.leave(100)).toBe(true);
    script.beat().answer(-1).beat();
    expect(script.lines.slice(-3)).toEqual(['100 > epoch -1 as before', '< epoch -1: left', 'waits']);
    expect(script.member.isMember).toBe(false);
  });

  it('leaves after the answer to its join, when it is told to leave before that', () => {
    const script = subscribed().beat();
    script.member.leave(0);
    script.answer(1, [0]).beat().answer(-1).beat();
    expect(script.lines.slice(1)).toEqual(['< epoch 1: none', '0 > epoch -1 as before', '< epoch -1: left', 'waits']);
  });

  it('has left when its farewell is not answered, whatever a broker says to it', () => {
    for (const end of [(script: Script) => script.fail(), (script: Script) => script.answer(7, [0])]) {
      const script = subscribed().beat().answer(2, [0]);
      script.member.leave(0);
      end(script.beat()).beat();
      expect(script.lines.at(-1)).toBe('waits');
      expect(script.member.isMember).toBe(false);
    }
  });

  it('has nothing to leave before it came in', () => {
    expect(new Script().member.leave(0)).toBe(false);
  });

  it('does not believe intervals of no time or of years', () => {
    for (const [heartbeatIntervalMs, expected] of [
      [0, 50],
      [-5, 50],
      [2_147_483_647, 60_000],
    ] as const) {
      const { member } = subscribed();
      member.next(0);
      const assignment = { topicPartitions: [{ topicId: TOPIC, partitions: [0] }] };
      const base = { throttleTimeMs: 0, errorCode: 0, errorMessage: null, memberId: 'm', memberEpoch: 1 };
      member.answered({ ...base, heartbeatIntervalMs, assignment }, 0);
      expect(member.wakeAtMs).toBe(expected);
    }
  });
});
