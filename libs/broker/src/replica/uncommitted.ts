import type { Offset } from '@trunkline/kernel';

/** Whoever waits until an append is below the high watermark. Exactly one of the two is called. */
export interface CommitWaiter {
  committed(): void;
  /** It will not come below the watermark here; whether it is in the log for good is not known. */
  failed(reason: Error): void;
  /** It waits however few replicas are in sync; left out: it is told at once when they become too few. */
  readonly isPatient?: boolean;
}

interface Append {
  readonly nextOffset: Offset;
  /** Bytes of all appends up to and including this one. */
  readonly bytesTotal: number;
  waiter: CommitWaiter | undefined;
}

const SHIFT_AT = 1024;

/** The appends above the high watermark, in the order of their offsets, and who waits for them. */
export class UncommittedAppends {
  #appends: Append[] = [];
  #first = 0;
  #bytesTotal = 0;
  #committedBytes = 0;

  /** Bytes of everything that has come below the watermark since the log was opened; only rises. */
  get committedBytes(): number {
    return this.#committedBytes;
  }

  get count(): number {
    return this.#appends.length - this.#first;
  }

  add(nextOffset: Offset, sizeBytes: number, waiter: CommitWaiter | undefined): void {
    this.#bytesTotal += sizeBytes;
    this.#appends.push({ nextOffset, bytesTotal: this.#bytesTotal, waiter });
  }

  /** One more waits for an append that was made before: a duplicate came while the first still waits. */
  addWaiter(nextOffset: Offset, waiter: CommitWaiter): void {
    let at = this.#appends.length;
    while (at > this.#first && this.#appends[at - 1]!.nextOffset > nextOffset) at -= 1;
    const bytesTotal = at > this.#first ? this.#appends[at - 1]!.bytesTotal : this.#committedBytes;
    this.#appends.splice(at, 0, { nextOffset, bytesTotal, waiter });
  }

  /** The watermark moved: tells those below it, in the order of their offsets. */
  commitTo(highWatermark: Offset): void {
    while (this.#first < this.#appends.length) {
      const append = this.#appends[this.#first]!;
      if (append.nextOffset > highWatermark) break;
      this.#first += 1;
      this.#committedBytes = append.bytesTotal;
      append.waiter?.committed();
    }
    this.#shift();
  }

  /** Nothing of this comes below the watermark any more: tells all who wait. */
  fail(reason: Error): void {
    const appends = this.#appends;
    let at = this.#first;
    this.#appends = [];
    this.#first = 0;
    for (; at < appends.length; at++) appends[at]!.waiter?.failed(reason);
  }

  /** Too few replicas are in sync: tells all but the patient. What is in the log stays, and may come below it yet. */
  release(reason: Error): void {
    for (let at = this.#first; at < this.#appends.length; at++) {
      const append = this.#appends[at]!;
      const { waiter } = append;
      if (waiter === undefined || waiter.isPatient === true) continue;
      append.waiter = undefined;
      waiter.failed(reason);
    }
  }

  /** The log was cut: what was at `end` or behind it is not there any more. */
  cutTo(end: Offset): void {
    while (this.#appends.length > this.#first && this.#appends.at(-1)!.nextOffset > end) this.#appends.pop();
    this.#bytesTotal = this.count > 0 ? this.#appends.at(-1)!.bytesTotal : this.#committedBytes;
  }

  #shift(): void {
    if (this.#first === this.#appends.length) {
      this.#appends.length = 0;
      this.#first = 0;
    } else if (this.#first >= SHIFT_AT && this.#first * 2 > this.#appends.length) {
      this.#appends.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
