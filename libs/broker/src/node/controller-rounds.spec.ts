import { describe, expect, it } from '@jest/globals';
import { nodeId, silentLogger } from '@trunkline/kernel';
import { ControllerWorld } from '../../test/controller-world.js';
import { settled } from '../../test/server-world.js';
import { ControllerRounds } from './controller-rounds.js';

/** Shorter than a session: nobody beats here. */
const BALANCE_MS = 1_000;
const [TWO, THREE] = [nodeId(2), nodeId(3)];

/** A topic whose preferred leader, 2, is back in sync, while 3 leads. */
async function astray(): Promise<ControllerWorld> {
  const world = await ControllerWorld.open(2, 3);
  const { metadata } = world;
  const assignments = [{ partitionIndex: 0, brokerIds: [2, 3] }];
  const topic = { name: 't', partitionCount: -1, replicationFactor: -1, assignments, configs: [] };
  await metadata.submit((controller) => controller.createTopics([topic]));
  await metadata.submit((controller) => controller.fenceBrokers([TWO]));
  await world.beat(2);
  const { id: topicId, partitions } = metadata.image.topics.byName('t')!;
  const { leaderEpoch, partitionEpoch } = partitions[0]!;
  const newIsr = [TWO, THREE].map((brokerId) => ({ brokerId, brokerEpoch: world.epochs.get(brokerId)! }));
  const proposal = { partitionIndex: 0, leaderEpoch, newIsr, leaderRecoveryState: 0 as const, partitionEpoch };
  const brokerEpoch = world.epochs.get(3)!;
  await metadata.submit((controller) =>
    controller.alterPartitions({ brokerId: THREE, brokerEpoch, topics: [{ topicId, partitions: [proposal] }] }),
  );
  expect(leaderIn(world)).toBe(3);
  return world;
}

function leaderIn({ metadata }: ControllerWorld): number {
  return metadata.image.topics.byName('t')!.partitions[0]!.leader;
}

async function pass(world: ControllerWorld, ms: number): Promise<void> {
  world.clock.advance(ms);
  for (let turn = 0; turn < 5; turn += 1) await settled();
}

describe('ControllerRounds', () => {
  it('gives leadership back to preferred leaders every now and then', async () => {
    const world = await astray();
    const { metadata, clock } = world;
    const rounds = new ControllerRounds({
      metadata,
      clock,
      logger: silentLogger,
      balanceMs: BALANCE_MS,
      uncleanMs: 1e9,
    });
    await pass(world, BALANCE_MS - 1);
    expect(leaderIn(world)).toBe(3);
    await pass(world, 1);
    expect(leaderIn(world)).toBe(2);
    rounds.close();
  });

  it('leaves leaders alone when it is switched off, or closed', async () => {
    const world = await astray();
    const { metadata, clock } = world;
    const common = { metadata, clock, logger: silentLogger, uncleanMs: 1e9 };
    new ControllerRounds({ ...common, balanceMs: BALANCE_MS }).close();
    const off = new ControllerRounds({ ...common, balanceMs: Infinity });
    await pass(world, 2 * BALANCE_MS);
    expect(leaderIn(world)).toBe(3);
    off.close();
  });
});
