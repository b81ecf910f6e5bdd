import { quorumHandler } from '../quorum/quorum-handler.js';
import { fetchSnapshotForm } from '../quorum/wire/fetch-snapshot.js';

/** FetchSnapshot (59), v0 and v1: a replica of the metadata loads a snapshot, piece by piece (KIP-630). */
export const fetchSnapshot = quorumHandler(
  fetchSnapshotForm,
  (errorCode) => ({ throttleTimeMs: 0, errorCode, topics: [] }),
  'nodes',
);
