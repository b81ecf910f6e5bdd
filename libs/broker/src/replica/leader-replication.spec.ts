import { describe, expect, it } from '@jest/globals';
import { nodeId, offset } from '@trunkline/kernel';
import { type IsrOutcome, type IsrProposal, LeaderReplication } from './leader-replication.js';

/**
 * A leader, 1, and what happens to it, one line an event; the transcript says after each what it would do.
 *
 * `reign EPOCH at START [min N] [hw OFFSET] replicas 1 2 3 isr 1 2`, `end OFFSET` (the leader's own),
 * `fetch ID OFFSET [from START] [broker EPOCH]`, `wait MS` (and look who lags), `accepted`, `refused ERROR`, `metadata
 * PARTITION-EPOCH isr 1 2 [replicas 1 2 3]`, `fence ID`, `unfence ID EPOCH`.
 */
function play(script: string): string {
  const story = new Story();
  const lines = script
    .trim()
    .split('\n')
    .flatMap((line) => {
      const said = story.play(line.trim().split(/\s+/));
      return [`> ${line.trim()}`, ...said.map((each) => `    ${each}`)];
    });
  return `\n${lines.join('\n')}\n`;
}

class Story {
  readonly #epochs = new Map([1, 2, 3].map((id) => [nodeId(id), BigInt(id * 10)]));
  #leader!: LeaderReplication;
  #nowMs = 0;
  #end = 0;
  #sent: IsrProposal | undefined;
  #told = '';

  play([verb = '', ...words]: readonly string[]): string[] {
    const after = (word: string): string | undefined => {
      const at = words.indexOf(word);
      return at === -1 ? undefined : words[at + 1];
    };
    const list = (word: string): number[] => {
      const from = words.indexOf(word) + 1;
      const until = words.findIndex((each, at) => at >= from && Number.isNaN(Number(each)));
      return words.slice(from, until === -1 ? undefined : until).map(Number);
    };
    this.#do(verb, words, after, list);
    return this.#look();
  }

  #do(
    verb: string,
    words: readonly string[],
    after: (word: string) => string | undefined,
    list: (word: string) => number[],
  ): void {
    const first = Number(words[0]);
    const state = {
      leaderEpoch: this.#leader?.leaderEpoch ?? first,
      partitionEpoch: first,
      replicas: (words.includes('replicas') ? list('replicas') : [1, 2, 3]).map(nodeId),
      isr: list('isr').map(nodeId),
    };
    switch (verb) {
      case 'reign': {
        this.#end = Number(after('at'));
        const [minIsr, watermark] = [Number(after('min') ?? 1), offset(Number(after('hw') ?? 0))];
        const start = { epochStart: offset(this.#end), ownEnd: offset(this.#end), highWatermark: watermark };
        const rules = {
          nodeId: nodeId(1),
          lagMaxMs: 1000,
          brokerEpoch: () => 10n,
          eligibleEpoch: (id: ReturnType<typeof nodeId>) => this.#epochs.get(id),
        };
        this.#leader = new LeaderReplication(rules, { ...state, partitionEpoch: 0 }, { ...start, minIsr, nowMs: 0 });
        return;
      }
      case 'end':
        this.#end = first;
        return this.#leader.reached(offset(first), this.#nowMs);
      case 'fetch': {
        const [replica, endOffset] = [nodeId(first), offset(Number(words[1]))];
        const brokerEpoch = BigInt(after('broker') ?? this.#epochs.get(replica) ?? -1);
        const startOffset = offset(Number(after('from') ?? 0));
        return this.#leader.fetched({ replica, endOffset, startOffset, brokerEpoch }, this.#nowMs);
      }
      case 'wait':
        this.#nowMs += first;
        return this.#leader.tick(this.#nowMs);
      case 'accepted': {
        const { leaderEpoch, partitionEpoch, isr } = this.#sent!;
        const members = isr.map(({ brokerId }) => brokerId);
        return this.#settle({ kind: 'state', leaderEpoch, partitionEpoch: partitionEpoch + 1, isr: members });
      }
      case 'refused':
        return this.#settle({ kind: 'refused', error: words[0]! });
      case 'metadata':
        return void this.#leader.become(state, this.#nowMs);
      case 'fence':
        this.#epochs.delete(nodeId(first));
        return;
      case 'unfence':
        this.#epochs.set(nodeId(first), BigInt(words[1]!));
        return;
      default:
        throw new Error(`what is ${verb}?`);
    }
  }

  #settle(outcome: IsrOutcome): void {
    this.#leader.settle(this.#sent!, outcome, this.#nowMs);
  }

  #look(): string[] {
    const leader = this.#leader;
    const said: string[] = [];
    const state = `watermark ${leader.highWatermark}, isr ${leader.isr.join(' ')}${leader.isUnderMinIsr ? ' (too few)' : ''}`;
    if (state !== this.#told) said.push(state);
    this.#told = state;
    const proposal = leader.takeProposal();
    if (proposal === undefined) return said;
    this.#sent = proposal;
    const members = proposal.isr.map(({ brokerId, brokerEpoch }) => `${brokerId}@${brokerEpoch}`).join(' ');
    return [...said, `proposes ${members} over partition epoch ${proposal.partitionEpoch}`];
  }
}

describe('a leader', () => {
  it('raises the watermark to what all in sync have fetched in its reign', () => {
    expect(
      play(`
        reign 5 at 10 hw 4 replicas 1 2 3 isr 1 2 3
        end 12
        fetch 2 10
        fetch 3 10
        fetch 2 12
        fetch 3 11
        fetch 3 12
        end 13`),
    ).toMatchInlineSnapshot(`
     "
     > reign 5 at 10 hw 4 replicas 1 2 3 isr 1 2 3
         watermark 4, isr 1 2 3
     > end 12
     > fetch 2 10
     > fetch 3 10
         watermark 10, isr 1 2 3
     > fetch 2 12
     > fetch 3 11
         watermark 11, isr 1 2 3
     > fetch 3 12
         watermark 12, isr 1 2 3
     > end 13
     "
    `);
  });

  it('lets a follower join once it has the watermark and the beginning of the reign, and counts it from then on', () => {
    expect(
      play(`
        reign 5 at 10 hw 4 replicas 1 2 3 isr 1 2
        fetch 3 8
        fetch 2 10
        end 12
        fetch 3 9
        fetch 3 10
        fetch 2 12
        accepted
        fetch 3 12`),
    ).toMatchInlineSnapshot(`
     "
     > reign 5 at 10 hw 4 replicas 1 2 3 isr 1 2
         watermark 4, isr 1 2
     > fetch 3 8
     > fetch 2 10
         watermark 10, isr 1 2
     > end 12
     > fetch 3 9
     > fetch 3 10
         proposes 1@10 2@20 3@30 over partition epoch 0
     > fetch 2 12
     > accepted
         watermark 10, isr 1 2 3
     > fetch 3 12
         watermark 12, isr 1 2 3
     "
    `);
  });

  it('waits for a silent follower until the controller has agreed that it is out', () => {
    expect(
      play(`
        reign 5 at 10 hw 10 min 2 replicas 1 2 3 isr 1 2 3
        fetch 2 10
        fetch 3 10
        end 11
        wait 900
        fetch 2 11
        wait 200
        accepted
        end 12
        wait 1200
        accepted
        fetch 2 12
        accepted`),
    ).toMatchInlineSnapshot(`
     "
     > reign 5 at 10 hw 10 min 2 replicas 1 2 3 isr 1 2 3
         watermark 10, isr 1 2 3
     > fetch 2 10
     > fetch 3 10
     > end 11
     > wait 900
     > fetch 2 11
     > wait 200
         proposes 1@10 2@20 over partition epoch 0
     > accepted
         watermark 11, isr 1 2
     > end 12
     > wait 1200
         proposes 1@10 over partition epoch 1
     > accepted
         watermark 11, isr 1 (too few)
     > fetch 2 12
         proposes 1@10 2@20 over partition epoch 2
     > accepted
         watermark 12, isr 1 2
     "
    `);
  });

  it('proposes nobody who is fenced, or who fetched in an uptime that has ended', () => {
    expect(
      play(`
        reign 5 at 10 hw 10 replicas 1 2 3 isr 1 2
        fence 3
        fetch 3 10 broker 30
        unfence 3 31
        fetch 3 10 broker 30
        fetch 3 10 broker 31
        refused INELIGIBLE_REPLICA
        fetch 3 10 broker 31
        wait 250
        fetch 3 10 broker 31`),
    ).toMatchInlineSnapshot(`
     "
     > reign 5 at 10 hw 10 replicas 1 2 3 isr 1 2
         watermark 10, isr 1 2
     > fence 3
     > fetch 3 10 broker 30
     > unfence 3 31
     > fetch 3 10 broker 30
     > fetch 3 10 broker 31
         proposes 1@10 2@-1 3@31 over partition epoch 0
     > refused INELIGIBLE_REPLICA
     > fetch 3 10 broker 31
     > wait 250
     > fetch 3 10 broker 31
         proposes 1@10 2@-1 3@31 over partition epoch 0
     "
    `);
  });

  it('asks again when no answer came, and leaves it to newer metadata when it was overtaken', () => {
    expect(
      play(`
        reign 5 at 10 hw 10 replicas 1 2 3 isr 1 2
        fetch 2 10
        fetch 3 10
        refused REQUEST_TIMED_OUT
        refused INVALID_UPDATE_VERSION
        end 11
        fetch 2 11
        metadata 0 isr 1 2
        metadata 3 isr 1 2
        accepted
        fetch 3 11
        metadata 4 isr 1 2 3`),
    ).toMatchInlineSnapshot(`
     "
     > reign 5 at 10 hw 10 replicas 1 2 3 isr 1 2
         watermark 10, isr 1 2
     > fetch 2 10
     > fetch 3 10
         proposes 1@10 2@20 3@30 over partition epoch 0
     > refused REQUEST_TIMED_OUT
         proposes 1@10 2@20 3@30 over partition epoch 0
     > refused INVALID_UPDATE_VERSION
     > end 11
     > fetch 2 11
     > metadata 0 isr 1 2
     > metadata 3 isr 1 2
     > accepted
     > fetch 3 11
         watermark 11, isr 1 2
         proposes 1@10 2@20 3@30 over partition epoch 3
     > metadata 4 isr 1 2 3
         watermark 11, isr 1 2 3
     "
    `);
  });

  it('takes in replicas of a reassignment, and forgets those that left', () => {
    expect(
      play(`
        reign 5 at 10 hw 10 replicas 1 2 isr 1 2
        fetch 2 10
        metadata 1 isr 1 2 replicas 1 2 3
        fetch 3 4
        fetch 3 10
        accepted
        metadata 3 isr 1 3 replicas 1 3
        end 12
        fetch 3 12`),
    ).toMatchInlineSnapshot(`
     "
     > reign 5 at 10 hw 10 replicas 1 2 isr 1 2
         watermark 10, isr 1 2
     > fetch 2 10
     > metadata 1 isr 1 2 replicas 1 2 3
     > fetch 3 4
     > fetch 3 10
         proposes 1@10 2@20 3@30 over partition epoch 1
     > accepted
         watermark 10, isr 1 2 3
     > metadata 3 isr 1 3 replicas 1 3
         watermark 10, isr 1 3
     > end 12
     > fetch 3 12
         watermark 12, isr 1 3
     "
    `);
  });
});
