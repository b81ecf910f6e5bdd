import type { Uuid } from '@trunkline/kernel';
import { type NewRecord, buildBatch } from '@trunkline/records';
import { type Encodable, Fetch, decodeBody, encodeBody, errorCode } from '@trunkline/protocol';
import type { BrokerNode, ClusterImage, TopicImage } from '../src/cluster/cluster.js';
import { KafkaError, type KafkaErrorName } from '../src/error.js';
import { FetchMachine } from '../src/consumer/fetch-machine.js';
import type { FetchWork } from '../src/consumer/fetch-work.js';
import { type FetcherOptions, fetcherSettings } from '../src/consumer/fetcher-options.js';
import { type LeaderFetch, fetchBody } from '../src/consumer/leader-fetches.js';
import type { Look, Validation } from '../src/consumer/position-desk.js';

type FetchBody = Encodable<(typeof Fetch)['response']>;
export type PartitionBody = FetchBody['responses'][number]['partitions'][number];

export interface ScriptedPartition {
  readonly leader: number;
  readonly epoch: number;
}

/** One batch of so many records from an offset on. The checksum is right. */
export function batchAt(
  offset: number,
  count: number,
  options: Partial<Parameters<typeof buildBatch>[1]> = {},
): Uint8Array {
  const records: NewRecord[] = [];
  for (let index = 0; index < count; index++) records.push({ value: new TextEncoder().encode(`v${offset + index}`) });
  return buildBatch(records, { crc32c: () => 7, baseOffset: offset, leaderEpoch: 1, ...options });
}

/** A topic `t` of one partition that node 1 leads, and one of two. */
export const ONE = { t: { partitions: [{ leader: 1, epoch: 1 }] } };
export const TWO = {
  t: {
    partitions: [
      { leader: 1, epoch: 1 },
      { leader: 1, epoch: 1 },
    ],
  },
};

/** Plays a fetch machine and writes down what it does: what it is told stands behind `>`. */
export class FetchScript {
  readonly lines: string[] = [];
  readonly machine: FetchMachine;
  nowMs = 0;
  readonly #options: FetcherOptions;
  #image: ClusterImage = imageOf({});
  readonly #fetches: LeaderFetch[] = [];
  readonly #validations: Validation[] = [];
  readonly #looks: Look[] = [];

  constructor(options: FetcherOptions = {}) {
    this.#options = options;
    this.machine = new FetchMachine('fetch-1', fetcherSettings(options), {
      taking: { crc32c: () => 7, codecs: undefined, decompressedBytesMax: 1000 },
      pauseMs: (failures) => failures * 100,
    });
  }

  get transcript(): string {
    return this.lines.join('\n');
  }

  /** Topic by name: its id's first letter, and its partitions. */
  image(
    topics: Readonly<Record<string, { readonly id?: string; readonly partitions: readonly ScriptedPartition[] }>>,
  ): this {
    this.#image = imageOf(topics);
    const told = Object.entries(topics).map(([name, { partitions }]) => {
      return `${name}${partitions.map(({ leader, epoch }) => ` n${leader}e${epoch}`).join('')}`;
    });
    this.#say(`> image ${told.join('; ')}`);
    this.machine.image(this.#image);
    return this.#work();
  }

  add(topic: string, partition: number, offset: number, epoch = -1): this {
    this.#say(`> add ${topic}/${partition} at ${offset}${epoch < 0 ? '' : ` epoch ${epoch}`}`);
    this.machine.add(topic, partition, offset, epoch, this.#image);
    return this;
  }

  do(what: string, act: (machine: FetchMachine) => void): this {
    this.#say(`> ${what}`);
    act(this.machine);
    return this.#work();
  }

  work(): this {
    return this.#work();
  }

  wait(ms: number): this {
    this.nowMs += ms;
    this.#say(`> ${ms} ms later`);
    return this.#work();
  }

  /** Answers the oldest fetch of a lane. Topics by name; partitions by index. */
  answer(
    lane: string,
    topics: Readonly<Record<string, Readonly<Record<number, Partial<PartitionBody>>>>>,
    more: Partial<FetchBody> & { readonly version?: number } = {},
  ): this {
    const { version = 18, ...body } = more;
    const fetch = this.#take(lane);
    const { sessionEpoch, sessionId } = fetch.step;
    const session = sessionEpoch === 0 ? 500 : Math.max(0, sessionId);
    const responses = Object.entries(topics).map(([topic, partitions]) => ({
      topic,
      topicId: this.#image.topics.get(topic)?.topicId ?? ('unknownUnknownUnknownA' as Uuid),
      partitions: Object.entries(partitions).map(([index, partition]) => ({
        partitionIndex: Number(index),
        errorCode: 0,
        highWatermark: 100,
        lastStableOffset: 90,
        logStartOffset: 0,
        abortedTransactions: null,
        records: null,
        ...partition,
      })),
    }));
    const full = { throttleTimeMs: 0, errorCode: 0, sessionId: session, responses, ...body };
    this.#say(`> ${lane} answers ${describeAnswer(full)}`);
    // Through the wire's codec, as the real one comes.
    const bytes = encodeBody(Fetch.response, version, full);
    const decoded = decodeBody(Fetch.response, version, concat(bytes));
    this.machine.answered(fetch, version, decoded, this.nowMs);
    return this.#work();
  }

  fail(lane: string, code: KafkaErrorName): this {
    this.#say(`> ${lane} fails: ${code}`);
    this.machine.failed(this.#take(lane), new KafkaError(code, 'scripted'), this.nowMs);
    return this.#work();
  }

  /** Answers the oldest validation: the same for all of its positions. */
  epochEnds(end: { readonly leaderEpoch: number; readonly endOffset: number } | KafkaErrorName): this {
    this.#say(`> ${typeof end === 'string' ? end : `epoch ${end.leaderEpoch} ends at ${end.endOffset}`}`);
    const { positions } = this.#validations.shift()!;
    const told =
      typeof end === 'string'
        ? new KafkaError(end, 'scripted')
        : { errorCode: 0, leaderEpoch: end.leaderEpoch, endOffset: BigInt(end.endOffset) };
    for (const position of positions) this.machine.validated(position, told, this.nowMs);
    return this.#work();
  }

  bounds(startOffset: number, endOffset: number): this {
    this.#say(`> the log is ${startOffset} to ${endOffset}`);
    this.machine.found(this.#looks.shift()!, { startOffset, endOffset }, this.nowMs);
    return this.#work();
  }

  #take(lane: string): LeaderFetch {
    const index = this.#fetches.findIndex((fetch) => fetch.lane === `fetch-1.${lane}`);
    const [fetch] = this.#fetches.splice(index, 1);
    if (index < 0 || fetch === undefined) throw new Error(`no fetch on lane ${lane}`);
    return fetch;
  }

  #work(): this {
    this.#events();
    const work = this.machine.work(this.nowMs);
    this.#fetches.push(...work.fetches);
    this.#validations.push(...work.validations);
    this.#looks.push(...work.looks);
    this.#describe(work);
    return this;
  }

  #events(): void {
    for (const event of this.machine.takeEvents()) {
      const name = `${event.reading.topic}/${event.reading.partition}`;
      switch (event.kind) {
        case 'records': {
          const offsets = event.fetched.batches.flatMap((batch) => [...batch.records()].map(({ offset }) => offset));
          this.#say(`  ${name} has ${offsets.join(' ') || 'nothing'}, next ${event.fetched.nextOffset}`);
          break;
        }
        case 'failed':
          this.#say(`  ${name} fails: ${event.error.message}`);
          break;
        case 'moved':
          this.#say(`  ${name} moves from ${event.from} to ${event.to}: ${event.reason}`);
          break;
        case 'leader':
          this.#say(
            `  ${name} is led by n${event.leader.nodeId}e${event.leader.epoch}${event.node ? ` at ${event.node.host}` : ''}`,
          );
          break;
        case 'doubt':
          this.#say(`  ${name} in doubt`);
          break;
      }
    }
  }

  #describe({ cuts, fetches, validations, looks, leaderless, wakeAtMs }: FetchWork): void {
    const settings = fetcherSettings(this.#options);
    for (const lane of cuts) this.#say(`  cut ${lane.replace('fetch-1.', '')}`);
    for (const fetch of fetches) {
      const { sessionId, sessionEpoch } = fetch.step;
      const body = fetchBody(fetch, settings);
      const asked = body.topics.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, fetchOffset }) => `${topic}/${partition}@${fetchOffset}`),
      );
      const gone = (body.forgottenTopicsData ?? []).flatMap(({ topic, partitions }) =>
        partitions.map((p) => `${topic}/${p}`),
      );
      const lane = fetch.lane.replace('fetch-1.', '');
      const session = `session ${sessionId}:${sessionEpoch}`;
      const forget = gone.length > 0 ? ` forget ${gone.join(' ')}` : '';
      this.#say(`  ${lane} ${session} wait ${fetch.waitMs}: ${asked.join(' ') || 'as before'}${forget}`);
    }
    for (const { nodeId, positions } of validations) {
      const names = positions.map(({ reading, leaderEpoch }) => {
        return `${reading.topic}/${reading.partition}@${reading.offset} epoch ${reading.offsetEpoch} in ${leaderEpoch}`;
      });
      this.#say(`  n${nodeId} validates ${names.join(', ')}`);
    }
    for (const { reading } of looks) this.#say(`  bounds of ${reading.topic}/${reading.partition}?`);
    if (leaderless.length > 0) this.#say(`  who leads ${leaderless.join(' ')}?`);
    if (wakeAtMs !== undefined) this.#say(`  wake at ${wakeAtMs}`);
  }

  #say(line: string): void {
    this.lines.push(line);
  }
}

function describeAnswer(body: FetchBody): string {
  if ((body.errorCode ?? 0) !== 0) return nameOfCode(body.errorCode ?? 0);
  const told = body.responses.flatMap(({ topic = '', partitions }) =>
    partitions.map((partition) => `${topic}/${partition.partitionIndex}${describePartition(partition)}`),
  );
  return told.join(' ') || 'nothing';
}

function describePartition({ errorCode: code, records, preferredReadReplica = -1 }: PartitionBody): string {
  if (code !== 0) return ` ${nameOfCode(code)}`;
  if (preferredReadReplica >= 0) return ` rather n${preferredReadReplica}`;
  return records === null ? '' : ' with records';
}

function nameOfCode(code: number): string {
  return KafkaError.ofCode(code, '')?.code ?? 'NONE';
}

export function code(name: KafkaErrorName): { readonly errorCode: number } {
  return { errorCode: errorCode(name) };
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

function imageOf(
  topics: Readonly<Record<string, { readonly id?: string; readonly partitions: readonly ScriptedPartition[] }>>,
): ClusterImage {
  const images = Object.entries(topics).map(([name, { id, partitions }]): TopicImage => {
    return {
      name,
      topicId: (id ?? name[0]!).padEnd(22, 'A') as Uuid,
      isInternal: false,
      partitions: partitions.map(({ leader, epoch }, partition) => {
        return { partition, leader, leaderEpoch: epoch, replicas: [leader], isr: [leader] };
      }),
    };
  });
  const brokers = [1, 2, 3].map((nodeId): [number, BrokerNode] => [
    nodeId,
    { nodeId, host: `n${nodeId}`, port: 9092, rack: undefined },
  ]);
  return {
    clusterId: 'c',
    controllerId: 1,
    brokers: new Map(brokers),
    topics: new Map(images.map((image) => [image.name, image])),
    topicsById: new Map(images.map((image) => [image.topicId, image])),
  };
}
