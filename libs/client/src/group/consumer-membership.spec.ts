import { describe, expect, it } from '@jest/globals';
import type { Uuid } from '@trunkline/kernel';
import { MembershipPlay } from '../../test/membership-play.js';
import type { ConsumerAsk, ConsumerReply } from './consumer-asks.js';
import { ConsumerMembership, type ConsumerMembershipOptions } from './consumer-membership.js';
import { type TopicPartition, nameOfPartition } from '../topic-partition.js';

const OPTIONS: ConsumerMembershipOptions = {
  groupId: 'mail',
  memberId: 'mmmmmmmmmmmmmmmmmmmmmA' as Uuid,
  instanceId: undefined,
  sessionTimeoutMs: 45_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
};

class Play extends MembershipPlay<ConsumerAsk, ConsumerReply, ConsumerMembership> {
  constructor(options: Partial<ConsumerMembershipOptions> = {}) {
    super(new ConsumerMembership({ ...OPTIONS, ...options }), toldAsk);
  }

  replied(epoch: number, assigned: readonly string[] | null = null, isComplete = true): string[] {
    const reply: ConsumerReply = {
      memberId: null,
      epoch,
      heartbeatMs: 5_000,
      assigned: assigned === null ? null : assigned.map(partitionOf),
      isComplete,
    };
    return this.answered(reply);
  }

  /** Up to a member that holds `a/0` and `a/1` in epoch 1. */
  member(): this {
    this.start();
    this.replied(1, ['a/0', 'a/1']);
    this.replied(1);
    return this;
  }
}

function toldAsk({ epoch, isFull, owned }: ConsumerAsk): string {
  const what = owned === null ? '' : ` owning ${owned.map(nameOfPartition).join(' ') || 'nothing'}`;
  return `beat ${epoch}${isFull ? ' in full' : ''}${what}`;
}

function partitionOf(name: string): TopicPartition {
  const [topic = '', partition = ''] = name.split('/');
  return { topic, partition: Number(partition) };
}

describe('a member of the consumer protocol (KIP-848)', () => {
  it('joins with everything that is to be told, reads what it is given, and acknowledges', () => {
    const play = new Play();
    expect(play.start()).toEqual(['beat 0 in full owning nothing']);
    expect(play.replied(1, ['a/0'])).toEqual(['assigned a/0', 'beat 1 owning a/0']);
    expect(play.machine.state).toBe('stable');
    expect(play.replied(1)).toEqual([]);
    expect(play.machine.identity).toEqual({ memberId: OPTIONS.memberId, generation: 1, instanceId: null });
  });

  it('beats as often as the broker says, and tells only what changed', () => {
    const play = new Play().member();
    expect(play.wake()).toEqual(['beat 1']);
    expect(play.nowMs).toBe(5_000);
    play.replied(1);
    play.wake();
    expect(play.nowMs).toBe(10_000);
  });

  it('acknowledges what was taken away only after it has let go of it', () => {
    const play = new Play().member();
    play.wake();
    expect(play.replied(1, ['a/0'])).toEqual(['revoke a/1'].flatMap((line) => ['assigned nothing', line]));
    expect(play.machine.state).toBe('rebalancing');
    expect(play.wake()).toEqual(['beat 1']);
    play.replied(1);
    expect(play.released()).toEqual(['beat 1 owning a/0']);
    expect(play.replied(2)).toEqual([]);
    expect(play.machine.state).toBe('stable');
  });

  it('acknowledges after the beat that is under way', () => {
    const play = new Play().member();
    play.wake();
    play.replied(1, ['a/0']);
    play.wake();
    expect(play.released()).toEqual([]);
    expect(play.replied(1)).toEqual(['beat 1 owning a/0']);
  });

  it('reads what is new at once while it lets go of the rest', () => {
    const play = new Play().member();
    play.wake();
    expect(play.replied(2, ['a/0', 'b/0'])).toEqual(['assigned b/0', 'revoke a/1']);
  });

  it('takes a partition back when the earlier reading of it has ended', () => {
    const play = new Play().member();
    play.wake();
    play.replied(1, ['a/0']);
    play.wake();
    expect(play.replied(2, ['a/0', 'a/1'])).toEqual(['assigned nothing']);
    expect(play.released()).toEqual(['assigned a/1', 'beat 2 owning a/0 a/1']);
  });

  it('reads what has a name, and acknowledges when all have', () => {
    const play = new Play();
    play.start();
    expect(play.replied(1, ['a/0'], false)).toEqual(['assigned a/0']);
    play.wake();
    expect(play.replied(1, ['a/0', 'b/0'])).toEqual(['assigned b/0', 'beat 1 owning a/0 b/0']);
  });

  it.each(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const)(
    'loses everything and joins again after %s',
    (code) => {
      const play = new Play().member();
      play.wake();
      expect(play.refused(code)).toEqual(['lost a/0 a/1', 'beat 0 in full owning nothing']);
      expect(play.machine.identity.generation).toBe(-1);
    },
  );

  it('pauses when joining itself is fenced', () => {
    const play = new Play();
    play.start();
    expect(play.refused('FENCED_MEMBER_EPOCH')).toEqual([]);
    expect(play.wake()).toEqual(['beat 0 in full owning nothing']);
    expect(play.nowMs).toBe(100);
  });

  it('tells everything again when it does not know what arrived', () => {
    const play = new Play().member();
    play.wake();
    expect(play.refused('TIMED_OUT')).toEqual(['forgetCoordinator']);
    expect(play.wake()).toEqual(['beat 1 in full owning a/0 a/1']);
  });

  it('takes itself for lost when its session has ended without a word', () => {
    const play = new Play().member();
    play.wake();
    expect(play.wake()).toEqual(['lost a/0 a/1', 'forgetCoordinator', 'beat 0 in full owning nothing']);
    expect(play.nowMs).toBe(45_000);
  });

  it.each(['UNSUPPORTED_ASSIGNOR', 'UNSUPPORTED_VERSION', 'INVALID_REGULAR_EXPRESSION', 'INVALID_REQUEST'] as const)(
    'ends for good with %s',
    (code) => {
      const play = new Play();
      play.start();
      expect(play.refused(code)).toEqual([`failed ${code}`]);
    },
  );

  it('waits for an instance id until it is free', () => {
    const play = new Play({ instanceId: 'i' });
    play.start();
    play.refused('UNRELEASED_INSTANCE_ID');
    expect(play.machine.trouble?.code).toBe('UNRELEASED_INSTANCE_ID');
    expect(play.wake()).toEqual(['beat 0 in full owning nothing']);
    expect(play.nowMs).toBe(5_000);
  });

  it('hears from a commit that it is fenced', () => {
    const play = new Play().member();
    expect(play.fencedAt(1, 'UNKNOWN_MEMBER_ID')).toEqual(['lost a/0 a/1', 'beat 0 in full owning nothing']);
    expect(play.fencedAt(1, 'UNKNOWN_MEMBER_ID')).toEqual([]);
  });

  it('lets go of everything, then leaves with epoch -1', () => {
    const play = new Play().member();
    expect(play.close()).toEqual(['revoke a/0 a/1']);
    expect(play.wake()).toEqual(['beat 1']);
    expect(play.released()).toEqual(['beat -1']);
    expect(play.replied(-1)).toEqual(['left']);
  });

  it('leaves for a while with epoch -2 when it is static', () => {
    const play = new Play({ instanceId: 'i' }).member();
    play.close();
    expect(play.released()).toEqual(['beat -2']);
  });

  it('asks sooner, but not for ever, while it has nothing to read yet', () => {
    const play = new Play();
    play.start();
    const pauses: number[] = [];
    for (let beats = 0; beats < 10; beats++) {
      play.replied(1);
      pauses.push(play.machine.wakeAtMs - play.nowMs);
      play.wake();
    }
    expect(pauses).toEqual([500, 500, 500, 500, 500, 500, 500, 500, 5_000, 5_000]);
    play.replied(2, ['a/0']);
    play.replied(2);
    expect(play.machine.wakeAtMs - play.nowMs).toBe(5_000);
  });
});
