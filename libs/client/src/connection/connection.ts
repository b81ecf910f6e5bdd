import { ApiError, byteLength } from '@trunkline/kernel';
import { type AnyApi, type Encodable, READ_LIMITS, type ReadLimits, encodeRequest } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { ClientObserver } from '../observer.js';
import { Fifo } from './fifo.js';
import { FrameSplitter } from './frame-splitter.js';
import type { Request } from './request.js';
import { readCorrelationId, readResponse } from './response.js';
import { clientWaits, throttleTimeOf } from './throttle.js';

/** What a connection wants done. */
export interface ConnectionEffects {
  write(chunks: readonly Uint8Array[]): void;
  /** Close the link: nothing is written any more, what comes is not read. */
  end(reason: KafkaError): void;
  /** There may be room for another request. */
  room(): void;
}

export interface ConnectionLimits {
  readonly requestsInFlightMax: number;
  readonly requestBytesInFlightMax: number;
  readonly responseBytesMax: number;
  readonly decodedBytesMax: number;
  readonly throttleMsMax: number;
}

export interface ConnectionIdentity {
  readonly nodeId: number;
  /** `broker 3 at 10.0.0.7:9092`. */
  readonly about: string;
  readonly clientId: string;
}

/**
 * One connection as a machine: requests and bytes in, bytes and answers out. It knows no socket, timer or clock.
 *
 * A broker answers in the order of the requests, so one answer that never comes holds up all behind it: past a request's
 * deadline the connection ends. Whatever a broker may not send ends it too, with PROTOCOL_VIOLATION; what else was in
 * flight fails with DISCONNECTED.
 */
export class Connection {
  readonly #splitter: FrameSplitter;
  readonly #inFlight = new Fifo<Request>();
  #bytesInFlight = 0;
  #nextCorrelationId = 0;
  #ended: KafkaError | undefined;
  #wakeAtMs = Infinity;
  #nowMs = 0;
  #mutedUntilMs = -Infinity;
  readonly #readLimits: ReadLimits;
  readonly #frame = (frame: Uint8Array): void => this.#answer(frame);

  constructor(
    public identity: ConnectionIdentity,
    private readonly limits: ConnectionLimits,
    private readonly effects: ConnectionEffects,
    private readonly observer: ClientObserver,
  ) {
    this.#splitter = new FrameSplitter(limits.responseBytesMax);
    this.#readLimits = Object.freeze({ ...READ_LIMITS, decodedBytesMax: limits.decodedBytesMax });
  }

  get ended(): KafkaError | undefined {
    return this.#ended;
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** When {@link wake} wants to be called; Infinity: never. May be earlier than necessary, never later. */
  get wakeAtMs(): number {
    return this.#wakeAtMs;
  }

  /** Until when the broker wants to be left alone (KIP-219), at most `throttleMsMax` from its word; -Infinity: not. */
  get mutedUntilMs(): number {
    return this.#mutedUntilMs;
  }

  /** Whether another request may leave now. */
  get hasRoom(): boolean {
    if (this.#ended !== undefined || this.#mutedUntilMs !== -Infinity) return false;
    const { requestsInFlightMax, requestBytesInFlightMax } = this.limits;
    return (
      this.#inFlight.length === 0 ||
      (this.#inFlight.length < requestsInFlightMax && this.#bytesInFlight < requestBytesInFlightMax)
    );
  }

  /** Sends a request in a version. Gives the error instead when its body cannot be written in that version. */
  transmit(nowMs: number, request: Request, version: number): KafkaError | undefined {
    if (this.#ended !== undefined) return this.#disconnected(this.#ended);
    const correlationId = this.#nextCorrelationId;
    const { api, body } = request;
    let chunks: Uint8Array[];
    try {
      const value = typeof body === 'function' ? body(version) : body;
      const header = { correlationId, clientId: this.identity.clientId };
      chunks = encodeRequest(api, version, header, value as Encodable<AnyApi['request']>);
    } catch (reason) {
      return this.#unwritable(request, version, reason);
    }
    this.#nextCorrelationId = correlationId === 0x7fff_ffff ? 0 : correlationId + 1;
    request.version = version;
    request.correlationId = correlationId;
    request.sentMs = nowMs;
    request.sentBytes = byteLength(chunks);
    this.effects.write(chunks);
    this.observer.requestSent?.(api.name, this.identity.nodeId, request.sentBytes);
    if (!request.expectsAnswer) return undefined;
    this.#inFlight.push(request);
    this.#bytesInFlight += request.sentBytes;
    if (request.deadlineMs < this.#wakeAtMs) this.#wakeAtMs = request.deadlineMs;
    return undefined;
  }

  received(nowMs: number, bytes: Uint8Array): void {
    if (this.#ended !== undefined) return;
    this.#nowMs = nowMs;
    try {
      this.#splitter.push(bytes, this.#frame);
    } catch (reason) {
      if (!(reason instanceof KafkaError)) throw reason;
      this.#violated(this.#inFlight.shift(), reason.detail, reason.advice);
    }
    if (this.#ended === undefined) this.effects.room();
  }

  /** Ends the connection when the answer to a request is overdue; lets requests leave again when a throttle is over. */
  wake(nowMs: number): void {
    if (this.#ended !== undefined) return;
    const isMuteOver = this.#mutedUntilMs !== -Infinity && nowMs >= this.#mutedUntilMs;
    if (isMuteOver) this.#mutedUntilMs = -Infinity;
    let earliest = this.#mutedUntilMs === -Infinity ? Infinity : this.#mutedUntilMs;
    for (const request of this.#inFlight) {
      if (request.deadlineMs <= nowMs) return this.#overdue(request, nowMs);
      if (request.deadlineMs < earliest) earliest = request.deadlineMs;
    }
    this.#wakeAtMs = earliest;
    if (isMuteOver) this.effects.room();
  }

  /** The link has gone, or whoever owns the connection gives it up. What is in flight fails with DISCONNECTED. */
  end(reason: KafkaError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#wakeAtMs = Infinity;
    this.#bytesInFlight = 0;
    const lost = this.#inFlight.drain();
    this.effects.end(reason);
    for (const request of lost) this.#fail(request, this.#disconnected(reason));
  }

  #answer(frame: Uint8Array): void {
    if (this.#ended !== undefined) return;
    const correlationId = readCorrelationId(frame);
    const request = this.#inFlight.shift();
    if (request === undefined)
      return this.#violated(undefined, `an answer with correlation id ${correlationId} came, though nothing was asked`);
    if (correlationId !== request.correlationId) {
      const wanted = `the answer to ${request.api.name} with correlation id ${request.correlationId} was due`;
      return this.#violated(request, `${wanted}, and one with ${correlationId} came`);
    }
    this.#bytesInFlight -= request.sentBytes;
    if (request.settled) return; // Its caller gave it up.
    const { api, version } = request;
    let body;
    try {
      body = readResponse(api, version, frame, this.#readLimits);
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      return this.#violated(request, `the answer to ${api.name} version ${version} is broken: ${reason.detail}`);
    }
    const throttleTimeMs = throttleTimeOf(body);
    if (throttleTimeMs > 0 && clientWaits(api, version)) this.#mute(throttleTimeMs);
    this.#observe(request, frame.length, throttleTimeMs);
    request.succeed(this.identity.nodeId, body);
  }

  /** The longest word counts, as in Java. What the connection itself asks (authentication) is not held up. */
  #mute(throttleTimeMs: number): void {
    const untilMs = this.#nowMs + Math.min(throttleTimeMs, this.limits.throttleMsMax);
    if (untilMs <= this.#nowMs || untilMs <= this.#mutedUntilMs) return;
    this.#mutedUntilMs = untilMs;
    if (untilMs < this.#wakeAtMs) this.#wakeAtMs = untilMs;
  }

  #observe(request: Request, bytes: number, throttleTimeMs: number): void {
    const { observer } = this;
    observer.answered?.(request.api.name, this.identity.nodeId, this.#nowMs - request.sentMs, bytes);
    if (throttleTimeMs > 0) observer.throttled?.(request.api.name, this.identity.nodeId, throttleTimeMs);
  }

  #overdue(request: Request, nowMs: number): void {
    const { about } = this.identity;
    const waited = Math.round(nowMs - request.sentMs);
    this.#inFlight.takeOut((other) => other === request);
    const detail = `no answer to ${request.api.name} within ${waited} ms`;
    this.end(new KafkaError('TIMED_OUT', `${detail}; answers come in order, so nothing behind it can come`, { about }));
    this.#fail(request, new KafkaError('TIMED_OUT', detail, { about, advice: 'it may have had an effect' }));
  }

  #violated(request: Request | undefined, detail: string, advice?: string): void {
    const { about } = this.identity;
    const reason = new KafkaError('PROTOCOL_VIOLATION', detail, { about, ...(advice !== undefined && { advice }) });
    this.end(reason);
    if (request !== undefined) this.#fail(request, reason);
  }

  #fail(request: Request, error: KafkaError): void {
    if (!request.settled) this.observer.requestFailed?.(request.api.name, this.identity.nodeId, error);
    request.fail(error);
  }

  #disconnected(reason: KafkaError): KafkaError {
    if (reason.code === 'CLOSED') return reason;
    const detail = `the connection ended before the answer came (${reason.detail})`;
    return new KafkaError('DISCONNECTED', detail, { about: this.identity.about, cause: reason });
  }

  #unwritable(request: Request, version: number, reason: unknown): KafkaError {
    const { about } = this.identity;
    if (!(reason instanceof ApiError)) return KafkaError.from(reason, 'MISUSE', about);
    const isOld = reason.code === 'UNSUPPORTED_VERSION';
    const detail = `${request.api.name} version ${version}: ${reason.detail}`;
    return new KafkaError(isOld ? 'UNSUPPORTED_BROKER' : 'MISUSE', detail, { about, cause: reason });
  }
}
