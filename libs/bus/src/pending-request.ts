import type { Clock, Timer } from '@trunkline/kernel';
import type { Delivery } from './engine.js';
import { TrunklineError } from './error.js';

/** Who keeps the requests that wait. */
export interface RequestHost {
  /** It has an answer, or an error: it waits no more. */
  settled(id: string): void;
  /** Nobody waits for the answer any more: fails it, and tells the responders. */
  gaveUp(pending: PendingRequest, error: TrunklineError): void;
}

/** A request without an answer. */
export class PendingRequest {
  /** Whether it was handed to the engine: a responder may know of it. */
  wasSent = false;
  #timer: Timer | undefined;

  constructor(
    readonly id: string,
    readonly call: string,
    readonly signal: AbortSignal | undefined,
    readonly host: RequestHost,
    readonly resolve: (frame: Delivery) => void,
    readonly reject: (error: Error) => void,
  ) {}

  /** From now on it is given up after `timeoutMs`, or when its signal is aborted. */
  await(clock: Clock, timeoutMs: number): void {
    this.signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = clock.after(timeoutMs, () => {
      const detail = `${this.call}: no answer within ${timeoutMs} ms; is a responder running?`;
      this.host.gaveUp(this, new TrunklineError('TIMED_OUT', detail));
    });
  }

  readonly answer = (frame: Delivery): void => {
    this.#settle();
    this.resolve(frame);
  };

  /** What became of its sending. */
  readonly sent = (error?: TrunklineError): void => {
    if (error !== undefined) this.fail(error);
  };

  fail(error: Error): void {
    this.#settle();
    this.reject(error);
  }

  readonly #onAbort = (): void => this.host.gaveUp(this, aborted(this.call, this.signal));

  #settle(): void {
    this.#timer?.cancel();
    this.signal?.removeEventListener('abort', this.#onAbort);
    this.host.settled(this.id);
  }
}

/** The error of a caller who gave up. */
export function aborted(name: string, signal: AbortSignal | undefined): TrunklineError {
  return new TrunklineError('ABORTED', `${name}: the caller gave up`, { cause: signal?.reason });
}
