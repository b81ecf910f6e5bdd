import type { GroupError } from '@trunkline/coordinator';
import { DeleteGroups, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

/**
 * DeleteGroups (42), versions 0 to 2: removes empty groups with their offsets, each for itself.
 *
 * NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND; the others of the request still go. A group that stands twice is told once.
 */
export const deleteGroups = handler({
  api: DeleteGroups,
  async handle({ groupsNames }, parts) {
    const results = [...new Set(groupsNames)].map(async (groupId) => ({
      groupId,
      errorCode: await remove(groupId, parts),
    }));
    return { throttleTimeMs: 0, results: await Promise.all(results) };
  },
  failed: ({ groupsNames }, error) => ({
    throttleTimeMs: 0,
    results: [...new Set(groupsNames)].map((groupId) => ({ groupId, errorCode: errorCode(error.code) })),
  }),
});

async function remove(groupId: string, { groups }: Parts): Promise<number> {
  try {
    const error = await groups
      .shardOf(groupId)
      .submit<GroupError>((reply) => ({ kind: 'delete-group', request: { groupId }, reply }));
    return errorCode(error);
  } catch (reason) {
    return errorCode(partitionError(reason).code);
  }
}
