/** Where something listens. `path` is a Unix socket; else `host` and `port` (0 = any free one). */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** Something that can be closed. Closing twice is allowed. */
export interface Closeable {
  close(): Promise<void>;
}

/** A listening socket; `address` tells the port that was chosen. */
export interface Listener extends Closeable {
  readonly address: Address;
}

/** What a link's owner wants to hear. Exactly one `closed` comes, and nothing after it. */
export interface LinkEvents {
  /**
   * Bytes that came. They may be split and merged in any way. The memory belongs to the receiver for good: the
   * network never writes into it again, so views on it may be kept.
   */
  data(bytes: Uint8Array): void;
  /** What was waiting in `write` has gone out: `pendingBytes` is 0 again. */
  drained(): void;
  /** The link has ended; `reason` is missing for an orderly end. */
  closed(reason?: Error): void;
}

/** An open byte stream, both ways. */
export interface Link {
  readonly remote: string;
  /** Must be called once, before the turn in which the link was given ends. */
  open(events: LinkEvents): void;
  /**
   * Sends the chunks in order, without copying; they must not change until `drained`. Writes of one turn of the event
   * loop leave together. Never blocks: watch `pendingBytes`.
   */
  write(chunks: readonly Uint8Array[]): void;
  /** Bytes handed to `write` that the system has not taken yet. */
  readonly pendingBytes: number;
  /** Stops and resumes `data`: back-pressure towards the peer. */
  pause(): void;
  resume(): void;
  /** Sends what waits, then ends. `destroy` ends at once. */
  end(): void;
  destroy(): void;
}

/** Byte streams as a port: TCP and Unix sockets in production, an in-process pair, or a simulated wire. */
export interface Network {
  /** Rejects with a system error (`EADDRINUSE`, `EACCES`). */
  listen(address: Address, accept: (link: Link) => void): Promise<Listener>;
  /** Rejects with a system error (`ECONNREFUSED`), never hangs longer than `timeoutMs`. */
  connect(address: Address, timeoutMs: number): Promise<Link>;
}
