import { describe, expect, it } from '@jest/globals';
import { MembershipPlay } from '../../test/membership-play.js';
import { KafkaError } from '../error.js';
import type { ClassicAsk, ClassicReply } from './classic-asks.js';
import { ClassicMembership } from './classic-membership.js';
import type { ClassicMembershipOptions } from './classic-phase.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

const OPTIONS: ClassicMembershipOptions = {
  groupId: 'mail',
  instanceId: undefined,
  isCooperative: true,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatMs: 3_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
};

class Play extends MembershipPlay<ClassicAsk, ClassicReply, ClassicMembership> {
  constructor(options: Partial<ClassicMembershipOptions> = {}) {
    super(new ClassicMembership({ ...OPTIONS, ...options }), (ask) => `ask ${toldAsk(ask)}`);
  }

  /** Up to a stable member that holds these. */
  member(held: readonly string[] = ['a/0', 'a/1'], generation = 1): this {
    this.start();
    this.answered(joined({ isIdOnly: true }));
    this.answered(joined({ generation }));
    this.answered(synced(held));
    return this;
  }
}

function toldAsk(ask: ClassicAsk): string {
  switch (ask.api) {
    case 'join':
      return `join as '${ask.memberId}' owning ${ask.owned.map(nameOfPartition).join(' ') || 'nothing'} of ${ask.generation}`;
    case 'assign':
      return `assign by ${ask.protocolName}`;
    case 'sync':
      return `sync ${ask.generation} with ${ask.assignments.length}`;
    default:
      return ask.api;
  }
}

function joined(change: Partial<Extract<ClassicReply, { api: 'join' }>> = {}): ClassicReply {
  const plain = {
    api: 'join',
    isIdOnly: false,
    memberId: 'm1',
    generation: 1,
    protocolName: 'cooperative-sticky',
  } as const;
  return { ...plain, leader: 'm0', skipAssignment: false, peers: [], ...change };
}

function synced(names: readonly string[]): ClassicReply {
  return { api: 'sync', assigned: names.map(partitionOf) };
}

function partitionOf(name: string): TopicPartition {
  const [topic = '', partition = ''] = name.split('/');
  return { topic, partition: Number(partition) };
}

describe('a member of a classic group', () => {
  it('joins again with the id it was given (KIP-394), syncs and reads', () => {
    const play = new Play();
    expect(play.start()).toEqual(["ask join as '' owning nothing of -1"]);
    expect(play.answered(joined({ isIdOnly: true }))).toEqual(["ask join as 'm1' owning nothing of -1"]);
    expect(play.answered(joined())).toEqual(['ask sync 1 with 0']);
    expect(play.answered(synced(['a/0']))).toEqual(['assigned a/0']);
    expect(play.machine.state).toBe('stable');
    expect(play.machine.identity).toEqual({ memberId: 'm1', generation: 1, instanceId: null });
  });

  it('shares the partitions when it leads', () => {
    const play = new Play();
    play.start();
    expect(play.answered(joined({ leader: 'm1' }))).toEqual(['ask assign by cooperative-sticky']);
    const assignments = [{ memberId: 'm1', assignment: new Uint8Array() }];
    expect(play.answered({ api: 'assign', assignments })).toEqual(['ask sync 1 with 1']);
    expect(play.machine.isLeader).toBe(true);
  });

  it('shares nothing when the broker says that the group keeps its assignment (KIP-814)', () => {
    const play = new Play({ instanceId: 'i' });
    play.start();
    expect(play.answered(joined({ leader: 'm1', skipAssignment: true }))).toEqual(['ask sync 1 with 0']);
    expect(play.machine.isLeader).toBe(true);
  });

  it('beats by time alone, whatever its handlers do', () => {
    const play = new Play().member();
    for (let beat = 1; beat <= 100; beat++) {
      expect(play.wake()).toEqual(['ask heartbeat']);
      expect(play.nowMs).toBe(3_000 * beat);
      expect(play.answered({ api: 'heartbeat' })).toEqual([]);
    }
    expect(play.machine.state).toBe('stable');
  });

  it('keeps what it has while a cooperative group shares anew', () => {
    const play = new Play().member();
    play.wake();
    expect(play.refused('REBALANCE_IN_PROGRESS')).toEqual(["ask join as 'm1' owning a/0 a/1 of 1"]);
    play.answered(joined({ generation: 2 }));
    expect(play.answered(synced(['a/0', 'a/1']))).toEqual(['assigned nothing']);
  });

  it('lets go of what was taken, and joins again so that others get it (KIP-429)', () => {
    const play = new Play().member();
    play.changed();
    play.answered(joined({ generation: 2 }));
    expect(play.answered(synced(['a/0', 'b/0']))).toEqual(['assigned b/0', 'revoke a/1']);
    expect(play.machine.held.map(nameOfPartition)).toEqual(['a/0', 'a/1', 'b/0']);
    expect(play.released()).toEqual(["ask join as 'm1' owning a/0 b/0 of 2"]);
  });

  it('owns what it is letting go of until it has', () => {
    const play = new Play().member();
    play.changed();
    play.answered(joined({ generation: 2 }));
    play.answered(synced(['a/0']));
    play.wake();
    expect(play.refused('REBALANCE_IN_PROGRESS')).toEqual(["ask join as 'm1' owning a/0 a/1 of 2"]);
  });

  it('takes a partition back only when the earlier reading of it has ended', () => {
    const play = new Play().member();
    play.changed();
    play.answered(joined({ generation: 2 }));
    play.answered(synced(['a/0']));
    play.changed();
    play.answered(joined({ generation: 3 }));
    expect(play.answered(synced(['a/0', 'a/1']))).toEqual(['assigned nothing']);
    expect(play.released()).toEqual(['assigned a/1']);
  });

  it('takes no notice of a release that belongs to an earlier life', () => {
    const play = new Play().member();
    play.changed();
    play.answered(joined({ generation: 2 }));
    play.answered(synced(['a/0']));
    const early = play.revocation;
    play.fencedAt(2, 'UNKNOWN_MEMBER_ID');
    play.answered(joined({ memberId: 'm2', generation: 3 }));
    play.answered(synced(['a/1']));
    play.changed();
    play.answered(joined({ memberId: 'm2', generation: 4 }));
    expect(play.answered(synced([]))).toEqual(['assigned nothing', 'revoke a/1']);
    expect(play.released(early)).toEqual([]);
    expect(play.machine.held.map(nameOfPartition)).toEqual(['a/1']);
    expect(play.released()).toEqual(["ask join as 'm2' owning nothing of 4"]);
  });

  it('beats while it lets go', () => {
    const play = new Play().member();
    play.changed();
    play.answered(joined({ generation: 2 }));
    play.answered(synced([]));
    expect(play.wake()).toEqual(['ask heartbeat']);
  });

  it('lets go of everything before it joins an eager group again, and beats meanwhile', () => {
    const play = new Play({ isCooperative: false }).member();
    play.wake();
    expect(play.refused('REBALANCE_IN_PROGRESS')).toEqual(['revoke a/0 a/1']);
    expect(play.wake()).toEqual(['ask heartbeat']);
    expect(play.refused('REBALANCE_IN_PROGRESS')).toEqual([]);
    expect(play.released()).toEqual(["ask join as 'm1' owning nothing of 1"]);
  });

  it('loses everything and begins anew when the coordinator does not know it', () => {
    const play = new Play().member();
    play.wake();
    expect(play.refused('UNKNOWN_MEMBER_ID')).toEqual(['lost a/0 a/1', "ask join as '' owning nothing of -1"]);
    expect(play.machine.identity.generation).toBe(-1);
  });

  it('keeps its id when only its generation is illegal', () => {
    const play = new Play().member();
    play.wake();
    expect(play.refused('ILLEGAL_GENERATION')).toEqual(['lost a/0 a/1', "ask join as 'm1' owning nothing of -1"]);
  });

  it('ends for good when another has its instance id', () => {
    const play = new Play({ instanceId: 'i' }).member();
    play.wake();
    expect(play.refused('FENCED_INSTANCE_ID')).toEqual(['lost a/0 a/1', 'failed FENCED_INSTANCE_ID']);
    expect(play.machine.state).toBe('failed');
    expect(play.changed()).toEqual([]);
  });

  it.each(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'DISCONNECTED', 'TIMED_OUT'] as const)(
    'looks for its coordinator after %s, and stays a member',
    (code) => {
      const play = new Play().member();
      play.wake();
      expect(play.refused(code)).toEqual(['forgetCoordinator']);
      expect(play.wake()).toEqual(['ask heartbeat']);
      expect(play.nowMs).toBe(3_100);
    },
  );

  it('waits while its coordinator loads', () => {
    const play = new Play();
    play.start();
    expect(play.refused('COORDINATOR_LOAD_IN_PROGRESS')).toEqual([]);
    expect(play.wake()).toEqual(["ask join as '' owning nothing of -1"]);
    expect(play.nowMs).toBe(100);
  });

  it('pauses longer with each failure, up to the limit', () => {
    const play = new Play();
    play.start();
    const at = Array.from({ length: 6 }, () => {
      play.refused('UNREACHABLE');
      play.wake();
      return play.nowMs;
    });
    expect(at).toEqual([100, 300, 700, 1_500, 2_500, 3_500]);
  });

  it('takes itself for lost when the session has ended without a word', () => {
    const play = new Play().member();
    play.wake();
    let told = play.refused('DISCONNECTED');
    while (!told.includes('lost a/0 a/1')) {
      expect(play.nowMs).toBeLessThanOrEqual(10_000);
      play.wake();
      told = play.nowMs < 10_000 ? play.refused('UNREACHABLE') : ['lost a/0 a/1'];
    }
    expect(play.nowMs).toBe(10_000);
    expect(play.machine.held).toEqual([]);
    expect(play.machine.trouble?.message).toContain('no word from the coordinator for 10000 ms');
    expect(play.wake()).toEqual(["ask join as 'm1' owning nothing of -1"]);
  });

  it('takes itself for lost also while a beat has no answer', () => {
    const play = new Play().member();
    play.wake();
    expect(play.wake()).toEqual(['lost a/0 a/1', 'forgetCoordinator']);
  });

  it('ignores the answer of what it has given up', () => {
    const play = new Play().member();
    play.wake();
    play.changed();
    play.answered(joined({ generation: 2 }));
    const stale = play.machine.step({
      kind: 'failed',
      nowMs: play.nowMs,
      id: 1,
      error: new KafkaError('UNKNOWN_MEMBER_ID', 'late'),
    });
    expect(stale).toEqual([]);
  });

  it('joins again after a sync that came too late', () => {
    const play = new Play();
    play.start();
    play.answered(joined());
    expect(play.refused('REBALANCE_IN_PROGRESS')).toEqual(["ask join as 'm1' owning nothing of -1"]);
  });

  it('joins once more when topics grew during the round', () => {
    const play = new Play();
    play.start();
    play.answered(joined());
    expect(play.changed()).toEqual([]);
    expect(play.answered(synced(['a/0']))).toEqual(['assigned a/0', "ask join as 'm1' owning a/0 of 1"]);
  });

  it('hears from a commit that it is fenced', () => {
    const play = new Play().member();
    expect(play.fencedAt(1, 'UNKNOWN_MEMBER_ID')).toEqual(['lost a/0 a/1', "ask join as '' owning nothing of -1"]);
  });

  it('does not care for a commit of an earlier generation that was fenced', () => {
    const play = new Play().member(['a/0'], 5);
    expect(play.fencedAt(4, 'ILLEGAL_GENERATION')).toEqual([]);
  });

  it('lets go of everything, then leaves', () => {
    const play = new Play().member();
    expect(play.close()).toEqual(['revoke a/0 a/1']);
    expect(play.released()).toEqual(['ask leave']);
    expect(play.answered({ api: 'leave' })).toEqual(['left']);
    expect(play.machine.state).toBe('closed');
  });

  it('ends though the coordinator cannot be told that it leaves', () => {
    const play = new Play().member([]);
    expect(play.close()).toEqual(['ask leave']);
    expect(play.refused('TIMED_OUT')).toEqual(['left']);
  });

  it('does not leave when it is static (KIP-345)', () => {
    const play = new Play({ instanceId: 'i' }).member();
    play.close();
    expect(play.released()).toEqual(['left']);
  });

  it('breaks off a parked join to leave', () => {
    const play = new Play().member();
    play.changed();
    expect(play.close()).toEqual(['breakOff', 'revoke a/0 a/1']);
    expect(play.released()).toEqual(['ask leave']);
  });

  it('tries again slowly where only somebody else can help', () => {
    const play = new Play();
    play.start();
    play.refused('GROUP_AUTHORIZATION_FAILED');
    expect(play.machine.trouble?.code).toBe('GROUP_AUTHORIZATION_FAILED');
    play.wake();
    expect(play.nowMs).toBe(5_000);
  });
});
