import { type Link, type LinkEvents, invariant } from '@trunkline/kernel';
import { BatchSlab } from '@trunkline/records';

/** Runs something soon, but not now. `setImmediate` lets timers and sockets have their turn; a microtask does not. */
export type Defer = (run: () => void) => void;

const NOBODY: LinkEvents = { data() {}, drained() {}, closed() {} };

/**
 * One end of a link inside this process. Bytes are copied when they are handed over, so that the sender may use its
 * memory again once `drained`, and the receiver may keep what it got. A receiver that pauses is not handed anything.
 */
class InProcessEnd implements Link {
  readonly remote: string;
  readonly #defer: Defer;
  /** Where copies stand: memory of its own for each costs more than the rest of a small hand-over. */
  readonly #slab: BatchSlab;
  #peer: InProcessEnd | undefined;
  #events: LinkEvents = NOBODY;
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  #flushWaits = false;
  #paused = false;
  #ending = false;
  #closed = false;

  constructor(remote: string, defer: Defer, slab: BatchSlab) {
    this.remote = remote;
    this.#defer = defer;
    this.#slab = slab;
  }

  join(peer: InProcessEnd): void {
    this.#peer = peer;
  }

  open(events: LinkEvents): void {
    invariant(this.#events === NOBODY, 'a link is opened once');
    this.#events = events;
    this.#peer!.#flushSoon();
  }

  get pendingBytes(): number {
    return this.#outgoingBytes;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#closed || this.#ending) return;
    for (const chunk of chunks) {
      this.#outgoing.push(chunk);
      this.#outgoingBytes += chunk.byteLength;
    }
    this.#flushSoon();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#peer!.#flushSoon();
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#flushSoon();
  }

  destroy(): void {
    this.#defer(() => this.#closeBoth(new Error('the other side ended the link')));
  }

  #flushSoon(): void {
    if (this.#flushWaits || this.#closed) return;
    this.#flushWaits = true;
    this.#defer(() => this.#flush());
  }

  #flush(): void {
    this.#flushWaits = false;
    const peer = this.#peer!;
    if (this.#closed || peer.#paused || peer.#events === NOBODY) return;
    if (this.#outgoingBytes > 0) {
      const bytes = this.#takeOutgoing();
      peer.#events.data(bytes);
      if (!this.#closed && this.#outgoingBytes === 0) this.#events.drained();
    }
    // As with sockets that are never half open: the end of one side is the end of both.
    if (this.#ending && this.#outgoingBytes === 0) this.#closeBoth();
  }

  #takeOutgoing(): Uint8Array {
    const bytes = this.#slab.take(this.#outgoingBytes);
    let at = 0;
    for (const chunk of this.#outgoing) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    return bytes;
  }

  #closeBoth(reasonForPeer?: Error): void {
    this.#close();
    this.#peer!.#close(reasonForPeer);
  }

  #close(reason?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    if (reason === undefined) this.#events.closed();
    else this.#events.closed(reason);
  }
}

/** Two ends of one link: what is written into one comes out of the other, a little later. */
export function inProcessLinks(
  firstName: string,
  secondName: string,
  defer: Defer = queueMicrotask,
): readonly [first: Link, second: Link] {
  const slab = new BatchSlab();
  const first = new InProcessEnd(secondName, defer, slab);
  const second = new InProcessEnd(firstName, defer, slab);
  first.join(second);
  second.join(first);
  return [first, second];
}
