import type { AnyHandler } from '../server/handler.js';
import { produce } from './00-produce.js';
import { fetch } from './01-fetch.js';
import { listOffsets } from './02-list-offsets.js';
import { metadata } from './03-metadata.js';
import { offsetCommit } from './08-offset-commit.js';
import { offsetFetch } from './09-offset-fetch.js';
import { findCoordinator } from './10-find-coordinator.js';
import { joinGroup } from './11-join-group.js';
import { heartbeat } from './12-heartbeat.js';
import { leaveGroup } from './13-leave-group.js';
import { syncGroup } from './14-sync-group.js';
import { describeGroups } from './15-describe-groups.js';
import { listGroups } from './16-list-groups.js';
import { withApiVersions } from './18-api-versions.js';
import { createTopics } from './19-create-topics.js';
import { deleteTopics } from './20-delete-topics.js';
import { deleteRecords } from './21-delete-records.js';
import { initProducerId } from './22-init-producer-id.js';
import { offsetForLeaderEpoch } from './23-offset-for-leader-epoch.js';
import { describeConfigs } from './32-describe-configs.js';
import { alterConfigs } from './33-alter-configs.js';
import { describeLogDirs } from './35-describe-log-dirs.js';
import { createPartitions } from './37-create-partitions.js';
import { deleteGroups } from './42-delete-groups.js';
import { electLeaders } from './43-elect-leaders.js';
import { incrementalAlterConfigs } from './44-incremental-alter-configs.js';
import { alterPartitionReassignments } from './45-alter-partition-reassignments.js';
import { listPartitionReassignments } from './46-list-partition-reassignments.js';
import { offsetDelete } from './47-offset-delete.js';
import { vote } from './52-vote.js';
import { beginQuorumEpoch } from './53-begin-quorum-epoch.js';
import { endQuorumEpoch } from './54-end-quorum-epoch.js';
import { describeQuorum } from './55-describe-quorum.js';
import { alterPartition } from './56-alter-partition.js';
import { updateFeatures } from './57-update-features.js';
import { envelope } from './58-envelope.js';
import { fetchSnapshot } from './59-fetch-snapshot.js';
import { describeCluster } from './60-describe-cluster.js';
import { describeProducers } from './61-describe-producers.js';
import { brokerRegistration } from './62-broker-registration.js';
import { brokerHeartbeat } from './63-broker-heartbeat.js';
import { unregisterBroker } from './64-unregister-broker.js';
import { allocateProducerIds } from './67-allocate-producer-ids.js';
import { assignReplicasToDirs } from './73-assign-replicas-to-dirs.js';
import { listConfigResources } from './74-list-config-resources.js';
import { describeTopicPartitions } from './75-describe-topic-partitions.js';
import { addRaftVoter } from './80-add-raft-voter.js';
import { removeRaftVoter } from './81-remove-raft-voter.js';
import { updateRaftVoter } from './82-update-raft-voter.js';
import { forwarded } from './forwarded.js';

/** Every API this broker answers. ApiVersions reads it, so what is said and what is done cannot differ. */
export const HANDLERS: readonly AnyHandler[] = withApiVersions(
  withEnvelope([
    produce,
    fetch,
    listOffsets,
    metadata,
    offsetCommit,
    offsetFetch,
    findCoordinator,
    joinGroup,
    heartbeat,
    leaveGroup,
    syncGroup,
    describeGroups,
    listGroups,
    forwarded(createTopics),
    forwarded(deleteTopics),
    deleteRecords,
    initProducerId,
    offsetForLeaderEpoch,
    describeConfigs,
    forwarded(alterConfigs),
    describeLogDirs,
    forwarded(createPartitions),
    deleteGroups,
    forwarded(incrementalAlterConfigs),
    offsetDelete,
    describeCluster,
    describeProducers,
    listConfigResources,
    describeTopicPartitions,
    alterPartition,
    brokerRegistration,
    brokerHeartbeat,
    forwarded(unregisterBroker),
    allocateProducerIds,
    forwarded(electLeaders),
    forwarded(alterPartitionReassignments),
    listPartitionReassignments,
    forwarded(updateFeatures),
    assignReplicasToDirs,
    vote,
    beginQuorumEpoch,
    endQuorumEpoch,
    forwarded(describeQuorum),
    fetchSnapshot,
    forwarded(addRaftVoter),
    forwarded(removeRaftVoter),
    updateRaftVoter,
  ]),
);

function withEnvelope(handlers: readonly AnyHandler[]): readonly AnyHandler[] {
  return [...handlers, envelope(handlers)];
}
