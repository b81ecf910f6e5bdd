import { quorumHandler } from '../quorum/quorum-handler.js';
import { endQuorumEpochForm } from '../quorum/wire/epochs.js';

/** EndQuorumEpoch (54), v0 and v1: the leader of the metadata quorum goes, and says who should stand (KIP-595). */
export const endQuorumEpoch = quorumHandler(endQuorumEpochForm, (errorCode) => ({ errorCode, topics: [] }), 'nodes');
