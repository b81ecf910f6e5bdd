import { ACKNOWLEDGE, ACKNOWLEDGE_NAMES, type AcknowledgedRange } from './share-record.js';

/** Offsets in a row with one type, as ShareFetch and ShareAcknowledge carry them. */
export interface AcknowledgementBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly acknowledgeTypes: readonly [type: number];
}

interface Run {
  readonly firstOffset: number;
  lastOffset: number;
  readonly type: number;
}

/**
 * What is to be told of one partition's records. The last word on an offset counts.
 *
 * Ranges stay ranges and are never walked one by one: an answer of a few bytes can name 2^53 offsets.
 */
export class Acknowledgements {
  readonly #types = new Map<number, number>();
  readonly #ranges: Run[] = [];

  get isEmpty(): boolean {
    return this.#types.size === 0 && this.#ranges.length === 0;
  }

  /** One record. */
  set(offset: number, type: number): void {
    this.#types.set(offset, type);
  }

  /** Offsets that nobody was given: gaps, and what is handed back unseen. */
  addRange(firstOffset: number, lastOffset: number, type: number): void {
    if (firstOffset <= lastOffset) this.#ranges.push({ firstOffset, lastOffset, type });
  }

  /** Takes back what was sent without success; what was said of an offset since then is newer, and stays. */
  restore(batches: readonly AcknowledgementBatch[]): void {
    const newer = [...this.#types.keys()].sort((left, right) => left - right);
    for (const { firstOffset, lastOffset, acknowledgeTypes } of batches) {
      let from = firstOffset;
      for (const offset of newer) {
        if (offset < from || offset > lastOffset) continue;
        this.addRange(from, offset - 1, acknowledgeTypes[0]);
        from = offset + 1;
      }
      this.addRange(from, lastOffset, acknowledgeTypes[0]);
    }
  }

  /** Everything, in the order of offsets, neighbours of one type together. */
  batches(): readonly AcknowledgementBatch[] {
    const runs: Run[] = [];
    for (const run of this.#sorted()) {
      const last = runs.at(-1);
      const joins = last !== undefined && last.lastOffset + 1 === run.firstOffset && last.type === run.type;
      if (joins) last.lastOffset = run.lastOffset;
      else runs.push(run);
    }
    return runs.map(({ firstOffset, lastOffset, type }) => ({ firstOffset, lastOffset, acknowledgeTypes: [type] }));
  }

  #sorted(): Run[] {
    const runs = this.#ranges.map((range) => ({ ...range }));
    for (const [offset, type] of this.#types) runs.push({ firstOffset: offset, lastOffset: offset, type });
    return runs.sort((left, right) => left.firstOffset - right.firstOffset);
  }
}

/** The same in words, for the caller. */
export function rangesOf(batches: readonly AcknowledgementBatch[]): readonly AcknowledgedRange[] {
  return batches.map(({ firstOffset, lastOffset, acknowledgeTypes: [type] }) => ({
    firstOffset,
    lastOffset,
    type: ACKNOWLEDGE_NAMES[type as keyof typeof ACKNOWLEDGE_NAMES & number] ?? 'gap',
  }));
}

/** Whether a batch holds renewals: such a request must not fetch (KIP-1222). */
export function isRenewal({ acknowledgeTypes }: AcknowledgementBatch): boolean {
  return acknowledgeTypes[0] === ACKNOWLEDGE.renew;
}
