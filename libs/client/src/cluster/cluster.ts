import type { Timer, Uuid } from '@trunkline/kernel';
import type { AnyApi, Decoded, Encodable } from '@trunkline/protocol';
import type { ClientObserver } from '../observer.js';
import type { ClientPorts } from '../ports.js';

/** A broker as metadata told of it. */
export interface BrokerNode {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | undefined;
}

/** A partition as metadata told of it. `leader` is -1 while there is none. */
export interface PartitionImage {
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface TopicImage {
  readonly name: string;
  /** Zero (22 times `A`) with brokers before Metadata 10. */
  readonly topicId: Uuid;
  readonly isInternal: boolean;
  /** By partition index, without gaps. */
  readonly partitions: readonly PartitionImage[];
}

/** What is known of the cluster. A new object for each change; never changed in place. */
export interface ClusterImage {
  readonly clusterId: string | undefined;
  readonly controllerId: number;
  readonly brokers: ReadonlyMap<number, BrokerNode>;
  readonly topics: ReadonlyMap<string, TopicImage>;
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>;
}

/** Which kind of coordinator, as FindCoordinator numbers them. */
export type CoordinatorType = 'group' | 'transaction' | 'share';

/** Where a request goes. `anyone`: whatever broker answers first, the least busy connection preferred. */
export type Target =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'node'; readonly nodeId: number }
  | { readonly kind: 'controller' }
  | { readonly kind: 'coordinator'; readonly type: CoordinatorType; readonly key: string };

/**
 * A broker answers the requests of one connection in their order, so whatever may be parked there (fetches, joins) needs
 * a connection of its own. A lane names one: the same node and lane share a connection. `control` is the common one.
 */
export type Lane = string;

/** The body of a request; a function when it depends on the version that was agreed upon. */
export type BodyOf<A extends AnyApi> = Encodable<A['request']> | ((version: number) => Encodable<A['request']>);

export interface AskOptions {
  /** How long the answer may take, from now, connecting included. Default: `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly lane?: Lane;
  /** Do not use a later version, though both sides know one. */
  readonly versionMax?: number;
  /** Do not use an earlier version; a broker that knows none as late is UNSUPPORTED_BROKER. */
  readonly versionMin?: number;
  readonly signal?: AbortSignal;
}

export interface SendOptions extends AskOptions {
  /** True for a Produce with acks=0: nothing comes back; `answered(undefined, undefined)` once it is with the network. */
  readonly noAnswer?: boolean;
}

/** An answer and the version in which it was given. */
export interface Answer<A extends AnyApi> {
  readonly version: number;
  readonly nodeId: number;
  readonly body: Decoded<A['response']>;
}

/** How a request on the hot path ends: exactly one call, never inside of `send`. */
export type Answered<A extends AnyApi> = (error: Error | undefined, answer: Answer<A> | undefined) => void;

/**
 * The brokers as one thing to ask: connections, versions, metadata, coordinators. What every part of the client stands on.
 *
 * Error codes inside of answers are the caller's; `ask` and `send` fail only when there is no answer.
 */
export interface Cluster {
  readonly ports: ClientPorts;
  /** Who hears what happens; its callbacks may be missing. */
  readonly observer: ClientObserver;
  /** The latest that is known. Parts read it anew each time. */
  readonly image: ClusterImage;

  /** Calls back after each change of the image. Returns how to stop. */
  onImage(changed: (image: ClusterImage) => void): () => void;

  /**
   * Asks once: no second try after the request has left. Connects, and agrees on a version, when it must; an attempt to
   * connect that failed is tried again, on other brokers too where the target allows, until the time is over.
   *
   * Rejects with KafkaError UNREACHABLE, DISCONNECTED, TIMED_OUT, PROTOCOL_VIOLATION, UNSUPPORTED_BROKER, ABORTED, CLOSED.
   */
  ask<A extends AnyApi>(target: Target, api: A, body: BodyOf<A>, options?: AskOptions): Promise<Answer<A>>;

  /** `ask` without a promise, for produce and fetch: to one node, on one lane. Requests of one lane leave in their order. */
  send<A extends AnyApi>(nodeId: number, api: A, body: BodyOf<A>, options: SendOptions, answered: Answered<A>): void;

  /**
   * Asks until an answer comes for which `isFinal` says true, waiting `retryBackoffMs` and longer between tries and looking
   * for another coordinator or controller when the answer or the failure says so; at most `timeoutMs` in all, then the last
   * failure. `isFinal` missing: the first answer is final. For requests that may be repeated.
   */
  askAgain<A extends AnyApi>(
    target: Target,
    api: A,
    body: BodyOf<A>,
    options: AskOptions & { readonly codeOf?: (answer: Decoded<A['response']>) => number },
  ): Promise<Answer<A>>;

  /** The version that `ask` would use with this node, connecting if it must. */
  versionOf(nodeId: number, api: AnyApi, options?: AskOptions): Promise<number>;

  /**
   * The levels of the finalized features (`transaction.version`, `group.version`, `share.version`; KIP-584) as a broker
   * told them when it was connected to last; connects if it must. nodeId missing: any broker.
   */
  features(nodeId?: number, options?: AskOptions): Promise<ReadonlyMap<string, number>>;

  /** A topic, looked up when it is not known. undefined: the brokers do not know it. */
  topic(name: string, options?: { readonly allowAutoCreation?: boolean }): Promise<TopicImage | undefined>;

  /** Asks for the metadata of these topics (all that parts are interested in when left out). Calls at once share a request. */
  refresh(topics?: readonly string[]): Promise<void>;

  /** Keeps the metadata of topics fresh (`metadataMaxAgeMs`) until it is given back. */
  watch(topics: readonly string[]): { release(): void };

  /** What a Produce or Fetch answer said of a leader (KIP-951): used at once when it is newer than what is known. */
  learnLeader(topic: string, partition: number, leader: { nodeId: number; epoch: number }, node?: BrokerNode): void;

  /** The leader is not there any more, or says that it is none: looks again soon, many at once with one request. */
  doubt(topic: string, partition: number): void;

  /** The coordinator's node id, looked up when it is not known. Rejects as `ask`, and with what FindCoordinator said. */
  coordinator(type: CoordinatorType, key: string, options?: AskOptions): Promise<number>;
  /** The next `coordinator` asks anew. */
  forgetCoordinator(type: CoordinatorType, key: string): void;

  /** Closes the connections of a lane: parked requests fail with DISCONNECTED. */
  closeLane(lane: Lane): void;

  /** A timer from the clock port; kept so that parts need no port of their own. */
  after(delayMs: number, run: () => void): Timer;
}
