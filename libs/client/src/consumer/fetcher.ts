import { type Timer, asError } from '@trunkline/kernel';
import { Fetch, OffsetForLeaderEpoch } from '@trunkline/protocol';
import type { Answer, AskOptions, Cluster, ClusterImage } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { FetchEvent, MoveReason } from './fetch-event.js';
import { FetchMachine } from './fetch-machine.js';
import { SESSIONLESS_EPOCH } from './fetch-session.js';
import { fetchTools } from './fetch-tools.js';
import type { FetchedPartition } from './fetched-partition.js';
import { type FetcherOptions, type FetcherSettings, fetcherSettings } from './fetcher-options.js';
import { type LeaderFetch, fetchBody } from './leader-fetches.js';
import { offsetsFor } from './offsets.js';
import type { Look, Validation } from './position-desk.js';
import type { Reading } from './reading.js';

/** Who takes what a {@link Fetcher} reads. Called in the turn of the event loop in which the bytes came; must not throw. */
export interface FetchSink {
  /** What came. Until {@link Fetcher.drained} is told so, its bytes count as waiting. */
  records(fetched: FetchedPartition): void;
  /** The partition stands still until somebody seeks or removes it. What heals by itself is not told: see `troubleOf`. */
  failed(topic: string, partition: number, error: KafkaError): void;
  /** The reset policy moved a position that was not in the log any more. */
  moved?(topic: string, partition: number, from: number, to: number, reason: MoveReason): void;
}

/** The log of a partition as its last answer told; -1 for what is not known. */
export interface Watermarks {
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
}

/** The API's version that names topics by id. */
const BY_ID_VERSION = 13;

/** So much in one answer takes its sink longer than a fetch takes to be written. */
const AHEAD_BYTES = 64 * 1024;

/** Numbers the fetchers of a cluster: each has lanes of its own. */
const counts = new WeakMap<Cluster, number>();

/**
 * Reads partitions from their leaders, ahead of whoever takes the records: long-polling fetches on connections of their
 * own, within limits of bytes. It follows leaders, validates positions, and says when a position is lost.
 *
 * Promised: each partition's records come in order, none twice and none left out from the position on, unless `moved` or
 * `failed` says so. Not promised: any order among partitions; that what was under way when a partition was paused does
 * not come (what was under way when it was removed or sought does not).
 */
export class Fetcher {
  readonly settings: FetcherSettings;
  readonly #machine: FetchMachine;
  readonly #unsubscribe: () => void;
  readonly #watches = new Map<string, { release(): void }>();
  readonly #lane: string;
  readonly #abort = new AbortController();
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #isPumping = false;
  #isStopped = false;

  constructor(
    private readonly cluster: Cluster,
    options: FetcherOptions,
    private readonly sink: FetchSink,
  ) {
    this.settings = fetcherSettings(options);
    const count = (counts.get(cluster) ?? 0) + 1;
    counts.set(cluster, count);
    this.#lane = `fetch-${count}`;
    this.#machine = new FetchMachine(this.#lane, this.settings, fetchTools(cluster.ports, this.settings));
    this.#unsubscribe = cluster.onImage((image) => this.#imageChanged(image));
  }

  /** Bytes that wait for their readers. */
  get bufferedBytes(): number {
    return this.#machine.bufferedBytes;
  }

  /**
   * Begins to read a partition at an offset. `leaderEpoch`: of the record before it, when it is known (a committed offset
   * has it); the position is then validated first. Throws MISUSE when the partition is read already, CLOSED once stopped.
   */
  add(topic: string, partition: number, offset: number, leaderEpoch = -1): void {
    const about = `topic ${topic}/${partition}`;
    if (this.#isStopped) throw new KafkaError('CLOSED', 'the fetcher is stopped', { about });
    checkOffset(offset, about);
    if (this.#machine.reading(topic, partition) !== undefined) {
      throw new KafkaError('MISUSE', 'it is read already', { about, advice: 'seek, or remove it first' });
    }
    if (!this.#watches.has(topic)) this.#watches.set(topic, this.cluster.watch([topic]));
    this.#machine.add(topic, partition, offset, leaderEpoch, this.cluster.image);
    this.#pumpSoon();
  }

  /** Reads it no more: nothing of it comes after this. */
  remove(topic: string, partition: number): void {
    const reading = this.#machine.reading(topic, partition);
    if (reading === undefined) return;
    this.#machine.remove(reading);
    if (![...this.#machine.topics()].includes(topic)) {
      this.#watches.get(topic)?.release();
      this.#watches.delete(topic);
    }
    this.#pumpSoon();
  }

  /** What is under way may still come. */
  pause(topic: string, partition: number): void {
    this.#reading(topic, partition).isPaused = true;
  }

  resume(topic: string, partition: number): void {
    const reading = this.#reading(topic, partition);
    if (!reading.isPaused) return;
    reading.isPaused = false;
    this.#pumpSoon();
  }

  /** Goes on at another offset; ends a `failed`. What waits of the partition counts as drained: throw it away. */
  seek(topic: string, partition: number, offset: number, leaderEpoch = -1): void {
    checkOffset(offset, `topic ${topic}/${partition}`);
    this.#machine.seek(this.#reading(topic, partition), offset, leaderEpoch);
    this.#pumpSoon();
  }

  /** Where the next fetch begins: behind what was handed out. undefined: not read. */
  position(topic: string, partition: number): number | undefined {
    return this.#machine.reading(topic, partition)?.offset;
  }

  /** The reader is done with so many bytes of what came (`FetchedPartition.sizeBytes`, in one piece or in several). */
  drained(topic: string, partition: number, bytes: number): void {
    const reading = this.#machine.reading(topic, partition);
    if (reading !== undefined && this.#machine.drained(reading, bytes)) this.#pumpSoon();
  }

  /** Whether the partition is left out of fetches because too much of it waits. */
  isFull(topic: string, partition: number): boolean {
    return this.#machine.reading(topic, partition)?.isFull ?? false;
  }

  watermarks(topic: string, partition: number): Watermarks | undefined {
    return this.#machine.reading(topic, partition);
  }

  /** Why the partition is not read now; undefined when it is. What is retriable heals by itself. */
  troubleOf(topic: string, partition: number): KafkaError | undefined {
    return this.#machine.reading(topic, partition)?.trouble;
  }

  /** Why any partition is not read now; undefined when all are. */
  get trouble(): KafkaError | undefined {
    for (const { trouble } of this.#machine.readings()) if (trouble !== undefined) return trouble;
    return undefined;
  }

  /** Reads no more, and closes its lanes. Nothing comes after this. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#abort.abort();
    this.#timer?.cancel();
    this.#unsubscribe();
    for (const watch of this.#watches.values()) watch.release();
    this.#watches.clear();
    const sessions = this.#machine.removeAll();
    for (const lane of this.#machine.work(0).cuts) this.cluster.closeLane(lane);
    for (const { nodeId, sessionId } of sessions) this.#endSession(nodeId, sessionId);
  }

  #reading(topic: string, partition: number): Reading {
    const reading = this.#machine.reading(topic, partition);
    if (reading !== undefined) return reading;
    throw new KafkaError('MISUSE', 'it is not read', { about: `topic ${topic}/${partition}`, advice: 'add it first' });
  }

  #now(): number {
    return this.cluster.ports.clock.monotonicMs();
  }

  #imageChanged(image: ClusterImage): void {
    this.#machine.image(image);
    this.#pumpSoon();
  }

  /** Once at the end of this turn: partitions that are added together are in one fetch. */
  #pumpSoon(): void {
    if (this.#isPumping || this.#isStopped) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    this.#tell();
    this.#perform();
  }

  #perform(): void {
    if (this.#isStopped) return;
    const nowMs = this.#now();
    const { cuts, fetches, validations, looks, leaderless, wakeAtMs } = this.#machine.work(nowMs);
    for (const lane of cuts) this.cluster.closeLane(lane);
    for (const request of fetches) this.#send(request);
    for (const validation of validations) void this.#validate(validation);
    for (const look of looks) void this.#look(look);
    if (leaderless.length > 0) void this.cluster.refresh(leaderless).catch(() => {}); // Asked again when it is due.
    this.#wakeAt(wakeAtMs, nowMs);
  }

  #wakeAt(wakeAtMs: number | undefined, nowMs: number): void {
    if (wakeAtMs === undefined || wakeAtMs === this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = wakeAtMs;
    this.#timer = this.cluster.after(Math.max(0, wakeAtMs - nowMs), () => {
      this.#timerAtMs = Infinity;
      this.#pump();
    });
  }

  #send(request: LeaderFetch): void {
    const options: AskOptions = {
      lane: request.lane,
      timeoutMs: request.waitMs + this.settings.requestTimeoutMs,
      ...(!request.hasTopicIds && { versionMax: BY_ID_VERSION - 1 }),
    };
    this.cluster.send(request.nodeId, Fetch, fetchBody(request, this.settings), options, (error, answer) => {
      if (!this.#isStopped) this.#answered(request, error, answer);
    });
  }

  #answered(request: LeaderFetch, error: Error | undefined, answer: Answer<typeof Fetch> | undefined): void {
    const nowMs = this.#now();
    const before = this.#machine.bufferedBytes;
    if (answer !== undefined) this.#machine.answered(request, answer.version, answer.body, nowMs);
    else this.#machine.failed(request, KafkaError.from(error, 'DISCONNECTED', `broker ${request.nodeId}`), nowMs);
    // The next fetch leaves first when there is much to hand out: the broker reads while the sink works.
    if (this.#machine.bufferedBytes - before >= AHEAD_BYTES) this.#perform();
    this.#pump();
  }

  /** Hands out the machine's events, and those that come meanwhile. */
  #tell(): void {
    for (let events = this.#machine.takeEvents(); events.length > 0; events = this.#machine.takeEvents()) {
      for (const event of events) if (!this.#isStopped) this.#tellOne(event);
    }
  }

  #tellOne(event: FetchEvent): void {
    const { reading } = event;
    const { topic, partition } = reading;
    if (event.kind === 'doubt') this.cluster.doubt(topic, partition);
    else if (event.kind === 'leader') this.cluster.learnLeader(topic, partition, event.leader, event.node);
    else if (this.#machine.isCurrent(event)) {
      if (event.kind === 'failed') this.sink.failed(topic, partition, event.error);
      else if (event.kind === 'moved') this.sink.moved?.(topic, partition, event.from, event.to, event.reason);
      else this.#deliver(reading, event.fetched);
    }
  }

  /** A sink that throws has lost what it was given: its partition stops there, and the others go on. */
  #deliver(reading: Reading, fetched: FetchedPartition): void {
    this.#observe(fetched);
    try {
      this.sink.records(fetched);
    } catch (reason) {
      const { topic, partition } = fetched;
      const detail = `its sink threw: ${asError(reason).message}`;
      this.#machine.stop(
        reading,
        new KafkaError('MISUSE', detail, { about: `topic ${topic}/${partition}`, cause: reason }),
      );
    }
  }

  #observe({ topic, partition, batches, sizeBytes }: FetchedPartition): void {
    const { observer } = this.cluster;
    if (observer.recordsFetched === undefined || batches.length === 0) return;
    const records = batches.reduce((sum, { batch }) => sum + batch.recordCount, 0);
    observer.recordsFetched(topic, partition, records, sizeBytes);
  }

  async #validate({ nodeId, positions }: Validation): Promise<void> {
    const topics = new Map<string, { partition: number; currentLeaderEpoch: number; leaderEpoch: number }[]>();
    for (const { reading, leaderEpoch } of positions) {
      const row = {
        partition: reading.partition,
        currentLeaderEpoch: leaderEpoch,
        leaderEpoch: reading.offsetEpoch,
      };
      const rows = topics.get(reading.topic);
      if (rows === undefined) topics.set(reading.topic, [row]);
      else rows.push(row);
    }
    const body = { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
    const timeoutMs = this.settings.requestTimeoutMs;
    try {
      const answer = await this.cluster.ask({ kind: 'node', nodeId }, OffsetForLeaderEpoch, body, {
        timeoutMs,
        signal: this.#abort.signal,
      });
      const ends = new Map(
        answer.body.topics.flatMap(({ topic, partitions }) =>
          partitions.map((end) => [`${topic}/${end.partition}`, end]),
        ),
      );
      for (const position of positions) {
        const name = `${position.reading.topic}/${position.reading.partition}`;
        const missing = new KafkaError('PROTOCOL_VIOLATION', 'the broker said nothing of it', {
          about: `topic ${name}`,
        });
        this.#machine.validated(position, ends.get(name) ?? missing, this.#now());
      }
    } catch (reason) {
      const error = KafkaError.from(reason, 'DISCONNECTED', `broker ${nodeId}`);
      for (const position of positions) this.#machine.validated(position, error, this.#now());
    }
    this.#pumpSoon();
  }

  async #look(look: Look): Promise<void> {
    const { isolationLevel, requestTimeoutMs: timeoutMs } = this.settings;
    const partitions = [look.reading];
    const options = { isolationLevel, timeoutMs, signal: this.#abort.signal };
    try {
      const [[start], [end]] = await Promise.all([
        offsetsFor(this.cluster, partitions, 'earliest', options),
        offsetsFor(this.cluster, partitions, 'latest', options),
      ]);
      const error = start?.error ?? end?.error;
      const bounds = { startOffset: start?.offset ?? 0, endOffset: end?.offset ?? 0 };
      this.#machine.found(look, error ?? bounds, this.#now());
    } catch (reason) {
      this.#machine.found(look, KafkaError.from(reason, 'DISCONNECTED'), this.#now());
    }
    this.#pumpSoon();
  }

  /** So that the broker need not keep it. Whether it hears of it does not matter. */
  #endSession(nodeId: number, sessionId: number): void {
    const body = { maxWaitMs: 0, minBytes: 0, sessionId, sessionEpoch: SESSIONLESS_EPOCH, topics: [] };
    void this.cluster
      .ask({ kind: 'node', nodeId }, Fetch, body, { timeoutMs: this.settings.requestTimeoutMs })
      .catch(() => {});
  }
}

function checkOffset(offset: number, about: string): void {
  if (Number.isSafeInteger(offset) && offset >= 0) return;
  throw new KafkaError('MISUSE', `${offset} is no offset`, { about, advice: 'give a whole number from 0 on' });
}
