import { ApiError } from '@trunkline/kernel';

/** Refuses an empty group id. Throws ApiError INVALID_GROUP_ID. */
export function mustNameGroup(groupId: string): void {
  if (groupId === '') throw new ApiError('INVALID_GROUP_ID', 'the group id is empty');
}
