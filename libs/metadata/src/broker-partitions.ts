import type { NodeId, Uuid } from '@trunkline/kernel';
import { directoryIn } from './directories.js';
import type { PartitionImage } from './image.js';
import { NO_LEADER } from './partition-changes.js';
import { PartitionRound, type ReplicationState } from './partition-round.js';
import type { MetadataRecord } from './records.js';

/** Takes brokers out of every ISR, all in one step, and finds leaders for what they led. What they had stays eligible. */
export function brokersLeave(state: ReplicationState, ids: ReadonlySet<NodeId>): readonly MetadataRecord[] {
  const round = new PartitionRound(state, { going: ids });
  for (const [topic, partition] of round.partitions()) {
    if (!partition.isr.some((id) => ids.has(id)) && !ids.has(partition.leader)) continue;
    const isr = partition.isr.filter((id) => !ids.has(id));
    round.change(topic, partition, { isr, election: round.electionOf(topic) });
  }
  return round.records;
}

/** A broker may have lost what it had: it is neither in sync nor eligible any more, anywhere (C40). */
export function brokerLosesTrust(state: ReplicationState, id: NodeId): readonly MetadataRecord[] {
  const unclean = new Set([id]);
  const round = new PartitionRound(state, { going: unclean });
  for (const [topic, partition] of round.partitions()) {
    if (!partition.isr.includes(id) && !partition.elr.includes(id)) continue;
    round.change(topic, partition, { unclean, election: round.electionOf(topic) });
  }
  return round.records;
}

/** A broker is back: partitions that nobody led may be led by it. */
export function brokerReturns(state: ReplicationState, id: NodeId): readonly MetadataRecord[] {
  const round = new PartitionRound(state, { coming: id });
  for (const [topic, partition] of round.partitions()) {
    if (partition.leader !== NO_LEADER || !partition.replicas.includes(id)) continue;
    round.change(topic, partition, { election: round.electionOf(topic) });
  }
  return round.records;
}

/** Directories of a broker have failed: what it had there is gone for now. */
export function directoriesLost(state: ReplicationState, id: NodeId, lost: readonly Uuid[]): readonly MetadataRecord[] {
  if (lost.length === 0) return [];
  const wasThere = (partition: PartitionImage): boolean =>
    partition.replicas.includes(id) && lost.includes(directoryIn(partition, id));
  const round = new PartitionRound(state, { going: new Set([id]) });
  for (const [topic, partition] of round.partitions()) {
    if (!wasThere(partition) || (!partition.isr.includes(id) && partition.leader !== id)) continue;
    const isr = partition.isr.filter((member) => member !== id);
    round.change(topic, partition, { isr, election: round.electionOf(topic) });
  }
  return round.records;
}

/** Whether a broker leads anything. */
export function leadsAny({ topics }: ReplicationState, id: NodeId): boolean {
  for (const { partitions } of topics) if (partitions.some(({ leader }) => leader === id)) return true;
  return false;
}
