import { quorumHandler } from '../quorum/quorum-handler.js';
import { removeRaftVoterForm } from '../quorum/wire/voter-changes.js';

/** RemoveRaftVoter (81), v0: a node, with its disk, loses its vote on the metadata (KIP-853). The last one cannot. */
export const removeRaftVoter = quorumHandler(removeRaftVoterForm, (errorCode, { detail }) => ({
  throttleTimeMs: 0,
  errorCode,
  errorMessage: detail,
}));
