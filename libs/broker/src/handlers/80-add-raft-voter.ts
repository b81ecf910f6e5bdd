import { quorumHandler } from '../quorum/quorum-handler.js';
import { addRaftVoterForm } from '../quorum/wire/voter-changes.js';

/**
 * AddRaftVoter (80), v0 and v1: a node gets a vote on the metadata, once it has caught up (KIP-853). One change at a
 * time: REQUEST_TIMED_OUT while another is under way.
 */
export const addRaftVoter = quorumHandler(addRaftVoterForm, (errorCode, { detail }) => ({
  throttleTimeMs: 0,
  errorCode,
  errorMessage: detail,
}));
