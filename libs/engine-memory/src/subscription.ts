import {
  type AssignedPartition,
  type Deliver,
  PartitionDispatcher,
  type Subscription,
  type SubscriptionOptions,
  type SubscriptionStatus,
} from '@trunkline/bus';
import { type MemoryGroup, type Member } from './group.js';
import type { MemorySettings } from './options.js';
import type { MemoryPartition } from './partition.js';

/** A partition that is being read. */
interface Reading {
  readonly assigned: AssignedPartition;
  readonly stop: () => void;
  next: number;
}

/** How long a member may take to finish what runs when a partition moves to another. */
const GIVE_DEADLINE_MS = 30_000;

/** Reads the partitions that it has, and runs their messages. */
export class MemorySubscription implements Subscription, Member {
  readonly #readings = new Map<MemoryPartition, Reading>();
  readonly #byAssigned = new Map<AssignedPartition, MemoryPartition>();
  readonly #dispatcher: PartitionDispatcher;
  #state: SubscriptionStatus['state'] = 'running';

  constructor(
    readonly settings: MemorySettings,
    readonly options: SubscriptionOptions,
    deliver: Deliver,
    readonly group: MemoryGroup | undefined,
    readonly closed: (subscription: MemorySubscription) => void,
  ) {
    const { order, concurrency } = options;
    this.#dispatcher = new PartitionDispatcher({
      order,
      concurrency,
      clock: settings.clock,
      deliver,
      events: {
        moved: (assigned) => this.#commit(assigned),
        ready: (assigned) => this.#readMore(assigned),
      },
    });
  }

  get channels(): readonly string[] {
    return this.options.channels;
  }

  status(): SubscriptionStatus {
    const assigned = [...this.#readings.keys()].map(({ channel, index }) => `${channel}/${index}`);
    return { state: this.#state, inFlight: this.#dispatcher.inFlight, assigned };
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
    this.#dispatcher.pause();
  }

  resume(): void {
    if (this.#state === 'paused') this.#state = 'running';
    this.#dispatcher.resume();
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const { stop } of this.#readings.values()) stop();
    await this.#dispatcher.drain(deadlineMs);
    this.#dispatcher.close();
    this.group?.leave(this);
    this.closed(this);
  }

  take(partition: MemoryPartition, offset: number): void {
    const assigned = this.#dispatcher.assign(partition.channel, partition.index, offset);
    let isQueued = false;
    const wake = (): void => {
      if (isQueued) return;
      isQueued = true;
      queueMicrotask(() => {
        isQueued = false;
        this.#read(partition);
      });
    };
    this.#byAssigned.set(assigned, partition);
    this.#readings.set(partition, { assigned, stop: partition.onAppend(wake), next: offset });
    wake();
  }

  async give(partition: MemoryPartition): Promise<void> {
    const reading = this.#readings.get(partition);
    if (reading === undefined) return;
    reading.stop();
    if (this.#state !== 'closed') await reading.assigned.release(GIVE_DEADLINE_MS);
    this.#readings.delete(partition);
    this.#byAssigned.delete(reading.assigned);
  }

  /** Offers what there is, as far as the dispatcher wants it. */
  #read(partition: MemoryPartition): void {
    const reading = this.#readings.get(partition);
    if (reading === undefined || this.#state === 'closed') return;
    reading.next = Math.max(reading.next, partition.startOffset);
    while (!reading.assigned.full) {
      const delivery = partition.at(reading.next);
      if (delivery === undefined) return;
      reading.next += 1;
      reading.assigned.offer(delivery);
    }
  }

  #readMore(assigned: AssignedPartition): void {
    const partition = this.#byAssigned.get(assigned);
    if (partition !== undefined) this.#read(partition);
  }

  #commit(assigned: AssignedPartition): void {
    const partition = this.#byAssigned.get(assigned);
    if (partition !== undefined) this.group?.commit(partition, assigned.position);
  }
}
