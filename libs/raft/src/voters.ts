import { invariant, type NodeId, type Uuid } from '@trunkline/kernel';

/**
 * A replica of the log: a node **with** its disk. A node whose disk was wiped comes back with another directory id, and
 * so as another replica: what the old one promised does not bind it, and what it had does not count (KIP-853, C16).
 */
export interface ReplicaKey {
  readonly id: NodeId;
  readonly directoryId: Uuid;
}

/** Where a node listens, by the name of its listener. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** A replica that votes, and counts for the high watermark. */
export interface Voter extends ReplicaKey {
  readonly endpoints: readonly Endpoint[];
}

/** A node to ask, and where. */
export interface Peer {
  readonly id: NodeId;
  readonly endpoints: readonly Endpoint[];
}

/** The voters at one point of the log: by id, each once. Never changed, only replaced. */
export class VoterSet implements Iterable<Voter> {
  readonly #voters: readonly Voter[];

  constructor(voters: readonly Voter[]) {
    this.#voters = voters.toSorted((left, right) => left.id - right.id);
    const ids = new Set(voters.map(({ id }) => id));
    invariant(ids.size === voters.length, 'a node votes once');
  }

  get size(): number {
    return this.#voters.length;
  }

  /** Voters that make a decision: more than half. */
  get majority(): number {
    return Math.floor(this.#voters.length / 2) + 1;
  }

  [Symbol.iterator](): Iterator<Voter> {
    return this.#voters[Symbol.iterator]();
  }

  toArray(): readonly Voter[] {
    return this.#voters;
  }

  /** The voter of this node id, whatever its disk. */
  byId(id: NodeId): Voter | undefined {
    return this.#voters.find((voter) => voter.id === id);
  }

  has(key: ReplicaKey): boolean {
    return this.#voters.some((voter) => isSame(voter, key));
  }

  with(voter: Voter): VoterSet {
    return new VoterSet([...this.#voters.filter(({ id }) => id !== voter.id), voter]);
  }

  without(key: ReplicaKey): VoterSet {
    return new VoterSet(this.#voters.filter((voter) => !isSame(voter, key)));
  }
}

/** Whether both name the same node with the same disk. */
export function isSame(left: ReplicaKey, right: ReplicaKey): boolean {
  return left.id === right.id && left.directoryId === right.directoryId;
}

/** Whether two lists of endpoints say the same. */
export function sameEndpoints(left: readonly Endpoint[], right: readonly Endpoint[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, host, port }, at) => {
      const other = right[at];
      return other !== undefined && other.name === name && other.host === host && other.port === port;
    })
  );
}
