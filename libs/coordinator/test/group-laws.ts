import { invariant } from '@trunkline/kernel';
import type { Claim } from './group-world.js';

/** An assignment as a leader of the world wrote it. */
interface Assignment {
  readonly syncId: number;
  readonly partitions: readonly number[];
}

/**
 * What must hold of a group, seen from outside: what was handed out, what was accepted.
 *
 * NoDoubleAssignment, monotone generations, and no commit of a fenced member (05-reliability B.1d).
 */
export class GroupLaws {
  /** The one set of assignments that a generation may have. */
  readonly #syncOf = new Map<number, number>();
  /** Who owns a partition in a generation: a member id, and the static member that it stands for. */
  readonly #owners = new Map<string, string>();
  readonly #memberOf = new Map<string, string>();
  readonly #left = new Set<string>();
  readonly #acknowledged = new Map<number, number>();
  readonly #sent = new Map<number, Set<number>>();
  #highestAssigned = -1;
  /** Highest generation that anybody was told of since the coordinator has been up. */
  #highestTold = -1;

  /** What was in progress is forgotten; what was handed out holds. */
  restarted(): void {
    this.#highestTold = this.#highestAssigned;
  }

  joined({ generation, memberId, instanceId }: Claim): void {
    invariant(generation >= this.#highestAssigned, `generation ${generation} comes after ${this.#highestAssigned}`);
    this.#highestTold = Math.max(this.#highestTold, generation);
    if (instanceId !== null) this.#memberOf.set(instanceId, memberId);
  }

  left(memberId: string): void {
    this.#left.add(memberId);
  }

  /** Gives the partitions that the member may take its own now. */
  assigned({ generation, memberId, instanceId }: Claim, assignment: Assignment | undefined): readonly number[] {
    invariant(
      generation >= this.#highestAssigned,
      `an assignment of ${generation} after one of ${this.#highestAssigned}`,
    );
    this.#highestAssigned = generation;
    if (assignment === undefined) return [];
    const syncId = this.#syncOf.get(generation) ?? assignment.syncId;
    this.#syncOf.set(generation, syncId);
    invariant(syncId === assignment.syncId, `generation ${generation} has one set of assignments`);
    for (const partition of assignment.partitions) {
      const owner = instanceId ?? memberId;
      const before = this.#owners.get(`${generation}/${partition}`) ?? owner;
      invariant(before === owner, `partition ${partition} has one owner in generation ${generation}`);
      this.#owners.set(`${generation}/${partition}`, owner);
    }
    return assignment.partitions;
  }

  /** A commit sets out; the answer will tell whether it may have been accepted. */
  commits(claim: Claim, offset: number, partitions: readonly number[]): { accepted(): void } {
    const isFenced =
      claim.generation < this.#highestTold ||
      this.#left.has(claim.memberId) ||
      (claim.instanceId !== null && this.#memberOf.get(claim.instanceId) !== claim.memberId);
    for (const partition of partitions) {
      const sent = this.#sent.get(partition) ?? new Set();
      this.#sent.set(partition, sent.add(offset));
    }
    return {
      accepted: () => {
        invariant(!isFenced, `a commit of ${claim.memberId} in generation ${claim.generation} is refused`);
        for (const partition of partitions) {
          this.#acknowledged.set(partition, Math.max(offset, this.#acknowledged.get(partition) ?? 0));
        }
      },
    };
  }

  /** Nothing acknowledged is lost, and nothing is there that nobody sent. */
  committed(offsets: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of this.#acknowledged) {
      const found = offsets.get(partition) ?? -1;
      invariant(found >= offset, `partition ${partition} stands at ${found}, ${offset} was acknowledged`);
      invariant(this.#sent.get(partition)?.has(found) === true, `offset ${found} of ${partition} was sent by somebody`);
    }
  }
}
