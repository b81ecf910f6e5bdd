import { ZERO_UUID, invariant } from '@trunkline/kernel';
import {
  DEFAULT_GROUP_CONFIG,
  type GroupConfig,
  type GroupInput,
  type GroupRecord,
  GroupShard,
  type JoinAnswer,
  type Now,
  type SyncAnswer,
  groupRecordCodec,
} from '@trunkline/coordinator';

/** What a client of a script knows of itself. */
interface Client {
  memberId: string;
  generation: number;
  instanceId: string | null;
}

/** Wakes in one stretch of time: some seven days of expiry checks, and then some. */
const WAKES_MAX = 5_000;

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Subscription version 0 to `topics`, as consumers write it. */
export function subscription(topics: readonly string[]): Uint8Array {
  const out: number[] = [0, 0, 0, 0, 0, topics.length];
  for (const topic of topics) out.push(0, topic.length, ...utf8.encode(topic));
  return new Uint8Array([...out, 255, 255, 255, 255]);
}

/**
 * Plays a script against one shard and writes down what it answers and records.
 *
 *     config delay=3000                      limits and times, before anything else
 *     join m1 topics=a,b protocols=range     a member joins; static=i1, session=…, rebalance=…, type=…, v9
 *     knock m1                               joins without an id in a version that wants one first
 *     sync m1 m1=0,1 m2=2                    the leader brings assignments, the others come without
 *     heartbeat m1   leave m1   remove i1    remove: a static member by its instance id
 *     commit m1 t/0=5   commit - t/0=5       - is nobody's: generation -1
 *     fetch t/0   delete-offsets t/0   delete-group   forget t   describe   list
 *     tick 6000                              so many ms go by, and what falls due on the way happens
 *     restart                                a new shard replays the log
 *     at m1 generation=1                     the client believes that it is in that generation
 *     forgets m1                             the client process dies and comes back without its member id
 */
export class GroupScript {
  readonly lines: string[] = [];
  readonly log: { readonly key: Uint8Array; readonly value: Uint8Array | null }[] = [];
  readonly clients = new Map<string, Client>();
  shard: GroupShard;
  #config: GroupConfig = DEFAULT_GROUP_CONFIG;
  #nowMs = 0;
  #ids = 0;

  constructor() {
    this.shard = new GroupShard(this.#config);
    this.shard.loaded(this.now);
  }

  get now(): Now {
    return { wallMs: 1_000_000 + this.#nowMs, monotonicMs: this.#nowMs };
  }

  play(script: string): this {
    for (const line of script.split('\n').map((raw) => raw.trim())) {
      if (line === '') continue;
      this.lines.push(`> ${line}`);
      const [command = '', ...words] = line.split(/\s+/);
      this.#run(command, words);
    }
    return this;
  }

  toString(): string {
    return this.lines.join('\n');
  }

  /** One input: decided, committed, replayed, answered. */
  feed(input: GroupInput): readonly GroupRecord[] {
    const { records, replies } = this.shard.decide(input, this.now);
    for (const record of records) {
      this.say(`writes ${describeRecord(record)}`);
      const encoded = groupRecordCodec.encode(record);
      this.log.push(encoded);
      this.shard.replay(groupRecordCodec.decode(encoded)!);
    }
    for (const reply of replies) reply();
    return records;
  }

  say(line: string): void {
    this.lines.push(`  ${line}`);
  }

  /** Lets time go by; what falls due happens at its own time. */
  pass(ms: number): void {
    const until = this.#nowMs + ms;
    let wakes = 0;
    for (let due = this.shard.nextDueMs(); due !== undefined && due <= until; due = this.shard.nextDueMs()) {
      invariant(++wakes < WAKES_MAX, 'a shard that is woken has something to do');
      this.#nowMs = Math.max(this.#nowMs, due);
      const mark = this.lines.length;
      for (const input of this.shard.due(this.now)) this.feed(input);
      if (this.lines.length > mark) this.lines.splice(mark, 0, `  at ${this.#nowMs} ms`);
    }
    this.#nowMs = until;
  }

  restart(): void {
    this.shard = new GroupShard(this.#config);
    for (const record of this.log) this.shard.replay(groupRecordCodec.decode(record)!);
    this.shard.loaded(this.now);
  }

  client(name: string): Client {
    const known = this.clients.get(name);
    if (known !== undefined) return known;
    const made: Client = { memberId: '', generation: -1, instanceId: null };
    this.clients.set(name, made);
    return made;
  }

  join(name: string, options: Record<string, string>, idRequired: boolean): void {
    const client = this.client(name);
    if (options['static'] !== undefined) client.instanceId = options['static'];
    const metadata = options['metadata'] ?? '';
    const topics = (options['topics'] ?? 't').split(',');
    const protocols = (options['protocols'] ?? 'range').split(',').map((protocol) => ({
      name: protocol,
      metadata: metadata === '' ? subscription(topics) : utf8.encode(metadata),
    }));
    const request = {
      groupId: 'g',
      memberId: options['id'] ?? client.memberId,
      instanceId: client.instanceId,
      clientId: name,
      clientHost: '/10.0.0.1',
      sessionTimeoutMs: Number(options['session'] ?? 10_000),
      rebalanceTimeoutMs: Number(options['rebalance'] ?? 60_000),
      protocolType: options['type'] ?? 'consumer',
      protocols,
      idRequired,
      mayBeToldToSkip: options['v9'] !== undefined,
      freshId: String(++this.#ids),
    };
    this.feed({ kind: 'join', request, reply: (answer) => this.joined(name, answer) });
  }

  joined(name: string, answer: JoinAnswer): void {
    const client = this.client(name);
    if (answer.error === 'MEMBER_ID_REQUIRED') client.memberId = answer.memberId;
    if (answer.error === 'UNKNOWN_MEMBER_ID') client.memberId = '';
    if (answer.error !== 'NONE') {
      this.say(`${name} <- join ${answer.error}${answer.memberId === '' ? '' : ` ${answer.memberId}`}`);
      return;
    }
    client.memberId = answer.memberId;
    client.generation = answer.generation;
    const { generation, protocol, leader, memberId, members, skipAssignment } = answer;
    const all = members.map((member) => member.memberId).join(' ');
    this.say(
      `${name} <- joined as ${memberId} generation ${generation} ${protocol} leader ${leader}` +
        (all === '' ? '' : ` members ${all}`) +
        (skipAssignment ? ' skip assignment' : ''),
    );
  }

  sync(name: string, assignments: Record<string, string>): void {
    const client = this.client(name);
    const request = {
      ...this.claim(name),
      protocolType: null,
      protocol: null,
      assignments: Object.entries(assignments).map(([to, assignment]) => ({
        memberId: this.client(to).memberId,
        assignment: utf8.encode(assignment),
      })),
    };
    this.feed({ kind: 'sync', request, reply: (answer) => this.synced(name, client, answer) });
  }

  synced(name: string, _client: Client, { error, assignment }: SyncAnswer): void {
    this.say(`${name} <- ${error === 'NONE' ? `assignment [${text(assignment)}]` : `sync ${error}`}`);
  }

  claim(name: string): { groupId: string; generation: number; memberId: string; instanceId: string | null } {
    if (name === '-') return { groupId: 'g', generation: -1, memberId: '', instanceId: null };
    const { memberId, generation, instanceId } = this.client(name);
    return { groupId: 'g', generation, memberId, instanceId };
  }

  #run(command: string, words: readonly string[]): void {
    const [name = ''] = words;
    const options = Object.fromEntries(words.slice(1).map((word) => [...word.split('='), ''].slice(0, 2)));
    switch (command) {
      case 'config':
        return this.#configure(words);
      case 'join':
      case 'knock':
        return this.join(name, options, command === 'knock');
      case 'sync':
        return this.sync(name, options);
      case 'tick':
        return this.pass(Number(name));
      case 'restart':
        return this.restart();
      case 'at':
        return void Object.assign(this.client(name), { generation: Number(options['generation']) });
      case 'forgets':
        return void Object.assign(this.client(name), { memberId: '', generation: -1 });
      default:
        return this.#ask(command, words);
    }
  }

  #configure(words: readonly string[]): void {
    const values = Object.fromEntries(words.map((word) => word.split('=')));
    this.#config = {
      ...DEFAULT_GROUP_CONFIG,
      initialRebalanceDelayMs: Number(values['delay'] ?? 0),
      groupSizeMax: Number(values['max'] ?? 1_000),
      pendingMemberIdsMax: Number(values['pending'] ?? 1_000),
      offsetMetadataLengthMax: Number(values['metadata'] ?? 4_096),
      groupRecordBytesMax: Number(values['bytes'] ?? 16_000_000),
      groupsMax: Number(values['groups'] ?? 1_000),
      offsetsPerGroupMax: Number(values['offsets'] ?? 1_000),
    };
    this.restart();
  }

  #ask(command: string, words: readonly string[]): void {
    const [name = '', ...rest] = words;
    const request = this.claim(name);
    switch (command) {
      case 'heartbeat':
        this.feed({ kind: 'heartbeat', request, reply: (error) => this.say(`${name} <- heartbeat ${error}`) });
        return;
      case 'leave':
      case 'remove': {
        const { memberId, instanceId } = command === 'leave' ? request : { memberId: '', instanceId: name };
        const leaving = { groupId: 'g', members: [{ memberId, instanceId }] };
        const reply = (answer: { members: readonly { error: string }[] }): void =>
          this.say(`${name} <- ${command} ${answer.members.map(({ error }) => error).join(' ')}`);
        this.feed({ kind: 'leave', request: leaving, reply });
        return;
      }
      case 'commit':
        return this.#commit(name, rest);
      default:
        return this.#look(command, words);
    }
  }

  #commit(name: string, words: readonly string[]): void {
    const offsets = words.map((word) => {
      const { topic, partition } = place(word.split('=')[0]!);
      const [offset = '', metadata = ''] = word.split('=')[1]!.split(':');
      return { topic, partition, topicId: ZERO_UUID, offset: BigInt(offset), leaderEpoch: -1, metadata };
    });
    const request = { ...this.claim(name), unknownGroup: 'ILLEGAL_GENERATION' as const, retentionMs: -1, offsets };
    this.feed({
      kind: 'commit',
      request,
      reply: (answer) =>
        this.say(`${name} <- commit ${answer.error === 'NONE' ? answer.offsets.join(' ') : answer.error}`),
    });
  }

  #look(command: string, words: readonly string[]): void {
    const places = words.map(place);
    const request = { groupId: 'g' };
    switch (command) {
      case 'fetch':
        for (const { topic, partition } of places) {
          const stored = this.shard.offset('g', topic, partition);
          this.say(
            `${topic}/${partition} = ${stored === undefined ? 'nothing' : `${stored.offset} ${stored.metadata}`.trim()}`,
          );
        }
        return;
      case 'delete-offsets':
        this.feed({
          kind: 'delete-offsets',
          request: { groupId: 'g', partitions: places },
          reply: ({ error, partitions }) => this.say(`<- ${error === 'NONE' ? partitions.join(' ') : error}`),
        });
        return;
      case 'delete-group':
        this.feed({ kind: 'delete-group', request, reply: (error) => this.say(`<- ${error}`) });
        return;
      case 'forget':
        this.feed({ kind: 'forget-topics', request: { ...request, topics: new Set(words) }, reply: () => {} });
        return;
      default:
        this.#show(command);
    }
  }

  #show(command: string): void {
    if (command === 'list') {
      for (const { groupId, protocolType, phase } of this.shard.list(this.now)) {
        this.say(`${groupId} ${protocolType || '-'} ${phase}`);
      }
    } else if (command === 'describe') {
      const group = this.shard.describe('g', this.now);
      this.say(
        group === undefined ? 'no such group' : `${group.phase} ${group.protocolType || '-'} ${group.protocol || '-'}`,
      );
      for (const member of group?.members ?? []) {
        this.say(`  ${member.memberId} ${member.instanceId ?? ''} [${text(member.assignment)}]`.trimEnd());
      }
    } else throw new Error(`no such command: ${command}`);
  }
}

function place(word: string): { topic: string; partition: number } {
  const [topic = '', partition = '0'] = word.split('/');
  return { topic, partition: Number(partition) };
}

export function describeRecord(record: GroupRecord): string {
  if (record.kind === 'offset') {
    const { topic, partition, value } = record;
    return `offset ${topic}/${partition} ${value === null ? 'gone' : `= ${value.offset} ${value.metadata}`.trim()}`;
  }
  if (record.value === null) return 'group gone';
  const { generation, protocol, leader, members } = record.value;
  if (members.length === 0) return `group generation ${generation} empty`;
  const all = members.map(({ memberId, assignment }) => `${memberId}=[${text(assignment)}]`).join(' ');
  return `group generation ${generation} ${protocol} leader ${leader} ${all}`;
}

/** Plays a script from the beginning and gives its transcript. */
export function play(script: string): string {
  return new GroupScript().play(script).toString();
}
