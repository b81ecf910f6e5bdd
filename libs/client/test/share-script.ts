import type { Uuid } from '@trunkline/kernel';
import { compression, crc32c } from '@trunkline/platform';
import { buildBatch } from '@trunkline/records';
import { errorCode, type ErrorName } from '@trunkline/protocol';
import { KafkaError } from '../src/error.js';
import { type ShareConsumerOptions, shareConsumerSettings } from '../src/share/share-options.js';
import { type LedPartition, type ShareFetchResponse, ShareSessions } from '../src/share/share-sessions.js';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const NONE = { leaderId: -1, leaderEpoch: -1 };
const VALUES = ['a', 'b', 'c', 'd', 'e'].map((value) => ({
  key: null,
  value: new TextEncoder().encode(value),
  timestampMs: 1,
}));
/** Offsets 0 to 4. */
const BATCH = buildBatch(VALUES, { crc32c });

interface PartitionSays {
  readonly partition?: number;
  readonly acquired?: readonly (readonly [first: number, last: number, count: number])[];
  readonly error?: ErrorName;
  readonly acknowledgeError?: ErrorName;
  readonly leader?: { readonly leaderId: number; readonly leaderEpoch: number };
}

/** The machine, what it sends and tells, in lines. */
export class Script {
  readonly sessions: ShareSessions;
  readonly lines: string[] = [];
  nowMs = 0;

  constructor(options: Partial<ShareConsumerOptions> = {}) {
    const settings = shareConsumerSettings({ groupId: 'g', acknowledgementMode: 'explicit', ...options });
    this.sessions = new ShareSessions({ ...settings, memberId: 'm', crc32c, compression });
  }

  /** `0@1 1@2`: partition 0 led by node 1, partition 1 by node 2. */
  assign(text: string): this {
    const led = text.split(' ').filter((each) => each !== '');
    this.sessions.assign(
      led.map((each): LedPartition => {
        const [partition, leader] = each.split('@').map(Number);
        return { topicId: TOPIC, topic: 't', partition: partition!, leader: leader! };
      }),
    );
    return this;
  }

  want(forMs = 500): this {
    this.sessions.want(this.nowMs + forMs, this.nowMs);
    return this;
  }

  send(): this {
    for (const request of this.sessions.next(this.nowMs)) {
      const { shareSessionEpoch, topics } = request.body;
      const parts = topics.flatMap(({ partitions }) =>
        partitions.map(({ partitionIndex, acknowledgementBatches }) =>
          [
            partitionIndex,
            ...acknowledgementBatches.map(
              (each) => `${each.firstOffset}-${each.lastOffset}=${each.acknowledgeTypes[0]}`,
            ),
          ].join(' '),
        ),
      );
      const forgets =
        request.kind === 'fetch' ? request.body.forgottenTopicsData.flatMap((each) => each.partitions) : [];
      const wish = request.kind === 'fetch' ? ` ${request.body.maxRecords} in ${request.body.maxWaitMs} ms` : '';
      const renews = request.body.isRenewAck === true ? ' renews' : '';
      const left = forgets.length > 0 ? ` without ${forgets.join(',')}` : '';
      const said = parts.length > 0 ? ` [${parts.join('; ')}]` : '';
      this.lines.push(`${request.nodeId} < ${request.kind} ${shareSessionEpoch}${wish}${renews}${said}${left}`);
    }
    return this;
  }

  fetched(nodeId: number, says: readonly PartitionSays[] = [], error?: ErrorName, version = 2): this {
    const partitions = says.map(({ partition = 0, acquired = [], error: code, acknowledgeError, leader = NONE }) => ({
      partitionIndex: partition,
      errorCode: code === undefined ? 0 : errorCode(code),
      errorMessage: null,
      acknowledgeErrorCode: acknowledgeError === undefined ? 0 : errorCode(acknowledgeError),
      acknowledgeErrorMessage: null,
      currentLeader: leader,
      records: BATCH,
      acquiredRecords: acquired.map(([first, last, deliveryCount]) => ({
        firstOffset: BigInt(first),
        lastOffset: BigInt(last),
        deliveryCount,
      })),
    }));
    const response: ShareFetchResponse = {
      throttleTimeMs: 0,
      errorCode: error === undefined ? 0 : errorCode(error),
      errorMessage: null,
      acquisitionLockTimeoutMs: 30_000,
      responses: [{ topicId: TOPIC, partitions }],
      nodeEndpoints: [],
    };
    this.sessions.fetched(nodeId, version, response, this.nowMs);
    return this.news();
  }

  acknowledged(nodeId: number, says: readonly PartitionSays[] = [], error?: ErrorName): this {
    const partitions = says.map(({ partition = 0, error: code, leader = NONE }) => ({
      partitionIndex: partition,
      errorCode: code === undefined ? 0 : errorCode(code),
      errorMessage: null,
      currentLeader: leader,
    }));
    const response = {
      throttleTimeMs: 0,
      errorCode: error === undefined ? 0 : errorCode(error),
      errorMessage: null,
      acquisitionLockTimeoutMs: 30_000,
      responses: [{ topicId: TOPIC, partitions }],
      nodeEndpoints: [],
    };
    this.sessions.acknowledged(nodeId, 2, response, this.nowMs);
    return this.news();
  }

  fail(nodeId: number): this {
    this.sessions.failed(nodeId, new KafkaError('DISCONNECTED', 'gone'), this.nowMs);
    return this.news();
  }

  take(count = 500) {
    const records = this.sessions.holdings.take(count, this.nowMs);
    this.lines.push(`took ${records.map(({ offset, deliveryCount }) => `${offset}x${deliveryCount}`).join(' ')}`);
    return records;
  }

  /** Waits as long as the machine says. */
  wait(): this {
    const atMs = this.sessions.wakeAtMs(this.nowMs);
    this.lines.push(atMs === Infinity ? 'waits' : `wakes after ${atMs - this.nowMs} ms`);
    if (atMs < Infinity) this.nowMs = atMs;
    return this;
  }

  news(): this {
    for (const effect of this.sessions.news.effects()) {
      if (effect.kind === 'doubt') this.lines.push(`doubts ${effect.partition}`);
      else if (effect.kind === 'leader')
        this.lines.push(`learns ${effect.partition} is led by ${effect.leader.nodeId}`);
      else {
        const { partition, ranges, error } = effect.result;
        const said = ranges.map(({ type, firstOffset, lastOffset }) => `${type} ${firstOffset}-${lastOffset}`);
        this.lines.push(`told ${partition}: ${said.join(', ')}: ${error?.code ?? 'ok'}`);
      }
    }
    for (let error = this.sessions.news.takeError(); error !== undefined; error = this.sessions.news.takeError()) {
      this.lines.push(`fault ${error.code}`);
    }
    return this;
  }

  get text(): string {
    return this.lines.join('\n');
  }
}

/** Somebody who holds offsets 0 to 4 of partition 0, led by node 1. */
export function holding(options: Partial<ShareConsumerOptions> = {}) {
  const script = new Script(options)
    .assign('0@1')
    .want()
    .send()
    .fetched(1, [{ acquired: [[0, 4, 1]] }]);
  const records = script.take();
  script.sessions.rest();
  script.lines.length = 0;
  return { script, records };
}
