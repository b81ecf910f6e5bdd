import { quorumHandler } from '../quorum/quorum-handler.js';
import { voteForm } from '../quorum/wire/vote.js';

/** Vote (52), v0 to v2: a voter asks for this one's vote, or whether it would give it (KIP-595, KIP-996). */
export const vote = quorumHandler(voteForm, (errorCode) => ({ errorCode, topics: [] }), 'nodes');
