// What the package shows of groups.
export type { Assignor, GroupAssignment, GroupPeer, OwnStanding } from './assignor.js';
export { type GroupListener, GroupMember, type GroupMetadata } from './group-member.js';
export { GROUP_DEFAULTS, type GroupOptions } from './group-options.js';
export type { MemberIdentity, MemberState } from './membership.js';
export type { CommittedOffset, GroupOffset } from './offsets.js';
export type { RacksOf } from './racks.js';
export { rangeAssignor } from './range-assignor.js';
export { roundRobinAssignor } from './round-robin-assignor.js';
export { cooperativeStickyAssignor, stickyAssignor } from './sticky-assignor.js';
