import type { Clock } from '@trunkline/kernel';

/** How often the end of a turn may be put off for records that were added since: promises that answer to promises. */
const HOPS_MAX = 8;

/** `then` of a settled promise costs a third of `queueMicrotask`. */
const SETTLED = Promise.resolve();

/** What is sent until a turn's promises are through leaves together; the clocks are read once for all of it. */
export class Turn {
  /** Of the monotonic clock, as the turn began. */
  nowMs = 0;
  #wallMs = -1;
  #isOpen = false;
  #added = 0;
  #addedBefore = -1;
  #hopsLeft = 0;
  readonly #hop = (): void => this.#end();

  constructor(
    private readonly clock: Clock,
    private readonly ended: () => void,
  ) {}

  /** Of the calendar, when it was first asked for in this turn: an answer that comes needs none. */
  get wallMs(): number {
    if (this.#wallMs < 0) this.#wallMs = this.clock.nowMs();
    return this.#wallMs;
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.nowMs = this.clock.monotonicMs();
    this.#wallMs = -1;
    this.#hopsLeft = HOPS_MAX;
    this.#addedBefore = -1;
    void SETTLED.then(this.#hop);
  }

  /** A record more. */
  grow(): void {
    this.#added += 1;
  }

  /** Ends, unless records were added since the last hop. */
  #end(): void {
    if (this.#hopsLeft > 0 && this.#added !== this.#addedBefore) {
      this.#hopsLeft -= 1;
      this.#addedBefore = this.#added;
      void SETTLED.then(this.#hop);
      return;
    }
    this.#isOpen = false;
    this.ended();
  }
}
