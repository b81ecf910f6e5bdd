import { quorumHandler } from '../quorum/quorum-handler.js';
import { beginQuorumEpochForm } from '../quorum/wire/epochs.js';

/** BeginQuorumEpoch (53), v0 and v1: a new leader of the metadata quorum tells of itself (KIP-595). */
export const beginQuorumEpoch = quorumHandler(
  beginQuorumEpochForm,
  (errorCode) => ({ errorCode, topics: [] }),
  'nodes',
);
