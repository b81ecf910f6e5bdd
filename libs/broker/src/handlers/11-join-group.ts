import type { JoinAnswer, JoinRequest } from '@trunkline/coordinator';
import { JoinGroup, type JoinGroupRequest, type JoinGroupResponse, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import type { RequestContext } from '../server/request-context.js';
import { mustNameGroup } from './group-request.js';

/** Before, there was one timeout for sessions and rebalances. */
const REBALANCE_TIMEOUT_SINCE = 1;
/** A dynamic member gets an id first, and joins with it (KIP-394). */
const ID_REQUIRED_SINCE = 4;
/** The protocol's name may be null. */
const NULL_PROTOCOL_SINCE = 7;
/** A static leader that comes back may be told to keep the assignment (KIP-814). */
const SKIP_ASSIGNMENT_SINCE = 9;

/**
 * JoinGroup (11), versions 0 to 9: becomes, or stays, a member of a group, and waits for its next generation.
 *
 * Answered when the rebalance ends: the connection's later requests wait for it. All rules are the coordinator's.
 */
export const joinGroup = handler({
  api: JoinGroup,
  async handle(request, parts, context) {
    mustNameGroup(request.groupId);
    const joining = toJoin(request, parts, context);
    const answer = await parts.groups
      .shardOf(request.groupId)
      .submit<JoinAnswer>((reply) => ({ kind: 'join', request: joining, reply }));
    return toResponse(answer, context.apiVersion);
  },
  failed: (request, error, { apiVersion }) => ({
    errorCode: errorCode(error.code),
    generationId: -1,
    protocolType: null,
    protocolName: noProtocol(apiVersion),
    leader: '',
    memberId: request.memberId,
    members: [],
  }),
});

function toJoin(
  request: JoinGroupRequest,
  { random }: Parts,
  { apiVersion, clientId, clientHost }: RequestContext,
): JoinRequest {
  const { groupId, memberId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs, protocolType, protocols } = request;
  return {
    groupId,
    memberId,
    instanceId: groupInstanceId,
    clientId: clientId ?? '',
    clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs: apiVersion < REBALANCE_TIMEOUT_SINCE ? sessionTimeoutMs : rebalanceTimeoutMs,
    protocolType,
    // Kept for as long as the member is one: not as views on what the connection received.
    protocols: protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
    idRequired: apiVersion >= ID_REQUIRED_SINCE,
    mayBeToldToSkip: apiVersion >= SKIP_ASSIGNMENT_SINCE,
    freshId: random.uuid(),
  };
}

function toResponse(answer: JoinAnswer, apiVersion: number): JoinGroupResponse {
  return {
    errorCode: errorCode(answer.error),
    generationId: answer.generation,
    protocolType: answer.protocolType,
    protocolName: answer.protocol ?? noProtocol(apiVersion),
    leader: answer.leader,
    skipAssignment: answer.skipAssignment,
    memberId: answer.memberId,
    members: answer.members.map(({ memberId, instanceId, metadata }) => ({
      memberId,
      groupInstanceId: instanceId,
      metadata,
    })),
  };
}

function noProtocol(apiVersion: number): string | null {
  return apiVersion >= NULL_PROTOCOL_SINCE ? null : '';
}
