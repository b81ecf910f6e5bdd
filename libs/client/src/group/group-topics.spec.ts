import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Metadata } from '@trunkline/protocol';
import { ScriptedWorld, turns } from '../../test/scripted-world.js';
import type { KafkaCluster } from '../cluster/kafka-cluster.js';
import { GroupTopics } from './group-topics.js';
import { groupSettings } from './group-options.js';

let world: ScriptedWorld;
let cluster: KafkaCluster;
let racks: (string | null)[];
let changes: string[];
let topics: GroupTopics;

async function open(rack?: string): Promise<GroupTopics> {
  topics = new GroupTopics(cluster, groupSettings({ groupId: 'g', topics: ['a'], rack }), (reason) =>
    changes.push(reason),
  );
  await topics.open();
  return topics;
}

async function refresh(): Promise<void> {
  await world.within(2_000, cluster.refresh(['a']));
  await turns();
}

beforeEach(() => {
  world = new ScriptedWorld();
  cluster = world.start(2);
  world.brokers.topics = [
    {
      name: 'a',
      leaders: [
        { leader: 1, epoch: 1 },
        { leader: 2, epoch: 1 },
      ],
    },
  ];
  racks = ['east', 'west'];
  changes = [];
  for (const broker of world.brokers.brokers) {
    broker.on(Metadata, (request) => {
      const answer = world.brokers.metadata(request);
      const brokers = (answer.brokers ?? []).map((one) => ({ ...one, rack: racks[one.nodeId - 1] ?? null }));
      return { ...answer, brokers };
    });
  }
});

afterEach(async () => {
  topics.close();
  await world.end();
});

describe('the topics of a group that is led', () => {
  it('have the racks in which their replicas are', async () => {
    const led = await (await open('east')).lead(['a', 'missing']);
    expect([led.partitionsOf('a'), led.partitionsOf('missing')]).toEqual([2, 0]);
    expect([0, 1, 2].map((partition) => [...led.racksOf('a', partition)])).toEqual([['east'], ['west'], []]);
  });

  it('are shared anew when replicas are in other racks', async () => {
    await (await open('east')).lead(['a']);
    racks = ['east', 'north'];
    await refresh();
    expect(changes).toEqual(['topic a has replicas in other racks']);
    await refresh();
    expect(changes).toHaveLength(1);
  });

  it('are not shared anew because of racks by a leader that is in none', async () => {
    await (await open()).lead(['a']);
    racks = ['north', 'north'];
    await refresh();
    expect(changes).toEqual([]);
  });

  it('are not shared anew because a broker is down', async () => {
    await (await open('east')).lead(['a']);
    world.brokers.named = [1];
    await refresh();
    expect(changes).toEqual([]);
  });

  it('are shared anew when they grow', async () => {
    await (await open()).lead(['a']);
    world.brokers.topics = [{ name: 'a', leaders: [1, 2, 1].map((leader) => ({ leader, epoch: 1 })) }];
    await refresh();
    expect(changes).toEqual(['topic a has 3 partitions, not 2']);
  });
});
