import type { Partition } from '@trunkline/broker';
import type { Uuid } from '@trunkline/kernel';
import type { SimBroker } from './node.js';
import type { SimController } from './controller.js';

/** What was committed of one partition: write-once, offset by offset. */
class Committed {
  readonly entries = new Map<number, string>();
  /** The partition epoch at the last look. */
  partitionEpoch = -1;
  /** Entries at the last look. */
  seen = 0;
}

/**
 * What must hold of replicas and controller after every event (05-reliability B.1c), and what clients were told.
 *
 * Below any replica's watermark all replicas agree for good (log matching, consistent read); who leads has everything
 * committed (leader completeness); the leader's idea of the ISR holds the controller's (quorum superset).
 */
export class History {
  readonly faults: string[] = [];
  readonly #committed = new Map<string, Committed>();
  /** The watermark of each replica as of the last look, by node and partition; -1 after a start. */
  readonly #seen = new WeakMap<Partition, number>();
  readonly #reigns = new WeakMap<Partition, number>();
  /** Values that were acknowledged, by partition: where they are. */
  readonly acknowledged = new Map<string, Map<string, number>>();

  constructor(
    private readonly nodes: readonly SimBroker[],
    private readonly controller: SimController,
  ) {}

  /** Looked at with the next look: whoever tells is quicker than the look at what came of the event. */
  readonly #claims: {
    readonly key: string;
    readonly at: number;
    readonly entry: string | undefined;
    readonly who: string;
  }[] = [];

  /** Somebody was told that there is something at an offset, or what (`entry`): it must be committed. */
  claim(key: string, at: number, entry: string | undefined, who: string): void {
    this.#claims.push({ key, at, entry, who });
  }

  /** After an event. */
  look(): void {
    for (const node of this.nodes) {
      for (const partition of node.running?.replicas.partitions() ?? []) {
        if (partition.ended !== undefined) continue;
        node.mutant?.partition?.(partition);
        this.#lookAt(node, partition);
      }
    }
    for (const [key, committed] of this.#committed) this.#lookAtCandidates(key, committed);
    for (const { key, at, entry, who } of this.#claims.splice(0)) {
      const committed = this.#of(key).entries.get(at);
      if (committed !== undefined && (entry === undefined || entry === committed)) continue;
      this.fault(`${who} ${entry ?? 'it'} is at ${at}; committed there: ${committed ?? 'nothing'}`);
    }
  }

  committed(key: string): ReadonlyMap<number, string> {
    return this.#of(key).entries;
  }

  fault(what: string): void {
    if (this.faults.length < 20) this.faults.push(what);
  }

  #of(key: string): Committed {
    const found = this.#committed.get(key) ?? new Committed();
    this.#committed.set(key, found);
    return found;
  }

  #lookAt(node: SimBroker, partition: Partition): void {
    const key = `${partition.topicId} ${partition.index}`;
    const mirror = node.mirrors.get(key);
    if (mirror?.log !== partition.log) return;
    const committed = this.#of(key);
    const name = `${partition.name} on ${node.id}`;
    const { highWatermark, log } = partition;
    if (highWatermark > log.endOffset) this.fault(`${name}: watermark ${highWatermark} above the end ${log.endOffset}`);
    if (highWatermark < log.startOffset) this.fault(`${name}: watermark ${highWatermark} below ${log.startOffset}`);
    this.#lookAtLeader(node, partition, committed);
    const from = Math.max(this.#seen.get(partition) ?? 0, log.startOffset);
    for (let at = from; at < highWatermark; at++) {
      const here = mirror.entries.get(at);
      const there = committed.entries.get(at);
      if (here === undefined)
        this.fault(`${name}: offset ${at} is below the watermark ${highWatermark}, and not there`);
      else if (there === undefined) committed.entries.set(at, here);
      else if (here !== there) this.fault(`${name}: offset ${at} is ${here}, and ${there} was committed`);
    }
    if ((this.#seen.get(partition) ?? 0) > highWatermark)
      this.fault(`${name}: the watermark went back to ${highWatermark}`);
    this.#seen.set(partition, highWatermark);
  }

  /** Whoever may be elected has everything that was committed. */
  #lookAtCandidates(key: string, committed: Committed): void {
    const [topicId, index] = key.split(' ');
    const state = this.controller.image.topics.byId(topicId as Uuid)?.partitions[Number(index)];
    if (state === undefined) return;
    const isNew = state.partitionEpoch !== committed.partitionEpoch || committed.entries.size !== committed.seen;
    committed.partitionEpoch = state.partitionEpoch;
    committed.seen = committed.entries.size;
    for (const id of state.isr) {
      const mirror = this.nodes[id - 1]?.mirrors.get(key);
      if (mirror === undefined || !(isNew || mirror.wasCut)) continue;
      mirror.wasCut = false;
      for (const [at, entry] of committed.entries) {
        if (at < mirror.log.startOffset || mirror.entries.get(at) === entry) continue;
        this.fault(`${key}: ${id} is in the ISR without ${entry} at offset ${at}, which was committed`);
        return;
      }
    }
  }

  #lookAtLeader(node: SimBroker, partition: Partition, committed: Committed): void {
    const key = `${partition.topicId} ${partition.index}`;
    const state = this.#stateOf(partition);
    if (!partition.isLeader || state?.leaderEpoch !== partition.leaderEpoch || state.leader !== node.id) return;
    const name = `${partition.name} on ${node.id}`;
    if (this.#reigns.get(partition) !== partition.leaderEpoch && this.#serves(partition)) {
      this.#reigns.set(partition, partition.leaderEpoch);
      const { entries } = node.mirrors.get(key)!;
      for (const [at, entry] of committed.entries) {
        if (at < partition.log.startOffset || entries.get(at) === entry) continue;
        this.fault(`${name} leads in epoch ${state.leaderEpoch} without ${entry} at offset ${at}, which was committed`);
      }
    }
    const { replication } = partition;
    if (replication === undefined) return;
    const maximal = replication.maximalIsr;
    for (const id of state.isr) {
      if (!maximal.includes(id)) this.fault(`${name}: ${id} is in the controller's ISR, and not in the leader's`);
    }
  }

  #serves(partition: Partition): boolean {
    try {
      partition.mustLead();
      return true;
    } catch {
      return false;
    }
  }

  #stateOf({ topicId, index }: Partition) {
    return this.#image.topics.byId(topicId)?.partitions[index];
  }

  get #image() {
    return this.controller.image;
  }
}
