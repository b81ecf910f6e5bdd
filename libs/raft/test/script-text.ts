import type { Effects, LogBatch, RaftRequest, RaftResponse } from '../src/index.js';
import { textOf } from './script-node.js';

const batches = (all: readonly LogBatch[]): string =>
  all.map((batch) => `${batch.baseOffset}:${textOf(batch)}`).join(' ');

/** A request, in a few words. */
export function requestText(request: RaftRequest): string {
  switch (request.api) {
    case 'vote': {
      const log = `log ${request.lastOffset}/e${request.lastOffsetEpoch}`;
      return `${request.preVote ? 'would you vote' : 'vote'} e${request.replicaEpoch} ${log}`;
    }
    case 'begin-quorum-epoch':
      return `i lead e${request.leaderEpoch}`;
    case 'end-quorum-epoch':
      return `i lead e${request.leaderEpoch} no more, try ${request.preferredCandidates.map((each) => each.candidateId).join(' ')}`;
    case 'fetch':
      return `fetch ${request.fetchOffset}/e${request.lastFetchedEpoch}`;
    case 'fetch-snapshot':
      return `fetch snapshot ${request.snapshotId.endOffset}/e${request.snapshotId.epoch} from ${request.position}`;
    case 'add-raft-voter':
      return `add voter ${request.voterId}`;
    case 'remove-raft-voter':
      return `remove voter ${request.voterId}`;
    case 'update-raft-voter':
      return `i listen at ${request.listeners.map(({ host, port }) => `${host}:${port}`).join(' ')}`;
  }
}

/** An answer, in a few words. */
export function responseText(response: RaftResponse): string {
  const leader = response.leaderId < 0 ? 'nobody leads' : `${response.leaderId} leads`;
  if (response.errorCode !== 'NONE') return `${response.errorCode}, ${leader} e${response.leaderEpoch}`;
  switch (response.api) {
    case 'vote':
      return response.voteGranted ? 'yes' : `no, ${leader} e${response.leaderEpoch}`;
    case 'fetch': {
      const { divergingEpoch, snapshotId, records, highWatermark } = response;
      if (divergingEpoch !== undefined)
        return `your log leaves mine: e${divergingEpoch.epoch} ends at ${divergingEpoch.endOffset}`;
      if (snapshotId !== undefined) return `take snapshot ${snapshotId.endOffset}/e${snapshotId.epoch}`;
      return `${records.length === 0 ? 'nothing new' : batches(records)}, committed ${highWatermark}`;
    }
    case 'fetch-snapshot':
      return `bytes ${response.position}-${response.position + response.unalignedRecords.byteLength} of ${response.size}`;
    case 'begin-quorum-epoch':
    case 'end-quorum-epoch':
    case 'add-raft-voter':
    case 'remove-raft-voter':
    case 'update-raft-voter':
      return 'ok';
  }
}

/** What a node does to its own disk and state machine, line by line, in the order in which it must. */
export function* effectTexts(id: number, effects: Effects): Generator<string> {
  const { persist, truncateTo, snapshotChunk, installSnapshot, append, startAt } = effects;
  if (persist !== undefined) {
    const vote = persist.votedFor === undefined ? '' : ` vote ${persist.votedFor.id}`;
    const leader = persist.leaderId === undefined ? '' : ` leader ${persist.leaderId}`;
    yield `${id} persists e${persist.epoch}${vote}${leader}${persist.needsRepair ? ' needs repair' : ''}`;
  }
  if (truncateTo !== undefined) yield `${id} cuts off from ${truncateTo}`;
  if (snapshotChunk !== undefined)
    yield `${id} keeps ${snapshotChunk.bytes.byteLength} bytes from ${snapshotChunk.position}`;
  if (installSnapshot !== undefined)
    yield `${id} installs snapshot ${installSnapshot.endOffset}/e${installSnapshot.epoch}`;
  if (append !== undefined) yield `${id} appends ${batches(append)}`;
  if (startAt !== undefined) yield `${id} begins its log at ${startAt.endOffset}`;
}

/** What it says once that is done, but for messages. */
export function* outcomeTexts(id: number, { committedTo, settled, role }: Effects): Generator<string> {
  if (committedTo !== undefined) yield `${id} commits up to ${committedTo}`;
  for (const { errorCode, baseOffset, ticket } of settled) {
    if (ticket >= 0) yield `${id} says of the proposal${baseOffset < 0 ? '' : ` at ${baseOffset}`}: ${errorCode}`;
  }
  if (role === undefined) return;
  const leader = role.leaderId === undefined || role.kind === 'leader' ? '' : ` of ${role.leaderId}`;
  yield `${id} is ${role.kind}${leader} e${role.epoch}${role.isReady ? ', ready' : ''}`;
}
