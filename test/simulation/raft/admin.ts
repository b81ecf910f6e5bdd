import type { MembershipRequest, ReplicaKey } from '@trunkline/raft';
import { Life, type SimWorld } from '../world.js';
import type { RaftSimNode } from './node.js';

const VOTERS_MAX = 5;

/** Who adds and removes voters, one after the other, and replaces those that lost their disks. */
export class Admin {
  /** Changes that were acknowledged. */
  changes = 0;
  /** A voter whose disk is gone; its node has another. */
  toReplace: ReplicaKey | undefined;
  #isAsking = false;
  readonly #always = new Life();

  constructor(
    private readonly world: SimWorld,
    private readonly nodes: readonly RaftSimNode[],
  ) {}

  /** Nothing is left to be replaced, and no answer is waited for. */
  get isDone(): boolean {
    return this.toReplace === undefined && !this.#isAsking;
  }

  /**
   * Whether a quorum can lose this node's disk: all are up and agree on three voters or more, nobody else has lost
   * anything, and no change is under way.
   */
  maySacrifice(node: RaftSimNode): boolean {
    if (!this.isDone) return false;
    const statuses = this.nodes.map((each) => each.status());
    const leader = statuses.find((status) => status?.isReady === true);
    if (leader === undefined || leader.voters.length < 3) return false;
    const names = new Set(statuses.map((status) => status?.voters.map(({ directoryId }) => directoryId).join(' ')));
    const isWhole = statuses.every((status) => status !== undefined && !status.needsRepair);
    const areFollowing = statuses.every(
      (status) => status?.leaderId === leader.self.id && status.epoch === leader.epoch,
    );
    return names.size === 1 && isWhole && areFollowing && node.id !== leader.self.id;
  }

  act(): void {
    const leader = this.nodes.find((node) => node.status()?.role === 'leader');
    const status = leader?.status();
    // Removing a voter while another cannot vote is a second failure, and one that nobody asked for.
    const isSomebodyIll = this.nodes.some(({ disk }) => disk.hard?.needsRepair === true);
    if (leader === undefined || status === undefined || isSomebodyIll) return;
    if (this.#isAsking) return this.#impatient(leader, status.voters);
    const lost = this.toReplace;
    if (lost !== undefined) {
      if (status.voters.some(({ directoryId }) => directoryId === lost.directoryId)) {
        return this.#ask(leader, remove(lost));
      }
      const node = this.nodes.find(({ id }) => id === lost.id)!;
      if (status.voters.some(({ id }) => id === lost.id)) {
        this.toReplace = undefined;
        return;
      }
      return this.#ask(leader, add({ id: lost.id, directoryId: node.disk.directoryId }));
    }
    this.#change(leader, status.voters);
  }

  /** Asks for something else while an answer is due. Who lost a disk counts already, so then only for what cannot be. */
  #impatient(leader: RaftSimNode, voters: readonly ReplicaKey[]): void {
    const { dice } = this.world;
    const one = voters[dice.below(Math.max(1, voters.length))];
    if (one === undefined || voters.length < 4 || this.toReplace !== undefined) return;
    leader.host?.handle(remove(one)).then(
      () => {},
      () => {},
    );
  }

  #change(leader: RaftSimNode, voters: readonly ReplicaKey[]): void {
    const { dice } = this.world;
    const others = this.nodes.filter(({ id }) => !voters.some((voter) => voter.id === id));
    const newcomer = others[dice.below(Math.max(1, others.length))];
    const isGrowing = newcomer !== undefined && voters.length < VOTERS_MAX && (voters.length < 3 || dice.chance(50));
    if (isGrowing) {
      return this.#ask(leader, add({ id: newcomer.id, directoryId: newcomer.disk.directoryId }));
    }
    const leaving = voters[dice.below(voters.length)];
    if (leaving !== undefined && voters.length > 1) this.#ask(leader, remove(leaving));
  }

  #ask(leader: RaftSimNode, request: MembershipRequest): void {
    this.world.note(`${leader.id} is asked: ${request.api} ${request.voterId}`);
    this.#isAsking = true;
    const ended = (): void => void (this.#isAsking = false);
    const life = leader.lives;
    leader.host?.handle(request).then(({ errorCode }) => {
      ended();
      this.world.note(`${request.api} ${request.voterId}: ${errorCode}`);
      if (errorCode !== 'NONE') return;
      this.changes += 1;
      if (request.voterId === this.toReplace?.id && request.api === 'add-raft-voter') this.toReplace = undefined;
    }, ended);
    // The answer of a dead leader never comes.
    const look = (): void => {
      if (!this.#isAsking) return;
      if (leader.lives === life && leader.isUp) return this.#later(look);
      ended();
    };
    this.#later(look);
  }

  #later(run: () => void): void {
    this.world.schedule(1_000_000, 'admin', this.#always, run);
  }
}

function add({ id, directoryId }: ReplicaKey): MembershipRequest {
  return {
    api: 'add-raft-voter',
    clusterId: 'sim',
    timeoutMs: 3000,
    voterId: id,
    voterDirectoryId: directoryId,
    listeners: [],
    ackWhenCommitted: true,
  };
}

function remove({ id, directoryId }: ReplicaKey): MembershipRequest {
  return { api: 'remove-raft-voter', clusterId: 'sim', voterId: id, voterDirectoryId: directoryId };
}
