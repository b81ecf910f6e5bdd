import type { Uuid } from '@trunkline/kernel';
import {
  CreateTopics,
  DeleteRecords,
  DeleteTopics,
  DescribeConfigs,
  IncrementalAlterConfigs,
  Metadata,
  errorName,
} from '@trunkline/protocol';
import { PartitionLedger } from './ledger.js';
import { NoAnswer, SimClient, type SimNode } from './node.js';
import { SimCommitter } from './offsets.js';
import { SimProducer } from './producer.js';
import { SimReader, checkWhole } from './reading.js';

const TOPIC_RESOURCE = 2;
const SET = 0;
/** The setting whose values are followed: it changes nothing else, as no batch is so large. */
const FOLLOWED = 'max.message.bytes';
const FOLLOWED_MIN = 1_000_000;
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid;

/** `creating`, `deleting`: asked for, and whether it happened is not known until the node is looked at. */
type TopicState = 'creating' | 'there' | 'deleting' | 'gone';

/** A topic, those who use it, and what the world was told of it. */
export class SimTopic {
  readonly faults: string[] = [];
  readonly ledgers: readonly PartitionLedger[];
  readonly producers: readonly SimProducer[];
  readonly readers: readonly SimReader[];
  readonly committers: readonly SimCommitter[];
  state: TopicState = 'creating';
  #id: Uuid | undefined;
  #valueSent = 0;
  #valueAcknowledged = 0;
  #busy = false;
  readonly #client: SimClient;
  readonly #hasRetention: boolean;

  constructor(
    readonly name: string,
    readonly node: SimNode,
    life: number,
  ) {
    const { dice } = node.world;
    this.#client = new SimClient(node);
    this.#hasRetention = dice.chance(40);
    const count = 1 + dice.below(3);
    this.ledgers = Array.from({ length: count }, (_, index) => new PartitionLedger(name, index, this.#hasRetention));
    this.producers = this.ledgers.flatMap((ledger, index) =>
      Array.from({ length: 1 + dice.below(2) }, (_, which) => {
        return new SimProducer(`p${which}-${index}-${life}`, node, ledger, dice.chance(70) ? -1 : 1);
      }),
    );
    this.readers = this.ledgers.map((ledger) => new SimReader(node, ledger));
    this.committers = this.ledgers.map(({ index }) => new SimCommitter(`g${index % 2}-${life}`, node, name, index));
  }

  get allFaults(): string[] {
    const parts = [this, ...this.ledgers, ...this.producers, ...this.readers, ...this.committers];
    return parts.flatMap(({ faults }) => faults);
  }

  create(): void {
    const { dice } = this.node.world;
    const configs = {
      'segment.index.bytes': String(24 + 12 * dice.below(12)),
      'segment.ms': String(200 + dice.below(20_000)),
      ...(this.#hasRetention ? { 'retention.bytes': String(3000 + dice.below(20_000)) } : {}),
      ...(this.#hasRetention && dice.chance(70) ? { 'retention.ms': String(200 + dice.below(3000)) } : {}),
    };
    this.#ask('creating', async () => {
      const answer = await this.#client.send(CreateTopics, 7, {
        topics: [
          {
            name: this.name,
            numPartitions: this.ledgers.length,
            replicationFactor: 1,
            assignments: [],
            configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
          },
        ],
        timeoutMs: 30_000,
      });
      const { errorCode, topicId } = answer.topics[0]!;
      if (errorCode === 0) [this.state, this.#id] = ['there', topicId];
      return errorName(errorCode);
    });
  }

  delete(): void {
    this.state = 'deleting';
    this.#ask('deleting', async () => {
      const topics = [{ name: this.name, topicId: ZERO_ID }];
      const { errorCode } = (await this.#client.send(DeleteTopics, 6, { topics, timeoutMs: 30_000 })).responses[0]!;
      if (errorCode === 0) this.state = 'gone';
      return errorName(errorCode);
    });
  }

  alter(): void {
    const wanted = ++this.#valueSent;
    this.#ask('altering', async () => {
      const configs = [{ name: FOLLOWED, configOperation: SET, value: String(FOLLOWED_MIN + wanted) }];
      const resources = [{ resourceType: TOPIC_RESOURCE, resourceName: this.name, configs }];
      const answer = await this.#client.send(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
      const { errorCode } = answer.responses[0]!;
      if (errorCode === 0) this.#valueAcknowledged = wanted;
      return errorName(errorCode);
    });
  }

  deleteRecords(): void {
    const { dice } = this.node.world;
    const ledger = this.ledgers[dice.below(this.ledgers.length)]!;
    const offset = ledger.startMin + dice.below(ledger.watermark - ledger.startMin + 1);
    ledger.startMax = Math.max(ledger.startMax, offset);
    this.#ask('deleting records of', async () => {
      const partitions = [{ partitionIndex: ledger.index, offset: BigInt(offset) }];
      const answer = await this.#client.send(DeleteRecords, 2, {
        topics: [{ name: this.name, partitions }],
        timeoutMs: 30_000,
      });
      const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!;
      if (errorCode === 0) ledger.startMin = Math.max(ledger.startMin, offset, Number(lowWatermark));
      return errorName(errorCode);
    });
  }

  /** Holds what the node says of the topic against what it said before. Call it while nothing else is asked. */
  async check(): Promise<void> {
    const answer = await this.#client.send(Metadata, 12, { topics: null, allowAutoTopicCreation: false });
    const found = answer.topics.find(({ name }) => name === this.name);
    if (this.state === 'there' && found === undefined) this.#fault('it was created, and is not there');
    if (this.state === 'gone' && found !== undefined) this.#fault('it was deleted, and is there again');
    if (found === undefined) return void (this.state = 'gone');
    this.state = 'there';
    if (this.#id !== undefined && found.topicId !== this.#id)
      this.#fault(`its id is ${found.topicId}, not ${this.#id}`);
    this.#id = found.topicId;
    if (found.partitions.length !== this.ledgers.length) this.#fault(`it has ${found.partitions.length} partitions`);
    await this.#checkConfig();
    for (const ledger of this.ledgers) await checkWhole(this.#client, ledger);
    for (const committer of this.committers) await committer.check();
  }

  async #checkConfig(): Promise<void> {
    if (this.#valueAcknowledged === 0) return;
    const resource = { resourceType: TOPIC_RESOURCE, resourceName: this.name, configurationKeys: [FOLLOWED] };
    const answer = await this.#client.send(DescribeConfigs, 4, { resources: [resource] });
    const value = Number(answer.results[0]!.configs[0]?.value) - FOLLOWED_MIN;
    if (value >= this.#valueAcknowledged && value <= this.#valueSent) return;
    this.#fault(`${FOLLOWED} is number ${value} instead of ${this.#valueAcknowledged} to ${this.#valueSent}`);
  }

  /** One request about the topic at a time, so that their order is known. */
  #ask(what: string, request: () => Promise<string>): void {
    if (this.#busy) return;
    this.#busy = true;
    void request()
      .then(
        (error) => this.node.world.note(`${what} ${this.name}: ${error}`),
        (reason: unknown) => {
          if (!(reason instanceof NoAnswer)) this.#fault(`${what}: ${String(reason)}`);
        },
      )
      .finally(() => (this.#busy = false));
  }

  /** Whether an answer about the topic is due. */
  get busy(): boolean {
    return this.#busy;
  }

  #fault(text: string): void {
    this.faults.push(`${this.name}: ${text}`);
  }
}
