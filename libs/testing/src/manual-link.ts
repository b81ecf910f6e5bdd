import { type Link, type LinkEvents, byteLength, concatBytes, invariant } from '@trunkline/kernel';

/** A link whose other end is the test: it hands bytes in, sees what was written, and takes it when it likes. */
export class ManualLink implements Link {
  #events: LinkEvents | undefined;
  #pending: Uint8Array[] = [];
  #taken: Uint8Array[] = [];
  /** Whether the owner lets the peer wait. */
  paused = false;
  /** Whether the owner ended the link, and how. */
  ended: 'end' | 'destroy' | undefined;
  /** Takes what is written at once, as a peer with room in its socket does. */
  takes = true;

  constructor(readonly remote = '127.0.0.1:40000') {}

  open(events: LinkEvents): void {
    invariant(this.#events === undefined, 'a link is opened once');
    this.#events = events;
  }

  get pendingBytes(): number {
    return byteLength(this.#pending);
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.ended !== undefined) return;
    (this.takes ? this.#taken : this.#pending).push(...chunks);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended ??= 'end';
  }

  destroy(): void {
    if (this.ended === 'destroy') return;
    this.ended = 'destroy';
    this.close();
  }

  /** The peer sends. */
  send(bytes: Uint8Array): void {
    this.#events?.data(bytes);
  }

  /** The peer takes all, or so many bytes, of what waits. */
  take(bytes = Infinity): void {
    let left = bytes;
    while (left > 0 && this.#pending[0] !== undefined) {
      const [first] = this.#pending;
      const part = first.subarray(0, Math.min(left, first.byteLength));
      this.#taken.push(part);
      left -= part.byteLength;
      if (part.byteLength === first.byteLength) this.#pending.shift();
      else this.#pending[0] = first.subarray(part.byteLength);
    }
    if (this.#pending.length === 0) this.#events?.drained();
  }

  /** The link has gone. */
  close(reason?: Error): void {
    const events = this.#events;
    this.#events = undefined;
    if (reason === undefined) events?.closed();
    else events?.closed(reason);
  }

  /** The frames that the peer has taken since the last call, without their sizes. */
  frames(): readonly Uint8Array[] {
    const bytes = concatBytes([new Uint8Array(0), ...this.#taken]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at + 4 <= bytes.byteLength && at + 4 + view.getInt32(at) <= bytes.byteLength) {
      const size = view.getInt32(at);
      frames.push(bytes.subarray(at + 4, at + 4 + size));
      at += 4 + size;
    }
    this.#taken = at === bytes.byteLength ? [] : [bytes.subarray(at)];
    return frames;
  }

  /** The correlation ids of {@link frames}. */
  answers(): readonly number[] {
    return this.frames().map((frame) => new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getInt32(0));
  }
}
