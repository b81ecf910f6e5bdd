import { SimClient } from '../node.js';
import { GroupHistory, TopicHistory } from './history.js';
import { SimHost } from './host.js';
import { createTopic, wholeLog } from './looking.js';
import { SimMember } from './member.js';
import { OffsetWatch } from './offset-watch.js';
import { SimReader } from './reader.js';
import { SimSender } from './sender.js';
import type { SystemParts, Work } from './work.js';

const PARTITIONS_MAX = 4;
const SENDERS_MAX = 3;
const MEMBERS_MAX = 4;
const SEGMENT_MS_MAX = 20_000;

/** One topic: those who write to it, who read it, and who share it in a group. They come, go and crash. */
export class TopicWork implements Work {
  readonly history: TopicHistory;
  readonly group: GroupHistory;
  #senders: SimSender[] = [];
  #readers: SimReader[] = [];
  #members: SimMember[] = [];
  #names = 0;
  readonly #isEager: boolean;
  readonly #client: SimClient;
  readonly #watch: OffsetWatch;
  readonly #ended: { readonly faults: string[] }[] = [];

  constructor(
    private readonly parts: SystemParts,
    topic: string,
  ) {
    const { dice } = parts.world;
    this.history = new TopicHistory(topic, 1 + dice.below(PARTITIONS_MAX));
    this.group = new GroupHistory(`g-${topic}`, this.history);
    this.#isEager = dice.chance(30);
    this.#client = new SimClient(parts.node);
    this.#watch = new OffsetWatch(parts.node, this.group);
  }

  get hosts(): readonly SimHost[] {
    return [...this.#senders, ...this.#readers, ...this.#members].map(({ host }) => host);
  }

  get acknowledgedCount(): number {
    return this.history.acknowledgedCount;
  }

  get handledCount(): number {
    return this.group.handledCount;
  }

  async begin(): Promise<void> {
    const { topic, partitions } = this.history;
    const { dice } = this.parts.world;
    const error = await createTopic(this.#client, topic, partitions, 200 + dice.below(SEGMENT_MS_MAX));
    if (error !== 'NONE') throw new Error(`${topic} is not made: ${error}`);
    this.#addSender();
    this.#addMember();
    this.#readers.push(new SimReader(this.#host('reader'), this.history));
  }

  act(): void {
    const { dice } = this.parts.world;
    const die = dice.below(100);
    if (die < 70) this.#pick(this.#senders)?.act();
    else if (die < 85) this.look();
    else if (die < 88) this.#addSender();
    else if (die < 89) this.#crashSender();
    else if (die < 93) this.#addMember();
    else if (die < 95) this.#crashMember();
    else if (die < 98) this.#leave();
    else this.#restartReader();
    this.#members = this.#members.filter((member) => !member.hasLeft || this.#bury(member));
  }

  look(): void {
    this.#watch.look();
  }

  async check(client: SimClient): Promise<void> {
    const { history } = this;
    const logs = Array.from({ length: history.partitions }, (_, index) => wholeLog(client, history.topic, index));
    history.check(await Promise.all(logs));
  }

  /** At least one of each, and a few more records. */
  calm(): void {
    if (this.#members.every(({ host, isLeaving }) => !host.alive || isLeaving)) this.#addMember();
    if (this.#senders.length === 0) this.#addSender();
    for (const sender of this.#senders) sender.act();
  }

  /** What is still to happen once nothing fails any more. */
  open(): string[] {
    const { history, group } = this;
    const open: string[] = [];
    for (const sender of this.#senders) if (!sender.idle) open.push(`${sender.host.name} has sent`);
    if (open.length > 0) return open;
    const unhandled = group.unhandled;
    if (unhandled.length > 0) open.push(`${group.group} handles ${unhandled.length} records, ${unhandled[0]} first`);
    const ends = history.ends;
    for (const reader of this.#readers) {
      ends.forEach((end, index) => {
        if (reader.positions[index]! < end)
          open.push(`${reader.host.name} reads ${history.topic}/${index} up to ${end}`);
      });
    }
    ends.forEach((end, index) => {
      if (end > 0 && (this.#watch.committed[index] ?? -1) < end) open.push(`${group.group} commits ${end} of ${index}`);
    });
    const members = this.#members.filter(({ host, hasLeft }) => host.alive && !hasLeft);
    const held = members.flatMap(({ partitions }) => partitions).toSorted((left, right) => left - right);
    if (held.join() !== ends.map((_, index) => index).join())
      open.push(`${group.group} shares all, and holds ${held.join()}`);
    const troubles = members.flatMap(({ trouble, host }) =>
      trouble === undefined ? [] : [`${host.name}: ${trouble}`],
    );
    return [...open, ...(open.length > 0 ? troubles : [])];
  }

  takeFaults(): string[] {
    const all = [this.history, this.group, ...this.#senders, ...this.#readers, ...this.#members, ...this.#ended];
    return all.flatMap(({ faults }) => faults.splice(0));
  }

  /** Every process ends. */
  end(): void {
    for (const host of this.hosts) if (host.alive) host.crash(true);
  }

  #addSender(): void {
    if (this.#senders.length >= SENDERS_MAX) return;
    const options = this.parts.mutant.notIdempotent === true ? { idempotent: false, inFlightMax: 1 } : {};
    this.#senders.push(new SimSender(this.#host('sender'), this.history, options));
  }

  #crashSender(): void {
    const sender = this.#pick(this.#senders);
    if (sender === undefined) return;
    this.#crash(sender);
    this.#senders = this.#senders.filter((other) => other !== sender);
  }

  #addMember(): void {
    if (this.#members.length >= MEMBERS_MAX) return;
    const { mutant } = this.parts;
    this.#members.push(new SimMember(this.#host('member'), this.group, mutant, this.#isEager));
  }

  #crashMember(): void {
    const member = this.#pick(this.#members);
    if (member === undefined) return;
    this.#crash(member);
    this.#members = this.#members.filter((other) => other !== member);
  }

  #leave(): void {
    this.#pick(this.#members)?.leave();
  }

  #restartReader(): void {
    for (const reader of this.#readers) this.#crash(reader);
    this.#readers = [new SimReader(this.#host('reader'), this.history)];
  }

  #crash(part: { readonly host: SimHost; readonly faults: string[] }): void {
    part.host.crash(this.parts.world.dice.chance(60));
    this.#ended.push(part);
  }

  #bury(member: SimMember): false {
    if (member.host.alive) member.host.crash(true);
    this.#ended.push(member);
    return false;
  }

  #host(kind: string): SimHost {
    const { world, network } = this.parts;
    return new SimHost(world, network, `${this.history.topic}-${kind}${this.#names++}`);
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[this.parts.world.dice.below(Math.max(1, all.length))];
  }
}
