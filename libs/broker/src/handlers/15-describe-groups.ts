import { ApiError } from '@trunkline/kernel';
import type { DescribedGroup } from '@trunkline/coordinator';
import { DescribeGroups, type DescribeGroupsResponse, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

/** An unknown group is an error (KIP-1043); before, it is a dead one. */
const NOT_FOUND_SINCE = 6;
/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS: what may be done to a group where nobody is refused. */
const ALL_GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);
const NOT_ASKED = -2147483648;

type Described = DescribeGroupsResponse['groups'][number];

/**
 * DescribeGroups (15), versions 0 to 6: groups with state, protocol and members.
 *
 * A group that does not exist is Dead, without an error up to version 5, as GROUP_ID_NOT_FOUND from 6 on. Metadata and
 * assignments are told of a stable group only. Answers stand in the order of the request.
 */
export const describeGroups = handler({
  api: DescribeGroups,
  handle: (request, parts, { apiVersion }) => ({
    groups: request.groups.map((groupId) => describe(groupId, request.includeAuthorizedOperations, parts, apiVersion)),
  }),
  failed: (request, error) => ({ groups: request.groups.map((groupId) => refused(groupId, error)) }),
});

function describe(groupId: string, withOperations: boolean, { groups }: Parts, apiVersion: number): Described {
  try {
    const { machine, now } = groups.shardOf(groupId);
    const group = machine.describe(groupId, now);
    const authorizedOperations = withOperations ? ALL_GROUP_OPERATIONS : NOT_ASKED;
    if (group !== undefined) return { ...told(group), authorizedOperations };
    if (apiVersion < NOT_FOUND_SINCE) return { ...empty(groupId), groupState: 'Dead', authorizedOperations };
    const error = new ApiError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`);
    return { ...refused(groupId, error), groupState: 'Dead' };
  } catch (reason) {
    return refused(groupId, partitionError(reason));
  }
}

function empty(groupId: string): Described {
  return { errorCode: 0, groupId, groupState: '', protocolType: '', protocolData: '', members: [] };
}

function refused(groupId: string, { code, detail }: ApiError): Described {
  const errorMessage = code === 'GROUP_ID_NOT_FOUND' ? detail : null;
  return { ...empty(groupId), errorCode: errorCode(code), errorMessage };
}

function told({ groupId, phase, protocolType, protocol, members }: DescribedGroup): Described {
  return {
    errorCode: 0,
    groupId,
    groupState: phase,
    protocolType,
    protocolData: protocol,
    members: members.map(({ memberId, instanceId, clientId, clientHost, metadata, assignment }) => ({
      memberId,
      groupInstanceId: instanceId,
      clientId,
      clientHost,
      memberMetadata: metadata,
      memberAssignment: assignment,
    })),
  };
}
