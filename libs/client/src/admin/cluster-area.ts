import type { Uuid } from '@trunkline/kernel';
import { AddRaftVoter, RemoveRaftVoter, UnregisterBroker } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { TopicPartition } from '../topic-partition.js';
import type { CallOptions, ChangeOptions } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import {
  type ClusterDescription,
  type DescribeClusterOptions,
  type QuorumDescription,
  describeCluster,
  describeQuorum,
} from './cluster-descriptions.js';
import { type FeatureDescription, type FeatureUpdate, describeFeatures, updateFeatures } from './features.js';
import type { TopicPartitionReplica } from './keys.js';
import {
  type DescribeLogDirsOptions,
  type LogDir,
  type ReplicaMove,
  alterReplicaLogDirs,
  describeLogDirs,
} from './log-dirs.js';
import type { Outcomes } from './outcome.js';
import { performOne } from './perform.js';
import {
  type ElectionType,
  type OngoingReassignment,
  type ReassignOptions,
  type Reassignment,
  alterReassignments,
  electLeaders,
  listReassignments,
} from './placement.js';
import { liveBrokers, toController } from './routes.js';

/** A node that shall vote in the metadata quorum, or no longer. */
export interface RaftVoter {
  readonly nodeId: number;
  /** Of the node's metadata log: `directory.id` in its meta.properties. */
  readonly directoryId: Uuid;
  /** Refused with INCONSISTENT_CLUSTER_ID by another cluster; not checked. */
  readonly clusterId?: string;
}

export interface NewRaftVoter extends RaftVoter {
  /** Its controller listeners, which the other voters will use. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
}

/** The cluster itself: its nodes, quorum and features, and where partitions are. */
export class AdminCluster {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  async describe(options: DescribeClusterOptions = {}): Promise<ClusterDescription> {
    return describeCluster(new Call(this.#scope, options), options);
  }

  /** Leader, voters and observers of the metadata quorum. KRaft brokers from 3.3 on. */
  async describeQuorum(options: CallOptions = {}): Promise<QuorumDescription> {
    return describeQuorum(new Call(this.#scope, options));
  }

  /** What the cluster has agreed upon, and what the broker that answers could do. Empty with brokers before 2.7. */
  async describeFeatures(options: CallOptions = {}): Promise<FeatureDescription> {
    return describeFeatures(new Call(this.#scope, options));
  }

  /** Raises or lowers features; all of them, or none. */
  async updateFeatures(
    updates: readonly FeatureUpdate[],
    options: ChangeOptions = {},
  ): Promise<Outcomes<string, void>> {
    return updateFeatures(new Call(this.#scope, options), updates, options);
  }

  /** What each broker's directories hold; of all brokers that are alive unless some are named. */
  async describeLogDirs(
    nodeIds?: readonly number[],
    options: DescribeLogDirsOptions = {},
  ): Promise<Outcomes<number, readonly LogDir[]>> {
    const call = new Call(this.#scope, options);
    return describeLogDirs(call, nodeIds ?? (await liveBrokers(call)), options);
  }

  /** Begins to move replicas between directories of their brokers; `describeLogDirs` shows how far they are. */
  async alterReplicaLogDirs(
    moves: readonly ReplicaMove[],
    options: CallOptions = {},
  ): Promise<Outcomes<TopicPartitionReplica, void>> {
    return alterReplicaLogDirs(new Call(this.#scope, options), moves);
  }

  /** Elects leaders; of all partitions unless some are named. ELECTION_NOT_NEEDED: it leads already. */
  async electLeaders(
    type: ElectionType,
    partitions?: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<Outcomes<TopicPartition, void>> {
    return electLeaders(new Call(this.#scope, options), type, partitions);
  }

  /** Begins to move partitions to other brokers, or calls moves off. */
  async alterReassignments(
    moves: readonly Reassignment[],
    options: ReassignOptions = {},
  ): Promise<Outcomes<TopicPartition, void>> {
    return alterReassignments(new Call(this.#scope, options), moves, options);
  }

  /** The moves that go on; of all partitions unless some are named. */
  async listReassignments(
    partitions?: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<Outcomes<TopicPartition, OngoingReassignment>> {
    return listReassignments(new Call(this.#scope, options), partitions);
  }

  /** Forgets a broker that is gone for good. BROKER_ID_NOT_REGISTERED: there is none; INVALID_REQUEST: it is alive. */
  async unregisterBroker(nodeId: number, options: CallOptions = {}): Promise<void> {
    const call = new Call(this.#scope, options);
    return performOne(call, `broker ${nodeId}`, toController(call), async (target) => {
      const { body } = await call.ask(target, UnregisterBroker, { brokerId: nodeId });
      KafkaError.check(body.errorCode, `broker ${nodeId}`, body.errorMessage);
    });
  }

  /** Adds a voter to the metadata quorum (KIP-853). DUPLICATE_VOTER: it is one. Brokers from 3.9 on. */
  async addRaftVoter(voter: NewRaftVoter, options: CallOptions = {}): Promise<void> {
    const call = new Call(this.#scope, options);
    const about = `voter ${voter.nodeId}`;
    return performOne(call, about, toController(call), async (target) => {
      const { body } = await call.ask(target, AddRaftVoter, {
        clusterId: voter.clusterId ?? null,
        timeoutMs: call.answerMs,
        voterId: voter.nodeId,
        voterDirectoryId: voter.directoryId,
        listeners: voter.listeners,
      });
      KafkaError.check(body.errorCode, about, body.errorMessage);
    });
  }

  /** Removes a voter from the metadata quorum (KIP-853). VOTER_NOT_FOUND: it is none. Brokers from 3.9 on. */
  async removeRaftVoter(voter: RaftVoter, options: CallOptions = {}): Promise<void> {
    const call = new Call(this.#scope, options);
    const about = `voter ${voter.nodeId}`;
    return performOne(call, about, toController(call), async (target) => {
      const { body } = await call.ask(target, RemoveRaftVoter, {
        clusterId: voter.clusterId ?? null,
        voterId: voter.nodeId,
        voterDirectoryId: voter.directoryId,
      });
      KafkaError.check(body.errorCode, about, body.errorMessage);
    });
  }
}
