import { describe, expect, it } from '@jest/globals';
import { type Clock, ZERO_UUID } from '@trunkline/kernel';
import fc from 'fast-check';
import { MemoryShardLog } from '../test/memory-shard-log.js';
import { groupRecordCodec } from './group/group-record-codec.js';
import type { GroupRecord } from './group/group-records.js';
import { StoredGroups } from './group/stored-groups.js';
import { LogKeeper } from './log-keeper.js';
import type { ShardRecord } from './state-machine.js';

const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0, after: () => ({ cancel: () => {} }) };

/** A log that remembers what a crash would have left at each moment: after any record of an append, after each move. */
class WatchedLog extends MemoryShardLog {
  /** Every record that was ever appended, whatever the log has let go. */
  readonly history: ShardRecord[] = [];
  readonly moments: { readonly log: readonly ShardRecord[]; readonly history: readonly ShardRecord[] }[] = [];

  override append(records: readonly ShardRecord[]): Promise<void> {
    for (let count = 1; count <= records.length; count++) {
      const torn = records.slice(0, count);
      this.moments.push({ log: [...this.records, ...torn], history: [...this.history, ...torn] });
    }
    this.history.push(...records);
    return super.append(records);
  }

  override async advanceStart(offset: number): Promise<void> {
    await super.advanceStart(offset);
    this.moments.push({ log: [...this.records], history: [...this.history] });
  }
}

function replayed(records: readonly ShardRecord[]): StoredGroups {
  const groups = new StoredGroups();
  for (const record of records) groups.replay(groupRecordCodec.decode(record)!);
  return groups;
}

function stateOf(records: readonly ShardRecord[]): readonly GroupRecord[] {
  const keyOf = (record: GroupRecord): string => JSON.stringify({ ...record, value: null });
  return [...replayed(records).snapshot()].sort((left, right) => keyOf(left).localeCompare(keyOf(right)));
}

const anyRecord: fc.Arbitrary<GroupRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('offset' as const),
    groupId: fc.constantFrom('a', 'b', 'c'),
    topic: fc.constantFrom('t', 'u'),
    partition: fc.nat(3),
    value: fc.option(
      fc.record({
        offset: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        leaderEpoch: fc.integer({ min: -1, max: 9 }),
        metadata: fc.string({ maxLength: 20 }),
        committedMs: fc.nat(),
        expiresMs: fc.constant(-1),
        topicId: fc.constant(ZERO_UUID),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant('group' as const),
    groupId: fc.constantFrom('a', 'b', 'c'),
    value: fc.option(
      fc.record({
        protocolType: fc.constantFrom('consumer', ''),
        generation: fc.nat(99),
        protocol: fc.constantFrom('range', null),
        leader: fc.constantFrom('m', null),
        sinceMs: fc.nat(),
        members: fc.array(
          fc.record({
            memberId: fc.string(),
            instanceId: fc.constantFrom('i', null),
            clientId: fc.string(),
            clientHost: fc.string(),
            rebalanceTimeoutMs: fc.nat(),
            sessionTimeoutMs: fc.nat(),
            subscription: fc.uint8Array({ maxLength: 30 }),
            assignment: fc.uint8Array({ maxLength: 30 }),
          }),
          { maxLength: 3 },
        ),
      }),
    ),
  }),
);

describe('the log of a shard', () => {
  it('says the same state at every moment of a snapshot, and is bounded by what is live', async () => {
    let snapshots = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyRecord, { minLength: 1, maxLength: 4 }), { maxLength: 60 }),
        async (appends) => {
          const log = new WatchedLog();
          const state = new StoredGroups();
          const keeper = new LogKeeper(log, groupRecordCodec, clock, 512);
          for (const records of appends) {
            await keeper.append(records);
            for (const record of records) state.replay(record);
            if (!keeper.snapshotIsDue(state.records)) continue;
            await keeper.snapshot(state.snapshot());
            snapshots += 1;
            expect(log.records).toHaveLength(state.records);
          }
          for (const moment of log.moments) expect(stateOf(moment.log)).toEqual(stateOf(moment.history));
          expect(stateOf(log.records)).toEqual(stateOf(log.history));
        },
      ),
      { numRuns: 60 },
    );
    expect(snapshots).toBeGreaterThan(20);
  });

  it('comes back from bytes as it was', () => {
    fc.assert(
      fc.property(anyRecord, (record) =>
        expect(groupRecordCodec.decode(groupRecordCodec.encode(record))).toEqual(record),
      ),
    );
  });

  it('is not said again as long as it says little that is not so any more', async () => {
    const log = new MemoryShardLog();
    const keeper = new LogKeeper(log, groupRecordCodec, clock, 100);
    const value = { offset: 1n, leaderEpoch: -1, metadata: '', committedMs: 0, expiresMs: -1, topicId: ZERO_UUID };
    const at = (partition: number): GroupRecord => ({ kind: 'offset', groupId: 'g', topic: 't', partition, value });
    for (let partition = 0; partition < 100; partition++) await keeper.append([at(partition)]);
    const loaded = new LogKeeper(log, groupRecordCodec, clock, 100);
    await loaded.readAll(
      () => {},
      () => true,
    );
    expect(loaded.snapshotIsDue(100)).toBe(false);
    for (let partition = 0; partition < 100; partition++) await loaded.append([at(partition)]);
    expect(loaded.snapshotIsDue(100)).toBe(false);
    await loaded.append([at(0)]);
    expect(loaded.snapshotIsDue(100)).toBe(true);
  });
});
