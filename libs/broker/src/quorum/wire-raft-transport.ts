import {
  type Address,
  ApiError,
  type Clock,
  type Logger,
  type Network,
  type NodeId,
  type Random,
} from '@trunkline/kernel';
import type { AnyApi } from '@trunkline/protocol';
import type { Peer, RaftRequest, RaftResponse, RaftTransport, Unanswered } from '@trunkline/raft';
import { NodePeers } from '../peers/node-peers.js';
import { PeerGone } from '../peers/peers.js';
import { beginQuorumEpochForm, endQuorumEpochForm } from './wire/epochs.js';
import { fetchSnapshotForm } from './wire/fetch-snapshot.js';
import { fetchForm } from './wire/fetch.js';
import { addRaftVoterForm, removeRaftVoterForm, updateRaftVoterForm } from './wire/voter-changes.js';
import { voteForm } from './wire/vote.js';
import { type WireForm, type WireWorld, endpointOf } from './wire/wire-form.js';

export interface WireRaftTransportOptions extends WireWorld {
  readonly nodeId: NodeId;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** controller.quorum.request.timeout.ms */
  readonly requestTimeoutMs: number;
}

/** Reconnects at least so often: a voter that comes back is heard at once. */
const RECONNECT_MS_MAX = 100;

/**
 * The way to the other replicas of the metadata log, over connections of its own: where a node is, raft says, as the
 * metadata may be empty yet. Votes never wait behind a parked fetch, nor behind a change of the voters.
 */
export class WireRaftTransport implements RaftTransport {
  readonly #options: WireRaftTransportOptions;
  readonly #peers: NodePeers;
  /** By lane: an address is part of a lane's name, so that a node that moved gets a new connection. */
  readonly #addresses = new Map<string, Address>();
  /** Nodes that were complained of. */
  readonly #strangers = new Set<NodeId>();

  constructor(options: WireRaftTransportOptions) {
    this.#options = options;
    const { nodeId, network, clock, random, requestTimeoutMs } = options;
    const limits = { connectMsMax: requestTimeoutMs, reconnectMsMax: RECONNECT_MS_MAX };
    const addressOf = (_id: NodeId, lane: string): Address | undefined => this.#addresses.get(lane);
    this.#peers = new NodePeers({ nodeId, network, clock, random, addressOf, limits });
  }

  async send(to: Peer, request: RaftRequest): Promise<RaftResponse | Unanswered> {
    try {
      const response = await this.#send(to, request);
      if (response.errorCode === 'INCONSISTENT_CLUSTER_ID') this.#stranger(to);
      return response;
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      this.#options.logger.debug(`node ${to.id} gave no answer to ${request.api}: ${reason.message}`);
      return { api: 'unanswered', refused: reason instanceof PeerGone && reason.refused };
    }
  }

  /** Ends every connection. */
  close(): void {
    this.#peers.close();
  }

  #send(to: Peer, request: RaftRequest): Promise<RaftResponse> {
    switch (request.api) {
      case 'vote':
        return this.#ask(to, 'votes', voteForm, request);
      case 'begin-quorum-epoch':
        return this.#ask(to, 'votes', beginQuorumEpochForm, request);
      case 'end-quorum-epoch':
        return this.#ask(to, 'votes', endQuorumEpochForm, request);
      case 'fetch':
        return this.#ask(to, 'fetches', fetchForm, request);
      case 'fetch-snapshot':
        return this.#ask(to, 'fetches', fetchSnapshotForm, request);
      case 'add-raft-voter':
        return this.#ask(to, 'voters', addRaftVoterForm, request);
      case 'remove-raft-voter':
        return this.#ask(to, 'voters', removeRaftVoterForm, request);
      case 'update-raft-voter':
        return this.#ask(to, 'voters', updateRaftVoterForm, request);
    }
  }

  async #ask<A extends AnyApi, Request extends RaftRequest, Response extends RaftResponse>(
    { id, endpoints }: Peer,
    name: string,
    form: WireForm<A, Request, Response>,
    request: Request,
  ): Promise<Response> {
    const endpoint = endpointOf(endpoints, this.#options.listenerName);
    if (endpoint === undefined) throw new ApiError('BROKER_NOT_AVAILABLE', 'nobody said where it is');
    const { host, port } = endpoint;
    const lane = `quorum-${name} ${host}:${port}`;
    this.#addresses.set(lane, { host, port });
    const timing = { timeoutMs: this.#options.requestTimeoutMs, lane };
    const told = await this.#peers.ask(id, form.api, form.writeRequest(request), timing);
    return form.readResponse(told, this.#options);
  }

  #stranger({ id }: Peer): void {
    if (this.#strangers.has(id)) return;
    this.#strangers.add(id);
    this.#options.logger.error(
      `node ${id} belongs to another cluster, or this node does: compare cluster.id in both meta.properties, and controller.quorum.voters`,
    );
  }
}
