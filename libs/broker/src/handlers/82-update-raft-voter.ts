import { quorumHandler } from '../quorum/quorum-handler.js';
import { updateRaftVoterForm } from '../quorum/wire/voter-changes.js';

/** UpdateRaftVoter (82), v0: a voter listens elsewhere than the voters say (KIP-853). */
export const updateRaftVoter = quorumHandler(
  updateRaftVoterForm,
  (errorCode) => ({ throttleTimeMs: 0, errorCode }),
  'nodes',
);
