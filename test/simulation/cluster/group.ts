import { type Consumer, type FetchedRecord, KafkaError, type TopicPartition, rangeAssignor } from '@trunkline/client';
import type { History, Reading } from '../../e2e/cluster/history.js';
import type { SimHost } from '../system/host.js';
import { type SimTopic, numberIn } from './work.js';

const POLL_MS = 200;
/** How long a commit whose end nobody knows may still be on its way. */
const LOST_MS = 15_000;

interface Commit {
  readonly offset: number;
  readonly atMs: number;
}

/** What a group has handled and committed of one topic, as its members know it. */
export class GroupLedger {
  readonly faults: string[] = [];
  readonly #handled: Set<number>[];
  /** All below are handled. */
  readonly handledTo: number[];
  readonly #floor: number[];
  readonly #open: Set<Commit>[];

  constructor(
    readonly id: string,
    readonly topic: SimTopic,
  ) {
    const each = <T>(of: () => T): T[] => Array.from({ length: topic.partitions }, of);
    this.#handled = each(() => new Set<number>());
    this.handledTo = each(() => 0);
    this.#floor = each(() => 0);
    this.#open = each(() => new Set<Commit>());
  }

  handled(partition: number, offset: number): void {
    const handled = this.#handled[partition]!;
    handled.add(offset);
    while (handled.has(this.handledTo[partition]!)) this.handledTo[partition]! += 1;
  }

  /** Somebody begins to read: not behind what was committed, and not beyond what was handled. */
  begins(who: string, partition: number, offset: number): void {
    const where = `${who} of ${this.topic.name}/${partition} begins at ${offset}`;
    if (offset < this.#floor[partition]!) this.faults.push(`${where}, and ${this.#floor[partition]} is committed`);
    if (offset > this.handledTo[partition]!)
      this.faults.push(`${where}, and ${this.handledTo[partition]} is not handled`);
  }

  /** The group's offset as its coordinator tells it, once nobody commits any more. */
  told(partition: number, offset: number): void {
    if (offset < this.#floor[partition]!)
      this.faults.push(`${this.id} has ${offset} for ${partition}, and ${this.#floor[partition]} was committed`);
  }

  commits(partition: number, offset: number, atMs: number): Commit {
    const commit = { offset, atMs };
    this.#open[partition]!.add(commit);
    return commit;
  }

  /** Others that are still on their way may come behind it. */
  committed(partition: number, commit: Commit, nowMs: number): void {
    const open = this.#open[partition]!;
    open.delete(commit);
    let floor = commit.offset;
    for (const other of open) {
      if (nowMs - other.atMs > LOST_MS) open.delete(other);
      else floor = Math.min(floor, other.offset);
    }
    this.#floor[partition] = floor;
  }
}

/** A process in a group: reads what it is given, and commits behind it. */
export class Member {
  readonly faults: string[] = [];
  readonly #consumer: Consumer;
  readonly #tenures = new Map<number, Reading>();
  #isLeaving = false;

  constructor(
    readonly host: SimHost,
    private readonly ledger: GroupLedger,
    private readonly history: History,
  ) {
    const { dice } = host.world;
    this.#consumer = host.client().consumer({
      reset: 'earliest',
      maxWaitMs: 1 + dice.below(300),
      requestTimeoutMs: 1_500,
      maxPollRecords: 1 + dice.below(20),
    });
    void this.#join();
  }

  get partitions(): readonly number[] {
    return [...this.#tenures.keys()];
  }

  get trouble(): string | undefined {
    return this.#consumer.trouble;
  }

  /** Leaves in order; `then` is called once it has. */
  leave(then: () => void): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    void this.#consumer.close(5_000).then(then);
  }

  async #join(): Promise<void> {
    const { ledger, host } = this;
    const options = {
      groupId: ledger.id,
      topics: [ledger.topic.name],
      sessionTimeoutMs: 3_000,
      heartbeatMs: 300,
      rebalanceTimeoutMs: 4_000,
      revokeTimeoutMs: 2_000,
      retryBackoffMaxMs: 300,
      commitTimeoutMs: 5_000,
      assignors: [rangeAssignor],
    };
    const over = (partitions: readonly TopicPartition[]): void => {
      for (const { partition } of partitions) this.#tenures.delete(partition);
    };
    const onAssigned = (partitions: readonly TopicPartition[]): void => {
      for (const { partition } of partitions) this.#begin(partition);
    };
    try {
      await this.#consumer.subscribe(options, { onAssigned, onRevoked: async (all) => over(all), onLost: over });
    } catch (reason) {
      if (!(reason instanceof KafkaError)) this.faults.push(`${host.name} does not join: ${String(reason)}`);
      return host.crash(true); // Its keeper would try again; others join here.
    }
    await this.#run();
  }

  #begin(partition: number): void {
    const { history, host, ledger } = this;
    this.#tenures.set(partition, history.reading(host.name, ledger.topic.first + partition, 'assign'));
  }

  async #run(): Promise<void> {
    while (this.host.alive && !this.#isLeaving) {
      try {
        const tenures = new Map(this.#tenures);
        const records = await this.#consumer.poll(POLL_MS);
        for (const record of records) this.#take(record, tenures);
        await this.#commit(records);
      } catch (reason) {
        if (!(reason instanceof KafkaError) && !this.#isLeaving)
          this.faults.push(`${this.host.name} stops: ${String(reason)}`);
        await this.host.pause(100);
      }
    }
  }

  #take({ partition, offset, value }: FetchedRecord, before: ReadonlyMap<number, Reading>): void {
    const tenure = this.#tenures.get(partition);
    if (tenure === undefined) {
      if (!before.has(partition))
        this.faults.push(`${this.host.name}: a record of ${partition}, which it does not hold`);
      return;
    }
    if (tenure.seen.length === 0) this.ledger.begins(this.host.name, partition, offset);
    tenure.seen.push({ offset, value: numberIn(value) });
    this.ledger.handled(partition, offset);
  }

  async #commit(records: readonly FetchedRecord[]): Promise<void> {
    const { ledger, host } = this;
    const { world } = host;
    const due = new Map<number, number>();
    for (const { partition, offset } of records) if (this.#tenures.has(partition)) due.set(partition, offset + 1);
    if (due.size === 0) return;
    const commits = [...due].map(([partition, offset]) => ({
      partition,
      commit: ledger.commits(partition, offset, world.nowMs),
    }));
    const offsets = [...due].map(([partition, offset]) => ({ topic: ledger.topic.name, partition, offset }));
    await this.#consumer.commit(offsets);
    world.note(`${host.name} committed ${[...due].join(' ')}`);
    for (const { partition, commit } of commits) ledger.committed(partition, commit, world.nowMs);
  }
}
