import { ApiError, EMPTY_BYTES } from '@trunkline/kernel';
import type { SyncAnswer, SyncRequest } from '@trunkline/coordinator';
import { SyncGroup, type SyncGroupRequest, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { mustNameGroup } from './group-request.js';

/** Type and name of the protocol must be told, and are checked (KIP-559). */
const PROTOCOL_SINCE = 5;

/**
 * SyncGroup (14), versions 0 to 5: a member asks for its assignment; the leader brings everybody's.
 *
 * The leader is answered when the generation is in the log, the others with it. From version 5 on protocol type and
 * name must be told: without them INCONSISTENT_GROUP_PROTOCOL.
 */
export const syncGroup = handler({
  api: SyncGroup,
  async handle(request, parts, { apiVersion }) {
    const { groupId, protocolType, protocolName } = request;
    if (apiVersion >= PROTOCOL_SINCE && (protocolType === null || protocolName === null)) {
      throw new ApiError('INCONSISTENT_GROUP_PROTOCOL', 'protocol type and name must be told');
    }
    mustNameGroup(groupId);
    const syncing = toSync(request);
    const answer = await parts.groups
      .shardOf(groupId)
      .submit<SyncAnswer>((reply) => ({ kind: 'sync', request: syncing, reply }));
    return {
      errorCode: errorCode(answer.error),
      protocolType: answer.protocolType,
      protocolName: answer.protocol,
      assignment: answer.assignment,
    };
  },
  failed: (_request, error) => ({
    errorCode: errorCode(error.code),
    protocolType: null,
    protocolName: null,
    assignment: EMPTY_BYTES,
  }),
});

function toSync(request: SyncGroupRequest): SyncRequest {
  const { groupId, generationId, memberId, groupInstanceId, protocolType, protocolName, assignments } = request;
  return {
    groupId,
    generation: generationId,
    memberId,
    instanceId: groupInstanceId,
    protocolType,
    protocol: protocolName,
    // Kept until the next generation: not as views on what the connection received.
    assignments: assignments.map((each) => ({ memberId: each.memberId, assignment: each.assignment.slice() })),
  };
}
