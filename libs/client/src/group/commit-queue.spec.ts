import { describe, expect, it } from '@jest/globals';
import { KafkaError, type KafkaErrorName } from '../error.js';
import { type CommitBatch, CommitQueue } from './commit-queue.js';
import type { CommitStanding } from './offsets.js';

/** A queue, a member's standing, and what became of each commit. */
class Play {
  nowMs = 0;
  generation = 1;
  isStable = true;
  held: readonly string[] | undefined;
  readonly queue = new CommitQueue({
    groupId: 'mail',
    commitTimeoutMs: 60_000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1_000,
  });
  readonly settled: string[] = [];

  get standing(): CommitStanding {
    const { generation, isStable, held } = this;
    const holds: CommitStanding['holds'] = ({ topic, partition }) => held?.includes(`${topic}/${partition}`) ?? true;
    return { memberId: 'm', generation, instanceId: null, isStable, holds };
  }

  commit(name: string, ...offsets: readonly string[]): void {
    const all = offsets.map((text) => {
      const [topic = '', partition = '', offset = ''] = text.split(/[/=]/);
      return { topic, partition: Number(partition), offset: Number(offset) };
    });
    this.queue.add(all, this.standing, this.nowMs, (error) => this.settled.push(`${name} ${error?.code ?? 'done'}`));
  }

  next(): string | undefined {
    const batch = this.queue.next(this.standing, this.nowMs);
    return batch && told(batch);
  }

  answered(errors: Readonly<Record<string, KafkaErrorName>> = {}): KafkaError | undefined {
    const all = Object.entries(errors).map(([name, code]) => [name, new KafkaError(code, 'refused')] as const);
    return this.queue.answered(new Map(all), this.standing, this.nowMs);
  }

  failed(code: KafkaErrorName): KafkaError | undefined {
    return this.queue.failed(new KafkaError(code, 'refused'), this.standing, this.nowMs);
  }
}

function told({ generation, offsets }: CommitBatch): string {
  return `${generation}: ${offsets.map(({ topic, partition, offset }) => `${topic}/${partition}=${offset}`).join(' ')}`;
}

describe('the commits of a member', () => {
  it('go out at once, and are done when they are answered', () => {
    const play = new Play();
    play.commit('first', 'a/0=5', 'a/1=6');
    expect(play.next()).toBe('1: a/0=5 a/1=6');
    expect(play.settled).toEqual([]);
    play.answered();
    expect(play.settled).toEqual(['first done']);
    expect(play.queue.isIdle).toBe(true);
  });

  it('that come while one is under way are merged: the last word for each partition', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.commit('second', 'a/0=2', 'a/1=1');
    play.commit('third', 'a/0=3');
    expect(play.next()).toBeUndefined();
    play.answered();
    expect(play.settled).toEqual(['first done']);
    expect(play.next()).toBe('1: a/0=3 a/1=1');
    play.answered();
    expect(play.settled).toEqual(['first done', 'second done', 'third done']);
  });

  it('are never overtaken by an earlier one that is tried again', () => {
    const play = new Play();
    play.commit('first', 'a/0=1', 'a/1=1');
    play.next();
    play.commit('second', 'a/0=2');
    play.failed('COORDINATOR_LOAD_IN_PROGRESS');
    expect(play.next()).toBeUndefined();
    play.nowMs = play.queue.wakeAtMs;
    expect(play.nowMs).toBe(100);
    expect(play.next()).toBe('1: a/0=2 a/1=1');
    play.answered();
    expect(play.settled).toEqual(['first done', 'second done']);
  });

  it('wait while the group shares anew, and go on in the new generation', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.isStable = false;
    play.failed('REBALANCE_IN_PROGRESS');
    play.nowMs = 5_000;
    expect(play.next()).toBeUndefined();
    expect(play.queue.wakeAtMs).toBe(60_000);
    play.isStable = true;
    play.generation = 2;
    expect(play.next()).toBe('2: a/0=1');
  });

  it('of a partition that was taken away are refused from then on, until it is given again', () => {
    const play = new Play();
    play.held = ['a/1'];
    play.queue.lost([{ topic: 'a', partition: 0 }]);
    play.commit('late', 'a/0=7');
    expect(play.settled).toEqual([]);
    expect(play.next()).toBeUndefined();
    expect(play.settled).toEqual(['late ILLEGAL_GENERATION']);
    play.held = ['a/0', 'a/1'];
    play.queue.given([{ topic: 'a', partition: 0 }]);
    play.commit('again', 'a/0=8');
    expect(play.next()).toBe('1: a/0=8');
  });

  it('of several partitions, one of which was taken away, are made for the others and refused as a whole', () => {
    const play = new Play();
    play.queue.lost([{ topic: 'a', partition: 0 }]);
    play.commit('mixed', 'a/0=7', 'a/1=8');
    expect(play.next()).toBe('1: a/1=8');
    play.answered();
    expect(play.settled).toEqual(['mixed ILLEGAL_GENERATION']);
  });

  it('of a partition that was taken away do not wait until the group has shared anew', () => {
    const play = new Play();
    play.commit('first', 'a/1=1');
    play.next();
    play.queue.lost([{ topic: 'a', partition: 0 }]);
    play.commit('late', 'a/0=7');
    play.next();
    expect(play.settled).toEqual(['late ILLEGAL_GENERATION']);
  });

  it('of a partition that was never held go out: somebody means it', () => {
    const play = new Play();
    play.held = [];
    play.commit('by hand', 'b/0=1');
    expect(play.next()).toBe('1: b/0=1');
  });

  it('of a partition that was given away meanwhile are refused', () => {
    const play = new Play();
    play.held = ['a/0', 'a/1'];
    play.commit('first', 'a/0=1');
    play.commit('second', 'a/1=1');
    play.next();
    play.isStable = false;
    play.failed('REBALANCE_IN_PROGRESS');
    play.isStable = true;
    play.generation = 2;
    play.held = ['a/1'];
    play.nowMs = 100;
    expect(play.next()).toBe('2: a/1=1');
    expect(play.settled).toEqual(['first ILLEGAL_GENERATION']);
  });

  it('of a partition that was lost meanwhile are refused, though it has come back before they could go out', () => {
    const play = new Play();
    play.commit('under way', 'a/0=5', 'b/0=1');
    expect(play.next()).toBe('1: a/0=5 b/0=1');
    play.commit('waiting', 'a/0=6');
    play.queue.lost([{ topic: 'a', partition: 0 }]);
    expect(play.settled).toEqual(['waiting ILLEGAL_GENERATION']);
    play.failed('COORDINATOR_NOT_AVAILABLE');
    play.nowMs += 1_000;
    expect(play.next()).toBe('1: b/0=1');
    play.answered();
    expect(play.settled).toEqual(['waiting ILLEGAL_GENERATION', 'under way ILLEGAL_GENERATION']);
    play.queue.given([{ topic: 'a', partition: 0 }]);
    play.commit('anew', 'a/0=4');
    expect(play.next()).toBe('1: a/0=4');
  });

  it('are fenced when the group goes on without the member', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    expect(play.failed('UNKNOWN_MEMBER_ID')?.code).toBe('UNKNOWN_MEMBER_ID');
    expect(play.settled).toEqual(['first UNKNOWN_MEMBER_ID']);
  });

  it('of an earlier generation are made in the one that has begun since', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.generation = 2;
    expect(play.failed('ILLEGAL_GENERATION')).toBeUndefined();
    play.nowMs = 100;
    expect(play.next()).toBe('2: a/0=1');
  });

  it('that meet a generation of which this member has not heard yet wait for it', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.isStable = false;
    expect(play.failed('ILLEGAL_GENERATION')).toBeUndefined();
    play.nowMs = 100;
    expect(play.next()).toBeUndefined();
    play.isStable = true;
    play.generation = 2;
    expect(play.next()).toBe('2: a/0=1');
  });

  it('that wait for a round are refused when the member turns out to be none', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.isStable = false;
    play.failed('UNKNOWN_MEMBER_ID');
    play.generation = -1;
    expect(play.next()).toBeUndefined();
    expect(play.settled).toEqual(['first ILLEGAL_GENERATION']);
  });

  it('are tried again with the epoch that the next heartbeat brings (KIP-848)', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.failed('STALE_MEMBER_EPOCH');
    play.generation = 7;
    play.nowMs = 100;
    expect(play.next()).toBe('7: a/0=1');
  });

  it('are refused at once when this is no member', () => {
    const play = new Play();
    play.generation = -1;
    play.commit('first', 'a/0=1');
    expect(play.next()).toBeUndefined();
    expect(play.settled).toEqual(['first ILLEGAL_GENERATION']);
  });

  it('fail for the partition that was refused, and only for who committed it', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.commit('second', 'a/1=1');
    play.next();
    play.answered({ 'a/1': 'OFFSET_METADATA_TOO_LARGE' });
    expect(play.settled).toEqual(['first done', 'second OFFSET_METADATA_TOO_LARGE']);
  });

  it('do not wait for a partition that is tried again', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.commit('second', 'gone/0=1');
    play.next();
    play.answered({ 'gone/0': 'UNKNOWN_TOPIC_OR_PARTITION' });
    expect(play.settled).toEqual(['first done']);
    play.commit('third', 'a/0=2');
    play.nowMs = 100;
    expect(play.next()).toBe('1: gone/0=1 a/0=2');
  });

  it('give up in their time', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.failed('DISCONNECTED');
    play.nowMs = 60_000;
    expect(play.next()).toBeUndefined();
    expect(play.settled).toEqual(['first TIMED_OUT']);
    expect(play.queue.isIdle).toBe(true);
  });

  it('that wait are refused at the end', () => {
    const play = new Play();
    play.commit('first', 'a/0=1');
    play.next();
    play.queue.close(new KafkaError('CLOSED', 'closed'));
    expect(play.settled).toEqual(['first CLOSED']);
  });
});
