import { describe, expect, it } from '@jest/globals';
import { ApiError, nodeId, type Decision } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';
import { newTopic } from '../test/fixture.js';
import { LogWorld, register, topicNames } from '../test/log-world.js';
import type { MetadataManager } from './metadata-manager.js';
import type { MetadataRecord } from './records.js';
import type { Outcome } from './topic-control.js';

/** What the metadata must say: topics, and how many producer ids were handed out at least. */
interface Answered {
  readonly topics: Set<string>;
  /** Wishes that were not answered: they may have come true or not. */
  readonly open: Map<string, 'there' | 'gone'>;
  producerIds: bigint;
}

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const WISHES = 8;

/** Makes and deletes topics, several at once, until it is done or the power goes. */
async function live(manager: MetadataManager, random: SimRandom, answered: Answered): Promise<void> {
  await register(manager, random);
  const epoch = manager.image.brokers.values().next().value?.epoch ?? 0n;
  for (let round = 0; round < WISHES; round++) {
    const names = NAMES.filter(() => random.chance(40));
    await Promise.all(names.map((name) => wishFor(manager, name, random, answered)));
    const { first, size } = await manager.submit((controller) => controller.allocateProducerIds(nodeId(1), epoch));
    expect(first).toBeGreaterThanOrEqual(answered.producerIds);
    answered.producerIds = first + size;
  }
}

async function wishFor(manager: MetadataManager, name: string, random: SimRandom, answered: Answered): Promise<void> {
  const make = !answered.topics.has(name);
  answered.open.set(name, make ? 'there' : 'gone');
  const partitionCount = 1 + random.below(30);
  const [outcome] = await manager.submit((controller): Decision<MetadataRecord, readonly Outcome[]> =>
    make ? controller.createTopics([newTopic(name, { partitionCount })]) : controller.deleteTopics([{ name }]),
  );
  expect(outcome?.error).toBeUndefined();
  answered.open.delete(name);
  if (make) answered.topics.add(name);
  else answered.topics.delete(name);
}

/** After a crash: what was answered holds; what was not may hold. */
function check(manager: MetadataManager, answered: Answered): void {
  const now = new Set(topicNames(manager));
  for (const name of NAMES) {
    const open = answered.open.get(name);
    if (open === undefined) expect([name, now.has(name)]).toEqual([name, answered.topics.has(name)]);
    else if (now.has(name)) answered.topics.add(name);
    else answered.topics.delete(name);
  }
  answered.open.clear();
  expect(manager.image.nextProducerId).toBeGreaterThanOrEqual(answered.producerIds);
  for (const { partitions } of manager.image.topics) {
    partitions.forEach(({ index }, place) => expect(index).toBe(place));
    expect(partitions.length).toBeGreaterThan(0);
  }
}

/** Lives, loses the power before act `failsAt` of the first life and at random in two more, and comes back each time. */
async function survive(seed: number, failsAt: number): Promise<boolean> {
  const world = new LogWorld({ seed, jitter: 3 }, 1500);
  const random = new SimRandom(seed * 31 + failsAt);
  const answered: Answered = { topics: new Set(), open: new Map(), producerIds: 0n };
  let reached = false;
  for (let life = 0; life < 3; life++) {
    world.disk.powerFailsAt = world.disk.acts + (life === 0 ? failsAt : random.below(60));
    try {
      const manager = await world.open();
      check(manager, answered);
      await live(manager, random, answered);
      await manager.close();
    } catch (reason) {
      if (!(reason instanceof ApiError) && !String(reason).includes('EIO')) throw reason;
      if (life === 0) reached = true;
      if (reason instanceof ApiError && reason.detail.includes('damaged')) throw reason;
    }
    if (random.chance(80)) world.disk.crash();
    else world.disk.kill();
  }
  world.disk.powerFailsAt = Number.POSITIVE_INFINITY;
  check(await world.open(), answered);
  return reached;
}

describe('metadata on a disk that loses power', () => {
  it.each([1, 2])('loses no answered change, wherever the power goes (seed %i)', async (seed) => {
    let failsAt = 0;
    while (await survive(seed, failsAt)) failsAt += 1;
    expect(failsAt).toBeGreaterThan(25);
  });
});
