import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsumerGroupHeartbeat, JoinGroup, decodeSubscription } from '@trunkline/protocol';
import { HostileWorld, NOTHING_LEFT } from '../../test/hostile-world.js';
import { GroupMember } from './group-member.js';
import type { GroupOptions } from './group-options.js';

let world: HostileWorld;

beforeEach(() => {
  world = new HostileWorld();
});

afterEach(async () => {
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
});

/** A member that joins a group whose coordinator answers nothing, for a moment. */
async function join(options: Partial<GroupOptions>): Promise<void> {
  const listener = { onAssigned: () => {}, onRevoked: () => {}, onLost: () => {} };
  await world.client.connect();
  const member = new GroupMember(world.client.cluster, { groupId: 'g', topics: ['t'], ...options }, listener);
  await world.run(500);
  await world.outcome(member.close(1_000));
}

function firstOf(api: { readonly name: string }): unknown {
  return world.heard.find((one) => one.api === api.name)?.body;
}

describe('the rack of a member', () => {
  it('is told in its subscription (classic)', async () => {
    await join({ rack: 'east' });
    const { protocols } = firstOf(JoinGroup) as { protocols: { name: string; metadata: Uint8Array }[] };
    expect(protocols.map(({ name, metadata }) => [name, decodeSubscription(metadata).rackId])).toEqual([
      ['cooperative-sticky', 'east'],
    ]);
  });

  it('is told with its first heartbeat (KIP-848)', async () => {
    await join({ rack: 'east', protocol: 'consumer' });
    expect(firstOf(ConsumerGroupHeartbeat)).toMatchObject({ rackId: 'east', memberEpoch: 0 });
  });

  it('is not told when there is none', async () => {
    await join({ protocol: 'consumer' });
    expect(firstOf(ConsumerGroupHeartbeat)).toMatchObject({ rackId: null });
  });
});
