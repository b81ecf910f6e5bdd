import { ZERO_UUID } from '@trunkline/kernel';
import type { Encodable, Fetch } from '@trunkline/protocol';
import type { Lane } from '../cluster/cluster.js';
import { type Asked, FetchSession, SESSIONLESS_EPOCH, type SessionStep } from './fetch-session.js';
import type { FetchTools } from './fetch-tools.js';
import type { FetcherSettings } from './fetcher-options.js';
import type { Reading } from './reading.js';
import type { Room } from './room.js';

/** A fetch that is under way, or is to be sent. */
export interface LeaderFetch {
  readonly nodeId: number;
  readonly lane: Lane;
  /** 0: the main lane, which has the session. */
  readonly laneIndex: number;
  /** What it is parked for; more may be in its session. */
  readonly readings: readonly Reading[];
  readonly step: SessionStep;
  readonly waitMs: number;
  readonly bytesMax: number;
  /** When a parked one is answered at the latest, if the broker keeps its word. */
  readonly dueMs: number;
  /** Every partition's topic id is known: topics may go by id (v13). */
  readonly hasTopicIds: boolean;
}

/** What the shell is to do for one broker's fetches. */
export interface FetchOrders {
  readonly fetches: LeaderFetch[];
  /** Lanes to be closed, before the fetches go out. */
  readonly cuts: Lane[];
  /** Look again then, at the latest. */
  wakeAt(ms: number): void;
}

/** Lanes beside the main one. */
const SIDE_LANES_MAX = 2;
/** So many empty answers in a row may come at once. */
const EMPTIES_MAX = 2;
/** What counts as at once, for fetches that are hardly parked, ms. */
const WAIT_MIN_MS = 20;
/** So near to the end of the main fetch's time, a partition waits for it to come back; and as long for one that is late. */
const JOIN_MS = 10;

/**
 * The fetches of one broker. The main lane's fetch has a session and parks for all partitions that have room. What becomes
 * wanted while it is parked does not wait for it: it is fetched on a side lane, without a session, parked no longer than
 * the main one, and joins it when that comes back. With every side lane parked the last of them is cut.
 */
export class LeaderFetches {
  readonly readings = new Set<Reading>();
  /** No request before, after errors or when the broker throttles. */
  notBeforeMs = 0;
  failures = 0;
  /** Answers in a row that said nothing, long before their time. */
  empties = 0;
  readonly session = new FetchSession();
  readonly #lanes: (LeaderFetch | undefined)[] = [];
  /** A name that is made anew is hashed anew by everybody who looks it up. */
  readonly #laneNames: Lane[] = [];

  constructor(
    readonly nodeId: number,
    private readonly laneName: string,
    private readonly settings: FetcherSettings,
  ) {}

  /** Orders at most one fetch: for all that is wanted and under way nowhere. */
  plan(nowMs: number, room: Room, orders: FetchOrders): void {
    const wanted = this.#wanted(nowMs, room, orders);
    if (wanted.size === 0) return;
    if (nowMs < this.notBeforeMs) {
      orders.wakeAt(this.notBeforeMs);
      return;
    }
    const main = this.#lanes[0];
    if (main === undefined) {
      this.#send(0, wanted, this.session.step(wanted), this.settings.maxWaitMs, nowMs, room, orders);
      return;
    }
    const leftMs = main.dueMs - nowMs;
    if (Math.abs(leftMs) < JOIN_MS) {
      orders.wakeAt(main.dueMs + JOIN_MS);
      return;
    }
    const index = this.#sideLane(wanted, room, orders);
    const step = { sessionId: 0, sessionEpoch: SESSIONLESS_EPOCH, asked: [...wanted.values()], forgotten: [] };
    const waitMs = leftMs > 0 ? Math.ceil(leftMs) : this.settings.maxWaitMs;
    this.#send(index, wanted, step, waitMs, nowMs, room, orders);
  }

  /** The answer came, or will never come. */
  settled(request: LeaderFetch): void {
    if (this.#lanes[request.laneIndex] === request) this.#lanes[request.laneIndex] = undefined;
    for (const reading of request.readings) if (reading.fetch === request) reading.fetch = undefined;
  }

  /** A broker that answers with nothing, again and again and at once, does not park what it should: it is given pauses. */
  cameEmpty(request: LeaderFetch, nowMs: number, tools: FetchTools): void {
    const sentMs = request.dueMs - request.waitMs;
    if (nowMs - sentMs >= Math.max(request.waitMs, WAIT_MIN_MS) / 2) this.empties = 0;
    else this.empties += 1;
    if (this.empties <= EMPTIES_MAX) return;
    this.notBeforeMs = Math.max(this.notBeforeMs, nowMs + tools.pauseMs(this.empties - EMPTIES_MAX));
  }

  isUnderWay(request: LeaderFetch): boolean {
    return this.#lanes[request.laneIndex] === request;
  }

  /** Gives up what is under way; returns the lanes to be closed. */
  cutAll(): Lane[] {
    const lanes: Lane[] = [];
    for (const request of this.#lanes) {
      if (request === undefined) continue;
      lanes.push(request.lane);
      this.settled(request);
    }
    return lanes;
  }

  #wanted(nowMs: number, room: Room, orders: FetchOrders): Map<Reading, Asked> {
    const wanted = new Map<Reading, Asked>();
    for (const reading of this.readings) {
      if (reading.state !== 'fetching' || reading.isPaused || reading.fetch !== undefined) continue;
      if (isFull(reading, room.partitionLimitBytes)) continue;
      if (reading.notBeforeMs > nowMs) orders.wakeAt(reading.notBeforeMs);
      else wanted.set(reading, askedOf(reading, room.partitionBytesMax));
    }
    return wanted;
  }

  /** A side lane that is free; else the last one, cut, and what it fetched is wanted with the rest. */
  #sideLane(wanted: Map<Reading, Asked>, room: Room, orders: FetchOrders): number {
    for (let index = 1; index <= SIDE_LANES_MAX; index++) if (this.#lanes[index] === undefined) return index;
    const cut = this.#lanes[SIDE_LANES_MAX]!;
    for (const reading of cut.readings) {
      if (reading.fetch === cut) wanted.set(reading, askedOf(reading, room.partitionBytesMax));
    }
    this.settled(cut);
    orders.cuts.push(cut.lane);
    return SIDE_LANES_MAX;
  }

  #send(
    laneIndex: number,
    wanted: ReadonlyMap<Reading, Asked>,
    step: SessionStep,
    waitMs: number,
    nowMs: number,
    room: Room,
    orders: FetchOrders,
  ): void {
    let hasTopicIds = true;
    for (const { topicId } of wanted.values()) if (topicId === ZERO_UUID) hasTopicIds = false;
    const request: LeaderFetch = {
      nodeId: this.nodeId,
      lane: (this.#laneNames[laneIndex] ??= `${this.laneName}.${this.nodeId}.${laneIndex}`),
      laneIndex,
      readings: [...wanted.keys()],
      step,
      waitMs,
      bytesMax: room.bytesMax,
      dueMs: nowMs + waitMs,
      hasTopicIds,
    };
    for (const reading of request.readings) reading.fetch = request;
    this.#lanes[laneIndex] = request;
    orders.fetches.push(request);
  }
}

function isFull(reading: Reading, limitBytes: number): boolean {
  const { bufferedBytes } = reading;
  if (bufferedBytes >= limitBytes) reading.isFull = true;
  else if (bufferedBytes <= limitBytes / 2) reading.isFull = false;
  return reading.isFull;
}

function askedOf({ topic, topicId, partition, offset, leaderEpoch }: Reading, bytesMax: number): Asked {
  return { topic, topicId, partition, offset, leaderEpoch, bytesMax };
}

type FetchBody = Encodable<typeof Fetch.request>;
type FetchTopic = FetchBody['topics'][number];
const READ_COMMITTED = 1;

/** The request of a fetch, in any version: topics stand by name and by id, and each version takes what it knows. */
export function fetchBody(request: LeaderFetch, settings: FetcherSettings): FetchBody {
  const { sessionId, sessionEpoch, asked, forgotten } = request.step;
  return {
    maxWaitMs: request.waitMs,
    minBytes: settings.minBytes,
    maxBytes: request.bytesMax,
    isolationLevel: settings.isolationLevel === 'read_committed' ? READ_COMMITTED : 0,
    sessionId,
    sessionEpoch,
    topics: topicsOf(asked),
    ...(forgotten.length > 0 && { forgottenTopicsData: forgottenTopics(forgotten) }),
    ...(settings.clientRack !== '' && { rackId: settings.clientRack }),
  };
}

function topicsOf(asked: readonly Asked[]): FetchTopic[] {
  const topics = new Map<
    string,
    { topic: string; topicId: Asked['topicId']; partitions: FetchTopic['partitions'][number][] }
  >();
  for (const { topic, topicId, partition, offset, leaderEpoch, bytesMax } of asked) {
    let group = topics.get(topic);
    if (group === undefined) topics.set(topic, (group = { topic, topicId, partitions: [] }));
    group.partitions.push({
      partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: offset,
      partitionMaxBytes: bytesMax,
    });
  }
  return [...topics.values()];
}

function forgottenTopics(forgotten: readonly Asked[]): NonNullable<FetchBody['forgottenTopicsData']> {
  // By id and not by name: a topic that was made anew is forgotten under its old id.
  const topics = new Map<string, { topic: string; topicId: Asked['topicId']; partitions: number[] }>();
  for (const { topic, topicId, partition } of forgotten) {
    const key = topicId === ZERO_UUID ? topic : topicId;
    const group = topics.get(key);
    if (group === undefined) topics.set(key, { topic, topicId, partitions: [partition] });
    else group.partitions.push(partition);
  }
  return [...topics.values()];
}
