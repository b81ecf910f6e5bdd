import type { Clock, Timer } from '@trunkline/kernel';

/** Up to this delay a deadline is kept to the millisecond; a longer one may come a little late. */
const EXACT_MS_MAX = 1000;
const COARSE_MS = 64;

/**
 * Very many deadlines over one timer of the clock.
 *
 * Setting and cancelling cost a few pointer moves, because nearly every deadline of a broker is cancelled: deadlines
 * of one millisecond (of 64, beyond a second) share a bucket, and only buckets are put in order.
 */
export class Deadlines {
  readonly #buckets = new Map<number, Bucket>();
  readonly #order = new MinHeap();
  #armed: Timer | undefined;
  #armedFor = Infinity;
  #count = 0;

  constructor(private readonly clock: Clock) {}

  /** Deadlines that are set now. */
  get count(): number {
    return this.#count;
  }

  /** Runs `run` once, at least `delayMs` from now, never inside this call. */
  set(delayMs: number, run: () => void): Deadline {
    const exact = Math.ceil(this.clock.monotonicMs() + Math.max(0, delayMs));
    const due = delayMs <= EXACT_MS_MAX ? exact : Math.ceil(exact / COARSE_MS) * COARSE_MS;
    let bucket = this.#buckets.get(due);
    if (bucket === undefined) {
      bucket = new Bucket(due);
      this.#buckets.set(due, bucket);
      this.#order.push(due);
    }
    this.#count += 1;
    const deadline = new Deadline(bucket, run, this.#cancelled);
    if (due < this.#armedFor) this.#arm(due);
    return deadline;
  }

  /** Forgets every deadline; none of them runs. */
  clear(): void {
    this.#armed?.cancel();
    this.#armed = undefined;
    this.#armedFor = Infinity;
    this.#buckets.clear();
    this.#order.clear();
    this.#count = 0;
  }

  readonly #cancelled = (): void => {
    this.#count -= 1;
  };

  #arm(due: number): void {
    this.#armed?.cancel();
    this.#armedFor = due;
    this.#armed = this.clock.after(Math.max(0, due - this.clock.monotonicMs()), () => this.#fire());
  }

  #fire(): void {
    this.#armed = undefined;
    this.#armedFor = Infinity;
    const now = this.clock.monotonicMs();
    for (let due = this.#order.least; due !== undefined; due = this.#order.least) {
      const bucket = this.#buckets.get(due)!;
      if (due > now && bucket.first !== undefined) break;
      this.#order.pop();
      this.#buckets.delete(due);
      bucket.runAll();
    }
    const next = this.#order.least;
    if (next !== undefined && next < this.#armedFor) this.#arm(next);
  }
}

/** One deadline. Cancelling twice, or after it ran, does nothing. */
export class Deadline implements Timer {
  /** Neighbours in the bucket. */
  before: Deadline | undefined;
  behind: Deadline | undefined;
  #bucket: Bucket | undefined;

  constructor(
    bucket: Bucket,
    private readonly run: () => void,
    private readonly gone: () => void,
  ) {
    this.#bucket = bucket;
    bucket.add(this);
  }

  cancel(): void {
    if (this.#bucket === undefined) return;
    this.#bucket.take(this);
    this.#bucket = undefined;
    this.gone();
  }

  runNow(): void {
    this.cancel();
    this.run();
  }
}

/** Deadlines of one moment, linked. */
class Bucket {
  first: Deadline | undefined;

  constructor(readonly due: number) {}

  add(deadline: Deadline): void {
    deadline.behind = this.first;
    if (this.first !== undefined) this.first.before = deadline;
    this.first = deadline;
  }

  take(deadline: Deadline): void {
    if (deadline.before === undefined) this.first = deadline.behind;
    else deadline.before.behind = deadline.behind;
    if (deadline.behind !== undefined) deadline.behind.before = deadline.before;
    deadline.before = undefined;
    deadline.behind = undefined;
  }

  runAll(): void {
    while (this.first !== undefined) this.first.runNow();
  }
}

/** Numbers, the least on top. */
class MinHeap {
  readonly #heap: number[] = [];

  get least(): number | undefined {
    return this.#heap[0];
  }

  clear(): void {
    this.#heap.length = 0;
  }

  push(value: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= value) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = value;
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1;
      if (heap[child]! >= last) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
