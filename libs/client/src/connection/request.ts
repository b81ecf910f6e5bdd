import type { AnyApi, Decoded } from '@trunkline/protocol';
import type { Answer, Answered, BodyOf } from '../cluster/cluster.js';
import type { KafkaError } from '../error.js';

/** One request on its way: waiting, in flight, or settled. */
export class Request<A extends AnyApi = AnyApi> {
  version = -1;
  correlationId = -1;
  sentMs = 0;
  sentBytes = 0;
  settled = false;
  #answered: Answered<A>;

  constructor(
    readonly api: A,
    readonly body: BodyOf<A>,
    readonly versionMin: number,
    readonly versionMax: number,
    /** Of the monotonic clock. */
    readonly deadlineMs: number,
    /** False for a Produce with acks=0: the broker says nothing. */
    readonly expectsAnswer: boolean,
    /** Whether the first attempt to connect that fails, fails this too. */
    readonly failsWithAttempt: boolean,
    answered: Answered<A>,
  ) {
    this.#answered = answered;
  }

  /** The caller hears nothing more after the first of these. */
  fail(error: KafkaError): void {
    if (this.settled) return;
    this.settled = true;
    this.#answered(error, undefined);
  }

  succeed(nodeId: number, body: Decoded<A['response']>): void {
    if (this.settled) return;
    this.settled = true;
    const answer: Answer<A> = { version: this.version, nodeId, body };
    this.#answered(undefined, answer);
  }

  /** It left, and no answer is expected. */
  left(): void {
    if (this.settled) return;
    this.settled = true;
    this.#answered(undefined, undefined);
  }
}
