import type { LeaveAnswer } from '@trunkline/coordinator';
import { LeaveGroup, type LeaveGroupRequest, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { mustNameGroup } from './group-request.js';

/** From here on several members may leave at once, each with an error of its own (KIP-345). */
const BATCH_SINCE = 3;

/**
 * LeaveGroup (13), versions 0 to 5: members go; a rebalance begins, and the next member gets their partitions.
 *
 * From version 3 on an administrator may remove static members by their instance id, with an empty member id.
 */
export const leaveGroup = handler({
  api: LeaveGroup,
  async handle(request, parts, { apiVersion }) {
    const { groupId } = request;
    mustNameGroup(groupId);
    const leaving = { groupId, members: membersOf(request, apiVersion) };
    const answer = await parts.groups
      .shardOf(groupId)
      .submit<LeaveAnswer>((reply) => ({ kind: 'leave', request: leaving, reply }));
    if (apiVersion < BATCH_SINCE) return { errorCode: errorCode(answer.members[0]?.error ?? answer.error) };
    return {
      errorCode: errorCode(answer.error),
      members: answer.members.map(({ memberId, instanceId, error }) => ({
        memberId,
        groupInstanceId: instanceId,
        errorCode: errorCode(error),
      })),
    };
  },
  failed: (_request, error) => ({ errorCode: errorCode(error.code), members: [] }),
});

function membersOf(
  { memberId, members }: LeaveGroupRequest,
  apiVersion: number,
): readonly { readonly memberId: string; readonly instanceId: string | null }[] {
  if (apiVersion < BATCH_SINCE) return [{ memberId, instanceId: null }];
  return members.map((member) => ({ memberId: member.memberId, instanceId: member.groupInstanceId }));
}
