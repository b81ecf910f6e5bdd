import { describe, expect, it } from '@jest/globals';
import { ApiError, type Uuid, concatBytes, epoch, nodeId, offset } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { type AnyApi, type RequestOf, decodeBody, encodeBody } from '@trunkline/protocol';
import type { LogBatch, RaftRequest, RaftResponse } from '@trunkline/raft';
import { buildBatch } from '@trunkline/records';
import { beginQuorumEpochForm, endQuorumEpochForm } from './epochs.js';
import { fetchSnapshotForm } from './fetch-snapshot.js';
import { fetchForm } from './fetch.js';
import { addRaftVoterForm, removeRaftVoterForm, updateRaftVoterForm } from './voter-changes.js';
import { voteForm } from './vote.js';
import type { WireForm } from './wire-form.js';

const DIRECTORY = 'JoyJbmyLiCKDbbx5HwyyXg' as Uuid;
const OTHER_DIRECTORY = 'LBiYshaJjamtSC5GU1N_cw' as Uuid;
const WORLD = { listenerName: 'CONTROLLER', crc32c };
const endpoint = (port: number) => ({ name: 'CONTROLLER', host: '10.0.0.1', port });
const listeners = [endpoint(9093), { name: 'OTHER', host: '::1', port: 65_535 }];
const asker = { clusterId: 'c', replicaId: nodeId(3), replicaDirectoryId: DIRECTORY };
const voter = { voterId: nodeId(2), voterDirectoryId: OTHER_DIRECTORY };
const led = {
  errorCode: 'NONE' as const,
  leaderId: nodeId(1),
  leaderEpoch: epoch(7),
  nodeEndpoints: [{ id: nodeId(1), endpoints: [endpoint(9093)] }],
};
const nobody = { errorCode: 'NOT_LEADER_OR_FOLLOWER' as const, leaderId: nodeId(-1), leaderEpoch: epoch(8), nodeEndpoints: [] }; // prettier-ignore
const changed = { errorMessage: 'why' };
/** Answers to changes of the voters do not say who leads. */
const bare = { leaderId: nodeId(-1), leaderEpoch: epoch(0), nodeEndpoints: [] };

function batch(baseOffset: number): LogBatch {
  const bytes = buildBatch([{ value: Uint8Array.of(1, 2), timestampMs: 5 }], { crc32c, baseOffset, leaderEpoch: 4 });
  return { baseOffset: offset(baseOffset), epoch: epoch(4), count: 1, bytes };
}

const fetched = { api: 'fetch' as const, highWatermark: offset(40), logStartOffset: offset(12) };
const snapshotId = { endOffset: offset(12), epoch: epoch(3) };

interface Sample {
  readonly name: string;
  readonly form: WireForm<AnyApi, RaftRequest, RaftResponse>;
  readonly requests: readonly RaftRequest[];
  readonly responses: readonly RaftResponse[];
}

function sample<A extends AnyApi, Request extends RaftRequest, Response extends RaftResponse>(
  form: WireForm<A, Request, Response>,
  requests: readonly Request[],
  responses: readonly Response[],
): Sample {
  return { name: form.api.name, form: form as unknown as Sample['form'], requests, responses };
}

const place = { lastOffsetEpoch: epoch(6), lastOffset: offset(2 ** 40), replicaEpoch: epoch(6) };
const SAMPLES: readonly Sample[] = [
  sample(
    voteForm,
    [
      { api: 'vote', ...asker, ...voter, ...place, preVote: true },
      { api: 'vote', ...asker, ...voter, ...place, preVote: false, clusterId: undefined },
    ],
    [
      { api: 'vote', ...led, voteGranted: true },
      { api: 'vote', ...nobody, voteGranted: false },
    ],
  ),
  sample(
    beginQuorumEpochForm,
    [{ api: 'begin-quorum-epoch', clusterId: 'c', ...voter, leaderId: nodeId(1), leaderEpoch: epoch(7), leaderEndpoints: listeners }], // prettier-ignore
    [{ api: 'begin-quorum-epoch', ...led }],
  ),
  sample(
    endQuorumEpochForm,
    [
      {
        api: 'end-quorum-epoch',
        clusterId: 'c',
        leaderId: nodeId(1),
        leaderEpoch: epoch(7),
        preferredCandidates: [{ candidateId: nodeId(3), candidateDirectoryId: DIRECTORY }],
        leaderEndpoints: listeners,
      },
    ],
    [{ api: 'end-quorum-epoch', ...nobody }],
  ),
  sample(
    fetchForm,
    [
      {
        api: 'fetch',
        ...asker,
        currentLeaderEpoch: epoch(7),
        fetchOffset: offset(39),
        lastFetchedEpoch: epoch(6),
        highWatermark: offset(38),
        maxWaitMs: 300,
        maxBytes: 1024,
      },
    ],
    [
      { ...fetched, ...led, records: [batch(39), batch(40)] },
      { ...fetched, ...led, divergingEpoch: { epoch: epoch(5), endOffset: offset(20) }, records: [] },
      { ...fetched, ...led, snapshotId, records: [] },
      { ...fetched, ...nobody, highWatermark: offset(-1), records: [] },
    ],
  ),
  sample(
    fetchSnapshotForm,
    [{ api: 'fetch-snapshot', ...asker, currentLeaderEpoch: epoch(7), snapshotId, position: 9, maxBytes: 77 }],
    [{ api: 'fetch-snapshot', ...led, snapshotId, size: 100, position: 9, unalignedRecords: Uint8Array.of(1, 2, 3) }],
  ),
  sample(
    addRaftVoterForm,
    [{ api: 'add-raft-voter', clusterId: 'c', ...voter, timeoutMs: 500, listeners, ackWhenCommitted: false }],
    [{ api: 'add-raft-voter', errorCode: 'DUPLICATE_VOTER', ...bare, ...changed }],
  ),
  sample(
    removeRaftVoterForm,
    [{ api: 'remove-raft-voter', clusterId: 'c', ...voter }],
    [{ api: 'remove-raft-voter', errorCode: 'VOTER_NOT_FOUND', ...bare, ...changed }],
  ),
  sample(
    updateRaftVoterForm,
    [{ api: 'update-raft-voter', clusterId: 'c', ...voter, currentLeaderEpoch: epoch(7), listeners }],
    [{ api: 'update-raft-voter', ...led, errorMessage: undefined }],
  ),
];

/** Through the bytes of the newest version. */
function asked({ form }: Sample, request: RaftRequest): RequestOf<AnyApi> {
  const { api } = form;
  const version = api.versions[1];
  return decodeBody(api.request, version, concatBytes(encodeBody(api.request, version, form.writeRequest(request) as never))); // prettier-ignore
}

function told({ form }: Sample, response: RaftResponse): RaftResponse {
  const { api } = form;
  const version = api.versions[1];
  const bytes = concatBytes(encodeBody(api.response, version, form.writeResponse(response, WORLD) as never));
  return form.readResponse(decodeBody(api.response, version, bytes) as never, WORLD);
}

describe.each(SAMPLES.map((one) => [one.name, one] as const))('%s', (_name, one) => {
  it('says on the wire all that raft asks', () => {
    for (const request of one.requests) expect(one.form.readRequest(asked(one, request))).toEqual(request);
  });

  it('says on the wire all that raft answers', () => {
    for (const response of one.responses) {
      expect(told(one, response)).toEqual(response);
    }
  });

  it('tells another cluster nothing but that', () => {
    const answer = told(one, { ...one.responses[0]!, errorCode: 'INCONSISTENT_CLUSTER_ID' });
    expect(answer.errorCode).toBe('INCONSISTENT_CLUSTER_ID');
  });
});

describe('what another node says', () => {
  const [vote, , , fetch] = SAMPLES as [Sample, Sample, Sample, Sample];

  it('is refused when it asks of another partition', () => {
    const request = asked(vote, vote.requests[0]!) as unknown as { topics: { topicName: string }[] };
    const other = { ...request, topics: request.topics.map((topic) => ({ ...topic, topicName: 'orders' })) };
    expect(() => vote.form.readRequest(other as never)).toThrow(/INVALID_REQUEST: the quorum has one partition/);
    expect(() => vote.form.readRequest({ ...request, topics: [] } as never)).toThrow(ApiError);
  });

  it('is not taken in when a checksum does not hold', () => {
    const damaged = batch(39);
    damaged.bytes[damaged.bytes.byteLength - 1]! ^= 1;
    expect(() => told(fetch, { ...fetched, ...led, records: [damaged] })).toThrow(/CORRUPT_MESSAGE: the checksum/);
  });

  it('is no answer when the code is none of the quorum’s', () => {
    const broken = { throttleTimeMs: 0, errorCode: -1, sessionId: 0, responses: [], nodeEndpoints: [] };
    expect(() => fetch.form.readResponse(broken as never, WORLD)).toThrow('UNKNOWN_SERVER_ERROR');
  });
});
