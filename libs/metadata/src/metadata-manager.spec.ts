import { describe, expect, it } from '@jest/globals';
import { ApiError, offset, type Offset } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';
import { newTopic, registration, staticConfig } from '../test/fixture.js';
import { LogWorld, create, register, topicNames } from '../test/log-world.js';
import type { MetadataLog, MetadataSink } from './metadata-log.js';
import { MetadataManager } from './metadata-manager.js';
import type { MetadataRecord } from './records.js';

/** A log in memory that can lose its leadership, and be held up. */
class MemoryLog implements MetadataLog {
  readonly isReplicated = false;
  readonly bytesSinceSnapshot = 0;
  readonly batches: (readonly MetadataRecord[])[] = [];
  refuseNext: ApiError | undefined;
  hold: Promise<void> = Promise.resolve();
  #sink: MetadataSink | undefined;
  #end = 0;

  async open(sink: MetadataSink): Promise<void> {
    this.#sink = sink;
  }

  async append(records: readonly MetadataRecord[]): Promise<void> {
    await this.hold;
    const refused = this.refuseNext;
    this.refuseNext = undefined;
    if (refused !== undefined) throw refused;
    await this.commit(records);
  }

  /** As if another node had written it. */
  async commit(records: readonly MetadataRecord[]): Promise<void> {
    this.batches.push(records);
    this.#end += records.length;
    const endOffset: Offset = offset(this.#end);
    await this.#sink?.committed(records, endOffset);
  }

  async writeSnapshot(): Promise<void> {}
  async close(): Promise<void> {}
}

async function opened(waitingMax?: number): Promise<{ readonly log: MemoryLog; readonly manager: MetadataManager }> {
  const log = new MemoryLog();
  const random = new SimRandom(1);
  const limits = waitingMax === undefined ? {} : { waitingMax };
  const manager = await MetadataManager.open({ log, clusterId: 'c', random, statics: staticConfig(), ...limits });
  await register(manager, random);
  return { log, manager };
}

/** A promise and the way to settle it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

describe('MetadataManager', () => {
  it('answers a change when every listener has taken it in, one after the other', async () => {
    const { manager } = await opened();
    const heard: string[] = [];
    const { passed, open } = gate();
    await manager.subscribe(async ({ createdTopics }, image) => {
      if (createdTopics.length > 0) await passed;
      heard.push(`first ${topicNames({ image }).join()}`);
    });
    await manager.subscribe((_delta, image) => void heard.push(`second ${topicNames({ image }).join()}`));
    const created = create(manager, 't').then(() => heard.push('answered'));
    expect(topicNames(manager)).toEqual([]);
    open();
    await created;
    expect(heard).toEqual(['first ', 'second ', 'first t', 'second t', 'answered']);
    expect(topicNames(manager)).toEqual(['t']);
  });

  it('tells a listener that comes late everything that is there', async () => {
    const { manager } = await opened();
    await create(manager, 't');
    const heard: string[] = [];
    await manager.subscribe(({ createdTopics, changedBrokers, changedFeatures }) => {
      heard.push(...createdTopics.map(({ name }) => name), ...changedBrokers.map(String), ...changedFeatures);
    });
    expect(heard).toEqual(['t', '1', 'metadata.version', 'eligible.leader.replicas.version']);
  });

  it('writes what waits in one batch, and each decision knows those before it', async () => {
    const { manager, log } = await opened();
    const before = log.batches.length;
    const { passed, open } = gate();
    log.hold = passed;
    const first = create(manager, 'a');
    const others = [create(manager, 'b'), create(manager, 'c'), create(manager, 'b')];
    open();
    await first;
    const outcomes = await Promise.allSettled(others);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(log.batches.length - before).toBe(1);
    expect(topicNames(manager)).toEqual(['a', 'b', 'c']);
  });

  it('refuses a decision that throws, and only that', async () => {
    const { manager } = await opened();
    const bad = manager.submit(() => {
      throw new ApiError('INVALID_REQUEST', 'no');
    });
    const good = create(manager, 't');
    await expect(bad).rejects.toThrow('INVALID_REQUEST: no');
    await good;
  });

  it('refuses a change when too many wait', async () => {
    const { manager } = await opened(2);
    const taken = [create(manager, 'a'), create(manager, 'b')];
    await expect(create(manager, 'c')).rejects.toThrow('THROTTLING_QUOTA_EXCEEDED: 2 metadata changes wait already');
    await Promise.all(taken);
    await create(manager, 'c');
  });

  it('goes back to what is committed when another node leads, and follows that node', async () => {
    const { manager, log } = await opened();
    log.refuseNext = new ApiError('NOT_CONTROLLER', 'node 2 leads');
    await expect(create(manager, 'a')).rejects.toThrow('NOT_CONTROLLER');
    expect(topicNames(manager)).toEqual([]);
    await log.commit([
      {
        kind: 'register-broker',
        ...registration(2, new SimRandom(5)),
        brokerEpoch: 9n,
        fenced: false,
        inControlledShutdown: false,
      },
    ]);
    await create(manager, 'a', 2);
    const placed = manager.image.topics.byName('a')?.partitions.map(({ leader }) => leader) ?? [];
    expect(placed.toSorted((left, right) => left - right)).toEqual([1, 2]);
  });

  it('takes no more when a listener fails, and says so once', async () => {
    const { manager } = await opened();
    const failed: string[] = [];
    manager.onFailed = ({ message }) => void failed.push(message);
    await manager.subscribe(({ createdTopics }) => {
      if (createdTopics.length > 0) throw new Error('a listener broke');
    });
    await expect(create(manager, 'a')).rejects.toThrow('a listener broke');
    await expect(create(manager, 'b')).rejects.toThrow('a listener broke');
    expect(failed).toEqual(['a listener broke']);
  });

  it('lets what waits finish before it closes, and takes no more then', async () => {
    const { manager, log } = await opened();
    const { passed, open } = gate();
    log.hold = passed;
    const waiting = [create(manager, 'a'), create(manager, 'b')];
    const closed = manager.close();
    await expect(create(manager, 'c')).rejects.toThrow('NOT_CONTROLLER: The broker is shutting down');
    open();
    await Promise.all([...waiting, closed]);
    expect(topicNames(manager)).toEqual(['a', 'b']);
  });

  it('closes behind a snapshot that is being written', async () => {
    const world = new LogWorld({ seed: 1, jitter: 4 }, 100);
    const manager = await world.open();
    await register(manager, world.random);
    await create(manager, 'a');
    await manager.close();
    expect(topicNames(await world.open())).toEqual(['a']);
  });

  it('makes a thousand topics of ten partitions, and one of a thousand, in order', async () => {
    const { manager } = await opened();
    const names = Array.from({ length: 1000 }, (_, index) => `topic-${index}`);
    await Promise.all(names.map((name) => create(manager, name, 10)));
    await create(manager, 'wide', 1000);
    for (let each = 0; each < 200; each++) await create(manager, `late-${each}`);
    expect(manager.image.topics.size).toBe(1201);
    await manager.submit((controller) => controller.createTopics([newTopic('wide')], { validateOnly: true }));
  });
});
