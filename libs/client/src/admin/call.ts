import { ApiError } from '@trunkline/kernel';
import type { AnyApi } from '@trunkline/protocol';
import type { Answer, AskOptions, BodyOf, Cluster, Lane, Target } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import { type AdminSettings, type CallOptions, wholeNumber } from './admin-options.js';

/** What all calls of one admin share. */
export interface AdminScope {
  readonly cluster: Cluster;
  readonly settings: AdminSettings;
  /** A connection of the admin's own: brokers may hold its requests back, and answer one connection in order. */
  readonly lane: Lane;
  /** Aborted when the admin closes. */
  readonly closing: AbortSignal;
}

/** One call: its deadline and what it may ask. */
export class Call {
  readonly scope: AdminScope;
  readonly deadlineMs: number;
  readonly #signal: AbortSignal | undefined;

  /** Throws CLOSED when the admin is, ABORTED when the caller's signal is, MISUSE for a time that cannot be meant. */
  constructor(scope: AdminScope, options: CallOptions = {}) {
    this.scope = scope;
    this.#signal = options.signal;
    const timeoutMs = options.timeoutMs ?? scope.settings.timeoutMs;
    wholeNumber(timeoutMs, "the call's timeoutMs", 1, 2 ** 31 - 1);
    this.deadlineMs = this.nowMs() + timeoutMs;
    this.#refuseEnded();
  }

  nowMs(): number {
    return this.scope.cluster.ports.clock.monotonicMs();
  }

  /** How long the next answer may take; whole milliseconds, at least 1. */
  get answerMs(): number {
    return Math.max(1, Math.min(this.scope.settings.requestTimeoutMs, Math.ceil(this.deadlineMs - this.nowMs())));
  }

  /** Asks once. Rejects as `Cluster.ask`; TIMED_OUT when the call's time is over, CLOSED when the admin closed meanwhile. */
  async ask<A extends AnyApi>(
    target: Target,
    api: A,
    body: BodyOf<A>,
    options: Pick<AskOptions, 'versionMin' | 'versionMax'> = {},
  ): Promise<Answer<A>> {
    this.#refuseEnded();
    // A call that goes on from answer to answer ends here, however quick the broker is.
    if (this.nowMs() >= this.deadlineMs)
      throw new KafkaError('TIMED_OUT', 'the time of the call is over', { about: api.name });
    const { cluster, lane } = this.scope;
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    try {
      return await cluster.ask(target, api, body, { ...options, ...signal, lane, timeoutMs: this.answerMs });
    } catch (reason) {
      this.#refuseEnded();
      throw asKafkaError(reason, api);
    }
  }

  /** Waits. Rejects with CLOSED or ABORTED as soon as one of them is so. */
  async pause(delayMs: number): Promise<void> {
    this.#refuseEnded();
    const signals = [this.scope.closing, ...(this.#signal === undefined ? [] : [this.#signal])];
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        for (const signal of signals) signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.scope.cluster.after(delayMs, wake);
      for (const signal of signals) signal.addEventListener('abort', wake);
    });
    this.#refuseEnded();
  }

  #refuseEnded(): void {
    if (this.scope.closing.aborted) throw new KafkaError('CLOSED', 'the admin is closed');
    if (this.#signal?.aborted) throw new KafkaError('ABORTED', "the caller's signal was aborted");
  }
}

/** A request that could not be written is the caller's doing, or asks for more than the broker's version can say. */
function asKafkaError(reason: unknown, { name }: AnyApi): KafkaError {
  if (!(reason instanceof ApiError)) return KafkaError.from(reason, 'PROTOCOL_VIOLATION', name);
  const code = reason.code === 'UNSUPPORTED_VERSION' ? 'UNSUPPORTED_BROKER' : 'MISUSE';
  return new KafkaError(code, reason.detail, { about: name, cause: reason });
}
