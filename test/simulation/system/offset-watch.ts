import { NoAnswer, SimClient, type SimNode } from '../node.js';
import type { GroupHistory } from './history.js';
import { committedOffsets } from './looking.js';

/** Looks at what a group has committed, from outside, and tells its history. */
export class OffsetWatch {
  /** As it was told last. */
  committed: readonly number[] = [];
  #isLooking = false;
  readonly #client: SimClient;

  constructor(
    private readonly node: SimNode,
    private readonly group: GroupHistory,
  ) {
    this.#client = new SimClient(node);
  }

  look(): void {
    if (this.#isLooking || !this.node.up) return;
    this.#isLooking = true;
    const { group } = this;
    const { topic, partitions } = group.topic;
    void committedOffsets(this.#client, group.group, topic, partitions)
      .then((committed) => {
        if (committed === undefined) return;
        this.committed = committed;
        committed.forEach((offset, partition) => group.committed(partition, offset));
      })
      .catch((reason: unknown) => {
        if (!(reason instanceof NoAnswer)) group.fault(`its offsets cannot be looked at: ${String(reason)}`);
      })
      .finally(() => (this.#isLooking = false));
  }
}
