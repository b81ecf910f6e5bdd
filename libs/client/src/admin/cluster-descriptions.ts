import type { Uuid } from '@trunkline/kernel';
import { type Decoded, DescribeCluster, DescribeQuorum, Metadata } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import { type AclOperation, operationsOf } from './acl-words.js';
import type { CallOptions } from './admin-options.js';
import type { Call } from './call.js';
import { idOrNone, orNone, whole, wholeOrNone } from './numbers.js';
import { performOne } from './perform.js';
import { toAnyone } from './routes.js';

export interface BrokerDescription {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | undefined;
  /** Registered, but not taking part; false where the broker does not tell. */
  readonly isFenced: boolean;
}

export interface ClusterDescription {
  readonly clusterId: string | undefined;
  /** The node that takes a controller's requests; undefined: none now. With KRaft any broker, which hands them on. */
  readonly controllerId: number | undefined;
  readonly brokers: readonly BrokerDescription[];
  /** What the caller may do with the cluster; undefined: it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}

export interface DescribeClusterOptions extends CallOptions {
  /** Also brokers that are registered but fenced (brokers from 4.0 on); false. */
  readonly includeFencedBrokers?: boolean;
  readonly includeAuthorizedOperations?: boolean;
}

const WITH_FENCED = 2;

/** DescribeCluster; Metadata with brokers before 2.8. */
export function describeCluster(call: Call, options: DescribeClusterOptions): Promise<ClusterDescription> {
  const { includeFencedBrokers = false, includeAuthorizedOperations = false } = options;
  return performOne(call, 'the cluster', toAnyone, async (target) => {
    try {
      const { body } = await call.ask(
        target,
        DescribeCluster,
        (version) => ({
          includeClusterAuthorizedOperations: includeAuthorizedOperations,
          ...(version >= WITH_FENCED && { includeFencedBrokers }),
        }),
        { versionMin: includeFencedBrokers ? WITH_FENCED : 0 },
      );
      KafkaError.check(body.errorCode, 'the cluster', body.errorMessage);
      return {
        clusterId: body.clusterId,
        controllerId: orNone(body.controllerId),
        brokers: body.brokers.map(({ brokerId, host, port, rack, isFenced }) => ({
          nodeId: brokerId,
          host,
          port,
          rack: rack ?? undefined,
          isFenced,
        })),
        authorizedOperations: includeAuthorizedOperations ? operationsOf(body.clusterAuthorizedOperations) : undefined,
      };
    } catch (reason) {
      const old = reason instanceof KafkaError && reason.is('UNSUPPORTED_BROKER') && !includeFencedBrokers;
      if (!old) throw reason;
    }
    const { body } = await call.ask(target, Metadata, (version) => ({
      topics: [],
      ...(version >= 8 && version <= 10 && { includeClusterAuthorizedOperations: includeAuthorizedOperations }),
    }));
    return {
      clusterId: body.clusterId ?? undefined,
      controllerId: orNone(body.controllerId),
      brokers: body.brokers.map((broker) => ({ ...broker, rack: broker.rack ?? undefined, isFenced: false })),
      authorizedOperations: operationsOf(body.clusterAuthorizedOperations),
    };
  });
}

/** A voter or observer of the metadata quorum, and how far it is. */
export interface QuorumReplica {
  readonly nodeId: number;
  /** undefined: the broker does not tell (before 3.9). */
  readonly directoryId: Uuid | undefined;
  readonly logEndOffset: number;
  /** When it last fetched; milliseconds since 1970. undefined: not known, or the leader itself. */
  readonly lastFetchMs: number | undefined;
  readonly lastCaughtUpMs: number | undefined;
}

export interface QuorumNode {
  readonly nodeId: number;
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
}

export interface QuorumDescription {
  readonly leaderId: number | undefined;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
  /** Addresses of the voters; empty where the broker does not tell (before 3.9). */
  readonly nodes: readonly QuorumNode[];
}

const METADATA_LOG = '__cluster_metadata';

export function describeQuorum(call: Call): Promise<QuorumDescription> {
  const request = { topics: [{ topicName: METADATA_LOG, partitions: [{ partitionIndex: 0 }] }] };
  return performOne(call, 'the metadata quorum', toAnyone, async (target) => {
    const { body } = await call.ask(target, DescribeQuorum, request);
    KafkaError.check(body.errorCode, 'the metadata quorum', body.errorMessage);
    const found = body.topics.find(({ topicName }) => topicName === METADATA_LOG)?.partitions[0];
    if (found === undefined)
      throw new KafkaError('PROTOCOL_VIOLATION', 'the broker left its metadata log out of its answer');
    KafkaError.check(found.errorCode, 'the metadata quorum', found.errorMessage);
    return {
      leaderId: orNone(found.leaderId),
      leaderEpoch: found.leaderEpoch,
      highWatermark: whole(found.highWatermark, 'the high watermark'),
      voters: found.currentVoters.map(quorumReplica),
      observers: found.observers.map(quorumReplica),
      nodes: body.nodes,
    };
  });
}

type Replica = Decoded<typeof DescribeQuorum.response>['topics'][number]['partitions'][number]['observers'][number];

function quorumReplica(replica: Replica): QuorumReplica {
  return {
    nodeId: replica.replicaId,
    directoryId: idOrNone(replica.replicaDirectoryId),
    logEndOffset: whole(replica.logEndOffset, 'the log end offset'),
    lastFetchMs: wholeOrNone(replica.lastFetchTimestamp, 'the time of a fetch'),
    lastCaughtUpMs: wholeOrNone(replica.lastCaughtUpTimestamp, 'the time of a fetch'),
  };
}
