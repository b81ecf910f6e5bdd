import {
  type Address,
  type Clock,
  type Network,
  type NodeId,
  type Random,
  asError,
  systemCode,
} from '@trunkline/kernel';
import { type MetadataImage, endPointOf } from '@trunkline/metadata';
import { DescribeCluster } from '@trunkline/protocol';
import type { Voter } from '@trunkline/raft';
import type { ClusterConfig } from '../config/cluster.js';
import { NodePeers } from '../peers/node-peers.js';
import { endpointOf } from '../quorum/wire/wire-form.js';
import { StartFault } from '../start-fault.js';
import type { Probe } from './active-controller.js';

/** Lanes whose questions go to a node as a controller; all others go to its broker. */
const QUORUM_LANE = /^(controller|metadata|quorum)/;

const PROBE_MS_MAX = 500;
const ASK_MS = 1_000;
const RETRY_MS = 100;
const ANY = { includeClusterAuthorizedOperations: false };

export interface ClusterLinksOptions {
  readonly nodeId: NodeId;
  readonly cluster: ClusterConfig;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** The newest image; undefined while there is none. */
  readonly image: () => MetadataImage | undefined;
  /** Those that vote now, where they are not those of the configuration any more. */
  readonly voters: () => readonly Voter[];
}

/** Where the other nodes are, and the connections to them. */
export class ClusterLinks {
  readonly peers: NodePeers;
  readonly #options: ClusterLinksOptions;

  constructor(options: ClusterLinksOptions) {
    this.#options = options;
    const { nodeId, network, clock, random } = options;
    this.peers = new NodePeers({ nodeId, network, clock, random, addressOf: (id, lane) => this.#addressOf(id, lane) });
  }

  /** Where a broker is reached by others. */
  readonly brokerAddress = (id: NodeId): Address | undefined => {
    const { cluster, image } = this.#options;
    const broker = image()?.brokers.get(id);
    return broker && endPointOf(broker, cluster.interBrokerListener);
  };

  /** Tries whether somebody listens, and says nothing. */
  readonly probe: Probe = async (address) => {
    try {
      const link = await this.#options.network.connect(address, PROBE_MS_MAX);
      link.open({ data() {}, drained() {}, closed() {} });
      link.destroy();
      return 'listens';
    } catch (reason) {
      return systemCode(reason) === 'ECONNREFUSED' ? 'refused' : 'unknown';
    }
  };

  /** The id of the cluster that a node without a vote joins: the voters know it. Rejects with a {@link StartFault}. */
  async clusterId(limitMs: number): Promise<string> {
    const { cluster, clock } = this.#options;
    const deadlineMs = clock.monotonicMs() + limitMs;
    for (let turn = 0; ; turn += 1) {
      const voter = cluster.voters[turn % cluster.voters.length]!;
      try {
        const timing = { timeoutMs: ASK_MS, lane: 'controller' };
        return (await this.peers.ask(voter.nodeId, DescribeCluster, ANY, timing)).clusterId;
      } catch (reason) {
        if (clock.monotonicMs() >= deadlineMs) {
          const why = `no voter of controller.quorum.voters answered within ${limitMs} ms: ${asError(reason).message}`;
          throw new StartFault(`the cluster cannot be joined: ${why}`, { cause: reason });
        }
      }
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
  }

  /** Of a voter that came later. */
  #voterAddress(id: NodeId): Address | undefined {
    const { voters, cluster } = this.#options;
    const found = voters().find((voter) => voter.id === id);
    return found && endpointOf(found.endpoints, cluster.controllerListener);
  }

  #addressOf(id: NodeId, lane: string): Address | undefined {
    const voter = this.#options.cluster.voters.find(({ nodeId }) => nodeId === id) ?? this.#voterAddress(id);
    const broker = this.brokerAddress(id);
    return QUORUM_LANE.test(lane) ? (voter ?? broker) : (broker ?? voter);
  }
}
