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

  /** Makes `deadline` due once, at least `delayMs` from now, never inside this call. It must not be set already. */
  set(deadline: Deadline, delayMs: number): void {
    const exact = Math.ceil(this.clock.monotonicMs() + Math.max(0, delayMs));
    const due = delayMs <= EXACT_MS_MAX ? exact : Math.ceil(exact / COARSE_MS) * COARSE_MS;
    let bucket = this.#buckets.get(due);
    if (bucket === undefined) {
      bucket = new Bucket();
      this.#buckets.set(due, bucket);
      this.#order.push(due);
    }
    this.#count += 1;
    bucket.add(deadline);
    if (due < this.#armedFor) this.#arm(due);
  }

  /** It does not come due any more. Not set, or due already: nothing happens. */
  cancel(deadline: Deadline): void {
    if (deadline.bucket === undefined) return;
    deadline.bucket.take(deadline);
    this.#count -= 1;
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
      while (bucket.first !== undefined) {
        const deadline = bucket.first;
        this.cancel(deadline);
        deadline.due();
      }
    }
    const next = this.#order.least;
    if (next !== undefined && next < this.#armedFor) this.#arm(next);
  }
}

/** Something with a deadline. It is a link of a list itself, so that setting one costs no memory. */
export abstract class Deadline {
  /** Its bucket and its neighbours there; the bucket's affair. */
  bucket: Bucket | undefined;
  before: Deadline | undefined;
  behind: Deadline | undefined;

  /** Its time has come. */
  abstract due(): void;
}

/** Deadlines of one moment, linked. */
class Bucket {
  first: Deadline | undefined;

  add(deadline: Deadline): void {
    deadline.bucket = this;
    deadline.behind = this.first;
    if (this.first !== undefined) this.first.before = deadline;
    this.first = deadline;
  }

  take(deadline: Deadline): void {
    if (deadline.before === undefined) this.first = deadline.behind;
    else deadline.before.behind = deadline.behind;
    if (deadline.behind !== undefined) deadline.behind.before = deadline.before;
    deadline.bucket = undefined;
    deadline.before = undefined;
    deadline.behind = undefined;
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
