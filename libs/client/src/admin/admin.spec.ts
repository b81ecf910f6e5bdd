import { describe, expect, it } from '@jest/globals';
import { type Clock, type Random, type Timer, type Uuid, concatBytes, silentLogger } from '@trunkline/kernel';
import { type AnyApi, type Decoded, type Encodable, decodeBody, encodeBody } from '@trunkline/protocol';
import * as apis from '@trunkline/protocol';
import type { Answer, AskOptions, BodyOf, Cluster, ClusterImage, Target } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { ClientPorts } from '../ports.js';
import { Admin } from './admin.js';
import type { AdminOptions } from './admin-options.js';

type AnswerOf = (request: unknown, nodeId: number, version: number) => unknown;

/** Time that passes only while somebody waits for it. */
class WaitedClock implements Clock {
  now = 0;
  nowMs = (): number => this.now;
  monotonicMs = (): number => this.now;
  after(delayMs: number, run: () => void): Timer {
    let cancelled = false;
    queueMicrotask(() => {
      if (cancelled) return;
      this.now += delayMs;
      run();
    });
    return { cancel: () => void (cancelled = true) };
  }
}

/** Brokers of three nodes that answer by a script; bodies go through the codecs of the version that was agreed upon. */
class ScriptedCluster implements Pick<Cluster, 'ask' | 'refresh' | 'after' | 'closeLane' | 'ports' | 'image'> {
  readonly clock = new WaitedClock();
  readonly log: string[] = [];
  readonly #answers = new Map<string, AnswerOf>();
  readonly #versionsMax = new Map<string, number>();
  readonly random: Random = { below: () => 0, uuid: () => 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid };
  readonly ports = { clock: this.clock, random: this.random, logger: silentLogger } as unknown as ClientPorts;
  image: ClusterImage = {
    clusterId: 'scripted',
    controllerId: 1,
    brokers: new Map([1, 2, 3].map((nodeId) => [nodeId, { nodeId, host: `b${nodeId}`, port: 9092, rack: undefined }])),
    topics: new Map(),
    topicsById: new Map(),
  };

  on<A extends AnyApi>(
    { name }: A,
    answer: (request: Decoded<A['request']>, nodeId: number, version: number) => Encodable<A['response']>,
  ): this {
    this.#answers.set(name, answer as AnswerOf);
    return this;
  }

  /** -1: the brokers do not know it. */
  upTo({ name }: AnyApi, version: number): this {
    this.#versionsMax.set(name, version);
    return this;
  }

  async ask<A extends AnyApi>(target: Target, api: A, body: BodyOf<A>, options: AskOptions = {}): Promise<Answer<A>> {
    const nodeId = target.kind === 'node' ? target.nodeId : target.kind === 'controller' ? this.image.controllerId : 1;
    const version = Math.min(api.versions[1], options.versionMax ?? 99, this.#versionsMax.get(api.name) ?? 99);
    if (version < Math.max(api.versions[0], options.versionMin ?? 0)) {
      throw new KafkaError('UNSUPPORTED_BROKER', `${api.name} is missing`, { about: `broker ${nodeId}` });
    }
    const make = (typeof body === 'function' ? body : () => body) as (agreed: number) => Encodable<A['request']>;
    const request = decodeBody(api.request, version, concatBytes(encodeBody(api.request, version, make(version))));
    this.log.push(`${api.name} ${nodeId}`);
    const answer = this.#answers.get(api.name);
    if (answer === undefined) throw new KafkaError('DISCONNECTED', `nothing is scripted for ${api.name}`);
    const response = answer(request, nodeId, version) as Encodable<A['response']>;
    const read = decodeBody(api.response, version, concatBytes(encodeBody(api.response, version, response)));
    return { version, nodeId, body: read };
  }

  async refresh(): Promise<void> {
    this.log.push('refresh');
    this.refreshed();
  }

  refreshed: () => void = () => {};

  after(delayMs: number, run: () => void): Timer {
    return this.clock.after(delayMs, run);
  }

  closeLane(): void {
    this.log.push('lane closed');
  }

  admin(options: AdminOptions = {}): Admin {
    return new Admin(this as unknown as Cluster, { timeoutMs: 5_000, ...options });
  }
}

/** Metadata in which partition p of every topic is led by node 1 + p modulo 3; `orders` has three partitions. */
function metadata(cluster: ScriptedCluster, leaderOf = (partition: number) => 1 + (partition % 3)): ScriptedCluster {
  return cluster.on(apis.Metadata, ({ topics }) => ({
    brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092 })),
    topics: (topics ?? []).map(({ name }) => ({
      errorCode: name === 'orders' ? 0 : 3,
      name,
      topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid,
      partitions: (name === 'orders' ? [0, 1, 2] : []).map((partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId: leaderOf(partitionIndex),
        replicaNodes: [1],
        isrNodes: [1],
        offlineReplicas: [],
      })),
    })),
  }));
}

function coordinators(cluster: ScriptedCluster, nodeOf: (key: string) => number): ScriptedCluster {
  return cluster.on(apis.FindCoordinator, ({ key, coordinatorKeys }, _nodeId, version) => {
    if (version < 4) return { errorCode: 0, nodeId: nodeOf(key), host: 'b', port: 1 };
    const found = (name: string) => ({
      key: name,
      nodeId: nodeOf(name),
      host: 'b',
      port: 1,
      errorCode: 0,
      errorMessage: null,
    });
    return { errorCode: 0, nodeId: 0, host: '', port: 0, coordinators: coordinatorKeys.map(found) };
  });
}

const created = (name: string, errorCode: number, errorMessage: string | null = null) => ({
  name,
  errorCode,
  errorMessage,
  configs: [],
});

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'no error',
    (error: unknown) => (error instanceof KafkaError ? error.code : String(error)),
  );
}

const orders = (partition: number) => ({ topic: 'orders', partition });

describe('an admin', () => {
  it('asks nobody when there is nothing to ask', async () => {
    const cluster = new ScriptedCluster();
    expect((await cluster.admin().topics.create([])).size).toBe(0);
    expect(cluster.log).toEqual([]);
  });

  it('looks for the controller anew when the one it asked is none', async () => {
    const cluster = new ScriptedCluster();
    cluster.refreshed = () => void (cluster.image = { ...cluster.image, controllerId: 2 });
    cluster.on(apis.CreateTopics, ({ topics }, nodeId) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name }) => created(name, nodeId === 2 ? 0 : 41)),
    }));
    (await cluster.admin().topics.create([{ name: 'orders' }])).check();
    expect(cluster.log).toEqual(['CreateTopics 1', 'refresh', 'CreateTopics 2']);
  });

  it('gives each topic its own outcome', async () => {
    const cluster = new ScriptedCluster().on(apis.CreateTopics, () => ({
      throttleTimeMs: 0,
      topics: [created('a', 0), created('b', 36, 'it is there')],
    }));
    const outcomes = await cluster.admin().topics.create([{ name: 'a' }, { name: 'b' }]);
    expect(outcomes.get('a')?.ok).toBe(true);
    expect(outcomes.get('b')?.error?.message).toBe('[TOPIC_ALREADY_EXISTS] topic b: it is there');
  });

  it('waits as long as a quota asks for, and asks again only for what was refused', async () => {
    const asked: string[][] = [];
    const cluster = new ScriptedCluster();
    cluster.on(apis.CreateTopics, ({ topics }) => {
      asked.push(topics.map(({ name }) => name));
      const first = asked.length === 1;
      return {
        throttleTimeMs: first ? 700 : 0,
        topics: topics.map(({ name }) => created(name, first && name === 'b' ? 89 : 0)),
      };
    });
    (await cluster.admin().topics.create([{ name: 'a' }, { name: 'b' }])).check();
    expect(asked).toEqual([['a', 'b'], ['b']]);
    expect(cluster.clock.now).toBe(700);
  });

  it('gives up when its time is over, with what the broker said', async () => {
    const cluster = new ScriptedCluster().on(apis.CreateTopics, () => ({
      throttleTimeMs: 0,
      topics: [created('a', 41)],
    }));
    const outcomes = await cluster.admin().topics.create([{ name: 'a' }], { timeoutMs: 500 });
    expect(outcomes.get('a')?.error?.code).toBe('NOT_CONTROLLER');
    expect(cluster.clock.now).toBeLessThanOrEqual(500);
  });

  it('divides many items over requests', async () => {
    const sizes: number[] = [];
    const cluster = new ScriptedCluster().on(apis.CreateTopics, ({ topics }) => {
      sizes.push(topics.length);
      return { throttleTimeMs: 0, topics: topics.map(({ name }) => created(name, 0)) };
    });
    const topics = Array.from({ length: 5 }, (_, index) => ({ name: `t${index}` }));
    (await cluster.admin({ requestItemsMax: 2 }).topics.create(topics)).check();
    expect(sizes).toEqual([2, 2, 1]);
  });

  it('rejects calls with CLOSED once it is closed, and leaves its lane', async () => {
    const cluster = new ScriptedCluster();
    const admin = cluster.admin();
    await admin.close();
    expect(await codeOf(admin.topics.list())).toBe('CLOSED');
    expect(cluster.log).toEqual(['lane closed']);
  });

  it('ends a call that waits when it is closed', async () => {
    const cluster = new ScriptedCluster();
    const admin = cluster.admin();
    cluster.on(apis.CreateTopics, () => {
      queueMicrotask(() => void admin.close());
      return { throttleTimeMs: 0, topics: [created('a', 41)] };
    });
    expect(await codeOf(admin.topics.create([{ name: 'a' }]))).toBe('CLOSED');
  });

  it("ends a call by the caller's signal", async () => {
    const cluster = new ScriptedCluster();
    const stop = new AbortController();
    cluster.on(apis.CreateTopics, () => {
      queueMicrotask(() => stop.abort());
      return { throttleTimeMs: 0, topics: [created('a', 41)] };
    });
    const call = cluster.admin().topics.create([{ name: 'a' }], { signal: stop.signal });
    expect(await codeOf(call)).toBe('ABORTED');
  });
});

describe('calls by leader', () => {
  const deleted: Parameters<ScriptedCluster['on']>[1] = (request) => {
    const { topics } = request as Decoded<typeof apis.DeleteRecords.request>;
    const partition = ({ partitionIndex }: { partitionIndex: number }) => ({
      partitionIndex,
      lowWatermark: 5n,
      errorCode: 0,
    });
    return {
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(partition) })),
    };
  };

  it('go to each leader once, with all of its partitions', async () => {
    const cluster = metadata(new ScriptedCluster()).on(apis.DeleteRecords, deleted as never);
    const before = [0, 1, 2].map((partition) => ({ ...orders(partition), before: 5 }));
    const outcomes = await cluster.admin().topics.deleteRecords(before);
    expect(outcomes.values().map(({ logStartOffset }) => logStartOffset)).toEqual([5, 5, 5]);
    expect(cluster.log.toSorted()).toEqual(['DeleteRecords 1', 'DeleteRecords 2', 'DeleteRecords 3', 'Metadata 1']);
  });

  it('follow a partition that moves', async () => {
    let leader = 1;
    const cluster = metadata(new ScriptedCluster(), () => leader);
    cluster.on(apis.DeleteRecords, (request, nodeId) => {
      leader = 3;
      const partitions = [{ partitionIndex: 0, lowWatermark: 5n, errorCode: nodeId === 3 ? 0 : 6 }];
      return { throttleTimeMs: 0, topics: request.topics.map(({ name }) => ({ name, partitions })) };
    });
    (await cluster.admin().topics.deleteRecords([{ ...orders(0), before: 'all' }])).check();
    expect(cluster.log).toEqual(['Metadata 1', 'DeleteRecords 1', 'Metadata 1', 'DeleteRecords 3']);
  });

  it('look up the address of a leader that is new', async () => {
    const cluster = metadata(new ScriptedCluster(), () => 9).on(apis.DeleteRecords, deleted as never);
    (await cluster.admin().topics.deleteRecords([{ ...orders(0), before: 5 }])).check();
    expect(cluster.log).toEqual(['Metadata 1', 'refresh', 'DeleteRecords 9']);
  });

  it('say of a partition that there is none', async () => {
    const cluster = metadata(new ScriptedCluster()).on(apis.DeleteRecords, deleted as never);
    const before = [7, 0].map((partition) => ({ ...orders(partition), before: 5 }));
    const outcomes = await cluster.admin({ unknownTopicWaitMs: 0 }).topics.deleteRecords(before);
    expect(outcomes.get(orders(7))?.error?.message).toBe(
      '[UNKNOWN_TOPIC_OR_PARTITION] topic orders/7: the topic has 3 partitions',
    );
    expect(outcomes.get(orders(0))?.ok).toBe(true);
  });

  it('fail only for what an old leader cannot do', async () => {
    const cluster = metadata(new ScriptedCluster()).upTo(apis.ListOffsets, 6);
    cluster.on(apis.ListOffsets, ({ topics }) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0, offset: 4n })),
      })),
    }));
    const outcomes = await cluster.admin().offsets.list([
      { ...orders(0), at: 'latest' },
      { ...orders(1), at: 'max_timestamp' },
    ]);
    expect(outcomes.value(orders(0)).offset).toBe(4);
    expect(outcomes.get(orders(1))?.error?.code).toBe('UNSUPPORTED_BROKER');
  });
});

describe('descriptions of topics', () => {
  const page = (name: string, indexes: readonly number[]) => ({
    errorCode: 0,
    name,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid,
    partitions: indexes.map((partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId: 1,
      replicaNodes: [1],
      isrNodes: [1],
      offlineReplicas: [],
    })),
  });

  it('are put together from pages', async () => {
    const cursors: unknown[] = [];
    const cluster = new ScriptedCluster().on(apis.DescribeTopicPartitions, ({ cursor, topics }) => {
      cursors.push([cursor?.topicName, cursor?.partitionIndex, topics.length]);
      if (cursor === null)
        return { throttleTimeMs: 0, topics: [page('a', [0, 1])], nextCursor: { topicName: 'a', partitionIndex: 2 } };
      return { throttleTimeMs: 0, topics: [page('a', [2]), page('b', [0])] };
    });
    const outcomes = await cluster.admin().topics.describe(['b', 'a']);
    expect(outcomes.values().map(({ name, partitions }) => [name, partitions.length])).toEqual([
      ['b', 1],
      ['a', 3],
    ]);
    expect(cursors).toEqual([
      [undefined, undefined, 2],
      ['a', 2, 2],
    ]);
  });

  it('end with PROTOCOL_VIOLATION when the cursor does not move on', async () => {
    const cluster = new ScriptedCluster().on(apis.DescribeTopicPartitions, () => ({
      throttleTimeMs: 0,
      topics: [page('a', [0])],
      nextCursor: { topicName: 'a', partitionIndex: 1 },
    }));
    expect(await codeOf(cluster.admin().topics.describe(['a']))).toBe('PROTOCOL_VIOLATION');
  });

  it('come from Metadata where brokers have no pages', async () => {
    const cluster = metadata(new ScriptedCluster()).upTo(apis.DescribeTopicPartitions, -1);
    expect((await cluster.admin().topics.describe(['orders'])).value('orders').partitions.length).toBe(3);
    expect(cluster.log).toEqual(['Metadata 1']);
  });
});

describe('calls by coordinator', () => {
  const fetched = (groupId: string) => ({ groupId, topics: [] });

  it('find many coordinators with one request, and ask each once', async () => {
    const cluster = coordinators(new ScriptedCluster(), (key) => (key === 'c' ? 3 : 2));
    cluster.on(apis.OffsetFetch, ({ groups }) => ({
      topics: [],
      groups: groups.map(({ groupId }) => fetched(groupId)),
    }));
    const queries = ['a', 'b', 'c'].map((groupId) => ({ groupId }));
    (await cluster.admin().groups.listOffsets(queries)).check();
    expect(cluster.log.toSorted()).toEqual(['FindCoordinator 1', 'OffsetFetch 2', 'OffsetFetch 3']);
  });

  it('go one by one where brokers take one at a time', async () => {
    const cluster = coordinators(new ScriptedCluster(), () => 2)
      .upTo(apis.FindCoordinator, 3)
      .upTo(apis.OffsetFetch, 7);
    cluster.on(apis.OffsetFetch, () => ({ topics: [] }));
    (await cluster.admin().groups.listOffsets([{ groupId: 'a' }, { groupId: 'b' }])).check();
    expect(cluster.log.toSorted()).toEqual([...Array(2).fill('FindCoordinator 1'), ...Array(2).fill('OffsetFetch 2')]);
  });

  it('look for the coordinator anew when it is another one', async () => {
    let node = 2;
    const cluster = coordinators(new ScriptedCluster(), () => node);
    cluster.on(apis.LeaveGroup, ({ members }, nodeId) => {
      node = 3;
      const left = members.map(({ memberId }) => ({ memberId, groupInstanceId: null, errorCode: 0 }));
      return { errorCode: nodeId === 3 ? 0 : 16, members: nodeId === 3 ? left : [] };
    });
    (await cluster.admin().groups.removeMembers('g', [{ memberId: 'm' }])).check();
    expect(cluster.log).toEqual(['FindCoordinator 1', 'LeaveGroup 2', 'FindCoordinator 1', 'LeaveGroup 3']);
  });

  it('call a dead group of an old broker one that is not there', async () => {
    const cluster = coordinators(new ScriptedCluster(), () => 2).upTo(apis.DescribeGroups, 5);
    const dead = { errorCode: 0, groupId: 'g', groupState: 'Dead', protocolType: '', protocolData: '', members: [] };
    cluster.on(apis.DescribeGroups, () => ({ groups: [dead] }));
    const outcomes = await cluster.admin().groups.describeClassic(['g']);
    expect(outcomes.get('g')?.error?.code).toBe('GROUP_ID_NOT_FOUND');
  });
});
