import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AnyApi } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { type TestClient, clusterThat, startTestClient } from '../../test/test-client.js';
import type { KafkaClient } from '../client.js';
import type { Cluster } from '../cluster/cluster.js';
import { GroupMember } from './group-member.js';
import type { GroupOptions } from './group-options.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

/** OffsetCommit, OffsetFetch, JoinGroup, Heartbeat, LeaveGroup, SyncGroup. */
const GROUP_APIS = new Set([8, 9, 11, 12, 13, 14]);

describe('a member of a group on our broker', () => {
  let test: TestClient;
  let client: KafkaClient;
  let groups = 0;
  beforeAll(async () => {
    test = await startTestClient();
    ({ client } = test);
  });
  afterAll(() => test?.close());

  function join(cluster: Cluster, options: Partial<GroupOptions> = {}): { member: GroupMember; owned: Set<string> } {
    const owned = new Set<string>();
    groups += 1;
    const all = { groupId: `group-${groups}`, topics: ['mail'], heartbeatMs: 100, ...options };
    const drop = (partitions: readonly TopicPartition[]): void => {
      for (const partition of partitions) owned.delete(nameOfPartition(partition));
    };
    const member = new GroupMember(cluster, all, {
      onAssigned: (partitions) => {
        for (const partition of partitions) owned.add(nameOfPartition(partition));
      },
      onRevoked: drop,
      onLost: drop,
    });
    return { member, owned };
  }

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'reads, commits and leaves with brokers of version %i and before',
    async (version) => {
      const { member, owned } = join(olderCluster(client.cluster, version));
      await member.ready;
      expect([...owned].toSorted()).toEqual(['mail/0', 'mail/1']);
      await member.commit([{ topic: 'mail', partition: 1, offset: version + 1, metadata: 'm' }]);
      const asked = [0, 1].map((partition) => ({ topic: 'mail', partition }));
      const [none, some] = await member.committed(asked);
      expect(none).toBeUndefined();
      expect(some).toMatchObject({ partition: 1, offset: version + 1, metadata: 'm' });
      await member.close();
      expect(owned.size).toBe(0);
    },
  );

  it('refuses to be static where brokers do not know that', async () => {
    const { member } = join(olderCluster(client.cluster, 2), { instanceId: 'one' });
    await expect(member.ready).rejects.toMatchObject({ code: 'UNSUPPORTED_BROKER' });
    await member.close();
  });

  it('shares with another, and takes over when that one leaves', async () => {
    const groupId = 'two';
    const [first, second] = [join(client.cluster, { groupId }), join(client.cluster, { groupId })];
    await until('each reads one', () => first.owned.size === 1 && second.owned.size === 1);
    await second.member.close();
    await until('the first reads both', () => first.owned.size === 2);
    await first.member.close();
  });

  it('refuses a commit inside of an onRevoked that ran over its time, and says why', async () => {
    const groupId = 'overrun';
    let goOn: () => void = () => {};
    const gone = new Promise<void>((resolve) => (goOn = resolve));
    let taken: readonly TopicPartition[] = [];
    let refusal: unknown;
    const options = { groupId, topics: ['mail'], heartbeatMs: 50, revokeTimeoutMs: 100 };
    const member = new GroupMember(client.cluster, options, {
      onAssigned: () => {},
      onRevoked: async (partitions) => {
        taken = partitions;
        await gone;
        const offsets = partitions.map((partition) => ({ ...partition, offset: 77 }));
        refusal = await member.commit(offsets).then(
          () => 'committed',
          (reason: unknown) => reason,
        );
      },
      onLost: () => {},
    });
    await member.ready;
    const second = join(client.cluster, { groupId });
    await until('the other has what was taken', () => second.owned.size === 1 && member.assigned.length === 1);
    goOn();
    await until('the late commit has ended', () => refusal !== undefined);
    expect(refusal).toMatchObject({
      code: 'ILLEGAL_GENERATION',
      message: expect.stringMatching(/mail\/\d was taken away.*is over; commit inside of onRevoked/) as unknown,
    });
    expect(await member.committed(taken)).toEqual([undefined]);
    await member.commit(member.assigned.map((partition) => ({ ...partition, offset: 5 })));
    await Promise.all([second.member.close(), member.close()]);
  });

  it('asks once for what many want to know of committed offsets', async () => {
    let fetches = 0;
    const { member } = join(watchedCluster(client.cluster, (api) => (fetches += api.name === 'OffsetFetch' ? 1 : 0)));
    await member.ready;
    await Promise.all([0, 1, 0].map((partition) => member.committed([{ topic: 'mail', partition }])));
    expect(fetches).toBe(1);
    await member.close();
  });

  it('merges what is committed while a commit is under way', async () => {
    let commits = 0;
    const { member } = join(watchedCluster(client.cluster, (api) => (commits += api.name === 'OffsetCommit' ? 1 : 0)));
    await member.ready;
    const all = Array.from({ length: 100 }, (_, offset) => member.commit([{ topic: 'mail', partition: 0, offset }]));
    await Promise.all(all);
    expect(commits).toBe(2);
    expect(await member.committed([{ topic: 'mail', partition: 0 }])).toMatchObject([{ offset: 99 }]);
    await member.close();
  });

  it('rejects an offset that cannot be meant', async () => {
    const { member } = join(client.cluster);
    await expect(member.commit([{ topic: 'mail', partition: 0, offset: -1 }])).rejects.toMatchObject({
      code: 'MISUSE',
    });
    await member.close();
  });

  it('closes twice as once, and at once when it never joined', async () => {
    const { member } = join(client.cluster);
    await Promise.all([member.close(), member.close()]);
    await expect(member.ready).rejects.toMatchObject({ code: 'CLOSED' });
    expect(member.state).toBe('closed');
  });

  it('fails with the client that it belongs to', async () => {
    const own = test.another();
    const { member, owned } = join(own.cluster);
    await member.ready;
    await own.close();
    await until('it has ended', () => member.state === 'failed');
    expect(owned.size).toBe(0);
    await member.close();
  });
});

/** The cluster as it looks to a client whose brokers know these APIs up to `version` only. */
function olderCluster(cluster: Cluster, version: number): Cluster {
  return watchedCluster(cluster, () => {}, version);
}

function watchedCluster(cluster: Cluster, asked: (api: AnyApi) => void, version?: number): Cluster {
  return clusterThat(cluster, (api, options) => {
    asked(api);
    if (version === undefined || !GROUP_APIS.has(api.key)) return options;
    return { ...options, versionMax: Math.min(options.versionMax ?? Infinity, Math.max(version, api.versions[0])) };
  });
}
