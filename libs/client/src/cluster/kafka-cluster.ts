import { type Timer, invariant } from '@trunkline/kernel';
import { type AnyApi, ApiVersions, type Decoded, isRetriable } from '@trunkline/protocol';
import type { ClientConfig } from '../config.js';
import { backoffMs } from '../backoff.js';
import type { Node } from '../connection/node.js';
import { CONTROL_LANE, Nodes } from '../connection/nodes.js';
import { Request } from '../connection/request.js';
import { KafkaError } from '../error.js';
import type { ClientObserver } from '../observer.js';
import type { ClientPorts } from '../ports.js';
import type {
  Answer,
  Answered,
  AskOptions,
  BodyOf,
  BrokerNode,
  Cluster,
  ClusterImage,
  CoordinatorType,
  Lane,
  SendOptions,
  Target,
  TopicImage,
} from './cluster.js';
import { Coordinators } from './coordinators.js';
import { MetadataKeeper } from './metadata-keeper.js';
import { Pauses, abortedBy } from './pauses.js';

const VERSION_MAX = 32_767;

/** The cluster over real connections: lanes to its brokers, its metadata, its coordinators. */
export class KafkaCluster implements Cluster {
  readonly #nodes: Nodes;
  readonly #metadata: MetadataKeeper;
  readonly #coordinators: Coordinators;
  readonly #pauses: Pauses;
  #closed: KafkaError | undefined;

  constructor(
    readonly config: ClientConfig,
    readonly ports: ClientPorts,
  ) {
    this.#nodes = new Nodes(config.bootstrap, {
      config,
      ports,
      troubled: (node) => this.#troubled(node),
    });
    this.#pauses = new Pauses(ports.clock);
    this.#metadata = new MetadataKeeper(this, config, this.#nodes, this.#pauses);
    this.#coordinators = new Coordinators(this, config, this.#nodes);
  }

  get observer(): ClientObserver {
    return this.config.observer;
  }

  get image(): ClusterImage {
    return this.#metadata.image;
  }

  onImage(changed: (image: ClusterImage) => void): () => void {
    return this.#metadata.onImage(changed);
  }

  send<A extends AnyApi>(nodeId: number, api: A, body: BodyOf<A>, options: SendOptions, answered: Answered<A>): void {
    const request = this.#request(api, body, options, this.#deadlineMs(options), false, answered);
    this.#enqueue(this.#nodes.get(nodeId), nodeId, request, options.lane);
  }

  ask<A extends AnyApi>(target: Target, api: A, body: BodyOf<A>, options: AskOptions = {}): Promise<Answer<A>> {
    return this.#ask(target, api, body, options, undefined);
  }

  async #ask<A extends AnyApi>(
    target: Target,
    api: A,
    body: BodyOf<A>,
    options: AskOptions,
    avoid: number | undefined,
  ): Promise<Answer<A>> {
    const deadlineMs = this.#deadlineMs(options);
    let avoided = avoid;
    for (let tried = 1; ; tried++) {
      const nodeId = await this.#resolve(target, options, deadlineMs, avoided);
      const request: { sent?: Request<A> } = {};
      try {
        return await this.#askNode(nodeId, api, body, options, deadlineMs, target.kind !== 'node', request);
      } catch (reason) {
        const error = KafkaError.from(reason, 'DISCONNECTED');
        const hasLeft = request.sent !== undefined && request.sent.version >= 0;
        const isFinal = hasLeft || target.kind === 'node' || !error.retriable || error.code === 'OVERLOADED';
        const pauseMs = this.#pauseMs(tried);
        if (isFinal || this.#nowMs() + pauseMs >= deadlineMs) throw error;
        avoided = nodeId;
        if (target.kind === 'coordinator') this.forgetCoordinator(target.type, target.key);
        // Another broker may answer at once; only a second round of failures is paused for.
        if (target.kind !== 'anyone' || !this.#mayTryAtOnce(tried)) await this.#pauses.pause(pauseMs, options.signal);
      }
    }
  }

  async askAgain<A extends AnyApi>(
    target: Target,
    api: A,
    body: BodyOf<A>,
    options: AskOptions & { readonly codeOf?: (answer: Decoded<A['response']>) => number },
  ): Promise<Answer<A>> {
    const deadlineMs = this.#deadlineMs(options);
    const { codeOf } = options;
    /** Who could not answer now; another broker may, which is not cut off from its own. */
    let avoided: number | undefined;
    for (let tried = 1; ; tried++) {
      let last: KafkaError;
      try {
        const timeoutMs = Math.max(1, deadlineMs - this.#nowMs());
        const answer = await this.#ask(target, api, body, { ...options, timeoutMs }, avoided);
        const code = codeOf === undefined ? 0 : codeOf(answer.body);
        if (code === 0 || !isRetriable(code)) return answer;
        avoided = answer.nodeId;
        last = KafkaError.ofCode(code, `${api.name} at broker ${answer.nodeId}`)!;
      } catch (reason) {
        last = KafkaError.from(reason, 'DISCONNECTED');
        if (!last.retriable) throw last;
      }
      const pauseMs = this.#pauseMs(tried);
      if (this.#nowMs() + pauseMs >= deadlineMs) throw last;
      this.#look(target, last);
      await this.#pauses.pause(pauseMs, options.signal);
    }
  }

  async versionOf(nodeId: number, api: AnyApi, options: AskOptions = {}): Promise<number> {
    const { versions } = await this.#connected(nodeId, options);
    const version = versions.pick(api, options.versionMin ?? 0, options.versionMax ?? VERSION_MAX);
    if (version !== undefined) return version;
    throw new KafkaError('UNSUPPORTED_BROKER', `it knows no version of ${api.name} that fits`, {
      about: `broker ${nodeId}`,
    });
  }

  async features(nodeId?: number, options: AskOptions = {}): Promise<ReadonlyMap<string, number>> {
    const asked = nodeId ?? (await this.#resolve({ kind: 'anyone' }, options, this.#deadlineMs(options)));
    return (await this.#connected(asked, options)).versions.features;
  }

  topic(name: string, options: { readonly allowAutoCreation?: boolean } = {}): Promise<TopicImage | undefined> {
    return this.#metadata.topic(name, options.allowAutoCreation ?? false);
  }

  refresh(topics: readonly string[] = []): Promise<void> {
    return this.#metadata.refresh(topics);
  }

  watch(topics: readonly string[]): { release(): void } {
    return this.#metadata.watch(topics);
  }

  learnLeader(topic: string, partition: number, leader: { nodeId: number; epoch: number }, node?: BrokerNode): void {
    this.#metadata.learnLeader(topic, partition, leader, node);
  }

  doubt(topic: string, _partition: number): void {
    this.#metadata.doubt(topic);
  }

  coordinator(type: CoordinatorType, key: string, options: AskOptions = {}): Promise<number> {
    return this.#coordinators.find(type, key, options);
  }

  forgetCoordinator(type: CoordinatorType, key: string): void {
    this.#coordinators.forget(type, key);
  }

  closeLane(lane: Lane): void {
    invariant(lane !== CONTROL_LANE, 'the control lane belongs to all');
    this.#nodes.closeLane(lane);
  }

  after(delayMs: number, run: () => void): Timer {
    return this.ports.clock.after(delayMs, run);
  }

  /** Closes every connection. What is in flight or waits fails with CLOSED. */
  close(): void {
    if (this.#closed !== undefined) return;
    this.#closed = new KafkaError('CLOSED', 'the client is closed');
    this.#pauses.close(this.#closed);
    this.#metadata.close(this.#closed);
    this.#coordinators.close(this.#closed);
    this.#nodes.close(this.#closed);
  }

  #nowMs(): number {
    return this.ports.clock.monotonicMs();
  }

  #deadlineMs(options: AskOptions): number {
    return this.#nowMs() + (options.timeoutMs ?? this.config.requestTimeoutMs);
  }

  #request<A extends AnyApi>(
    api: A,
    body: BodyOf<A>,
    options: SendOptions,
    deadlineMs: number,
    failsWithAttempt: boolean,
    answered: Answered<A>,
  ): Request<A> {
    const { versionMin = 0, versionMax = VERSION_MAX, noAnswer = false } = options;
    return new Request(api, body, versionMin, versionMax, deadlineMs, !noAnswer, failsWithAttempt, answered);
  }

  #enqueue<A extends AnyApi>(node: Node | undefined, nodeId: number, request: Request<A>, lane = CONTROL_LANE): void {
    const failed =
      this.#closed ??
      (node?.address === undefined
        ? new KafkaError('UNREACHABLE', 'the cluster does not name it now', { about: `broker ${nodeId}` })
        : this.#nodes.lane(node, lane).enqueue(request as unknown as Request));
    if (failed === undefined) return;
    if (node?.address === undefined) this.#metadata.doubtBrokers();
    queueMicrotask(() => request.fail(failed));
  }

  #askNode<A extends AnyApi>(
    nodeId: number,
    api: A,
    body: BodyOf<A>,
    options: AskOptions,
    deadlineMs: number,
    failsWithAttempt: boolean,
    made: { sent?: Request<A> },
  ): Promise<Answer<A>> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const aborted = (): void => request.fail(abortedBy(signal));
      const request = this.#request(api, body, options, deadlineMs, failsWithAttempt, (error, answer) => {
        signal?.removeEventListener('abort', aborted);
        if (answer === undefined) reject(error ?? new KafkaError('DISCONNECTED', 'no answer came'));
        else resolve(answer);
      });
      made.sent = request;
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      this.#enqueue(this.#nodes.get(nodeId), nodeId, request, options.lane);
    });
  }

  async #resolve(target: Target, options: AskOptions, deadlineMs: number, avoided?: number): Promise<number> {
    switch (target.kind) {
      case 'node':
        return target.nodeId;
      case 'anyone': {
        const rebootstraps = this.config.metadataRecoveryStrategy === 'rebootstrap';
        return this.#nodes.anyone(this.ports.random, rebootstraps, avoided).nodeId;
      }
      case 'controller': {
        if (this.image.controllerId < 0 || avoided !== undefined) await this.refresh([]);
        const { controllerId } = this.image;
        if (controllerId >= 0) return controllerId;
        return await this.#resolve({ kind: 'anyone' }, options, deadlineMs, avoided);
      }
      case 'coordinator': {
        const timeoutMs = Math.max(1, deadlineMs - this.#nowMs());
        return await this.coordinator(target.type, target.key, { ...options, timeoutMs });
      }
    }
  }

  async #connected(nodeId: number, options: AskOptions) {
    const open = this.#laneOf(nodeId, options.lane)?.connection;
    if (open !== undefined) return open;
    await this.ask(
      { kind: 'node', nodeId },
      ApiVersions,
      { clientSoftwareName: 'trunkline', clientSoftwareVersion: '0' },
      options,
    );
    const connection = this.#laneOf(nodeId, options.lane)?.connection;
    if (connection !== undefined) return connection;
    throw new KafkaError('DISCONNECTED', 'the connection ended at once', { about: `broker ${nodeId}` });
  }

  #laneOf(nodeId: number, lane: Lane = CONTROL_LANE) {
    return this.#nodes.get(nodeId)?.lanes.get(lane);
  }

  #mayTryAtOnce(tried: number): boolean {
    return tried < this.config.bootstrap.length + this.image.brokers.size;
  }

  /** After a failure: what may have changed is looked up anew. */
  #look(target: Target, last: KafkaError): void {
    if (target.kind === 'coordinator' && !last.is('COORDINATOR_LOAD_IN_PROGRESS', 'CONCURRENT_TRANSACTIONS'))
      this.forgetCoordinator(target.type, target.key);
    if (target.kind === 'controller' || last.is('UNREACHABLE', 'NOT_CONTROLLER')) this.#metadata.doubtBrokers();
  }

  #troubled(node: Node): void {
    if (this.#closed !== undefined) return;
    this.#coordinators.forgetNode(node.nodeId);
    if (node.nodeId >= 0) this.#metadata.doubtBrokers();
  }

  #pauseMs(failures: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.config;
    return backoffMs(failures, retryBackoffMs, retryBackoffMaxMs, this.ports.random);
  }
}
