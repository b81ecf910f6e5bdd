/**
 * The port that every engine fills. An engine has two verbs, `publish` and `subscribe`; publish/subscribe, work queues
 * and request/response are built above them once, for every engine.
 *
 * Bytes in are bytes out: an engine never looks into payloads, and knows nothing of contracts, retries or dead letters.
 */

/**
 * Header values are bytes. The bus writes lower case ASCII names; other names pass as they are, case kept (a name that
 * comes twice: the last one counts). Untrusted on the way in.
 */
export type MessageHeaders = ReadonlyMap<string, Uint8Array>;

/** A message on its way out. */
export interface OutgoingMessage {
  /** The topic's name at the engine: 1 to 249 of `[a-zA-Z0-9._-]`. */
  readonly channel: string;
  /** Messages with one key keep their order. Missing: the engine spreads them. */
  readonly key?: Uint8Array;
  /** null is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: MessageHeaders;
  /** Only for inboxes: the partition that the reader of the reply asked for. Overrules the key. */
  readonly partition?: number;
}

/** A message handed to a handler, with its attempt. */
export interface Delivery {
  readonly channel: string;
  readonly partition: number;
  /** Its place in its partition; rises within a partition. */
  readonly offset: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: MessageHeaders;
  /** Milliseconds since 1970, when the message was written. */
  readonly timestampMs: number;
  /** 1 the first time; one more each time that this process delivers it again because `deliver` rejected. */
  readonly attempt: number;
}

/** A channel that must exist before it is used. An engine makes what is missing and leaves the rest as it is. */
export interface ChannelSpec {
  readonly channel: string;
  /** Partitions if the channel is made now. Missing: the engine's default. */
  readonly partitions?: number;
  /**
   * `default`: as the engine is set up. `os`: acknowledged once the operating system has it; a power cut may lose it.
   * Requests and replies are such: a lost one is a timeout to its caller.
   */
  readonly flush?: 'default' | 'os';
  /** How long messages are kept if the channel is made now. Missing: the engine's default. */
  readonly retentionMs?: number;
}

export type SubscriptionMode =
  | { readonly kind: 'group'; readonly group: string } // members share: each message to one of them
  | { readonly kind: 'broadcast'; readonly partition?: number }; // every subscriber, from now on; one partition or all

/**
 * In which order the messages of a subscription are handled. Concurrency never breaks it. Those of a partition start in the
 * order of their offsets whatever it is: `none` means that none of them waits for another to finish.
 */
export type DeliveryOrder = 'key' | 'partition' | 'none';

export interface SubscriptionOptions {
  readonly channels: readonly string[];
  readonly mode: SubscriptionMode;
  /** `key` (the usual one): messages with one key one after the other, others side by side. */
  readonly order: DeliveryOrder;
  /** Deliveries under way at once, over all partitions of this subscription. 1 and up. */
  readonly concurrency: number;
  /** Where a group without a committed offset starts. */
  readonly from: 'earliest' | 'latest';
}

/**
 * Resolving acknowledges; rejecting asks for the message again with `attempt` one higher, after the pause that a
 * `RedeliverAfter` names, or the engine's own. Until then the message stays unfinished: in order `key` those behind it
 * with its key wait, all others go on, and it does not count against `concurrency`.
 */
export type Deliver = (delivery: Delivery) => Promise<void>;

/** What a subscription says of itself. Red must never look green: a deaf subscription is not `running`. */
export interface SubscriptionStatus {
  readonly state: 'starting' | 'running' | 'paused' | 'failed' | 'closed';
  /** Why it is not running, in words. */
  readonly reason?: string;
  /** Deliveries under way. */
  readonly inFlight: number;
  /** Partitions that this subscription reads now, as `channel/partition`. */
  readonly assigned: readonly string[];
}

/** A running subscribe. */
export interface Subscription {
  status(): SubscriptionStatus;
  /** No new deliveries start; those under way finish. */
  pause(): void;
  resume(): void;
  /**
   * Stops fetching, waits until what is in flight has settled (at most `deadlineMs`), acknowledges, leaves the group.
   * What did not settle in time stays unacknowledged and is delivered again to another.
   */
  close(deadlineMs: number): Promise<void>;
}

/** What an engine can do. A claim is tested by the conformance suite; what is asked for and not claimed fails at start-up. */
export interface EngineFeatures {
  /** Acknowledged messages survive the end of this process. */
  readonly durable: boolean;
  readonly orderedByKey: boolean;
  /** Several processes share one engine. */
  readonly multiProcess: boolean;
  /** A new group may read what was written before it. */
  readonly replay: boolean;
  /** Each partition may be subscribed alone in broadcast mode: what inboxes are made of. */
  readonly partitionedBroadcast: boolean;
  /** Delayed messages without the bus's help. */
  readonly nativeDelay: boolean;
  readonly transactions: boolean;
}

/** Thrown by engines as `TrunklineError` with `ENGINE_UNAVAILABLE` (retriable) or `ENGINE_REFUSED` (not). */
export interface Engine {
  readonly name: string;
  readonly features: EngineFeatures;
  /** Largest value of a message, bytes. */
  readonly messageBytesMax: number;
  /** Connects. Rejects when the engine cannot be reached within its connect timeout. */
  start(): Promise<void>;
  /** Makes the channels that are missing. They are usable when this resolves. */
  ensure(channels: readonly ChannelSpec[]): Promise<void>;
  /**
   * Resolves once the engine is answerable for all of them; rejects when it is not known to be for at least one: with
   * `PublishFailed` when it knows which (it is answerable for the others then). Messages with one key keep the order in
   * which they were given, over several calls too, also when these are not awaited one by one.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Resolves when the subscription reads: what is published afterwards will be delivered. */
  subscribe(options: SubscriptionOptions, deliver: Deliver): Promise<Subscription>;
  /** Sends what waits and lets what is in flight finish; closes every subscription. */
  close(): Promise<void>;
}
