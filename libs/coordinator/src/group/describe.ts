import type { GroupPhase, LiveGroup } from './live-group.js';
import { metadataFor } from './live-member.js';
import type { StoredGroups } from './stored-groups.js';

/** A group for ListGroups. */
export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly phase: GroupPhase;
}

/** A group for DescribeGroups. */
export interface DescribedGroup extends ListedGroup {
  /** Empty unless the group is stable. */
  readonly protocol: string;
  readonly members: readonly DescribedMember[];
}

export interface DescribedMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Empty unless the group is stable, as its assignment is. */
  readonly metadata: Uint8Array;
  readonly assignment: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

export function listGroup(groupId: string, group: LiveGroup | undefined): ListedGroup {
  return { groupId, protocolType: group?.protocolType ?? '', phase: group?.phase ?? 'Empty' };
}

export function describeGroup(groupId: string, group: LiveGroup | undefined, stored: StoredGroups): DescribedGroup {
  const isStable = group?.phase === 'Stable';
  const members = [...(group?.members.values() ?? [])].map((member): DescribedMember => {
    const { memberId, instanceId, clientId, clientHost } = member;
    const metadata = isStable ? metadataFor(member, group.protocol) : NO_BYTES;
    const assignment = isStable ? (stored.member(groupId, memberId)?.assignment ?? NO_BYTES) : NO_BYTES;
    return { memberId, instanceId, clientId, clientHost, metadata, assignment };
  });
  return { ...listGroup(groupId, group), protocol: isStable ? (group.protocol ?? '') : '', members };
}
