import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaClient } from '@trunkline/client';
import { LeaveGroup } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { type TestedBroker, nodePorts } from './brokers.js';
import { GroupWorld, shared } from './groups-kit.js';

/** How members of a classic group stay ones, lose that, and what becomes of their commits. */
export function describeStanding(tested: TestedBroker): void {
  describe(`standing in classic groups on ${tested.name}`, () => {
    let world: GroupWorld;
    beforeAll(async () => {
      world = await GroupWorld.start(tested);
    });
    afterAll(() => world?.close());

    /** Somebody else, an admin, puts a member out of its group. */
    async function putOut(groupId: string, memberId: string, groupInstanceId: string | null = null): Promise<void> {
      const { body } = await world.client.cluster.ask(
        { kind: 'coordinator', type: 'group', key: groupId },
        LeaveGroup,
        { groupId, members: [{ memberId, groupInstanceId }] },
      );
      expect(body.members[0]?.errorCode).toBe(0);
    }

    it('stays a member through a handler that takes longer than its session', async () => {
      const topic = await world.topic(1);
      const options = { groupId: world.name('long'), topics: [topic], sessionTimeoutMs: 6_000, heartbeatMs: 500 };
      const probe = world.member(options);
      await probe.member.ready;
      const { generation } = probe.member.generation;
      const startedMs = Date.now();
      await until('the handler is done', () => Date.now() - startedMs > 8_000);
      expect(probe.member.generation.generation).toBe(generation);
      expect(probe.told).toEqual([`+ ${topic}/0`]);
      await probe.member.commit([{ topic, partition: 0, offset: 1 }]);
    });

    it('loses everything when it is put out, and comes back by itself', async () => {
      const topic = await world.topic(2);
      const groupId = world.name('out');
      const probe = world.member({ groupId, topics: [topic], heartbeatMs: 200 });
      await probe.member.ready;
      const { memberId } = probe.member.generation;
      await putOut(groupId, memberId);
      await until('it was told', () => probe.told.includes(`! ${topic}/0`));
      await shared([probe], { [topic]: 2 });
      expect(probe.member.generation.memberId).not.toBe(memberId);
      expect(probe.member.trouble).toBeUndefined();
    });

    it('is refused a commit after it was put out, and learns from that what happened', async () => {
      const topic = await world.topic(1);
      const groupId = world.name('fenced');
      const options = { groupId, topics: [topic], sessionTimeoutMs: 60_000, heartbeatMs: 20_000 };
      const probe = world.member(options);
      await probe.member.ready;
      await putOut(groupId, probe.member.generation.memberId);
      const commit = probe.member.commit([{ topic, partition: 0, offset: 7 }]);
      await expect(commit).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
      await expect(commit).rejects.toThrow('the group goes on without this member');
      expect(probe.told).toContain(`! ${topic}/0`);
      await shared([probe], { [topic]: 1 });
      expect(await probe.member.committed([{ topic, partition: 0 }])).toEqual([undefined]);
    });

    it('commits inside of onRevoked, and who reads next goes on from there', async () => {
      const topic = await world.topic(2);
      const groupId = world.name('handover');
      const base = { groupId, topics: [topic], heartbeatMs: 200 };
      const first = world.member(base, {
        onRevoked: (partitions) =>
          first.member.commit(partitions.map((partition) => ({ ...partition, offset: 100 + partition.partition }))),
      });
      await first.member.ready;
      const second = world.member(base);
      await shared([first, second], { [topic]: 2 });
      const [mine] = second.member.assigned;
      expect(await second.member.committed([mine!])).toMatchObject([{ offset: 100 + mine!.partition }]);
    });

    it('sends what was committed in onRevoked without waiting before others read', async () => {
      const topic = await world.topic(1);
      const groupId = world.name('unawaited');
      const first = world.member(
        { groupId, topics: [topic] },
        { onRevoked: () => void first.member.commit([{ topic, partition: 0, offset: 9 }]) },
      );
      await first.member.ready;
      await first.member.close();
      const second = world.member({ groupId, topics: [topic] });
      await second.member.ready;
      expect(await second.member.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 9 }]);
    });

    it('commits through a rebalance', async () => {
      const topic = await world.topic(4);
      const groupId = world.name('through');
      const base = { groupId, topics: [topic], heartbeatMs: 200 };
      const first = world.member(base);
      await first.member.ready;
      let offset = 0;
      let isOver = false;
      const committing = (async () => {
        while (!isOver) {
          offset += 1;
          await first.member.commit([{ topic, partition: 0, offset }]);
        }
      })();
      const others = [world.member(base), world.member(base)];
      const settled = shared([first, ...others], { [topic]: 4 });
      const result = await Promise.race([
        settled.then(() => 'settled'),
        committing.catch((reason: Error) => reason.message),
      ]);
      isOver = true;
      await committing.catch(() => {});
      await settled;
      // It may have lost partition 0 in the rounds; if so, it was told.
      if (result !== 'settled') expect(result).toContain('was taken away before it was committed');
      expect(offset).toBeGreaterThan(1);
    });

    it('keeps the order of its commits', async () => {
      const topic = await world.topic(1);
      const probe = world.member({ groupId: world.name('order'), topics: [topic] });
      await probe.member.ready;
      const all = Array.from({ length: 200 }, (_, offset) => probe.member.commit([{ topic, partition: 0, offset }]));
      await Promise.all(all);
      expect(await probe.member.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 199 }]);
    });

    it('says why metadata of a commit was refused', async () => {
      const topic = await world.topic(1);
      const probe = world.member({ groupId: world.name('metadata'), topics: [topic] });
      await probe.member.ready;
      const commit = probe.member.commit([{ topic, partition: 0, offset: 1, metadata: 'x'.repeat(5_000) }]);
      await expect(commit).rejects.toMatchObject({ code: 'OFFSET_METADATA_TOO_LARGE' });
    });

    it('refuses a commit once it is closed', async () => {
      const topic = await world.topic(1);
      const probe = world.member({ groupId: world.name('closed'), topics: [topic] });
      await probe.member.ready;
      await probe.member.close();
      await expect(probe.member.commit([{ topic, partition: 0, offset: 1 }])).rejects.toMatchObject({ code: 'CLOSED' });
    });

    it('asks for committed offsets only where transactions are closed, when it reads committed', async () => {
      const topic = await world.topic(1);
      const options = { groupId: world.name('stable'), topics: [topic], isolationLevel: 'read_committed' } as const;
      const probe = world.member(options);
      await probe.member.ready;
      await probe.member.commit([{ topic, partition: 0, offset: 3 }]);
      expect(await probe.member.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 3 }]);
    });

    it('keeps the partitions of a static member that restarts, and nobody notices', async () => {
      const topic = await world.topic(4);
      const base = { groupId: world.name('static'), topics: [topic], heartbeatMs: 200 };
      const other = world.member({ ...base, instanceId: 'other' });
      const first = world.member({ ...base, instanceId: 'one' });
      await shared([other, first], { [topic]: 4 });
      const { names } = first;
      const { generation } = other.member.generation;
      await first.member.close();
      const again = world.member({ ...base, instanceId: 'one' });
      await again.member.ready;
      expect(again.names).toEqual(names);
      expect(other.member.generation.generation).toBe(generation);
    });

    it('ends the older of two members with one instance id, and says which option is wrong', async () => {
      const topic = await world.topic(1);
      const base = { groupId: world.name('twice'), topics: [topic], heartbeatMs: 200, instanceId: 'one' };
      const first = world.member(base);
      await first.member.ready;
      const second = world.member(base);
      await second.member.ready;
      await until('the first has failed', () => first.failure === 'FENCED_INSTANCE_ID');
      expect(first.member.state).toBe('failed');
      expect(first.member.trouble).toContain('instance id one');
      expect(second.names).toEqual([`${topic}/0`]);
    });

    it('does not wait for a revocation that never ends', async () => {
      const topic = await world.topic(2);
      const base = { groupId: world.name('stuck'), topics: [topic], heartbeatMs: 200, revokeTimeoutMs: 500 };
      const first = world.member(base, { onRevoked: () => new Promise<void>(() => {}) });
      await first.member.ready;
      const second = world.member(base);
      await until('the second reads', () => second.owned.size === 1);
      await first.member.close(1_000);
      expect(first.member.state).toBe('closed');
    });

    it('goes on when a callback throws, and tells of it', async () => {
      const topic = await world.topic(1);
      const probe = world.member(
        { groupId: world.name('throws'), topics: [topic] },
        {
          onAssigned: () => {
            throw new Error('no room');
          },
        },
      );
      await probe.member.ready;
      await until('the trouble is told', () => probe.member.trouble === 'onAssigned failed: no room');
      expect(probe.member.state).toBe('stable');
    });

    it('says that a session timeout is not allowed, and ends', async () => {
      const topic = await world.topic(1);
      const probe = world.member({ groupId: world.name('session'), topics: [topic], sessionTimeoutMs: 9_999_999 });
      await expect(probe.member.ready).rejects.toMatchObject({ code: 'INVALID_SESSION_TIMEOUT' });
      expect(probe.failure).toBe('INVALID_SESSION_TIMEOUT');
    });

    it('closes in its time when no broker is there', async () => {
      const client = new KafkaClient({ bootstrap: '127.0.0.1:30499' }, nodePorts());
      const probe = world.member({ groupId: 'nowhere', topics: ['nothing'], sessionTimeoutMs: 6_000 }, {}, client);
      await until('it is known that nobody answers', () => probe.member.trouble !== undefined);
      const startedMs = Date.now();
      await probe.member.close(2_000);
      expect(Date.now() - startedMs).toBeLessThan(10_000);
      await client.close();
    });

    it('closes while a join is parked', async () => {
      const topic = await world.topic(2);
      const base = { groupId: world.name('parked'), topics: [topic], heartbeatMs: 15_000 };
      const first = world.member(base);
      await first.member.ready;
      // The first does not hear of the round before its next beat, so the second's join is parked.
      const second = world.member(base);
      await until('the second joins', () => second.member.generation.memberId !== '');
      await second.member.close(3_000);
      expect(second.member.state).toBe('closed');
    });
  });
}
