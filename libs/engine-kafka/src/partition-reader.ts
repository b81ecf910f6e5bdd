import type { AssignedPartition, PartitionDispatcher } from '@trunkline/bus';
import { type Compression, type Timer, asError } from '@trunkline/kernel';
import { Backoff } from './backoff.js';
import type { BrokerLink } from './broker-link.js';
import type { Cluster } from './cluster.js';
import { codeOf, isRetriable, nameOf } from './error-codes.js';
import { offsetsAt } from './offsets.js';
import { type TopicPartition, nameOfPartition } from './topic-partition.js';
import { FETCH, type FetchAnswer, decodeFetch, encodeFetch } from './wire/fetch.js';
import { readRecords } from './wire/fetched.js';

const FETCH_BYTES_MAX = 8 * 1024 * 1024;
const PARTITION_BYTES_MAX = 1024 * 1024;
/** While some partitions of a broker are full, a fetch for the others is not parked for long: the full ones wait behind it. */
const SHORT_WAIT_MS = 25;
/** After an error of one partition: how long it is left alone while its leader is looked up. */
const PARTITION_PAUSE_MS = 100;

/** How much later than it was asked to a broker may answer before it counts as out of reach. */
const LATE_MS = 3_000;

/** A partition that is being read. */
interface Reading extends TopicPartition {
  readonly assigned: AssignedPartition;
  nextOffset: number;
  notBeforeMs: number;
  /** Why its last fetch failed. */
  trouble: string | undefined;
}

/** Where reading goes on when the position is not in the log any more. */
export type ResetPolicy = 'start' | 'end';

/**
 * Reads partitions from their leaders and hands what it reads to a dispatcher. One fetch a broker is parked at a time, on
 * a link of its own.
 */
export class PartitionReader {
  readonly #readings = new Map<string, Reading>();
  readonly #fetchers = new Map<number, LeaderFetcher>();
  #isStopped = false;
  #lookUp: Timer | undefined;

  constructor(
    readonly cluster: Cluster,
    private readonly dispatcher: PartitionDispatcher,
    private readonly compression: Compression,
    private readonly reset: ResetPolicy,
  ) {}

  /** Partitions being read, as `topic/partition`. */
  get names(): readonly string[] {
    return [...this.#readings.keys()];
  }

  /** Why something is not being read now; undefined when everything is. */
  get trouble(): string | undefined {
    for (const reading of this.#readings.values()) if (reading.trouble !== undefined) return reading.trouble;
    for (const fetcher of this.#fetchers.values()) if (fetcher.trouble !== undefined) return fetcher.trouble;
    return undefined;
  }

  has(partition: TopicPartition): boolean {
    return this.#readings.has(nameOfPartition(partition));
  }

  add(partition: TopicPartition, offset: number): void {
    const { topic, partition: index } = partition;
    const assigned = this.dispatcher.assign(topic, index, offset);
    const reading = { topic, partition: index, assigned, nextOffset: offset, notBeforeMs: 0, trouble: undefined };
    this.#readings.set(nameOfPartition(partition), reading);
    this.#fetchers.get(this.#leaderOf(partition))?.interrupt();
    this.#regroup();
  }

  /** What is finished of each partition, as far as it may be committed. */
  *positions(): Iterable<TopicPartition & { readonly position: number }> {
    for (const { topic, partition, assigned } of this.#readings.values()) {
      yield { topic, partition, position: assigned.position };
    }
  }

  /** Reads no more of it, and waits at most `deadlineMs` for what runs. Resolves with its last position. */
  async release(partition: TopicPartition, deadlineMs: number): Promise<number | undefined> {
    const reading = this.#readings.get(nameOfPartition(partition));
    if (reading === undefined) return undefined;
    reading.notBeforeMs = Infinity;
    const position = await reading.assigned.release(deadlineMs);
    if (this.#readings.get(nameOfPartition(partition)) === reading) this.#readings.delete(nameOfPartition(partition));
    this.#regroup();
    return position;
  }

  /** Drops everything at once: it belongs to others now. Late results are ignored. */
  revokeAll(): void {
    for (const { assigned } of this.#readings.values()) assigned.revoke();
    this.#readings.clear();
    this.#regroup();
  }

  /** A partition has room again. */
  wake(): void {
    for (const fetcher of this.#fetchers.values()) fetcher.wake();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#lookUp?.cancel();
    const fetchers = [...this.#fetchers.values()];
    this.#fetchers.clear();
    await Promise.all(fetchers.map((fetcher) => fetcher.stop()));
  }

  /** The partitions of a leader: those to fetch now, and whether others must wait. */
  wantedOf(nodeId: number): { readonly wanted: readonly Reading[]; readonly isShort: boolean } {
    const nowMs = this.cluster.clock.monotonicMs();
    const wanted: Reading[] = [];
    let isShort = false;
    for (const reading of this.#readings.values()) {
      if (this.#leaderOf(reading) !== nodeId) continue;
      if (reading.assigned.full || reading.notBeforeMs > nowMs) isShort = true;
      else wanted.push(reading);
    }
    return { wanted, isShort };
  }

  /** Takes an answer in. `wanted` are the partitions as they were asked for. */
  take(answer: FetchAnswer, asked: ReadonlyMap<string, { readonly reading: Reading; readonly offset: number }>): void {
    const name = nameOfPartition(answer);
    const { reading, offset } = asked.get(name) ?? {};
    // Taken away, or set to another place, since it was asked for.
    if (reading === undefined || this.#readings.get(name) !== reading || reading.nextOffset !== offset) return;
    if (answer.errorCode === 0) {
      this.#deliver(reading, answer.records);
      return;
    }
    const { topic, partition } = reading;
    reading.trouble = `${name}: ${nameOf(answer.errorCode)}`;
    reading.notBeforeMs = this.cluster.clock.monotonicMs() + PARTITION_PAUSE_MS;
    if (answer.errorCode === codeOf('OFFSET_OUT_OF_RANGE')) void this.#seek(reading, { topic, partition });
    else if (isRetriable(answer.errorCode)) void this.refresh();
  }

  /** Looks up who leads what now. Never rejects: the next fetch says what is wrong. */
  async refresh(): Promise<void> {
    const topics = new Set([...this.#readings.values()].map(({ topic }) => topic));
    await this.cluster.refresh([...topics]).catch(() => {});
    this.#regroup();
  }

  #deliver(reading: Reading, bytes: Buffer): void {
    const { assigned, topic: channel, partition } = reading;
    try {
      const { records, nextOffset } = readRecords(bytes, reading.nextOffset, this.compression);
      reading.nextOffset = nextOffset;
      reading.trouble = undefined;
      for (const { offset, timestampMs, key, value, headers } of records) {
        assigned.offer({ channel, partition, offset, key, value, headers, timestampMs, attempt: 1 });
      }
      assigned.advance(nextOffset);
    } catch (reason) {
      reading.trouble = `${channel}/${partition} cannot be read at offset ${reading.nextOffset}: ${asError(reason).message}`;
      reading.notBeforeMs = this.cluster.clock.monotonicMs() + PARTITION_PAUSE_MS;
    }
  }

  /**
   * The position is not in the log. Below its start: what was there has been deleted, so go on at the start. Beyond its
   * end: the topic was made anew, or its log lost its end.
   */
  async #seek(reading: Reading, partition: TopicPartition): Promise<void> {
    const name = nameOfPartition(partition);
    try {
      const [start = 0] = await offsetsAt(this.cluster, [partition], 'start');
      const [end = 0] = await offsetsAt(this.cluster, [partition], 'end');
      const isBelow = reading.nextOffset < start;
      if (this.#readings.get(name) !== reading || (!isBelow && reading.nextOffset <= end)) return;
      reading.assigned.revoke();
      this.#readings.delete(name);
      this.add(partition, isBelow || this.reset === 'start' ? start : end);
    } catch {
      await this.refresh();
    }
  }

  #leaderOf({ topic, partition }: TopicPartition): number {
    return this.cluster.topic(topic)?.leaders[partition] ?? -1;
  }

  /** One fetcher for each broker that leads something; those without are stopped. */
  #regroup(): void {
    if (this.#isStopped) return;
    const leaders = new Set<number>();
    let isLeaderless = false;
    for (const reading of this.#readings.values()) {
      const leader = this.#leaderOf(reading);
      if (leader >= 0) leaders.add(leader);
      else {
        isLeaderless = true;
        reading.trouble ??= `${nameOfPartition(reading)} has no leader`;
      }
    }
    if (isLeaderless && this.#lookUp === undefined) {
      this.#lookUp = this.cluster.clock.after(PARTITION_PAUSE_MS, () => {
        this.#lookUp = undefined;
        if (!this.#isStopped) void this.refresh();
      });
    }
    for (const [nodeId, fetcher] of this.#fetchers) {
      if (leaders.has(nodeId)) continue;
      this.#fetchers.delete(nodeId);
      void fetcher.stop();
    }
    for (const nodeId of leaders) {
      const fetcher = this.#fetchers.get(nodeId);
      if (fetcher !== undefined) fetcher.wake();
      else this.#fetchers.set(nodeId, new LeaderFetcher(this, nodeId));
    }
  }
}

/** Fetches from one broker, over and over. */
class LeaderFetcher {
  #trouble: string | undefined;
  /** When the fetch that is under way must be answered; a broker that hangs keeps its connections open. */
  #answerDueMs = Infinity;
  readonly #ended: Promise<void>;
  readonly #pause: Backoff;
  #link: BrokerLink | undefined;
  #isStopped = false;
  #isFetching = false;
  #isInterrupted = false;
  #wake: (() => void) | undefined;
  #wasWoken = false;

  constructor(
    private readonly reader: PartitionReader,
    private readonly nodeId: number,
  ) {
    this.#pause = new Backoff(reader.cluster.clock);
    this.#ended = this.#run();
  }

  /** Why nothing is read from this broker now. */
  get trouble(): string | undefined {
    if (this.reader.cluster.clock.monotonicMs() <= this.#answerDueMs) return this.#trouble;
    return `broker ${this.nodeId} does not answer`;
  }

  wake(): void {
    this.#wasWoken = true;
    this.#wake?.();
  }

  /** A partition came that the parked fetch knows nothing of: it is given up, with its link. */
  interrupt(): void {
    if (!this.#isFetching) return;
    this.#isInterrupted = true;
    void this.#drop();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.wake();
    this.#pause.wake();
    await this.#drop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // Partitions that are added in one go are in the first fetch.
    while (!this.#isStopped) {
      try {
        const link = await this.#connected();
        const { wanted, isShort } = this.reader.wantedOf(this.nodeId);
        if (this.#isStopped) break;
        if (wanted.length === 0) await this.#sleep(isShort);
        else await this.#fetch(link, wanted, isShort);
        this.#trouble = undefined;
        this.#pause.reset();
      } catch (reason) {
        if (this.#isInterrupted) {
          this.#isInterrupted = false;
          continue;
        }
        if (this.#isStopped) break;
        this.#trouble = asError(reason).message;
        await this.#drop();
        await this.reader.refresh();
        if (!this.#isStopped) await this.#pause.pause();
      }
    }
    await this.#drop();
  }

  async #connected(): Promise<BrokerLink> {
    const { cluster } = this.reader;
    if (this.#link?.isOpen === true) return this.#link;
    await this.#drop();
    this.#link = await cluster.privateLink(this.nodeId, cluster.settings.fetchWaitMs);
    return this.#link;
  }

  async #fetch(link: BrokerLink, wanted: readonly Reading[], isShort: boolean): Promise<void> {
    const { clock, settings } = this.reader.cluster;
    const waitMs = isShort ? Math.min(SHORT_WAIT_MS, settings.fetchWaitMs) : settings.fetchWaitMs;
    const positions = wanted.map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset }));
    const asked = new Map(
      wanted.map((reading) => [nameOfPartition(reading), { reading, offset: reading.nextOffset }] as const),
    );
    const body = encodeFetch(positions, {
      waitMs,
      bytesMax: FETCH_BYTES_MAX,
      partitionBytesMax: PARTITION_BYTES_MAX,
    });
    this.#isFetching = true;
    this.#isInterrupted = false;
    this.#answerDueMs = clock.monotonicMs() + waitMs + LATE_MS;
    const asking = link.request(FETCH, body, (bytes) => decodeFetch(bytes, positions));
    const answers = await asking.finally(() => {
      this.#isFetching = false;
      this.#answerDueMs = Infinity;
    });
    for (const answer of answers) this.reader.take(answer, asked);
  }

  /** Until a partition has room, or is added; not for long when one of them only rests. */
  async #sleep(isShort: boolean): Promise<void> {
    if (!this.#wasWoken) {
      await new Promise<void>((resolve) => {
        const timer = isShort ? this.reader.cluster.clock.after(PARTITION_PAUSE_MS, resolve) : undefined;
        this.#wake = () => {
          timer?.cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#wasWoken = false;
  }

  async #drop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) await this.reader.cluster.release(link);
  }
}
