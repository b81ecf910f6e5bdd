import type { Address } from '@trunkline/kernel';
import type { BrokerLane } from './lane.js';

/** A broker as this client reaches it. Bootstrap addresses have ids below 0. */
export class Node {
  readonly lanes = new Map<string, BrokerLane>();
  /** Attempts to connect that failed since the last that did not. */
  failures = 0;
  /** Before this moment of the monotonic clock nobody tries again. */
  retryAtMs = 0;

  constructor(
    readonly nodeId: number,
    /** Missing: the cluster does not name the broker any more. */
    public address: Address | undefined,
  ) {}

  get isFailing(): boolean {
    return this.failures > 0;
  }
}
