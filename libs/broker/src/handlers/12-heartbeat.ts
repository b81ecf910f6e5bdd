import type { GroupError } from '@trunkline/coordinator';
import { Heartbeat, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { mustNameGroup } from './group-request.js';

/**
 * Heartbeat (12), versions 0 to 4: a member says that it lives, and hears whether it is to join again.
 *
 * While the coordinator is loading a member has done nothing wrong and can do nothing better: NONE, as Kafka says.
 */
export const heartbeat = handler({
  api: Heartbeat,
  async handle({ groupId, generationId, memberId, groupInstanceId }, parts) {
    mustNameGroup(groupId);
    const request = { groupId, generation: generationId, memberId, instanceId: groupInstanceId };
    const error = await parts.groups
      .shardOf(groupId)
      .submit<GroupError>((reply) => ({ kind: 'heartbeat', request, reply }));
    return { errorCode: errorCode(error) };
  },
  failed: (_request, error) => ({
    errorCode: error.code === 'COORDINATOR_LOAD_IN_PROGRESS' ? 0 : errorCode(error.code),
  }),
});
