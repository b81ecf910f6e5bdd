import type { NodeId } from '@trunkline/kernel';

/** Where a partition is, and where it goes. */
export interface Assignment {
  readonly isr: readonly NodeId[];
  /** All that hold the partition now, those that go too. */
  readonly replicas: readonly NodeId[];
  readonly removingReplicas: readonly NodeId[];
  readonly addingReplicas: readonly NodeId[];
}

/** Whether replicas are on their way. */
export function isReassigning({
  removingReplicas,
  addingReplicas,
}: Pick<Assignment, 'removingReplicas' | 'addingReplicas'>): boolean {
  return removingReplicas.length > 0 || addingReplicas.length > 0;
}

/**
 * The assignment, without those that leave once all that come are in sync; else as it is (C50: grow, catch up, shrink).
 *
 * It waits, too, where it would take the ISR below min.insync.replicas or would leave fewer replicas in sync than it
 * finds: that is Kafka's rule for a topic that loses replicas, and ours for every other.
 */
export function settledReassignment(assignment: Assignment, minIsr: number): Assignment {
  if (!isReassigning(assignment)) return assignment;
  const { isr, replicas, removingReplicas, addingReplicas } = assignment;
  const staying = (ids: readonly NodeId[]): readonly NodeId[] => ids.filter((id) => !removingReplicas.includes(id));
  const left: Assignment = { isr: staying(isr), replicas: staying(replicas), removingReplicas: [], addingReplicas: [] };
  if (left.isr.length === 0 || !addingReplicas.every((id) => left.isr.includes(id))) return assignment;
  const isWhole = left.replicas.every((id) => left.isr.includes(id));
  if (addingReplicas.length < removingReplicas.length && !isWhole) return assignment;
  const isWorse = left.isr.length < isr.length && left.isr.length < Math.min(minIsr, left.replicas.length);
  return isWorse ? assignment : left;
}
