import type { Link, LinkEvents } from '@trunkline/kernel';

/** A node's end of a link: it can be silenced, and it dies with its node. */
export class ClusterLink implements Link {
  #ownerPaused = false;
  #silent = false;
  #events: LinkEvents | undefined;
  /** Ended while nobody could hear it: the other side hears of it when the way is open again. */
  #owesEnd = false;

  /** `from`: the node. `to`: the node at the other end, or whoever is no node. */
  constructor(
    private readonly inner: Link,
    readonly from: string,
    readonly to: string,
    private readonly gone: (link: ClusterLink) => void,
  ) {}

  get remote(): string {
    return this.inner.remote;
  }

  get pendingBytes(): number {
    return this.inner.pendingBytes;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.inner.open({
      data: (bytes) => this.#events?.data(bytes),
      drained: () => this.#events?.drained(),
      closed: (reason) => {
        this.gone(this);
        this.#tellEnd(reason);
      },
    });
  }

  write(chunks: readonly Uint8Array[]): void {
    this.inner.write(chunks);
  }

  pause(): void {
    this.#ownerPaused = true;
    this.inner.pause();
  }

  resume(): void {
    this.#ownerPaused = false;
    if (!this.#silent) this.inner.resume();
  }

  end(): void {
    if (this.#silent) this.destroy();
    else this.inner.end();
  }

  destroy(): void {
    if (!this.#silent) return this.inner.destroy();
    this.#owesEnd = true;
    setImmediate(() => this.#tellEnd());
  }

  /** The node is dead: it hears nothing more, and the other side hears that nobody is there. */
  die(): void {
    this.#events = undefined;
    if (this.#silent) this.#owesEnd = true;
    else this.inner.destroy();
  }

  /** Nothing arrives here while it is silent; what was sent arrives when it no longer is. */
  silence(silent: boolean): void {
    if (silent === this.#silent) return;
    this.#silent = silent;
    if (silent) return this.inner.pause();
    if (this.#owesEnd) this.inner.destroy();
    else if (!this.#ownerPaused) this.inner.resume();
  }

  #tellEnd(reason?: Error): void {
    const events = this.#events;
    this.#events = undefined;
    if (reason === undefined) events?.closed();
    else events?.closed(reason);
  }
}
