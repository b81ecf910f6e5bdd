import type { Socket } from 'node:net';
import { asError, invariant, type Link, type LinkEvents } from '@trunkline/kernel';

/** Chunks below this size are copied together: a writev of many small ones costs more than the copy. */
const COPY_BELOW_BYTES = 256;
const MERGED_BYTES_MAX = 16 * 1024;
/** The system takes as much in one call, as a rule. */
const TAKEN_AT_ONCE_BYTES = 16 * 1024;

const NOBODY: LinkEvents = { data() {}, drained() {}, closed() {} };

/** `then` of a settled promise costs a third of `queueMicrotask`, which makes an async resource for each call. */
const SETTLED = Promise.resolve();
const NOTHING = new Uint8Array(0);

/** Links of this process that were written to in this turn, in that order. */
let unflushed: NodeLink[] = [];

/**
 * Flushes when the turn's callbacks and their promises are through, the link that was written to last first: what an
 * append woke (a delivery) leaves before what was ready without it (its acknowledgement), for it has the longer way to go
 * and each write to a socket costs tens of microseconds.
 */
function flushSoon(link: NodeLink): void {
  if (unflushed.push(link) === 1) void SETTLED.then(flushInTick);
}

function flushInTick(): void {
  process.nextTick(flushAll);
}

function flushAll(): void {
  const links = unflushed;
  unflushed = [];
  for (let at = links.length - 1; at >= 0; at--) links[at]!.flush();
  for (const link of links) link.tellDrained();
}

/**
 * A socket as a link: writes of one turn leave together in one writev, when the turn's callbacks are through.
 *
 * How bytes come in is not decided here: the network calls {@link received}.
 */
export class NodeLink implements Link {
  readonly remote: string;
  readonly #socket: Socket;
  #events: LinkEvents = NOBODY;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #flushWaits = false;
  #tellsLater = false;
  #ending = false;
  #gone = false;
  #reason: Error | undefined;
  readonly #isEncrypted: boolean;
  readonly #wentOut = (): void => this.#drained();

  constructor(socket: Socket, remote: string) {
    this.remote = remote;
    this.#socket = socket;
    this.#isEncrypted = 'encrypted' in socket;
    socket.on('error', (error) => {
      this.#reason = asError(error);
    });
    socket.on('close', () => this.#close());
  }

  open(events: LinkEvents): void {
    invariant(this.#events === NOBODY, 'a link is opened once');
    this.#events = events;
  }

  received(bytes: Uint8Array): void {
    if (!this.#gone) this.#events.data(bytes);
  }

  get pendingBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#gone || this.#ending) return;
    if (this.#queue.length === 0) this.#queue = [...chunks];
    else for (const chunk of chunks) this.#queue.push(chunk);
    for (const chunk of chunks) this.#queuedBytes += chunk.byteLength;
    if (this.#flushWaits) return;
    this.#flushWaits = true;
    flushSoon(this);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#gone) this.#socket.resume();
  }

  end(): void {
    if (this.#gone || this.#ending) return;
    this.#ending = true;
    if (!this.#flushWaits) this.#socket.end();
  }

  destroy(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#socket.destroy();
  }

  /** Hands to the system what this turn wrote. Called by the round of {@link flushSoon}. */
  flush(): void {
    this.#flushWaits = false;
    if (this.#gone || this.#socket.destroyed) return;
    const queue = this.#queue;
    const chunks = queue.length === 1 ? queue : mergeSmall(queue);
    // What the system takes at once needs no callback, and one costs a tick of the event loop.
    const isTold = this.#isEncrypted || this.#ending || this.#queuedBytes > TAKEN_AT_ONCE_BYTES;
    this.#queue = [];
    this.#queuedBytes = 0;
    const last = chunks.pop();
    if (last !== undefined) {
      if (chunks.length > 0) this.#socket.cork();
      for (const chunk of chunks) this.#socket.write(chunk);
      if (isTold) this.#socket.write(last, this.#wentOut);
      else this.#socket.write(last);
      if (chunks.length > 0) this.#socket.uncork();
      this.#tellsLater = !isTold;
    }
    if (this.#ending) this.#socket.end();
  }

  /** Called by the round of {@link flushSoon}, after all links are flushed: whoever hears of it may have much to do. */
  tellDrained(): void {
    if (!this.#tellsLater) return;
    this.#tellsLater = false;
    if (this.#socket.writableLength === 0) this.#drained();
    else if (!this.#ending && !this.#socket.destroyed) this.#socket.write(NOTHING, this.#wentOut);
  }

  #drained(): void {
    if (!this.#gone && this.pendingBytes === 0) this.#events.drained();
  }

  #close(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#events.closed(this.#reason);
  }
}

/** The same bytes in fewer chunks: runs of small ones become one. */
export function mergeSmall(chunks: readonly Uint8Array[]): Uint8Array[] {
  const merged: Uint8Array[] = [];
  let from = 0;
  while (from < chunks.length) {
    let until = from;
    let bytes = 0;
    while (until < chunks.length && chunks[until]!.byteLength < COPY_BELOW_BYTES && bytes < MERGED_BYTES_MAX) {
      bytes += chunks[until++]!.byteLength;
    }
    if (until - from < 2) {
      merged.push(chunks[from++]!);
      continue;
    }
    const joined = Buffer.allocUnsafe(bytes);
    for (let at = 0; from < until; from++) {
      joined.set(chunks[from]!, at);
      at += chunks[from]!.byteLength;
    }
    merged.push(joined);
  }
  return merged;
}
