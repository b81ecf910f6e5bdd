import type { NodeId, Uuid } from '@trunkline/kernel';
import type { PartitionImage } from './image.js';
import { directoryIn } from './directories.js';
import { settledReassignment } from './reassignment.js';
import { LEADER_RECOVERY_STATES, type LeaderRecoveryState, type PartitionChangeRecord } from './records.js';

/** "No leader", as records tell it. */
export const NO_LEADER = -1 as NodeId;

/**
 * How a leader may be found.
 *
 * `online`: whoever leads stays, else the first of the ISR, of the ELR, the last known leader. `preferred`: the same, but
 * the first replica before all others. `unclean`: at last any replica that is there, and records may be lost. `any`: at
 * the very last one whose disk was replaced, and all is lost; nothing but an operator may ask for that.
 */
export type Election = 'online' | 'preferred' | 'unclean' | 'any';

const NOBODY: ReadonlySet<NodeId> = new Set();

/** What shall become of a partition; what is missing stays. */
export interface PartitionWish {
  readonly isr?: readonly NodeId[];
  readonly replicas?: readonly NodeId[];
  readonly removingReplicas?: readonly NodeId[];
  readonly addingReplicas?: readonly NodeId[];
  readonly leaderRecoveryState?: LeaderRecoveryState;
  /** Where single replicas are; others stay where they were. */
  readonly directories?: ReadonlyMap<NodeId, Uuid>;
  /** Replicas that may have lost what they had: they leave ISR and ELR (C40). */
  readonly unclean?: ReadonlySet<NodeId>;
  readonly election?: Election;
}

/** What the world around a partition allows. */
export interface PartitionRules {
  /** min.insync.replicas of the topic. */
  readonly minIsr: number;
  /** Whether a broker is there and does not go down. */
  isActive(id: NodeId): boolean;
  /** Whether a broker has the directory: its disk has neither failed nor been replaced. */
  hasDirectory(id: NodeId, directory: Uuid): boolean;
  /** Where a replica goes that is new. */
  directoryOfNew(id: NodeId): Uuid;
}

/** What a partition is to be. */
interface Target {
  readonly isr: readonly NodeId[];
  readonly elr: readonly NodeId[];
  readonly replicas: readonly NodeId[];
  readonly removingReplicas: readonly NodeId[];
  readonly addingReplicas: readonly NodeId[];
  /** In the order of the replicas. */
  readonly directories: readonly Uuid[];
}

interface Elected {
  readonly leader: NodeId;
  readonly isUnclean: boolean;
}

/**
 * The record that makes a partition what it shall be; undefined when it is so already. All rules of ISR, ELR, leaders,
 * epochs and reassignments stand here (KIP-966, KIP-455; Kafka's PartitionChangeBuilder).
 *
 * Kept in every case: the leader is in the ISR, or there is none; ISR and ELR are replicas and share nobody; the ELR is
 * empty once the ISR has min.insync.replicas members, as its leader may then commit without them.
 */
export function changePartition(
  topicId: Uuid,
  partition: PartitionImage,
  wish: PartitionWish,
  rules: PartitionRules,
): PartitionChangeRecord | undefined {
  const wished = targetOf(partition, wish, rules);
  const { leader, isUnclean } = elected(partition, wished, wish.election ?? 'online', rules);
  const target = withLeader(wished, leader, isUnclean, rules);
  const leadership = leadershipChange(partition, target, leader);
  const recovery = isUnclean ? LEADER_RECOVERY_STATES.recovering : wish.leaderRecoveryState;
  const change: PartitionChangeRecord = {
    kind: 'partition-change',
    topicId,
    partitionId: partition.index,
    ...(!same(target.isr, partition.isr) && { isr: target.isr }),
    ...(leadership !== undefined && { leader: leadership }),
    ...(recovery !== undefined && recovery !== partition.leaderRecoveryState && { leaderRecoveryState: recovery }),
    ...(!same(target.replicas, partition.replicas) && { replicas: target.replicas }),
    ...(!same(target.removingReplicas, partition.removingReplicas) && { removingReplicas: target.removingReplicas }),
    ...(!same(target.addingReplicas, partition.addingReplicas) && { addingReplicas: target.addingReplicas }),
    ...(!same(target.directories, partition.directories) && { directories: target.directories }),
    ...(!same(target.elr, partition.elr) && { eligibleLeaderReplicas: target.elr }),
    ...lastKnownChange(partition, leader),
  };
  return Object.keys(change).length > UNCHANGED_FIELDS ? change : undefined;
}

/** kind, topicId, partitionId */
const UNCHANGED_FIELDS = 3;

function targetOf(partition: PartitionImage, wish: PartitionWish, rules: PartitionRules): Target {
  const unclean = wish.unclean ?? NOBODY;
  const { isr, ...assignment } = settledReassignment(
    {
      isr: (wish.isr ?? partition.isr).filter((id) => !unclean.has(id)),
      replicas: wish.replicas ?? partition.replicas,
      removingReplicas: wish.removingReplicas ?? partition.removingReplicas,
      addingReplicas: wish.addingReplicas ?? partition.addingReplicas,
    },
    rules.minIsr,
  );
  const directories = directoriesOf(partition, assignment.replicas, wish, rules);
  if (isr.length >= minIsrOf(assignment, rules)) return { isr, elr: [], ...assignment, directories };
  // Whoever was in the ISR or ELR has all that was committed, and nothing more is while the ISR is below its minimum.
  const complete = [...partition.elr, ...partition.isr.filter((id) => !partition.elr.includes(id))];
  const elr = complete.filter((id) => !isr.includes(id) && !unclean.has(id) && assignment.replicas.includes(id));
  return { isr, elr, ...assignment, directories };
}

/** A topic with fewer replicas than min.insync.replicas asks for needs all that it has. */
function minIsrOf({ replicas }: Pick<Target, 'replicas'>, { minIsr }: PartitionRules): number {
  return Math.min(minIsr, replicas.length);
}

function elected(partition: PartitionImage, target: Target, election: Election, rules: PartitionRules): Elected {
  const { isr, elr, replicas, directories } = target;
  const canLead = (id: NodeId): boolean => {
    const directory = directories[replicas.indexOf(id)];
    return directory !== undefined && rules.isActive(id) && rules.hasDirectory(id, directory);
  };
  const eligible = isr.length > 0 ? isr : elr;
  const isEligible = (id: NodeId): boolean => eligible.includes(id) && canLead(id);
  const first = election === 'preferred' ? replicas.slice(0, 1) : [];
  const clean = [...first, partition.leader, ...replicas].find(isEligible);
  if (clean !== undefined) return { leader: clean, isUnclean: false };
  const [lastLeader] = partition.lastKnownElr;
  if (eligible.length === 0 && lastLeader !== undefined && canLead(lastLeader)) {
    return { leader: lastLeader, isUnclean: true };
  }
  const blank = election === 'any' ? replicas.find((id) => rules.isActive(id)) : undefined;
  const any = election === 'unclean' || election === 'any' ? (replicas.find(canLead) ?? blank) : undefined;
  return { leader: any ?? NO_LEADER, isUnclean: any !== undefined };
}

/** The target once the leader is known: who leads is in sync with himself, from the directory that he has now. */
function withLeader(target: Target, leader: NodeId, isUnclean: boolean, rules: PartitionRules): Target {
  if (leader === NO_LEADER) return target;
  if (isUnclean) {
    const directories = target.replicas.map((id, place) => {
      const directory = target.directories[place] ?? rules.directoryOfNew(id);
      return id !== leader || rules.hasDirectory(id, directory) ? directory : rules.directoryOfNew(id);
    });
    return { ...target, isr: [leader], elr: [], directories };
  }
  if (target.isr.length > 0) return target;
  const elr = minIsrOf(target, rules) <= 1 ? [] : target.elr.filter((id) => id !== leader);
  return { ...target, isr: [leader], elr };
}

/** The leader to tell, which raises the leader epoch: another one, or the same with replicas less (KAFKA-13790, C50). */
function leadershipChange(partition: PartitionImage, { replicas }: Target, leader: NodeId): NodeId | undefined {
  const isSameAssignment = partition.replicas.every((id) => replicas.includes(id));
  return leader === partition.leader && isSameAssignment ? undefined : leader;
}

function lastKnownChange(
  { leader: before, lastKnownElr }: PartitionImage,
  leader: NodeId,
): Partial<PartitionChangeRecord> {
  if (leader !== NO_LEADER) return lastKnownElr.length > 0 ? { lastKnownElr: [] } : {};
  return before !== NO_LEADER && lastKnownElr.length === 0 ? { lastKnownElr: [before] } : {};
}

function directoriesOf(
  partition: PartitionImage,
  replicas: readonly NodeId[],
  wish: PartitionWish,
  rules: PartitionRules,
): readonly Uuid[] {
  return replicas.map((id) => {
    const told = wish.directories?.get(id);
    if (told !== undefined) return told;
    return partition.replicas.includes(id) ? directoryIn(partition, id) : rules.directoryOfNew(id);
  });
}

function same<T>(left: readonly T[], right: readonly T[]): boolean {
  return left.length === right.length && left.every((value, place) => value === right[place]);
}
