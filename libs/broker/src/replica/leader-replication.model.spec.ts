import { describe, expect, it } from '@jest/globals';
import { invariant, type NodeId, nodeId, offset } from '@trunkline/kernel';
import fc from 'fast-check';
import { type IsrProposal, LeaderReplication } from './leader-replication.js';

const [LEADER, ...FOLLOWERS] = [1, 2, 3, 4].map(nodeId) as [NodeId, ...NodeId[]];
const MIN_ISR = 2;
const LAG_MS = 100;
const START = 5;

type Event =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'fetch'; readonly id: NodeId; readonly behind: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'decide'; readonly how: 'accept' | 'accept, answer lost' | 'refuse' | 'lose' }
  | { readonly kind: 'hear' };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant('fetch' as const),
    id: fc.constantFrom(...FOLLOWERS),
    behind: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 150 }) }),
  fc.record({
    kind: fc.constant('decide' as const),
    how: fc.constantFrom('accept', 'accept, answer lost', 'refuse', 'lose'),
  }),
  fc.constant({ kind: 'hear' as const }),
);

/** The whole world of one reign, told naively: everything is recomputed from everything that happened. */
class Model {
  readonly #leader: LeaderReplication;
  /** The controller's truth: compare-and-set. */
  #controller = { partitionEpoch: 0, isr: [LEADER, ...FOLLOWERS.slice(0, 2)] };
  readonly #fetched = new Map<NodeId, number>();
  #end = START;
  #nowMs = 0;
  #sent: IsrProposal | undefined;

  constructor() {
    this.#leader = new LeaderReplication(
      { nodeId: LEADER, lagMaxMs: LAG_MS, brokerEpoch: () => 1n, eligibleEpoch: () => 1n },
      { leaderEpoch: 3, partitionEpoch: 0, replicas: [LEADER, ...FOLLOWERS], isr: this.#controller.isr },
      { epochStart: offset(START), ownEnd: offset(START), highWatermark: offset(0), minIsr: MIN_ISR, nowMs: 0 },
    );
  }

  play(next: Event): void {
    const before = this.#leader.highWatermark;
    this.#do(next);
    const proposal = this.#leader.takeProposal();
    if (proposal !== undefined) this.#sent = proposal;
    this.#check(before);
  }

  #do(next: Event): void {
    const leader = this.#leader;
    switch (next.kind) {
      case 'append':
        this.#end += next.count;
        return leader.reached(offset(this.#end), this.#nowMs);
      case 'fetch': {
        const at = Math.max(this.#fetched.get(next.id) ?? 0, this.#end - next.behind);
        this.#fetched.set(next.id, at);
        const fetch = { replica: next.id, brokerEpoch: 1n, endOffset: offset(at), startOffset: offset(0) };
        return leader.fetched(fetch, this.#nowMs);
      }
      case 'wait':
        this.#nowMs += next.ms;
        return leader.tick(this.#nowMs);
      case 'decide':
        return this.#decide(next.how);
      case 'hear': {
        const state = { leaderEpoch: 3, replicas: [LEADER, ...FOLLOWERS], ...this.#controller };
        return void leader.become(state, this.#nowMs);
      }
    }
  }

  #decide(how: 'accept' | 'accept, answer lost' | 'refuse' | 'lose'): void {
    const proposal = this.#sent;
    if (proposal === undefined) return;
    const settle = (error: string): void => this.#leader.settle(proposal, { kind: 'refused', error }, this.#nowMs);
    if (how === 'lose') return settle('REQUEST_TIMED_OUT');
    this.#sent = undefined; // Heard, and not heard again: but for an answer that is lost.
    if (proposal.partitionEpoch !== this.#controller.partitionEpoch) return settle('INVALID_UPDATE_VERSION');
    if (how === 'refuse') return settle('INELIGIBLE_REPLICA'); // Told only when nothing was accepted before.
    const isr = proposal.isr.map(({ brokerId }) => brokerId);
    this.#controller = { partitionEpoch: proposal.partitionEpoch + 1, isr };
    if (how === 'accept, answer lost') return settle('REQUEST_TIMED_OUT');
    this.#leader.settle(proposal, { kind: 'state', leaderEpoch: 3, ...this.#controller }, this.#nowMs);
  }

  #check(before: number): void {
    const { highWatermark, maximalIsr, isr } = this.#leader;
    invariant(highWatermark >= before && highWatermark <= this.#end, 'the watermark rises, and not above the end');
    invariant(highWatermark === before || isr.length >= MIN_ISR, 'nothing is committed below the minimum');
    // Whoever the controller may elect has everything that was ever committed in this reign.
    for (const id of this.#controller.isr) {
      invariant(maximalIsr.includes(id), 'the maximal ISR holds the controller’s');
      const has = id === LEADER ? this.#end : (this.#fetched.get(id) ?? -1);
      invariant(highWatermark === before || has >= highWatermark, 'who may be elected has what is committed');
    }
  }

  /** Everybody fetches, and the controller answers: all that was appended is committed. */
  calm(): void {
    for (let round = 0; round < 12; round++) {
      this.play({ kind: 'hear' });
      this.play({ kind: 'wait', ms: 251 });
      for (const id of FOLLOWERS) {
        this.play({ kind: 'fetch', id, behind: 0 });
        this.play({ kind: 'decide', how: 'accept' });
      }
    }
    expect(this.#leader.highWatermark).toBe(this.#end);
    expect(this.#leader.isr.toSorted((one, other) => one - other)).toEqual([LEADER, ...FOLLOWERS]);
  }
}

describe('a leader’s sums', () => {
  it('commit nothing that somebody who may be elected lacks, whatever is late, lost or refused', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const model = new Model();
        for (const each of events) model.play(each);
        model.calm();
      }),
      { numRuns: 300 },
    );
  });
});
