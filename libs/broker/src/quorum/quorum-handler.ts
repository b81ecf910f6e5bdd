import { ApiError, invariant } from '@trunkline/kernel';
import type { AnyApi, RequestOf, ResponseOf } from '@trunkline/protocol';
import { errorCode } from '@trunkline/protocol';
import type { RaftRequest, RaftResponse } from '@trunkline/raft';
import type { Parts } from '../parts.js';
import { type AnyHandler, handler } from '../server/handler.js';
import type { WireForm } from './wire/wire-form.js';

/** Answers what raft is asked. Rejects with ApiError NOT_LEADER_OR_FOLLOWER on a node that is its own cluster. */
export async function answerRaft<A extends AnyApi, Request extends RaftRequest, Response extends RaftResponse>(
  form: WireForm<A, Request, Response>,
  asked: RequestOf<A>,
  { quorum, config, crc32c }: Parts,
): Promise<ResponseOf<A>> {
  if (quorum === undefined) throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'this node is a cluster of its own');
  const request = form.readRequest(asked);
  const response: RaftResponse = await quorum.handle(request);
  invariant(response.api === request.api, 'an answer is of the kind of its question');
  return form.writeResponse(response as Response, { listenerName: config.cluster.controllerListener, crc32c });
}

/** A handler of one of the quorum's own APIs; `failed` makes the answer that holds nothing but a code. */
export function quorumHandler<A extends AnyApi, Request extends RaftRequest, Response extends RaftResponse>(
  form: WireForm<A, Request, Response>,
  failed: (code: number, error: ApiError) => ResponseOf<A>,
  between?: 'nodes',
): AnyHandler {
  return handler<A>({
    api: form.api,
    ...(between !== undefined && { between }),
    handle: (asked, parts) => answerRaft(form, asked, parts),
    failed: (_asked, error) => failed(errorCode(error.code), error),
  });
}
