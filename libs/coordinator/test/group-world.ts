import { ApiError, ZERO_UUID, asError, silentLogger } from '@trunkline/kernel';
import {
  type CommitAnswer,
  DEFAULT_GROUP_CONFIG,
  DEFAULT_SHARD_RUNTIME_CONFIG,
  type GroupError,
  type GroupInput,
  type GroupRecord,
  GroupShard,
  type JoinAnswer,
  type LeaveAnswer,
  ShardRuntime,
  type SyncAnswer,
  groupRecordCodec,
} from '@trunkline/coordinator';
import { ManualClock } from '@trunkline/testing';
import { subscription } from './group-script.js';
import { GroupLaws } from './group-laws.js';
import { MemoryShardLog } from './memory-shard-log.js';

export const PARTITIONS = 6;
const GROUP = 'g';

/** Lets every promise that can go on go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 24; turn++) await Promise.resolve();
}

/** Who a client is to the coordinator. */
export interface Claim {
  readonly generation: number;
  readonly memberId: string;
  readonly instanceId: string | null;
}

/** A consumer as clients are: joins, syncs, beats, commits, and believes what it is told. */
export class Client {
  state: 'out' | 'joined' | 'stable' | 'gone' = 'out';
  claim: Claim;
  /** The leader's to assign. */
  members: readonly string[] = [];
  assigned: readonly number[] = [];
  waiting = false;
  /** Answers to an earlier life are nobody's. */
  life = 0;

  constructor(
    readonly name: string,
    readonly instanceId: string | null,
  ) {
    this.claim = { generation: -1, memberId: '', instanceId };
  }

  /** The process dies, and is started again, knowing nothing. */
  reborn(): void {
    this.life += 1;
    this.waiting = false;
    this.forget();
  }

  forget(): void {
    this.state = 'out';
    this.assigned = [];
    this.claim = { generation: -1, memberId: '', instanceId: this.instanceId };
  }

  rejoin(): void {
    this.state = 'out';
    this.assigned = [];
  }
}

/**
 * A shard with its runtime, a log that can be slow, fail and lose what was not committed, and clients: all that may
 * happen to a group, one action at a time, against {@link GroupLaws}.
 */
export class GroupWorld {
  readonly clock = new ManualClock();
  readonly log = new MemoryShardLog();
  readonly laws = new GroupLaws();
  readonly clients: readonly Client[] = [
    new Client('d1', null),
    new Client('d2', null),
    new Client('s1', 'i1'),
    new Client('s2', 'i2'),
  ];
  readonly oldClaims: Claim[] = [];
  /** Laws that were broken while an answer was taken in. */
  readonly faults: Error[] = [];
  runtime = this.#make();
  #ids = 0;
  #commits = 0;

  #make(): ShardRuntime<GroupInput, GroupRecord, GroupShard> {
    return new ShardRuntime({
      name: 'shard',
      config: { ...DEFAULT_SHARD_RUNTIME_CONFIG, snapshotBytesMin: 2_000 },
      clock: this.clock,
      logger: silentLogger,
      log: this.log,
      codec: groupRecordCodec,
      create: () => new GroupShard(DEFAULT_GROUP_CONFIG),
    });
  }

  async start(): Promise<this> {
    await this.runtime.load();
    return this;
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  /** The oldest append that waits is committed. */
  async commitAppend(): Promise<void> {
    if (this.log.waiting.length > 0) this.log.commit();
    await settle();
  }

  async failAppend(): Promise<void> {
    if (this.log.waiting.length > 0) this.log.fail(new ApiError('KAFKA_STORAGE_ERROR', 'planned'));
    this.laws.restarted();
    await settle();
  }

  /** The broker dies and comes back; `kept` of the records that were not committed are in the log all the same. */
  async restart(kept: number): Promise<void> {
    this.runtime.close();
    const uncommitted = this.log.waiting.reduce((sum, { records }) => sum + records.length, 0);
    this.log.records.splice(this.log.records.length - uncommitted + Math.min(kept, uncommitted));
    this.log.waiting.length = 0;
    this.laws.restarted();
    this.runtime = this.#make();
    await this.runtime.load();
    await settle();
  }

  /** The client does what a client in its place does next. */
  async step(client: Client, liking: number): Promise<void> {
    if (client.waiting) return;
    if (client.state === 'out') this.#join(client);
    else if (client.state === 'joined') this.#sync(client);
    else if (client.state === 'stable' && liking % 2 === 0) this.#commit(client, client.claim, client.assigned);
    else if (client.state === 'stable') this.#heartbeat(client);
    await settle();
  }

  async leave(client: Client): Promise<void> {
    if (client.waiting || client.state !== 'stable') return;
    const { claim } = client;
    const { memberId, instanceId } = claim;
    this.#ask<LeaveAnswer>(
      client,
      (reply) => ({ kind: 'leave', request: { groupId: GROUP, members: [{ memberId, instanceId }] }, reply }),
      ({ members }) => {
        if (members[0]?.error === 'NONE') this.laws.left(memberId);
        client.forget();
      },
    );
    await settle();
  }

  async crash(client: Client): Promise<void> {
    this.oldClaims.push(client.claim);
    client.reborn();
    await settle();
  }

  /** Somebody who was a member once, and does not know that it is none any more, commits. */
  async zombie(which: number): Promise<void> {
    const claim = this.oldClaims.at(-1 - (which % Math.max(1, this.oldClaims.length)));
    if (claim === undefined || claim.generation < 0) return;
    this.#commit(undefined, claim, [which % PARTITIONS]);
    await settle();
  }

  #join(client: Client): void {
    const request = {
      groupId: GROUP,
      memberId: client.claim.memberId,
      instanceId: client.instanceId,
      clientId: client.name,
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription(['t']) }],
      idRequired: true,
      mayBeToldToSkip: true,
      freshId: String(++this.#ids),
    };
    this.#ask<JoinAnswer>(
      client,
      (reply) => ({ kind: 'join', request, reply }),
      (answer) => this.#joined(client, answer),
    );
  }

  #joined(client: Client, answer: JoinAnswer): void {
    if (answer.error === 'MEMBER_ID_REQUIRED') client.claim = { ...client.claim, memberId: answer.memberId };
    else if (answer.error !== 'NONE') this.#refused(client, answer.error);
    else {
      this.oldClaims.push(client.claim);
      client.claim = { ...client.claim, generation: answer.generation, memberId: answer.memberId };
      client.members = answer.skipAssignment ? [] : answer.members.map(({ memberId }) => memberId);
      client.state = 'joined';
      this.laws.joined(client.claim);
    }
  }

  #sync(client: Client): void {
    const { claim, members } = client;
    const syncId = ++this.#ids;
    const shares = members.map((_, at) =>
      Array.from({ length: PARTITIONS }, (_none, p) => p).filter((p) => p % members.length === at),
    );
    const assignments = members.map((memberId, at) => ({
      memberId,
      assignment: new TextEncoder().encode(JSON.stringify({ syncId, partitions: shares[at] })),
    }));
    const request = { groupId: GROUP, ...claim, protocolType: 'consumer', protocol: 'range', assignments };
    this.#ask<SyncAnswer>(
      client,
      (reply) => ({ kind: 'sync', request, reply }),
      ({ error, assignment }) => {
        if (error !== 'NONE') return this.#refused(client, error);
        const text = new TextDecoder().decode(assignment);
        client.assigned = this.laws.assigned(claim, text === '' ? undefined : JSON.parse(text));
        client.state = 'stable';
      },
    );
  }

  #heartbeat(client: Client): void {
    this.#ask<GroupError>(
      client,
      (reply) => ({ kind: 'heartbeat', request: { groupId: GROUP, ...client.claim }, reply }),
      (error) => {
        if (error !== 'NONE') this.#refused(client, error);
      },
    );
  }

  #commit(client: Client | undefined, claim: Claim, partitions: readonly number[]): void {
    if (partitions.length === 0) return;
    const number = ++this.#commits;
    const offsets = partitions.map((partition) => ({
      topic: 't',
      topicId: ZERO_UUID,
      partition,
      offset: BigInt(number),
      leaderEpoch: -1,
      metadata: '',
    }));
    const attempt = this.laws.commits(claim, number, partitions);
    const request = { groupId: GROUP, ...claim, unknownGroup: 'ILLEGAL_GENERATION' as const, retentionMs: -1, offsets };
    this.#ask<CommitAnswer>(
      client,
      (reply) => ({ kind: 'commit', request, reply }),
      ({ error }) => {
        if (error === 'NONE') attempt.accepted();
        else if (client !== undefined) this.#refused(client, error);
      },
    );
  }

  #refused(client: Client, error: GroupError): void {
    const isUnknown = error === 'UNKNOWN_MEMBER_ID' || error === 'FENCED_INSTANCE_ID';
    if (isUnknown) client.forget();
    else client.rejoin();
  }

  /** A request without a client is sent, and its answer checked all the same. */
  #ask<Answer>(
    client: Client | undefined,
    make: (reply: (answer: Answer) => void) => GroupInput,
    answered: (answer: Answer) => void,
  ): void {
    const life = client?.life;
    const isMine = (): boolean => client === undefined || client.life === life;
    if (client !== undefined) client.waiting = true;
    this.runtime.submit<Answer>(make).then(
      (answer) => {
        if (!isMine()) return;
        if (client !== undefined) client.waiting = false;
        this.#taken(() => answered(answer));
      },
      (reason: unknown) => {
        if (!(reason instanceof ApiError)) throw reason;
        if (!isMine() || client === undefined) return;
        client.waiting = false;
        client.rejoin();
      },
    );
  }

  #taken(take: () => void): void {
    try {
      take();
    } catch (reason) {
      this.faults.push(asError(reason));
    }
  }

  /** No more faults: everybody does what it should. Resolves when all are in one stable generation, or time is over. */
  async calm(): Promise<boolean> {
    this.log.held = false;
    while (this.log.waiting.length > 0) await this.commitAppend();
    for (let second = 0; second < 120; second++) {
      for (const client of this.clients) for (let turn = 0; turn < 3; turn++) await this.step(client, 1);
      await this.pass(1_000);
      if (this.#isSettled()) return true;
    }
    return false;
  }

  #isSettled(): boolean {
    const owned = this.clients.flatMap(({ assigned }) => assigned);
    return (
      this.clients.every(
        ({ state, claim }) => state === 'stable' && claim.generation === this.clients[0]!.claim.generation,
      ) &&
      owned.length === PARTITIONS &&
      new Set(owned).size === PARTITIONS
    );
  }

  /** What is committed now, by partition. */
  committed(): ReadonlyMap<number, number> {
    const offsets = this.runtime.machine.offsets(GROUP).get('t');
    return new Map([...(offsets ?? [])].map(([partition, { offset }]) => [partition, Number(offset)]));
  }
}
