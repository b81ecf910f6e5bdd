import { describe, expect, it } from '@jest/globals';
import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { ManualClock } from '@trunkline/testing';
import type { FetchPartition } from './fetch-partition.js';
import { epochAfter } from './fetch-session.js';
import type { FetchContext, FetchSessionLimits, SessionRequest } from './fetch-sessions.js';
import { FETCH_SESSION_LIMITS, FetchSessions } from './fetch-sessions.js';

const ID_A = 'aaaaaaaaaaaaaaaaaaaaaA' as Uuid;
const NEW = { sessionId: 0, sessionEpoch: 0 };

function sessions(limits: Partial<FetchSessionLimits> = {}) {
  const clock = new ManualClock();
  let next = 0;
  const random = { below: () => next++, uuid: () => ZERO_UUID };
  return { clock, cache: new FetchSessions(clock, random, { ...FETCH_SESSION_LIMITS, ...limits }) };
}

const wish = (partition: number, fetchOffset = 0n) => ({
  partition,
  fetchOffset,
  currentLeaderEpoch: -1,
  lastFetchedEpoch: -1,
  partitionMaxBytes: 1024,
});

function request(
  session: { sessionId: number; sessionEpoch: number },
  asked: Record<string, readonly (number | ReturnType<typeof wish>)[]>,
  forgotten: Record<string, readonly number[]> = {},
): SessionRequest {
  const topics = Object.entries(asked).map(([topic, partitions]) => ({
    topic,
    topicId: ZERO_UUID,
    partitions: partitions.map((partition) => (typeof partition === 'number' ? wish(partition) : partition)),
  }));
  const forgottenTopicsData = Object.entries(forgotten).map(([topic, partitions]) => ({
    topic,
    topicId: ZERO_UUID,
    partitions,
  }));
  return { ...session, topics, forgottenTopicsData };
}

interface Said {
  errorCode?: number;
  highWatermark?: number;
  logStartOffset?: number;
  sizeBytes?: number;
  diverges?: boolean;
}

const answer = (of: FetchPartition, said: Said = {}) => ({
  of,
  errorCode: 0,
  highWatermark: 0,
  logStartOffset: 0,
  sizeBytes: 0,
  diverges: false,
  preferredReadReplica: -1,
  isWord: false,
  ...said,
});

const names = (partitions: readonly FetchPartition[]) => partitions.map(({ topic, index }) => `${topic}-${index}`);

/** Finishes with the answers of `said`, empty ones for the rest; what was told, by name. */
function finish(context: FetchContext, said: Record<string, Said> = {}) {
  const answers = context.partitions.map((of) => answer(of, said[`${of.topic}-${of.index}`]));
  const { error, sessionId, tell } = context.finish(answers);
  return { error, sessionId, told: names(tell.map(({ of }) => of)) };
}

describe('fetch sessions', () => {
  it('begin with a full answer, and are found again by id and epoch', () => {
    const { cache } = sessions();
    const first = finish(cache.begin(request(NEW, { t: [0, 1] }), false));
    expect(first).toEqual({ error: 'NONE', sessionId: 1, told: ['t-0', 't-1'] });
    const second = cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}), false);
    expect(names(second.partitions)).toEqual(['t-0', 't-1']);
    expect(finish(second)).toEqual({ error: 'NONE', sessionId: 1, told: [] });
    expect(finish(cache.begin(request({ sessionId: 1, sessionEpoch: 2 }, {}), false)).error).toBe('NONE');
  });

  it('are not made for a fetch of epoch -1', () => {
    const { cache } = sessions();
    const context = cache.begin(request({ sessionId: 0, sessionEpoch: -1 }, { t: [0] }), false);
    expect(finish(context)).toEqual({ error: 'NONE', sessionId: 0, told: ['t-0'] });
    expect(cache.size).toBe(0);
  });

  it('may begin without partitions, and get them with the next fetch', () => {
    const { cache } = sessions();
    expect(finish(cache.begin(request(NEW, {}), false)).sessionId).toBe(1);
    const next = cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, { t: [0] }), false);
    expect(finish(next)).toEqual({ error: 'NONE', sessionId: 1, told: ['t-0'] });
  });

  it('tell data, moved watermarks and log starts, errors, and an error’s end; nothing else', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0, 1, 2, 3, 4, 5] }), false), { 't-5': { errorCode: 6, highWatermark: -1 } });
    let epoch = 1;
    const next = (said: Record<string, Said>) =>
      finish(cache.begin(request({ sessionId: 1, sessionEpoch: epoch++ }, {}), false), said).told;
    const said = {
      't-0': { sizeBytes: 70, highWatermark: 1 },
      't-1': { highWatermark: 2 },
      't-2': { logStartOffset: 1 },
      't-3': { errorCode: 6, highWatermark: -1, logStartOffset: -1 },
      't-5': { highWatermark: 0 },
    };
    expect(next(said)).toEqual(['t-0', 't-1', 't-2', 't-3', 't-5']);
    expect(next({ ...said, 't-0': { highWatermark: 1 } })).toEqual(['t-3']);
    expect(next({ ...said, 't-0': { highWatermark: 1 }, 't-3': {} })).toEqual(['t-3']);
    expect(next({ ...said, 't-0': { highWatermark: 1, diverges: true }, 't-3': {} })).toEqual(['t-0']);
  });

  it('know which error was told, until the partition is asked anew', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0] }), false), { 't-0': { errorCode: 6 } });
    const [known] = cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}), false).partitions;
    expect([known!.knowsError(6), known!.knowsError(3)]).toEqual([true, false]);
    const [anew] = cache.begin(request({ sessionId: 1, sessionEpoch: 2 }, { t: [0] }), false).partitions;
    expect(anew!.knowsError(6)).toBe(false);
  });

  it('add, change and forget partitions', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0, 1] }), false));
    const context = cache.begin(
      request({ sessionId: 1, sessionEpoch: 1 }, { t: [wish(0, 9n)], u: [0] }, { t: [1], none: [7] }),
      false,
    );
    expect(names(context.partitions)).toEqual(['t-0', 'u-0']);
    expect(context.partitions[0]!.fetchOffset).toBe(9);
    expect(cache.partitionCount).toBe(2);
  });

  it('serve a partition that got data last the next time', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0, 1, 2] }), false));
    finish(cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}), false), { 't-0': { sizeBytes: 5 } });
    const third = cache.begin(request({ sessionId: 1, sessionEpoch: 2 }, {}), false);
    expect(names(third.partitions)).toEqual(['t-1', 't-2', 't-0']);
  });

  it('end when everything was forgotten', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0] }), false));
    const last = cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}, { t: [0] }), false);
    expect(finish(last)).toEqual({ error: 'NONE', sessionId: 0, told: [] });
    expect([cache.size, cache.partitionCount]).toEqual([0, 0]);
  });

  it('end when their client starts anew', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0] }), false));
    finish(cache.begin(request({ sessionId: 1, sessionEpoch: -1 }, { t: [0] }), false));
    expect(cache.size).toBe(0);
  });

  it('refuse an unknown id, a wrong epoch, and a client that changes between names and ids', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0] }), false));
    const error = (sessionId: number, sessionEpoch: number, usesIds: boolean) =>
      finish(cache.begin(request({ sessionId, sessionEpoch }, {}), usesIds)).error;
    expect(error(77, 1, false)).toBe('FETCH_SESSION_ID_NOT_FOUND');
    expect(error(1, 2, false)).toBe('INVALID_FETCH_SESSION_EPOCH');
    expect(error(1, 1, true)).toBe('FETCH_SESSION_TOPIC_ID_ERROR');
    expect(error(1, 1, false)).toBe('NONE');
  });

  it('refuse the answer of a fetch that was overtaken', () => {
    const { cache } = sessions();
    finish(cache.begin(request(NEW, { t: [0] }), false));
    const slow = cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}), false);
    const quick = cache.begin(request({ sessionId: 1, sessionEpoch: 2 }, {}), false);
    expect(finish(quick).error).toBe('NONE');
    expect(finish(slow)).toEqual({ error: 'INVALID_FETCH_SESSION_EPOCH', sessionId: 1, told: [] });
  });

  it('keep topics apart by id from version 13 on', () => {
    const { cache } = sessions();
    const topics = [{ topic: '', topicId: ID_A, partitions: [wish(0)] }];
    finish(cache.begin({ ...NEW, topics, forgottenTopicsData: [] }, true));
    const again = cache.begin({ sessionId: 1, sessionEpoch: 1, topics, forgottenTopicsData: [] }, true);
    expect(again.partitions.map(({ topicId, index }) => [topicId, index])).toEqual([[ID_A, 0]]);
    const forgottenTopicsData = [{ topic: '', topicId: ID_A, partitions: [0] }];
    expect(cache.begin({ sessionId: 1, sessionEpoch: 2, topics: [], forgottenTopicsData }, true).partitions).toEqual(
      [],
    );
  });

  it('run over from the last epoch to 1', () => {
    expect([epochAfter(1), epochAfter(0x7fff_fffe), epochAfter(0x7fff_ffff)]).toEqual([2, 0x7fff_ffff, 1]);
  });
});

describe('the slots of fetch sessions', () => {
  it('are not taken from a client that uses its session', () => {
    const { cache } = sessions({ slotsMax: 1 });
    finish(cache.begin(request(NEW, { t: [0] }), false));
    expect(finish(cache.begin(request(NEW, { t: [0, 1] }), false)).sessionId).toBe(0);
    expect(finish(cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}), false)).error).toBe('NONE');
  });

  it('are taken from the one that nobody used for two minutes', () => {
    const { cache, clock } = sessions({ slotsMax: 2 });
    finish(cache.begin(request(NEW, { t: [0, 1, 2] }), false));
    finish(cache.begin(request(NEW, { u: [0] }), false));
    clock.advance(100_000);
    finish(cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}), false));
    clock.advance(30_000);
    expect(finish(cache.begin(request(NEW, { v: [0] }), false)).sessionId).toBe(3);
    expect(finish(cache.begin(request({ sessionId: 2, sessionEpoch: 1 }, {}), false)).error).toBe(
      'FETCH_SESSION_ID_NOT_FOUND',
    );
    expect(cache.evictions).toBe(1);
  });

  it('are taken from an old session by a larger one only', () => {
    const { cache, clock } = sessions({ slotsMax: 1 });
    finish(cache.begin(request(NEW, { t: [0, 1] }), false));
    clock.advance(100_000);
    finish(cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, {}), false));
    clock.advance(100_000);
    expect(finish(cache.begin(request(NEW, { u: [0, 1] }), false)).sessionId).toBe(0);
    expect(finish(cache.begin(request(NEW, { u: [0, 1, 2] }), false)).sessionId).toBe(2);
  });

  it('hold no more partitions than allowed', () => {
    const { cache } = sessions({ partitionsMax: 3 });
    finish(cache.begin(request(NEW, { t: [0, 1] }), false));
    expect(finish(cache.begin(request(NEW, { u: [0, 1] }), false)).sessionId).toBe(0);
    const grown = cache.begin(request({ sessionId: 1, sessionEpoch: 1 }, { u: [0, 1] }), false);
    expect(finish(grown).error).toBe('FETCH_SESSION_ID_NOT_FOUND');
    expect(cache.partitionCount).toBe(0);
  });
});
