import { type Clock, type NodeId, nodeId, type Timer, type Uuid } from '@trunkline/kernel';
import { AlterPartition, errorName } from '@trunkline/protocol';
import type { ControllerChannel } from '../peers/controller-channel.js';
import type { Told } from '../peers/peers.js';
import type { IsrOutcome, IsrProposal } from './leader-replication.js';
import type { Proposing } from './partition-parts.js';

export interface IsrProposalsOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly controller: ControllerChannel;
  /** This broker's epoch. */
  readonly brokerEpoch: () => bigint;
}

/** Proposals in one request; the rest go with the next. */
const PROPOSALS_MAX = 1000;
/** Until the controller is given up, and all is proposed anew. */
const ANSWER_MS_MAX = 5000;
/** After an answer that settles nothing. */
const REST_MS = 50;

type Answered = Told<typeof AlterPartition>;

/**
 * The way of ISR proposals to the controller (AlterPartition, KIP-497): all that there are in one request, one request at
 * a time. What is not settled by an answer is proposed again, as it is by then.
 */
export class IsrProposals {
  readonly #waiting = new Set<Proposing>();
  #isAsking = false;
  #resting: Timer | undefined;
  #closed = false;

  constructor(private readonly options: IsrProposalsOptions) {}

  /** Asks for this one soon. It may be there already. */
  add(partition: Proposing): void {
    this.#waiting.add(partition);
    if (!this.#isAsking && this.#resting === undefined && !this.#closed) this.#begin();
  }

  close(): void {
    this.#closed = true;
    this.#resting?.cancel();
  }

  /** What is proposed in one turn goes together. */
  #begin(): void {
    this.#isAsking = true;
    queueMicrotask(() => void this.#ask());
  }

  async #ask(): Promise<void> {
    const sent = this.#take();
    const settled = sent.size === 0 || (await this.#send(sent));
    this.#isAsking = false;
    if (this.#closed) return;
    if (!settled) this.#rest();
    else if (this.#waiting.size > 0) this.#begin();
  }

  #take(): Map<Proposing, IsrProposal> {
    const taken = new Map<Proposing, IsrProposal>();
    for (const partition of this.#waiting) {
      if (taken.size === PROPOSALS_MAX) break;
      this.#waiting.delete(partition);
      const proposal = partition.takeProposal();
      if (proposal !== undefined) taken.set(partition, proposal);
    }
    return taken;
  }

  /** Whether an answer came and the controller knew this broker. */
  async #send(sent: ReadonlyMap<Proposing, IsrProposal>): Promise<boolean> {
    const { controller, nodeId: brokerId, brokerEpoch } = this.options;
    const request = { brokerId, brokerEpoch: brokerEpoch(), topics: topicsOf(sent) };
    let answer: Answered | undefined;
    try {
      answer = await controller.ask(AlterPartition, request, ANSWER_MS_MAX);
    } catch {
      answer = undefined; // Not heard, or heard and not answered: the epochs in it make asking again harmless.
    }
    const whole = answer === undefined ? 'REQUEST_TIMED_OUT' : errorName(answer.errorCode);
    const outcomes = whole === 'NONE' ? outcomesOf(answer!) : new Map<string, IsrOutcome>();
    const left: IsrOutcome = { kind: 'refused', error: whole === 'NONE' ? 'UNKNOWN_SERVER_ERROR' : whole };
    let isSettled = true;
    for (const [partition, proposal] of sent) {
      const outcome = outcomes.get(keyOf(partition.topicId, partition.index));
      if (outcome === undefined) isSettled = false;
      partition.settleProposal(proposal, outcome ?? left);
    }
    return isSettled;
  }

  #rest(): void {
    this.#resting = this.options.clock.after(REST_MS, () => {
      this.#resting = undefined;
      if (this.#waiting.size > 0 && !this.#closed) this.#begin();
    });
  }
}

function topicsOf(sent: ReadonlyMap<Proposing, IsrProposal>) {
  const topics = new Map<Uuid, { topicId: Uuid; partitions: ReturnType<typeof partitionOf>[] }>();
  for (const [partition, proposal] of sent) {
    const { topicId } = partition;
    const topic = topics.get(topicId) ?? { topicId, partitions: [] };
    topic.partitions.push(partitionOf(partition.index, proposal));
    topics.set(topicId, topic);
  }
  return [...topics.values()];
}

function partitionOf(partitionIndex: number, { leaderEpoch, partitionEpoch, isr }: IsrProposal) {
  return { partitionIndex, leaderEpoch, partitionEpoch, newIsrWithEpochs: isr };
}

function outcomesOf({ topics }: Answered): Map<string, IsrOutcome> {
  const outcomes = new Map<string, IsrOutcome>();
  for (const { topicId, partitions } of topics) {
    for (const { partitionIndex, errorCode: code, leaderEpoch, partitionEpoch, isr } of partitions) {
      const key = keyOf(topicId, partitionIndex);
      if (code !== 0) outcomes.set(key, { kind: 'refused', error: errorName(code) });
      else outcomes.set(key, { kind: 'state', leaderEpoch, partitionEpoch, isr: isr.map(nodeId) });
    }
  }
  return outcomes;
}

function keyOf(topicId: Uuid, index: number): string {
  return `${topicId} ${index}`;
}
