export * from './advertised-versions.js';
export * from './api.js';
export * from './apis.js';
export { READ_LIMITS, type ReadLimits, Reader } from './codec/reader.js';
export { Writer } from './codec/writer.js';
export * from './consumer-protocol.js';
export * from './error-codes.js';
export * from './frame.js';
export * from './malformed.js';
export * from './partitioning.js';
export * from './messages/00-produce.js';
export * from './messages/01-fetch.js';
export * from './messages/02-list-offsets.js';
export * from './messages/03-metadata.js';
export * from './messages/08-offset-commit.js';
export * from './messages/09-offset-fetch.js';
export * from './messages/10-find-coordinator.js';
export * from './messages/11-join-group.js';
export * from './messages/12-heartbeat.js';
export * from './messages/13-leave-group.js';
export * from './messages/14-sync-group.js';
export * from './messages/15-describe-groups.js';
export * from './messages/16-list-groups.js';
export * from './messages/17-sasl-handshake.js';
export * from './messages/18-api-versions.js';
export * from './messages/19-create-topics.js';
export * from './messages/20-delete-topics.js';
export * from './messages/21-delete-records.js';
export * from './messages/22-init-producer-id.js';
export * from './messages/23-offset-for-leader-epoch.js';
export * from './messages/24-add-partitions-to-txn.js';
export * from './messages/25-add-offsets-to-txn.js';
export * from './messages/26-end-txn.js';
export * from './messages/27-write-txn-markers.js';
export * from './messages/28-txn-offset-commit.js';
export * from './messages/29-describe-acls.js';
export * from './messages/30-create-acls.js';
export * from './messages/31-delete-acls.js';
export * from './messages/32-describe-configs.js';
export * from './messages/33-alter-configs.js';
export * from './messages/34-alter-replica-log-dirs.js';
export * from './messages/35-describe-log-dirs.js';
export * from './messages/36-sasl-authenticate.js';
export * from './messages/37-create-partitions.js';
export * from './messages/38-create-delegation-token.js';
export * from './messages/39-renew-delegation-token.js';
export * from './messages/40-expire-delegation-token.js';
export * from './messages/41-describe-delegation-token.js';
export * from './messages/42-delete-groups.js';
export * from './messages/43-elect-leaders.js';
export * from './messages/44-incremental-alter-configs.js';
export * from './messages/45-alter-partition-reassignments.js';
export * from './messages/46-list-partition-reassignments.js';
export * from './messages/47-offset-delete.js';
export * from './messages/48-describe-client-quotas.js';
export * from './messages/49-alter-client-quotas.js';
export * from './messages/50-describe-user-scram-credentials.js';
export * from './messages/51-alter-user-scram-credentials.js';
export * from './messages/52-vote.js';
export * from './messages/53-begin-quorum-epoch.js';
export * from './messages/54-end-quorum-epoch.js';
export * from './messages/55-describe-quorum.js';
export * from './messages/56-alter-partition.js';
export * from './messages/57-update-features.js';
export * from './messages/58-envelope.js';
export * from './messages/59-fetch-snapshot.js';
export * from './messages/60-describe-cluster.js';
export * from './messages/61-describe-producers.js';
export * from './messages/62-broker-registration.js';
export * from './messages/63-broker-heartbeat.js';
export * from './messages/64-unregister-broker.js';
export * from './messages/65-describe-transactions.js';
export * from './messages/66-list-transactions.js';
export * from './messages/67-allocate-producer-ids.js';
export * from './messages/68-consumer-group-heartbeat.js';
export * from './messages/69-consumer-group-describe.js';
export * from './messages/70-controller-registration.js';
export * from './messages/71-get-telemetry-subscriptions.js';
export * from './messages/72-push-telemetry.js';
export * from './messages/73-assign-replicas-to-dirs.js';
export * from './messages/74-list-config-resources.js';
export * from './messages/75-describe-topic-partitions.js';
export * from './messages/76-share-group-heartbeat.js';
export * from './messages/77-share-group-describe.js';
export * from './messages/78-share-fetch.js';
export * from './messages/79-share-acknowledge.js';
export * from './messages/80-add-raft-voter.js';
export * from './messages/81-remove-raft-voter.js';
export * from './messages/82-update-raft-voter.js';
export * from './messages/83-initialize-share-group-state.js';
export * from './messages/84-read-share-group-state.js';
export * from './messages/85-write-share-group-state.js';
export * from './messages/86-delete-share-group-state.js';
export * from './messages/87-read-share-group-state-summary.js';
export * from './messages/88-streams-group-heartbeat.js';
export * from './messages/89-streams-group-describe.js';
export * from './messages/90-describe-share-group-offsets.js';
export * from './messages/91-alter-share-group-offsets.js';
export * from './messages/92-delete-share-group-offsets.js';
export * from './messages/headers.js';
export * from './messages/group-blobs.js';
export * from './messages/control-records.js';
export * from './messages/principal.js';
export * from './messages/sticky-user-data.js';
export * from './records/metadata-topics.js';
export * from './records/metadata-brokers.js';
export * from './records/metadata-configs.js';
export * from './records/metadata-security.js';
export * from './records/metadata-log.js';
export * from './records/group-offsets.js';
export * from './records/consumer-group.js';
export * from './records/share-group.js';
export * from './records/share-state.js';
export * from './records/streams-group.js';
export * from './records/transaction-log.js';
export type {
  AnyType,
  ArrayOf,
  Carries,
  Decoded,
  Encodable,
  Fields,
  Nullable,
  Optional,
  PrimitiveName,
  Shape,
  Struct,
  Type,
  VersionRange,
} from './schema.js';
