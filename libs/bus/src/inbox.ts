import type { Delivery, Subscription, SubscriptionStatus } from './engine.js';
import { TrunklineError } from './error.js';
import { HEADER, headerProblem, replyTo } from './headers.js';
import { headerText } from './message.js';
import type { BusParts } from './parts.js';

/** Takes a frame that came for an id. Must not throw. */
export type FrameReceiver = (frame: Delivery) => void;

/**
 * Where the answers to this process come: one partition of `<service>.inbox`, read from now on and in no group, so that
 * starting, stopping and rebalancing other processes loses no answer. Processes may share a partition: frames are told
 * apart by their correlation id.
 */
export class Inbox {
  readonly channel: string;
  readonly partition: number;
  /** The value of `tl-reply-to`. */
  readonly address: Uint8Array;
  /** Frames for this process whose receiver is gone. */
  late = 0;
  readonly #receivers = new Map<string, FrameReceiver>();
  #subscription: Subscription | undefined;
  #opening: Promise<void> | undefined;
  #failure: Error | undefined;
  #ready = false;

  /** `ownPrefix`: what the correlation ids of this process begin with. */
  constructor(
    readonly parts: BusParts,
    readonly ownPrefix: string,
  ) {
    this.channel = `${parts.service}.inbox`;
    this.partition = parts.random.below(parts.limits.inboxPartitions);
    this.address = replyTo(this);
  }

  /** Frames are received once it resolves; undefined when they already are. */
  open(): Promise<void> | undefined {
    if (this.#ready) return undefined;
    this.#opening ??= this.#open();
    return this.#opening;
  }

  get isOpened(): boolean {
    return this.#opening !== undefined || this.#failure !== undefined;
  }

  receive(id: string, receiver: FrameReceiver): void {
    this.#receivers.set(id, receiver);
  }

  forget(id: string): void {
    this.#receivers.delete(id);
  }

  status(): Pick<SubscriptionStatus, 'state' | 'reason'> {
    const failed = this.#failure;
    if (failed !== undefined) return { state: 'failed', reason: failed.message };
    return this.#subscription?.status() ?? { state: 'starting' };
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    await this.#subscription?.close(0);
  }

  async #open(): Promise<void> {
    const { engine, channels, limits } = this.parts;
    const { channel, partition } = this;
    try {
      if (!engine.features.partitionedBroadcast) {
        const detail = `requests need an inbox, and the engine ${engine.name} lacks partitionedBroadcast; choose another engine`;
        throw new TrunklineError('UNSUPPORTED', detail);
      }
      const { inboxPartitions: partitions, inboxRetentionMs: retentionMs } = limits;
      await channels.make([{ channel, partitions, retentionMs, flush: 'os' }]);
      this.#subscription = await engine.subscribe(
        {
          channels: [channel],
          mode: { kind: 'broadcast', partition },
          // Frames are taken in the turn in which they start, and they start in order: what came together is answered
          // together, and what its receivers send next leaves in one batch.
          order: 'none',
          concurrency: FRAMES_AT_ONCE,
          from: 'latest',
        },
        (frame) => this.#receive(frame),
      );
      this.#ready = true;
      this.#failure = undefined;
    } catch (reason) {
      this.#failure = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
      this.#opening = undefined; // The next request tries again.
      throw this.#failure;
    }
  }

  #receive(frame: Delivery): Promise<void> {
    const id = headerText(frame.headers, HEADER.correlationId);
    if (id === undefined || !id.startsWith(this.ownPrefix)) return DONE;
    const receiver = this.#receivers.get(id);
    if (receiver === undefined || headerProblem(frame.headers, this.parts.limits) !== undefined) this.late += 1;
    else receiver(frame);
    return DONE;
  }
}

const FRAMES_AT_ONCE = 1_000;
const DONE = Promise.resolve();
