import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ConsumerGroupHeartbeat,
  type ErrorName,
  Fetch,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  OffsetFetch,
  type ResponseOf,
  SyncGroup,
  encodeAssignment,
  errorCode,
} from '@trunkline/protocol';
import { HostileWorld, NOTHING_LEFT, OFFSET_MAX, TOPIC_ID } from '../../test/hostile-world.js';
import { type GroupListener, GroupMember } from '../group/group-member.js';
import type { GroupOptions } from '../group/group-options.js';

const REQUESTS_MAX = 400;
const HOT = 3_000;
const GARBAGE = Uint8Array.of(0, 1, 255, 255, 127, 255, 255, 255, 9);

let world: HostileWorld;
let member: GroupMember;
let assigned: number[];
let failures: string[];

afterEach(async () => {
  await world.outcome(member.close(2_000), 30_000);
  expect(await world.leftovers()).toEqual(NOTHING_LEFT);
});

const code = (name: ErrorName) => ({ throttleTimeMs: 0, errorCode: errorCode(name) });

function joined(over: Partial<ResponseOf<typeof JoinGroup>> = {}): ResponseOf<typeof JoinGroup> {
  return {
    ...code('NONE'),
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'cooperative-sticky',
    leader: 'someone',
    skipAssignment: false,
    memberId: 'm-1',
    members: [],
    ...over,
  };
}

function synced(assignment: Uint8Array): ResponseOf<typeof SyncGroup> {
  return { ...code('NONE'), protocolType: 'consumer', protocolName: 'cooperative-sticky', assignment };
}

function assignment(topic: string, partitions: readonly number[]): Uint8Array {
  return encodeAssignment(0, { assignedPartitions: [{ topic, partitions }] });
}

/** A member that is in the hands of such a broker for twenty seconds. */
async function live(prepare: (world: HostileWorld) => void, options: Partial<GroupOptions> = {}): Promise<void> {
  world = new HostileWorld();
  assigned = [];
  failures = [];
  let asked = 0;
  world.broker().on(LeaveGroup, () => code('NONE'));
  world.broker().on(Heartbeat, () => (asked++ > HOT ? 'silence' : code('NONE')));
  world.broker().on(JoinGroup, () => (asked++ > HOT ? 'silence' : joined()));
  world.broker().on(SyncGroup, () => (asked++ > HOT ? 'silence' : synced(assignment('t', [0]))));
  prepare(world);
  await world.client.connect();
  const listener: GroupListener = {
    onAssigned: (partitions) => void assigned.push(partitions.length),
    onRevoked: () => {},
    onLost: () => {},
    onFailed: (error) => void failures.push(error.code),
  };
  member = new GroupMember(world.client.cluster, { groupId: 'g', topics: ['t'], ...options }, listener);
  await world.run(20_000);
}

describe('a hostile broker: classic groups', () => {
  it.each([
    'UNKNOWN_MEMBER_ID',
    'MEMBER_ID_REQUIRED',
    'REBALANCE_IN_PROGRESS',
    'NOT_COORDINATOR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'ILLEGAL_GENERATION',
    'UNKNOWN_SERVER_ERROR',
    'INCONSISTENT_GROUP_PROTOCOL',
  ] as const)('that answers each join with %s is not asked in a hot loop', async (name) => {
    let asked = 0;
    await live(() => void world.broker().on(JoinGroup, () => (asked++ > HOT ? 'silence' : joined(code(name)))));
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it.each(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'] as const)(
    'that answers each sync with %s is not asked in a hot loop',
    async (name) => {
      let asked = 0;
      await live(() => {
        world
          .broker()
          .on(SyncGroup, () => (asked++ > HOT ? 'silence' : { ...synced(new Uint8Array(0)), ...code(name) }));
      });
      expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
    },
  );

  it.each(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'] as const)(
    'that answers each heartbeat with %s is not asked in a hot loop',
    async (name) => {
      let asked = 0;
      await live(() => void world.broker().on(Heartbeat, () => (asked++ > HOT ? 'silence' : code(name))));
      expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
    },
  );

  it('that assigns garbage is left with a reason, or without partitions', async () => {
    await live(() => void world.broker().on(SyncGroup, () => synced(GARBAGE)));
    expect(assigned.every((count) => count === 0)).toBe(true);
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it('that assigns partitions which do not exist does not break the member', async () => {
    const partitions = [-1, 2_147_483_647, 5];
    await live(() => void world.broker().on(SyncGroup, () => synced(assignment('nowhere', partitions))));
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it('that makes the member a leader of members who talk garbage does not break it', async () => {
    await live(() => {
      world.broker().on(JoinGroup, () =>
        joined({
          leader: 'm-1',
          members: [
            { memberId: 'm-1', groupInstanceId: null, metadata: GARBAGE },
            { memberId: 'm-2', groupInstanceId: null, metadata: new Uint8Array(0) },
          ],
        }),
      );
    });
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it('that chooses a protocol nobody offered does not break the member', async () => {
    await live(() => void world.broker().on(JoinGroup, () => joined({ leader: 'm-1', protocolName: 'no such thing' })));
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });

  it('that answers nothing is left by close in time', async () => {
    await live(() => {
      for (const api of [JoinGroup, LeaveGroup, Heartbeat]) world.broker().on(api, () => 'silence');
    });
    expect(await world.outcome(member.close(1_000), 5_000)).toBeUndefined();
  });
});

describe('a hostile broker: groups of KIP-848', () => {
  const beat = (
    over: Partial<ResponseOf<typeof ConsumerGroupHeartbeat>>,
  ): ResponseOf<typeof ConsumerGroupHeartbeat> => ({
    ...code('NONE'),
    errorMessage: null,
    memberId: 'm',
    memberEpoch: 1,
    heartbeatIntervalMs: 5_000,
    assignment: null,
    ...over,
  });
  const topicPartitions = (partitions: readonly number[], topicId = TOPIC_ID) => ({
    topicPartitions: [{ topicId, partitions }],
  });

  it.each([
    ['an interval of nothing', beat({ heartbeatIntervalMs: 0, assignment: topicPartitions([0]) })],
    ['an interval below zero', beat({ heartbeatIntervalMs: -7, assignment: topicPartitions([0]) })],
    ['an epoch below zero', beat({ memberEpoch: -5, assignment: topicPartitions([0]) })],
    ['partitions that do not exist', beat({ assignment: topicPartitions([-1, 77, 2_147_483_647]) })],
    [
      'a topic that nobody knows',
      beat({ assignment: topicPartitions([0], 'AAAAAAAAAAAAAAAAAAAAZQ' as typeof TOPIC_ID) }),
    ],
    [
      'the same partition a thousand times',
      beat({ assignment: topicPartitions(Array.from({ length: 1_000 }, () => 0)) }),
    ],
    ['FENCED_MEMBER_EPOCH', beat(code('FENCED_MEMBER_EPOCH'))],
    ['UNKNOWN_MEMBER_ID', beat(code('UNKNOWN_MEMBER_ID'))],
    ['NOT_COORDINATOR', beat(code('NOT_COORDINATOR'))],
    ['UNRELEASED_INSTANCE_ID', beat(code('UNRELEASED_INSTANCE_ID'))],
    ['UNKNOWN_SERVER_ERROR', beat(code('UNKNOWN_SERVER_ERROR'))],
    ['a code that nobody knows', beat({ errorCode: 31_999 })],
  ])('that answers each heartbeat with %s is not asked in a hot loop', async (_what, says) => {
    let asked = 0;
    await live(() => void world.broker().on(ConsumerGroupHeartbeat, () => (asked++ > HOT ? 'silence' : says)), {
      protocol: 'consumer',
    });
    expect(world.heard.length).toBeLessThan(REQUESTS_MAX);
  });
});

describe('a hostile broker: committed offsets', () => {
  it.each([-5n, -(2n ** 63n), OFFSET_MAX])('of %s are not believed, or do no harm', async (committedOffset) => {
    await live(() => {
      world.broker().on(OffsetFetch, () => {
        const partition = {
          partitionIndex: 0,
          committedOffset,
          committedLeaderEpoch: -9,
          metadata: null,
          errorCode: 0,
        };
        const topics = [{ name: 't', topicId: TOPIC_ID, partitions: [partition] }];
        return { throttleTimeMs: 0, groups: [{ groupId: 'g', topics, errorCode: 0 }], topics: [], errorCode: 0 };
      });
      world.broker().on(Fetch, () => 'silence');
    });
    expect(await world.outcome(member.committed([{ topic: 't', partition: 0 }]), 90_000)).not.toBe('hangs');
  });
});
