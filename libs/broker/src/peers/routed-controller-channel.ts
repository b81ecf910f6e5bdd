import { ApiError, type Clock, type NodeId, type Random } from '@trunkline/kernel';
import type { ControllerRole } from '@trunkline/metadata';
import { AddRaftVoter, AlterPartition, type AnyApi, Envelope, RemoveRaftVoter, errorCode } from '@trunkline/protocol';
import { inTime } from '../handlers/in-time.js';
import { Backoff } from './backoff.js';
import type { ControllerChannel } from './controller-channel.js';
import type { Asked, Peers, Told } from './peers.js';

/** The local node's idea of who decides; a MetadataManager has it. */
export interface KnowsController {
  readonly role: ControllerRole;
  watchRole(listener: (role: ControllerRole) => void): void;
}

/** Answers a question in this process, as a peer would. */
export type AnswerHere = <A extends AnyApi>(api: A, request: Asked<A>) => Promise<Told<A>>;

export interface RoutedControllerChannelOptions {
  readonly nodeId: NodeId;
  readonly metadata: KnowsController;
  readonly peers: Peers;
  /** Who may be the active controller; asked one after the other while none is known. */
  readonly voters: () => readonly NodeId[];
  readonly here: AnswerHere;
  readonly clock: Clock;
  readonly random: Random;
}

/** Lanes of questions to controllers begin so. */
export const CONTROLLER_LANE = 'controller';

/** What may take its time has a lane of its own: a change waits for heartbeats, so it must not stand in front of them. */
function laneOf({ key }: AnyApi): string {
  if (key === Envelope.key) return `${CONTROLLER_LANE}-forward`;
  if (key === AddRaftVoter.key || key === RemoveRaftVoter.key) return `${CONTROLLER_LANE}-voters`;
  return key === AlterPartition.key ? `${CONTROLLER_LANE}-isr` : CONTROLLER_LANE;
}

const RETRY_MS = 10;
const RETRY_MS_MAX = 200;
const NOT_CONTROLLER = errorCode('NOT_CONTROLLER');
const NOBODY = -1 as NodeId;

/**
 * Asks whoever this node takes for the active controller, and somebody else when that was wrong: the leader it knows
 * first, then the voters one after the other. A change of the leader ends a question to the old one at once.
 */
export class RoutedControllerChannel implements ControllerChannel {
  readonly #options: RoutedControllerChannelOptions;
  readonly #waiting = new Set<() => void>();
  #turn = 0;
  /** A voter that answered while no leader was known. */
  #found: NodeId = NOBODY;

  constructor(options: RoutedControllerChannelOptions) {
    this.#options = options;
    options.metadata.watchRole(() => {
      this.#found = NOBODY;
      for (const wake of this.#waiting) wake();
    });
  }

  async ask<A extends AnyApi>(api: A, request: Asked<A>, timeoutMs: number): Promise<Told<A>> {
    const { clock, random } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const backoff = new Backoff(random, RETRY_MS, RETRY_MS_MAX);
    let why = 'no active controller is known';
    for (;;) {
      const leftMs = deadlineMs - clock.monotonicMs();
      if (leftMs <= 0) throw new ApiError('REQUEST_TIMED_OUT', `${api.name} was not answered in time: ${why}`);
      const asked = this.#next();
      try {
        const told = await this.#askOne(asked, api, request, leftMs);
        if (told === undefined) why = 'no active controller is known';
        else if (!saysNotController(told)) {
          this.#found = asked;
          return told;
        } else why = `node ${asked} is not the active controller`;
      } catch (reason) {
        if (!isPassing(reason)) throw reason;
        why = reason.detail;
      }
      if (this.#found === asked) this.#found = NOBODY;
      await this.#pause(Math.min(backoff.failed(), Math.max(0, deadlineMs - clock.monotonicMs())));
    }
  }

  /** Whom to ask: this node, the leader, or the next voter. -1: there is nobody to ask. */
  #next(): NodeId {
    const { nodeId, metadata, voters } = this.#options;
    const { isActive, leaderId } = metadata.role;
    if (isActive) return nodeId;
    // A leader that is this node is not ready yet: it is soon, or another one is.
    if (leaderId !== NOBODY) return leaderId === nodeId ? NOBODY : leaderId;
    if (this.#found !== NOBODY) return this.#found;
    const others = voters().filter((id) => id !== nodeId);
    return others.length === 0 ? NOBODY : others[this.#turn++ % others.length]!;
  }

  async #askOne<A extends AnyApi>(
    to: NodeId,
    api: A,
    request: Asked<A>,
    timeoutMs: number,
  ): Promise<Told<A> | undefined> {
    if (to === NOBODY) return undefined;
    const { nodeId, metadata, peers, here, clock } = this.#options;
    if (to === nodeId) return inTime(clock, timeoutMs, here(api, request));
    const moved = new AbortController();
    const wake = (): void => {
      const { leaderId, isActive } = metadata.role;
      if (isActive || (leaderId !== NOBODY && leaderId !== to)) moved.abort();
    };
    this.#waiting.add(wake);
    try {
      return await peers.ask(to, api, request, { timeoutMs, lane: laneOf(api), signal: moved.signal });
    } finally {
      this.#waiting.delete(wake);
    }
  }

  /** Until the time is over, or the role changes. */
  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.after(waitMs, wake);
      this.#waiting.add(wake);
    });
  }
}

/** Every API that is asked of a controller has its code at the top. */
function saysNotController(told: unknown): boolean {
  return typeof told === 'object' && told !== null && Reflect.get(told, 'errorCode') === NOT_CONTROLLER;
}

/** Whether asking again, or somebody else, may help. */
function isPassing(reason: unknown): reason is ApiError {
  const passing = ['NETWORK_EXCEPTION', 'REQUEST_TIMED_OUT', 'NOT_CONTROLLER'];
  return reason instanceof ApiError && passing.includes(reason.code);
}
