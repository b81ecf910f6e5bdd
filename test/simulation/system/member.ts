import {
  type Consumer,
  type FetchedRecord,
  type TopicPartition,
  KafkaError,
  cooperativeStickyAssignor,
  rangeAssignor,
} from '@trunkline/client';
import type { GroupHistory } from './history.js';
import type { SimHost } from './host.js';
import type { SystemMutant } from './mutants.js';
import { seenOf } from './reader.js';

const SESSION_MS = 3_000;
const POLL_MS = 300;
const REVOKE_MS = 2_000;
const CLOSE_MS = 5_000;
/** What a commit may end with when the partitions are others' by now, or the broker is away for long. */
const COMMIT_ENDS: readonly string[] = [
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'CLOSED',
  'TIMED_OUT',
];

/** A partition while a member holds it: from being given to being taken. */
interface Tenure {
  /** The offset that is due next; undefined before the first record. */
  due: number | undefined;
  isOver: boolean;
}

/** A process that reads a topic in a group, handles each record in its time, and commits behind that. */
export class SimMember {
  readonly faults: string[] = [];
  readonly #consumer: Consumer;
  readonly #tenures = new Map<number, Tenure>();
  #handling: Promise<void> = Promise.resolve();
  #leaving: Promise<void> | undefined;
  hasLeft = false;

  constructor(
    readonly host: SimHost,
    readonly history: GroupHistory,
    private readonly mutant: SystemMutant,
    isEager: boolean,
  ) {
    const { dice } = host.world;
    const isAuto = dice.chance(40);
    const consumer = host.client({ disconnected: (_, lane) => this.#disconnected(lane) }).consumer({
      reset: 'earliest',
      maxWaitMs: 1 + dice.below(300),
      requestTimeoutMs: 1_500,
      maxPollRecords: 1 + dice.below(20),
      autoCommitIntervalMs: isAuto ? 50 + dice.below(500) : 0,
    });
    this.#consumer = consumer;
    const joined = consumer.subscribe(
      {
        groupId: history.group,
        topics: [history.topic.topic],
        sessionTimeoutMs: SESSION_MS,
        heartbeatMs: 300,
        rebalanceTimeoutMs: 4_000,
        revokeTimeoutMs: REVOKE_MS,
        retryBackoffMaxMs: 300,
        commitTimeoutMs: 5_000,
        assignors: [isEager ? rangeAssignor : cooperativeStickyAssignor],
      },
      {
        onAssigned: (partitions) => this.#assigned(partitions),
        onRevoked: (partitions) => this.#revoked(partitions, isAuto),
        onLost: (partitions) => this.#over(partitions),
      },
    );
    void joined.then(
      () => this.#run(isAuto),
      (reason: unknown) => this.#ended('does not join', reason),
    );
  }

  /** The partitions that it reads now. */
  get partitions(): readonly number[] {
    return [...this.#tenures.keys()].toSorted((left, right) => left - right);
  }

  get isLeaving(): boolean {
    return this.#leaving !== undefined;
  }

  get trouble(): string | undefined {
    return this.#consumer.trouble;
  }

  /** Leaves in order. */
  leave(): void {
    this.host.world.note(`${this.host.name} leaves`);
    this.#leaving ??= this.#consumer.close(CLOSE_MS).then(() => void (this.hasLeft = true));
  }

  async #run(isAuto: boolean): Promise<void> {
    while (this.host.alive && this.#leaving === undefined) {
      try {
        const records = await this.#consumer.poll(POLL_MS);
        if (this.mutant.commitsFirst === true) await this.#consumer.commit();
        await (this.#handling = this.#handleAll(records));
        if (!isAuto && records.length > 0) await this.#consumer.commit();
      } catch (reason) {
        if (this.#leaving !== undefined) return;
        this.#ended('stops', reason);
        await this.host.pause(100);
      }
    }
  }

  async #handleAll(records: readonly FetchedRecord[]): Promise<void> {
    // What comes is of those who hold the partition now, not of those who hold it once it is handled.
    const tenures = new Map(this.#tenures);
    for (const record of records) {
      const tenure = tenures.get(record.partition);
      if (tenure === undefined) this.faults.push(`${this.#of(record.partition)}: a record came that it does not hold`);
      else if (!tenure.isOver) await this.#handle(record, tenure);
    }
  }

  async #handle(record: FetchedRecord, tenure: Tenure): Promise<void> {
    const { host, history } = this;
    const { partition, offset } = record;
    const { least, most } = history.start(partition);
    if (tenure.due === undefined && offset > most)
      this.faults.push(`${this.#of(partition)}: begins at ${offset}, and ${most} is not handled`);
    if (tenure.due === undefined && offset < least)
      this.faults.push(`${this.#of(partition)}: begins at ${offset}, and ${least} is committed`);
    if (tenure.due !== undefined && offset !== tenure.due) {
      this.faults.push(`${this.#of(partition)}: ${offset} came where ${tenure.due} was due`);
    }
    tenure.due = offset + 1;
    history.topic.seen(seenOf(record), host.name);
    const { dice } = host.world;
    await host.pause(dice.below(dice.chance(3) ? 1_500 : 4));
    host.world.note(`${host.name} handled ${partition}/${offset}`);
    history.handled(partition, offset);
  }

  #assigned(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) {
      this.host.world.note(`${this.host.name} gets ${partition}`);
      const before = this.#tenures.get(partition);
      if (before !== undefined) before.isOver = true;
      this.#tenures.set(partition, { due: undefined, isOver: false });
    }
  }

  /** Lets go once what it was given is handled, and commits that; when that took too long, others have it already. */
  async #revoked(partitions: readonly TopicPartition[], isAuto: boolean): Promise<void> {
    if (this.mutant.keepsRevoked === true) return;
    const tenures = partitions.map(({ partition }) => this.#tenures.get(partition));
    const untilMs = this.host.nowMs + REVOKE_MS;
    await this.#handling;
    const own = partitions.filter(({ partition }, index) => this.#tenures.get(partition) === tenures[index]);
    const offsets = own.flatMap(({ topic, partition }) => {
      const due = this.#tenures.get(partition)?.due;
      return due === undefined ? [] : [{ topic, partition, offset: due }];
    });
    this.#over(own);
    if (isAuto || offsets.length === 0 || this.host.nowMs >= untilMs) return;
    await this.#consumer.commit(offsets).catch((reason: unknown) => this.#ended('commits at the end', reason));
  }

  #over(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) {
      this.host.world.note(`${this.host.name} loses ${partition}`);
      const tenure = this.#tenures.get(partition);
      if (tenure !== undefined) tenure.isOver = true;
      this.#tenures.delete(partition);
    }
  }

  #ended(what: string, reason: unknown): void {
    const code = reason instanceof KafkaError ? reason.code : undefined;
    this.host.world.note(`${this.host.name} ${what}: ${code ?? 'broken'}`);
    if (code === undefined || !COMMIT_ENDS.includes(code))
      this.faults.push(`${this.host.name} ${what}: ${String(reason)}`);
  }

  #disconnected(lane: string): void {
    if (this.mutant.skipsAfterReconnect !== true || !lane.startsWith('fetch')) return;
    const { topic } = this.history.topic;
    for (const { partition } of this.#consumer.assignment) {
      this.#consumer.seek(topic, partition, this.#consumer.position(topic, partition) + 1);
    }
  }

  #of(partition: number): string {
    return `${this.host.name} of ${this.history.topic.topic}/${partition}`;
  }
}
