/** What a producer was told of one record: where it stands. */
export interface Acknowledged {
  readonly sequence: number;
  readonly offset: number;
}

/**
 * What is wrong with a partition, in sentences; empty when all is well.
 *
 * The producer wrote the values 0, 1, 2, … once each, in order. `log` is what a reader found, by offset. Every
 * acknowledged value must be there once, at the offset that was told; what was not acknowledged may be there or not,
 * but only at the end of what was sent, and never twice or out of order.
 */
export function faultsOf(acknowledged: readonly Acknowledged[], log: ReadonlyMap<number, number>): string[] {
  const faults: string[] = [];
  const offsetOf = new Map<number, number>();
  let last = -1;
  for (const [offset, sequence] of [...log].sort(([a], [b]) => a - b)) {
    const earlier = offsetOf.get(sequence);
    if (earlier !== undefined) faults.push(`duplicate: ${sequence} stands at ${earlier} and at ${offset}`);
    else if (sequence < last) faults.push(`out of order: ${sequence} at ${offset} stands behind ${last}`);
    else if (sequence > last + 1) faults.push(`gap: ${sequence} at ${offset} follows ${last}`);
    offsetOf.set(sequence, offset);
    last = Math.max(last, sequence);
  }
  for (const { sequence, offset } of acknowledged) {
    const found = log.get(offset);
    if (!offsetOf.has(sequence)) faults.push(`lost: ${sequence} was acknowledged at ${offset}`);
    else if (found !== sequence) faults.push(`moved: ${sequence} was acknowledged at ${offset}, where ${found} stands`);
  }
  return faults;
}
