import { words } from './words.js';

/** What a principal may do [AclOperation]. `any` stands in filters only. */
const OPERATIONS = words('the operation', {
  any: 1,
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  cluster_action: 9,
  describe_configs: 10,
  alter_configs: 11,
  idempotent_write: 12,
  create_tokens: 13,
  describe_tokens: 14,
  two_phase_commit: 15,
});
/** What it may be done to [ResourceType]. `any` stands in filters only. */
const RESOURCE_TYPES = words('the resource type', {
  any: 1,
  topic: 2,
  group: 3,
  cluster: 4,
  transactional_id: 5,
  delegation_token: 6,
  user: 7,
});
/** How names are compared [PatternType]. `any` and `match` stand in filters only. */
const PATTERN_TYPES = words('the pattern type', { any: 1, match: 2, literal: 3, prefixed: 4 });
/** [AclPermissionType]. `any` stands in filters only. */
const PERMISSIONS = words('the permission', { any: 1, deny: 2, allow: 3 });

export const ACL_WORDS = {
  operation: OPERATIONS,
  resourceType: RESOURCE_TYPES,
  patternType: PATTERN_TYPES,
  permission: PERMISSIONS,
};

export type AclOperation = (typeof OPERATIONS.all)[number] | 'unknown';
export type AclResourceType = (typeof RESOURCE_TYPES.all)[number] | 'unknown';
export type AclPatternType = (typeof PATTERN_TYPES.all)[number] | 'unknown';
export type AclPermission = (typeof PERMISSIONS.all)[number] | 'unknown';

const NOT_ASKED = -2_147_483_648;

/** The operations whose bits are set; undefined when the broker was not asked or does not tell. */
export function operationsOf(bits: number): readonly AclOperation[] | undefined {
  if (bits === NOT_ASKED) return undefined;
  const found: AclOperation[] = [];
  for (let bit = 0; bit < 32; bit += 1) if ((bits & (1 << bit)) !== 0) found.push(OPERATIONS.wordOf(bit));
  return found;
}
