import type { Clock, Link } from '@trunkline/kernel';
import { FrameAssembler, FrameRefused } from './frame-assembler.js';
import type { MemoryBudget } from './memory-budget.js';
import type { BrokerMetrics, CloseReason } from './metrics.js';
import type { ConnectionFacts, Outcome, Router } from './router.js';
import type { ServerLimits } from './server-limits.js';

/** A link that was ended, and whose peer does not end its side, is destroyed after so long. */
const LINGER_MS_MAX = 2_000;

/** The int32 in front of each frame. */
const FRAME_SIZE_BYTES = 4;

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly router: Router;
  readonly limits: ServerLimits;
  readonly budget: MemoryBudget;
  /** Bytes of answers that no peer has taken yet. */
  readonly answers: MemoryBudget;
  readonly metrics: BrokerMetrics;
  readonly clock: Clock;
  /** Whether requests may begin: a broker that starts lets them wait. */
  readonly serving: boolean;
  /** Whether those may begin that other nodes need before. */
  readonly servingNodes: boolean;
  /** The broker ends this connection, for a reason worth a line. */
  closing(connection: Connection, reason: CloseReason, why: string): void;
  /** The connection has gone, whoever ended it. */
  closed(connection: Connection): void;
}

/** A request that has begun, in the order of its frame. */
interface Begun {
  readonly bytes: number;
  readonly overlaps: boolean;
  outcome: Outcome | undefined;
}

/**
 * One client: frames in, answers out, strictly in the order of the requests (semantics, item 9).
 *
 * A request begins when the one before it has been answered, so a parked fetch holds up what comes behind it, as in
 * Kafka; only APIs that say so overlap. Meanwhile little more is read: the peer feels the back-pressure. All of it happens in the turn in which the bytes came, or in which the answer was ready.
 */
export class Connection {
  readonly facts: ConnectionFacts;
  readonly remote: string;
  readonly #link: Link;
  readonly #host: ConnectionHost;
  readonly #gone = new AbortController();
  readonly #assembler: FrameAssembler;
  readonly #begun: Begun[] = [];
  readonly #retry = (): void => this.work();
  #held: Uint8Array | undefined;
  /** What the budget was asked for on behalf of bytes that are in no request yet: those that came, those that are to come. */
  #reservedBytes = 0;
  #working = false;
  /** Begins nothing more, and ends when what has begun is answered. */
  #draining = false;
  /** When its end was asked for; nothing is written or read any more. */
  #endedMs: number | undefined;
  #paused = false;
  #activeMs: number;
  #frameSinceMs: number | undefined;
  #frameSinceBytes = 0;
  #pendingBytes = 0;
  /** What was written since the link was last empty: taken from the budget of answers. */
  #untakenBytes = 0;
  #takenMs: number;

  constructor(link: Link, facts: Omit<ConnectionFacts, 'closed'>, host: ConnectionHost) {
    this.#link = link;
    this.remote = link.remote;
    this.facts = { ...facts, closed: this.#gone.signal };
    this.#host = host;
    this.#assembler = new FrameAssembler(host.limits.requestBytesMax);
    this.#activeMs = this.#takenMs = host.clock.monotonicMs();
    link.open({ data: (bytes) => this.#data(bytes), drained: () => this.#drained(), closed: () => this.#closed() });
  }

  /** Requests that have begun and are not answered. */
  get inFlight(): number {
    return this.#begun.length;
  }

  /** Ends it at once. */
  destroy(): void {
    this.#link.destroy();
  }

  /** Begins no further request; ends when those that have begun are answered. */
  drain(): void {
    this.#draining = true;
    if (this.#begun.length === 0) this.#finish();
    else this.#regulate();
  }

  /** Looks at the limits of time. Called every second or so. */
  check(nowMs: number): void {
    const { limits } = this.#host;
    if (this.#endedMs !== undefined) {
      if (nowMs - this.#endedMs > LINGER_MS_MAX) this.#link.destroy();
      return;
    }
    const { pendingBytes } = this.#link;
    if (pendingBytes === 0 || pendingBytes < this.#pendingBytes) this.#takenMs = nowMs;
    this.#pendingBytes = pendingBytes;
    if (nowMs - this.#takenMs > limits.outboundStallMsMax) {
      return this.#drop(
        'stalled',
        `${pendingBytes} bytes of answers were not taken for ${limits.outboundStallMsMax} ms`,
      );
    }
    if (this.#begun.length > 0 || pendingBytes > 0) this.#activeMs = nowMs;
    else if (nowMs - this.#activeMs > limits.idleMsMax) {
      return this.#drop('idle', `silent for ${limits.idleMsMax} ms`);
    }
    if (this.#frameSinceMs === undefined || this.#paused) return;
    const elapsedMs = nowMs - this.#frameSinceMs - limits.frameGraceMs;
    const cameBytes = this.#assembler.bufferedBytes - this.#frameSinceBytes;
    if (elapsedMs > 0 && cameBytes * 1000 < elapsedMs * limits.frameBytesPerSecondMin) {
      this.#drop('slow-frame', `a request came slower than ${limits.frameBytesPerSecondMin} bytes a second`);
    }
  }

  #data(bytes: Uint8Array): void {
    this.#host.metrics.receivedBytes += bytes.byteLength;
    if (this.#endedMs !== undefined) return;
    this.#activeMs = this.#host.clock.monotonicMs();
    this.#assembler.push(bytes);
    this.work();
  }

  #drained(): void {
    this.#taken();
    this.#takenMs = this.#host.clock.monotonicMs();
    this.work();
  }

  /** Begins what may begin. Called whenever that may have changed. */
  work(): void {
    if (this.#working || this.#endedMs !== undefined) return;
    this.#working = true;
    try {
      for (;;) {
        const frame = this.#held ?? this.#nextFrame();
        this.#held = frame;
        if (frame === undefined || !this.#mayBegin(frame)) break;
        this.#held = undefined;
        this.#begin(frame);
        if (this.#endedMs !== undefined) return;
      }
      this.#regulate();
    } catch (error) {
      if (!(error instanceof FrameRefused)) throw error;
      this.#refuse('refused-frame', error.message);
    } finally {
      this.#working = false;
    }
  }

  /** A whole frame is taken into the budget whether something is left or not: its memory is here already. */
  #nextFrame(): Uint8Array | undefined {
    const frame = this.#assembler.next();
    if (frame === undefined) return undefined;
    this.#host.budget.take(frame.byteLength);
    this.#reserve(Math.max(0, this.#reservedBytes - frame.byteLength - FRAME_SIZE_BYTES));
    this.#frameSinceMs = undefined;
    return frame;
  }

  #reserve(bytes: number): void {
    const more = bytes - this.#reservedBytes;
    this.#reservedBytes = bytes;
    if (more > 0) this.#host.budget.take(more);
    else if (more < 0) this.#host.budget.give(-more);
  }

  #mayBegin(frame: Uint8Array): boolean {
    if (this.#draining || !(this.#host.serving || this.#isEarly(frame))) return false;
    if (this.#link.pendingBytes > this.#host.limits.outboundBytesMax) return false;
    if (this.#begun.length === 0) return true;
    if (this.#begun.length >= this.#host.limits.overlappingRequestsMax) return false;
    return this.#begun.at(-1)!.overlaps && this.#host.router.overlaps(frame);
  }

  #isEarly(frame: Uint8Array): boolean {
    return this.#host.servingNodes && this.#host.router.isEarly(frame);
  }

  #begin(frame: Uint8Array): void {
    const overlaps = this.#host.router.overlaps(frame);
    const begun: Begun = { bytes: frame.byteLength, overlaps, outcome: undefined };
    this.#begun.push(begun);
    this.#host.router.route(frame, this.facts, (outcome) => {
      begun.outcome = outcome;
      this.#answer();
      this.work();
    });
  }

  /** Writes what is ready, as far as everything before it is. */
  #answer(): void {
    let { outcome } = this.#begun[0] ?? {};
    while (outcome !== undefined) {
      this.#host.budget.give(this.#begun.shift()!.bytes);
      if (outcome.kind === 'answer') this.#write(outcome);
      else if (outcome.kind === 'close') this.#refuse('refused-request', outcome.why);
      outcome = this.#begun[0]?.outcome;
    }
    if (this.#draining && this.#begun.length === 0) this.#finish();
  }

  #write({ chunks, bytes }: Extract<Outcome, { kind: 'answer' }>): void {
    if (this.#endedMs !== undefined) return;
    this.#link.write(chunks);
    this.#host.answers.take(bytes);
    this.#untakenBytes += bytes;
    this.#host.metrics.sentBytes += bytes;
    this.#pendingBytes = this.#link.pendingBytes; // What was added must not look like bytes that were not taken.
    if (this.#pendingBytes === 0) this.#taken();
  }

  #taken(): void {
    this.#host.answers.give(this.#untakenBytes);
    this.#untakenBytes = 0;
  }

  /** Reads on, or lets the peer wait: far behind a request that cannot begin, and where the memory of all is spent. */
  #regulate(): void {
    const wait = this.#draining || !(this.#held === undefined ? this.#mayFinish() : this.#mayReadAhead());
    if (wait === this.#paused) return;
    this.#paused = wait;
    if (wait) this.#link.pause();
    else {
      this.#measureFrame();
      this.#link.resume();
    }
  }

  /** Whether more may come behind a request that waits: some may, or the end of the peer would not be seen. */
  #mayReadAhead(): boolean {
    const { bufferedBytes } = this.#assembler;
    if (bufferedBytes > this.#reservedBytes) this.#reserve(bufferedBytes);
    this.#frameSinceMs = undefined; // The peer may be held up by us at any time.
    return bufferedBytes < this.#host.limits.readAheadBytesMax && this.#isMemoryLeft();
  }

  /** Whether the frame that has begun to come may come whole. */
  #mayFinish(): boolean {
    if (this.#frameSinceMs === undefined && this.#assembler.bufferedBytes > 0) this.#measureFrame();
    const bytes = this.#assembler.frameBytes;
    if (bytes === undefined || this.#reservedBytes >= bytes) return true;
    if (!this.#isMemoryLeft()) return false;
    this.#reserve(bytes);
    return true;
  }

  #isMemoryLeft(): boolean {
    const { budget } = this.#host;
    if (budget.isSpent) budget.whenFree(this.#retry);
    return !budget.isSpent;
  }

  #measureFrame(): void {
    const { bufferedBytes } = this.#assembler;
    this.#frameSinceMs = bufferedBytes === 0 ? undefined : this.#host.clock.monotonicMs();
    this.#frameSinceBytes = bufferedBytes;
  }

  /** The peer did what no peer may. Answers that were written before still go out. */
  #refuse(reason: CloseReason, why: string): void {
    if (this.#endedMs !== undefined) return;
    this.#host.closing(this, reason, why);
    this.#finish();
  }

  /** Sends what waits, then ends. What still comes is read and dropped, or the peer's own end would not be seen. */
  #finish(): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = this.#host.clock.monotonicMs();
    this.#link.end();
    this.#link.resume();
  }

  /** There is nobody to wait for: the peer takes or gives nothing. */
  #drop(reason: CloseReason, why: string): void {
    this.#host.closing(this, reason, why);
    this.#endedMs = this.#host.clock.monotonicMs();
    this.#link.destroy();
  }

  #closed(): void {
    this.#endedMs ??= this.#host.clock.monotonicMs();
    const { budget } = this.#host;
    this.#taken();
    budget.forget(this.#retry);
    budget.give(this.#held?.byteLength ?? 0);
    this.#reserve(0);
    this.#held = undefined;
    this.#gone.abort();
    this.#host.closed(this);
  }
}
