import { type Clock, type Logger, type Timer, asError } from '@trunkline/kernel';
import type { Controller, MetadataManager } from '@trunkline/metadata';

/** What is done again and again while this node is the active controller. */
interface Round {
  readonly name: string;
  readonly everyMs: number;
  /** One step; gives whether there may be more to do at once. */
  readonly step: (controller: Controller) => ReturnType<Controller['balanceLeaders']>;
}

export interface ControllerRoundsOptions {
  readonly metadata: MetadataManager;
  readonly clock: Clock;
  readonly logger: Logger;
  /** leader.imbalance.check.interval.seconds, in milliseconds; Infinity: auto.leader.rebalance.enable is off */
  readonly balanceMs: number;
  /** unclean.leader.election.interval.ms */
  readonly uncleanMs: number;
}

/** Steps of one round: a cluster of many partitions is balanced without keeping others waiting for long. */
const STEPS_MAX = 100;

/** Gives leadership back to preferred replicas, and elects unclean leaders where topics ask for it, every now and then. */
export class ControllerRounds {
  readonly #timers = new Map<string, Timer>();
  #closed = false;

  constructor(private readonly options: ControllerRoundsOptions) {
    const { metadata } = options;
    metadata.watchRole(() => this.#roleChanged());
    this.#roleChanged();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #roleChanged(): void {
    this.#stop();
    if (!this.options.metadata.role.isActive || this.#closed) return;
    const { balanceMs, uncleanMs } = this.options;
    const rounds: readonly Round[] = [
      { name: 'preferred leaders', everyMs: balanceMs, step: (controller) => controller.balanceLeaders() },
      { name: 'unclean leaders', everyMs: uncleanMs, step: (controller) => controller.electUncleanLeaders() },
    ];
    for (const round of rounds) if (round.everyMs !== Infinity) this.#plan(round);
  }

  #stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #plan(round: Round): void {
    const timer = this.options.clock.after(round.everyMs, () => void this.#play(round));
    this.#timers.set(round.name, timer);
  }

  /** Never rejects. */
  async #play(round: Round): Promise<void> {
    const { metadata, logger } = this.options;
    const { epoch } = metadata.role;
    const isOver = (): boolean => this.#closed || !metadata.role.isActive || metadata.role.epoch !== epoch;
    try {
      for (let step = 0; step < STEPS_MAX && !isOver(); step += 1) if (!(await metadata.submit(round.step))) break;
    } catch (reason) {
      logger.warn(`${round.name} cannot be elected now: ${asError(reason).message}`);
    }
    if (!isOver()) this.#plan(round);
  }
}
