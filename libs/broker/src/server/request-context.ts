/** What a handler may know of the request beside its body. */
export interface RequestContext {
  readonly apiVersion: number;
  readonly correlationId: number;
  /** As the client sent it: untrusted, bounded, may be null. */
  readonly clientId: string | null;
  /** The peer's host, for `client_host` of groups: `/127.0.0.1`. */
  readonly clientHost: string;
  /** The listener the request came on: answers tell this listener's address (semantics, item 18). */
  readonly listenerName: string;
  /** Rises by one a connection, unique in the process. */
  readonly connectionId: number;
  /** Aborted when the connection has gone: a parked request may be let go. */
  readonly closed: AbortSignal;
}
