import { ApiError, type NodeId } from '@trunkline/kernel';
import type { AnyApi, Decoded, Encodable } from '@trunkline/protocol';

/** What a peer is asked: as written, fields with a default may be left out. */
export type Asked<A extends AnyApi> = Encodable<A['request']>;
/** What a peer answers: as read, every field present. Bytes are views on memory that is never written again. */
export type Told<A extends AnyApi> = Decoded<A['response']>;

/** How one question to a peer is asked. */
export interface AskPeer {
  /** From this call to the answer, connecting included. */
  readonly timeoutMs: number;
  /** One connection a lane and node: a parked fetch must not hold up a heartbeat. */
  readonly lane: string;
  /** Aborted: nobody waits for the answer any more. The question may have been asked all the same. */
  readonly signal?: AbortSignal;
}

/**
 * Connections to the other nodes of the cluster: questions by id, answers, nothing else.
 *
 * Not promised: that a question that was rejected was not heard. Repeat only what may be heard twice.
 */
export interface Peers {
  /**
   * Asks a node. Questions of one lane reach it in the order in which they were asked, and are answered in that order.
   *
   * Rejects with {@link PeerGone} when there is no connection, or it ends before the answer; {@link PeerSilent} after
   * `timeoutMs`; ApiError UNSUPPORTED_VERSION when the node has no version of the API that this one has, and
   * THROTTLING_QUOTA_EXCEEDED when too much is on its way there already. `request` must not change until it settles.
   */
  ask<A extends AnyApi>(nodeId: NodeId, api: A, request: Asked<A>, options: AskPeer): Promise<Told<A>>;
  /** Told when a connection to a node ends or could not be made, and whether nobody listens there. */
  onLost(listener: (nodeId: NodeId, refused: boolean) => void): void;
}

/** There is no connection to a node, or it ended before it answered: whether it heard is not known. */
export class PeerGone extends ApiError<'NETWORK_EXCEPTION'> {
  constructor(
    readonly nodeId: NodeId,
    why: string,
    /** Nobody listens at its address: its process has ended. */
    readonly refused: boolean,
    options?: ErrorOptions,
  ) {
    super('NETWORK_EXCEPTION', `node ${nodeId} ${why}`, options);
    this.name = 'PeerGone';
  }
}

/** A node did not answer in time: whether it heard is not known. */
export class PeerSilent extends ApiError<'REQUEST_TIMED_OUT'> {
  constructor(
    readonly nodeId: NodeId,
    what: string,
    timeoutMs: number,
  ) {
    super('REQUEST_TIMED_OUT', `node ${nodeId} did not answer ${what} within ${timeoutMs} ms`);
    this.name = 'PeerSilent';
  }
}
