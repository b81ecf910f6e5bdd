import type { ReplicatedState } from '@trunkline/kernel';
import type { GroupRecord, StoredGroup, StoredMember, StoredOffset } from './group-records.js';

/** A group as the log has it. */
export interface StoredEntry {
  /** Null when the group has offsets only: a consumer that assigns its partitions itself. */
  readonly group: StoredGroup | null;
  readonly offsets: ReadonlyMap<string, ReadonlyMap<number, StoredOffset>>;
  readonly offsetCount: number;
}

class Entry implements StoredEntry {
  group: StoredGroup | null = null;
  readonly offsets = new Map<string, Map<number, StoredOffset>>();
  offsetCount = 0;

  setOffset(topic: string, partition: number, value: StoredOffset): void {
    let partitions = this.offsets.get(topic);
    if (partitions === undefined) this.offsets.set(topic, (partitions = new Map()));
    if (!partitions.has(partition)) this.offsetCount += 1;
    partitions.set(partition, value);
  }

  removeOffset(topic: string, partition: number): void {
    const partitions = this.offsets.get(topic);
    if (partitions === undefined || !partitions.delete(partition)) return;
    this.offsetCount -= 1;
    if (partitions.size === 0) this.offsets.delete(topic);
  }
}

/**
 * The durable half of a shard: the groups and offsets that the log says. `replay` alone changes it.
 *
 * Replaying a record twice, or a later record before an earlier one of the same key was replayed a second time, gives
 * the same state: each record says the whole value of its key.
 */
export class StoredGroups implements ReplicatedState<GroupRecord> {
  readonly #entries = new Map<string, Entry>();
  #records = 0;

  get(groupId: string): StoredEntry | undefined {
    return this.#entries.get(groupId);
  }

  member(groupId: string, memberId: string): StoredMember | undefined {
    return this.#entries.get(groupId)?.group?.members.find((member) => member.memberId === memberId);
  }

  offset(groupId: string, topic: string, partition: number): StoredOffset | undefined {
    return this.#entries.get(groupId)?.offsets.get(topic)?.get(partition);
  }

  ids(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Groups, those with offsets only included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Keys that have a value. */
  get records(): number {
    return this.#records;
  }

  replay(record: GroupRecord): void {
    const entry = this.#entries.get(record.groupId);
    if (entry !== undefined) this.#apply(entry, record);
    else if (record.value !== null) {
      const created = new Entry();
      this.#entries.set(record.groupId, created);
      this.#apply(created, record);
    }
  }

  /** The whole state as records. Must be read to its end before the next replay that changes something. */
  *snapshot(): Generator<GroupRecord> {
    for (const [groupId, { group, offsets }] of this.#entries) {
      if (group !== null) yield { kind: 'group', groupId, value: group };
      for (const [topic, partitions] of offsets) {
        for (const [partition, value] of partitions) yield { kind: 'offset', groupId, topic, partition, value };
      }
    }
  }

  #apply(entry: Entry, record: GroupRecord): void {
    const before = weight(entry);
    if (record.kind === 'group') entry.group = record.value;
    else if (record.value === null) entry.removeOffset(record.topic, record.partition);
    else entry.setOffset(record.topic, record.partition, record.value);
    const after = weight(entry);
    this.#records += after - before;
    if (after === 0) this.#entries.delete(record.groupId);
  }
}

function weight(entry: Entry): number {
  return entry.offsetCount + (entry.group === null ? 0 : 1);
}
