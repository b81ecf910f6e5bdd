import type { History, Reading, Send } from './history.js';

/**
 * The kinds of faults, in the words of Jepsen's Kafka test (`jepsen/src/jepsen/tests/kafka.clj`).
 *
 * - `lost-write`: acknowledged, or of unknown outcome but read once, at an offset below the highest that was read, and
 *   not seen by the readers of the end
 * - `unseen`: acknowledged, above everything that was read
 * - `duplicate`: one value at two offsets
 * - `inconsistent-offsets`: two values at one offset
 * - `aborted-read`: a value that is certainly not in the log was read
 * - `invented`: a value that nobody sent was read
 * - `poll-skip`, `nonmonotonic-poll`: a consumer that chose its partition jumped over a record, or went back
 * - `nonmonotonic-send`: a later send of a process got a lower offset of the same partition
 */
export type FaultKind =
  | 'lost-write'
  | 'unseen'
  | 'duplicate'
  | 'inconsistent-offsets'
  | 'aborted-read'
  | 'invented'
  | 'poll-skip'
  | 'nonmonotonic-poll'
  | 'nonmonotonic-send';

export interface Fault {
  readonly kind: FaultKind;
  readonly partition: number;
  readonly text: string;
}

/** Which value stands at each offset, as sends and readings together tell it. */
class VersionOrder {
  readonly valueAt = new Map<number, number>();
  readonly offsetOf = new Map<number, number>();
  /** Offsets at which something stands, ascending. */
  offsets: readonly number[] = [];
  highestRead = -1;

  constructor(
    readonly partition: number,
    private readonly faults: Fault[],
  ) {}

  learn(offset: number, value: number, from: string): void {
    const { partition, faults, valueAt, offsetOf } = this;
    const standing = valueAt.get(offset);
    if (standing === undefined) valueAt.set(offset, value);
    else if (standing !== value) {
      const text = `offset ${offset} holds ${standing} and, ${from}, ${value}`;
      faults.push({ kind: 'inconsistent-offsets', partition, text });
    }
    const known = offsetOf.get(value);
    if (known === undefined) offsetOf.set(value, offset);
    else if (known !== offset) {
      faults.push({ kind: 'duplicate', partition, text: `${value} stands at ${known} and, ${from}, at ${offset}` });
    }
  }

  finish(): void {
    this.offsets = [...this.valueAt.keys()].sort((left, right) => left - right);
  }
}

/**
 * What is wrong with a history; empty when all is well. `final`: names of consumers that read each partition from its
 * start to its end after everything was calm: what they did not see is not there.
 */
export function faultsOf(history: History, final: ReadonlySet<string>): Fault[] {
  const faults: Fault[] = [];
  const partitions = new Set([...history.sends, ...history.readings].map(({ partition }) => partition));
  for (const partition of [...partitions].sort((left, right) => left - right)) {
    const sends = history.sends.filter((send) => send.partition === partition);
    const readings = history.readings.filter((reading) => reading.partition === partition);
    checkPartition(partition, sends, readings, final, faults);
  }
  return faults;
}

function checkPartition(
  partition: number,
  sends: readonly Send[],
  readings: readonly Reading[],
  final: ReadonlySet<string>,
  faults: Fault[],
): void {
  const order = new VersionOrder(partition, faults);
  for (const { outcome, offset, value, process } of sends) {
    if (outcome === 'acknowledged' && offset >= 0) order.learn(offset, value, `as process ${process} was told`);
  }
  const [read, readAtTheEnd] = [new Set<number>(), new Set<number>()];
  for (const { consumer, seen } of readings) {
    for (const { offset, value } of seen) {
      order.learn(offset, value, `as ${consumer} read`);
      order.highestRead = Math.max(order.highestRead, offset);
      read.add(value);
      if (final.has(consumer)) readAtTheEnd.add(value);
    }
  }
  order.finish();
  checkSends(order, sends, read, readAtTheEnd, faults);
  for (const reading of readings) if (reading.mode === 'assign') checkReading(order, reading, faults);
}

function checkSends(
  { partition, highestRead, offsetOf }: VersionOrder,
  sends: readonly Send[],
  read: ReadonlySet<number>,
  readAtTheEnd: ReadonlySet<number>,
  faults: Fault[],
): void {
  const sent = new Set<number>();
  const last = new Map<number, Send>();
  for (const send of sends) {
    const { process, value, outcome, offset } = send;
    sent.add(value);
    if (outcome === 'failed' && read.has(value)) {
      faults.push({
        kind: 'aborted-read',
        partition,
        text: `${value} was refused to process ${process}, and was read`,
      });
    }
    const isThere = outcome === 'acknowledged' || (outcome === 'unknown' && read.has(value));
    if (isThere && !readAtTheEnd.has(value)) {
      const kind = (offsetOf.get(value) ?? offset) <= highestRead ? 'lost-write' : 'unseen';
      const known = outcome === 'acknowledged' ? `acknowledged at ${offset}` : `read at ${offsetOf.get(value)}`;
      faults.push({
        kind,
        partition,
        text: `${value} of process ${process} was ${known}, and is not there at the end`,
      });
    }
    if (outcome !== 'acknowledged' || offset < 0) continue;
    const before = last.get(process);
    if (before !== undefined && before.offset >= offset) {
      const text = `process ${process} sent ${before.value} first and was told ${before.offset}, then ${value} and ${offset}`;
      faults.push({ kind: 'nonmonotonic-send', partition, text });
    }
    last.set(process, send);
  }
  for (const value of read) {
    if (!sent.has(value)) faults.push({ kind: 'invented', partition, text: `${value} was read and nobody sent it` });
  }
}

/** Offsets may have gaps (markers of transactions, what was aborted): a skip is a jump over something that stands there. */
function checkReading({ partition, offsets, valueAt }: VersionOrder, reading: Reading, faults: Fault[]): void {
  const { consumer, seen } = reading;
  for (let index = 1; index < seen.length; index++) {
    const [from, to] = [seen[index - 1]!.offset, seen[index]!.offset];
    if (to <= from) {
      faults.push({ kind: 'nonmonotonic-poll', partition, text: `${consumer} read ${from}, then ${to}` });
      continue;
    }
    const skipped = offsets[firstAbove(offsets, from)];
    if (skipped !== undefined && skipped < to) {
      const text = `${consumer} went from ${from} to ${to} past ${valueAt.get(skipped)} at ${skipped}`;
      faults.push({ kind: 'poll-skip', partition, text });
    }
  }
}

/** The index of the first of the ascending numbers that is above `limit`. */
function firstAbove(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
