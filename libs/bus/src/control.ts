import { controlChannel } from './channels.js';
import type { Delivery, Subscription, SubscriptionStatus } from './engine.js';
import { HEADER } from './headers.js';
import { headerText } from './message.js';
import type { BusParts } from './parts.js';

/** Cancels that came before their requests; beyond that the oldest are forgotten, which runs a request for nobody. */
const CANCELLED_MAX = 1_000;

/**
 * Hears which callers gave up: `<call>.control` of each call that this process answers, in broadcast, since a caller does
 * not know who has its request.
 */
export class Control {
  readonly #watched = new Map<string, () => void>();
  readonly #cancelled = new Set<string>();
  readonly #subscriptions: Subscription[] = [];

  constructor(readonly parts: BusParts) {}

  /** Listens for these calls; their control channels must exist. */
  async listen(calls: readonly string[]): Promise<void> {
    if (calls.length === 0) return;
    const channels = calls.map(controlChannel);
    const mode = { kind: 'broadcast' } as const;
    const subscription = await this.parts.engine.subscribe(
      { channels, mode, order: 'none', concurrency: 16, from: 'latest' },
      (delivery) => this.#receive(delivery),
    );
    this.#subscriptions.push(subscription);
  }

  /** Calls `cancel` when the caller of that request gives up. */
  watch(id: string, cancel: () => void): void {
    this.#watched.set(id, cancel);
  }

  forget(id: string): void {
    this.#watched.delete(id);
  }

  /** Whether the cancel came before the request; asking forgets it. */
  wasCancelled(id: string): boolean {
    return this.#cancelled.size > 0 && this.#cancelled.delete(id);
  }

  /** The worst of what its subscriptions say. */
  status(): Pick<SubscriptionStatus, 'state' | 'reason'> {
    const states = this.#subscriptions.map((subscription) => subscription.status());
    return states.find(({ state }) => state !== 'running') ?? { state: 'running' };
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close(0)));
  }

  #receive({ headers }: Delivery): Promise<void> {
    const id = headerText(headers, HEADER.correlationId);
    if (id !== undefined && id.length <= 128 && headerText(headers, HEADER.frame) === 'cancel') this.#cancel(id);
    return DONE;
  }

  #cancel(id: string): void {
    const cancel = this.#watched.get(id);
    if (cancel !== undefined) return cancel();
    this.#cancelled.add(id);
    if (this.#cancelled.size <= CANCELLED_MAX) return;
    const oldest = this.#cancelled.values().next().value;
    if (oldest !== undefined) this.#cancelled.delete(oldest);
  }
}

const DONE = Promise.resolve();
