import type { Timer } from '@trunkline/kernel';
import type { ClientConfig } from '../config.js';
import { KafkaError } from '../error.js';
import type { ClientPorts } from '../ports.js';
import { backoffMs } from '../backoff.js';
import { BrokerConnection } from './broker-connection.js';
import { Fifo } from './fifo.js';
import type { Node } from './node.js';
import type { Request } from './request.js';

export interface LaneOwner {
  readonly config: ClientConfig;
  readonly ports: ClientPorts;
  /** An attempt to connect has failed, or a connection was lost. */
  troubled(node: Node, reason: KafkaError): void;
}

/**
 * One connection to one broker, opened when there is something to send and again when it was lost: requests that wait
 * for it leave in their order. A request that has left is never sent again.
 */
export class BrokerLane {
  readonly #waiting = new Fifo<Request>();
  #connection: BrokerConnection | undefined;
  #isOpening = false;
  #opening: BrokerConnection | undefined;
  #retry: Timer | undefined;
  #overdue: Timer | undefined;
  #overdueAtMs = Infinity;
  #lastFailure: KafkaError | undefined;
  /** Of a connection that was lost: another one is not a way around a quota. */
  #mutedUntilMs = -Infinity;
  #closed: KafkaError | undefined;

  constructor(
    private node: Node,
    readonly name: string,
    private readonly owner: LaneOwner,
  ) {}

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Requests that are in flight or wait. */
  get load(): number {
    return this.#waiting.length + (this.#connection?.inFlight ?? 0);
  }

  /** Whether the broker wants to be left alone for now (KIP-219): what is asked waits. */
  get isMuted(): boolean {
    return (this.#connection?.mutedUntilMs ?? this.#mutedUntilMs) > this.#nowMs();
  }

  get connection(): BrokerConnection | undefined {
    return this.#connection;
  }

  /** Takes a request on. Gives the error instead when it cannot: the caller tells it, later. */
  enqueue(request: Request): KafkaError | undefined {
    if (this.#closed !== undefined) return this.#closed;
    const connection = this.#connection;
    if (connection !== undefined && this.#waiting.length === 0 && connection.hasRoom) {
      return this.#transmit(connection, request, this.#nowMs());
    }
    const { requestsWaitingMax } = this.owner.config;
    if (this.#waiting.length >= requestsWaitingMax) {
      const detail = `${requestsWaitingMax} requests wait for ${this.#about} already`;
      return new KafkaError('OVERLOADED', detail, { advice: 'send less at once, or raise requestsWaitingMax' });
    }
    this.#waiting.push(request);
    this.#armOverdue(request.deadlineMs);
    this.#connect();
    return undefined;
  }

  /** The bootstrap address turned out to be this broker's. */
  adoptedBy(node: Node): void {
    this.node = node;
    this.#connection?.adoptedBy(node.nodeId);
  }

  /** Ends the connection, so that the next one goes to where the broker is now. */
  reconnect(reason: KafkaError): void {
    this.#connection?.close(reason);
  }

  /** Nothing leaves any more: what waits or is in flight fails with `reason`, or DISCONNECTED because of it. */
  close(reason: KafkaError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#retry?.cancel();
    this.#overdue?.cancel();
    const waiting = this.#waiting.drain();
    (this.#connection ?? this.#opening)?.close(reason);
    for (const request of waiting) request.fail(reason);
  }

  get #about(): string {
    return this.node.nodeId < 0 ? 'a bootstrap broker' : `broker ${this.node.nodeId}`;
  }

  #nowMs(): number {
    return this.owner.ports.clock.monotonicMs();
  }

  #transmit(connection: BrokerConnection, request: Request, nowMs: number): KafkaError | undefined {
    const failed = connection.transmit(nowMs, request);
    if (failed === undefined && !request.expectsAnswer) queueMicrotask(() => request.left());
    return failed;
  }

  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#waiting.length === 0) return;
    const nowMs = this.#nowMs();
    while (this.#waiting.length > 0 && connection.hasRoom) {
      const request = this.#waiting.shift()!;
      if (request.settled) continue;
      const failed = request.deadlineMs <= nowMs ? this.#late() : this.#transmit(connection, request, nowMs);
      if (failed !== undefined) request.fail(failed);
    }
  }

  #connect(): void {
    if (this.#connection !== undefined || this.#isOpening || this.#retry !== undefined) return;
    if (this.#closed !== undefined || this.#waiting.length === 0) return;
    const { node, owner } = this;
    const waitMs = Math.max(node.retryAtMs, this.#mutedUntilMs) - this.#nowMs();
    if (waitMs > 0 || node.address === undefined) {
      this.#retry = owner.ports.clock.after(Math.max(0, waitMs), () => {
        this.#retry = undefined;
        if (this.node.address === undefined) this.#failWaiting(this.#unknown());
        else this.#connect();
      });
      return;
    }
    this.#isOpening = true;
    const startedMs = this.#nowMs();
    const begun = (connection: BrokerConnection): void => {
      if (this.#closed === undefined) this.#opening = connection;
      else connection.close(this.#closed);
    };
    BrokerConnection.open(node.nodeId, node.address, owner.config, owner.ports, begun).then(
      (connection) => this.#opened(connection, startedMs),
      (reason: unknown) => this.#failed(KafkaError.from(reason, 'UNREACHABLE', this.#about)),
    );
  }

  #opened(connection: BrokerConnection, startedMs: number): void {
    this.#isOpening = false;
    this.#opening = undefined;
    this.node.failures = 0;
    this.node.retryAtMs = 0;
    this.#lastFailure = undefined;
    if (this.#closed !== undefined) return connection.close(this.#closed);
    this.#connection = connection;
    connection.adoptedBy(this.node.nodeId);
    this.#mutedUntilMs = -Infinity;
    connection.ownedBy({
      room: () => this.#pump(),
      idle: () => this.#idle(connection),
      ended: (reason) => this.#lost(connection, reason),
    });
    this.owner.config.observer.connected?.(this.node.nodeId, this.name, this.#nowMs() - startedMs);
    this.#pump();
  }

  #failed(reason: KafkaError): void {
    this.#isOpening = false;
    this.#opening = undefined;
    if (this.#closed !== undefined) return;
    const { node, owner } = this;
    const { reconnectBackoffMs, reconnectBackoffMaxMs, observer } = owner.config;
    node.failures += 1;
    node.retryAtMs =
      this.#nowMs() + backoffMs(node.failures, reconnectBackoffMs, reconnectBackoffMaxMs, owner.ports.random);
    this.#lastFailure = reason;
    observer.connectFailed?.(node.nodeId, this.name, reason);
    owner.ports.logger.debug('a broker cannot be reached', { broker: node.nodeId, reason: reason.message });
    if (reason.retriable)
      for (const request of this.#waiting.takeOut((waits) => waits.failsWithAttempt)) request.fail(reason);
    else this.#failWaiting(reason);
    owner.troubled(node, reason);
    this.#connect();
  }

  #lost(connection: BrokerConnection, reason: KafkaError): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#mutedUntilMs = connection.mutedUntilMs;
    const { node, owner } = this;
    owner.config.observer.disconnected?.(node.nodeId, this.name, reason);
    if (this.#closed !== undefined) return;
    owner.ports.logger.debug('a connection has ended', { broker: node.nodeId, reason: reason.message });
    owner.troubled(node, reason);
    this.#connect();
  }

  /** It is opened again when somebody asks. Nothing is wrong with the broker: nobody is told to look for another. */
  #idle(connection: BrokerConnection): void {
    if (this.#connection !== connection || this.#waiting.length > 0) return;
    const { connectionsMaxIdleMs, observer } = this.owner.config;
    const reason = new KafkaError('DISCONNECTED', `nobody used the connection for ${connectionsMaxIdleMs} ms`, {
      about: this.#about,
    });
    this.#connection = undefined;
    connection.closeInOrder(reason);
    observer.disconnected?.(this.node.nodeId, this.name, reason);
  }

  #failWaiting(reason: KafkaError): void {
    for (const request of this.#waiting.drain()) request.fail(reason);
  }

  #unknown(): KafkaError {
    return new KafkaError('UNREACHABLE', 'the cluster does not name it now', { about: this.#about });
  }

  #late(): KafkaError {
    const failure = this.#lastFailure;
    if (this.isMuted) {
      const detail = 'the request could not leave in time: the broker asks the client to wait (its quota is used up)';
      return new KafkaError('TIMED_OUT', detail, { about: this.#about, advice: 'send less, or raise the quota' });
    }
    if (failure === undefined || this.#connection !== undefined)
      return new KafkaError('TIMED_OUT', 'the request could not leave in time', { about: this.#about });
    return new KafkaError('UNREACHABLE', failure.detail, { about: failure.about ?? this.#about, cause: failure });
  }

  #armOverdue(deadlineMs: number): void {
    if (deadlineMs >= this.#overdueAtMs) return;
    this.#overdue?.cancel();
    this.#overdueAtMs = deadlineMs;
    this.#overdue = this.owner.ports.clock.after(Math.max(0, deadlineMs - this.#nowMs()), () => {
      this.#overdueAtMs = Infinity;
      const nowMs = this.#nowMs();
      for (const request of this.#waiting.takeOut((waits) => waits.settled || waits.deadlineMs <= nowMs))
        request.fail(this.#late());
      let earliest = Infinity;
      for (const request of this.#waiting) earliest = Math.min(earliest, request.deadlineMs);
      if (earliest < Infinity) this.#armOverdue(earliest);
    });
  }
}
