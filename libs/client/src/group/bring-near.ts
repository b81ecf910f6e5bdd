import type { TopicPartition } from '../topic-partition.js';
import type { GroupPeer } from './assignor.js';
import type { IsNear } from './racks.js';

/** Who has how much of what, members by their numbers. */
export interface ShareView {
  readonly members: readonly GroupPeer[];
  loadOf(member: number): number;
  heldBy(member: number): ReadonlyMap<string, readonly number[]>;
  subscribersOf(topic: string): readonly number[];
  move(from: number, to: number, partition: TopicPartition): void;
}

/** Looks at a partition for a member, in all: huge groups get what was found until then, in less than half a second. */
const LOOKS_MAX = 3_000_000;

interface Step {
  readonly from: number;
  readonly to: number;
  readonly partition: TopicPartition;
}

/**
 * Exchanges partitions until no ring of members (or chain to one that has less) makes one more of them near to its reader,
 * without making another far, or loads less even. Best effort, as KIP-881 is: a ring that mends two and breaks one is not
 * looked for.
 */
export function bringNear(view: ShareView, isNear: IsNear): void {
  const search = new Search(view, isNear);
  for (let isMended = true; isMended && !search.isSpent;) {
    isMended = false;
    search.forgetFailures();
    for (let member = 0; member < view.members.length; member++) {
      for (const partition of farOf(view, isNear, member)) {
        const steps = search.ringFrom(member, partition);
        for (const step of steps) view.move(step.from, step.to, step.partition);
        if (steps.length > 0) isMended = true;
      }
    }
  }
}

function farOf(view: ShareView, isNear: IsNear, member: number): TopicPartition[] {
  const peer = view.members[member]!;
  const far: TopicPartition[] = [];
  for (const [topic, indexes] of view.heldBy(member))
    for (const partition of indexes) if (!isNear(peer, topic, partition)) far.push({ topic, partition });
  return far;
}

class Search {
  #looks = 0;
  /** Members that were reached in vain since the last exchange, by where the search began. */
  readonly #inVain = new Map<number, Set<number>>();

  constructor(
    private readonly view: ShareView,
    private readonly isNear: IsNear,
  ) {}

  get isSpent(): boolean {
    return this.#looks >= LOOKS_MAX;
  }

  forgetFailures(): void {
    this.#inVain.clear();
  }

  /** Breadth first: the fewest moves that bring `partition` near to a reader. Empty: there are none. */
  ringFrom(start: number, partition: TopicPartition): readonly Step[] {
    const inVain = this.#inVain.get(start) ?? new Set();
    const cameBy = new Map<number, Step>();
    let row = this.#takers(start, partition, cameBy, inVain);
    while (row.length > 0 && !this.isSpent) {
      for (const member of row) {
        const last = this.view.loadOf(member) < this.view.loadOf(start) ? undefined : this.#back(member, start);
        if (last === null) continue;
        this.forgetFailures();
        return stepsTo(member, start, cameBy, last);
      }
      row = row.flatMap((member) => this.#next(member, cameBy, inVain));
    }
    const steps = this.#throughAnother(start, cameBy);
    if (steps.length > 0) this.forgetFailures();
    for (const member of cameBy.keys()) inVain.add(member);
    this.#inVain.set(start, inVain);
    return steps;
  }

  /** One who was reached keeps what it got, and one who has more than it gives something up instead. */
  #throughAnother(start: number, cameBy: ReadonlyMap<number, Step>): readonly Step[] {
    for (const end of cameBy.keys()) {
      const chain = stepsTo(end, start, cameBy, undefined);
      for (let other = 0; other < this.view.members.length && !this.isSpent; other++) {
        if (this.view.loadOf(other) <= this.view.loadOf(end) || chain.some(({ from }) => from === other)) continue;
        const last = this.#back(other, start);
        if (last !== null) return [{ from: other, to: start, partition: last }, ...chain];
      }
    }
    return [];
  }

  /** What `member` may give to the start so that nothing near becomes far; null: nothing. */
  #back(member: number, start: number): TopicPartition | null {
    const { members } = this.view;
    const first = members[start]!;
    let best: TopicPartition | null = null;
    for (const [topic, indexes] of this.view.heldBy(member)) {
      if (!this.view.subscribersOf(topic).includes(start)) continue;
      for (const partition of indexes) {
        this.#looks += 1;
        if (this.isNear(first, topic, partition)) return { topic, partition };
        if (!this.isNear(members[member]!, topic, partition)) best ??= { topic, partition };
      }
    }
    return best;
  }

  #next(member: number, cameBy: Map<number, Step>, inVain: ReadonlySet<number>): number[] {
    const reached: number[] = [];
    for (const [topic, indexes] of this.view.heldBy(member))
      for (const partition of indexes) reached.push(...this.#takers(member, { topic, partition }, cameBy, inVain));
    return reached;
  }

  /** Members to whom the partition is near, and who were not reached before. */
  #takers(from: number, partition: TopicPartition, cameBy: Map<number, Step>, inVain: ReadonlySet<number>): number[] {
    const takers: number[] = [];
    for (const to of this.view.subscribersOf(partition.topic)) {
      this.#looks += 1;
      if (to === from || cameBy.has(to) || inVain.has(to)) continue;
      if (!this.isNear(this.view.members[to]!, partition.topic, partition.partition)) continue;
      cameBy.set(to, { from, to, partition });
      takers.push(to);
    }
    return takers;
  }
}

function stepsTo(
  end: number,
  start: number,
  cameBy: ReadonlyMap<number, Step>,
  last: TopicPartition | undefined,
): readonly Step[] {
  const steps: Step[] = last === undefined ? [] : [{ from: end, to: start, partition: last }];
  for (let at = end; at !== start;) {
    const step = cameBy.get(at)!;
    steps.push(step);
    at = step.from;
  }
  return steps;
}
