import type { Cluster } from '../cluster/cluster.js';
import { ClassicAsker } from './classic-asker.js';
import type { ClassicAsk, ClassicReply } from './classic-asks.js';
import { ClassicMembership } from './classic-membership.js';
import { ConsumerAsker } from './consumer-asker.js';
import type { ConsumerAsk, ConsumerReply } from './consumer-asks.js';
import { ConsumerMembership } from './consumer-membership.js';
import type { GroupSettings } from './group-options.js';
import type { GroupTopics } from './group-topics.js';
import { type MembershipOwner, MembershipShell } from './membership-shell.js';

/** What a member reads of its machine, whichever protocol it speaks. */
export type Machine = ClassicMembership | ConsumerMembership;
/** What a member tells its shell: inputs that both protocols have. */
export type Shell = Pick<MembershipShell<ClassicAsk, ClassicReply>, 'abandon'> & {
  step(input: SharedInput): void;
};
type SharedInput = Exclude<Parameters<MembershipShell<ClassicAsk, never>['step']>[0], { kind: 'answered' }>;

interface MemberParts {
  readonly machine: Machine;
  readonly shell: Shell;
}

/** A member of the classic protocol. Its joins are parked at the coordinator, so it has a lane of its own. */
export function classicParts(
  cluster: Cluster,
  settings: GroupSettings,
  topics: GroupTopics,
  owner: MembershipOwner,
): MemberParts {
  const lane = laneOf(cluster, settings);
  const isCooperative = settings.assignors.every(({ protocol }) => protocol === 'cooperative');
  const machine = new ClassicMembership({ ...settings, isCooperative });
  const asker = new ClassicAsker(cluster, settings, topics, lane);
  const shell = new MembershipShell<ClassicAsk, ClassicReply>(cluster, settings.groupId, machine, asker, owner, lane);
  return { machine, shell };
}

/** A member of the consumer protocol (KIP-848). Nothing of it is ever parked. */
export function consumerParts(
  cluster: Cluster,
  settings: GroupSettings,
  _topics: GroupTopics,
  owner: MembershipOwner,
): MemberParts {
  const machine = new ConsumerMembership({ ...settings, memberId: cluster.ports.random.uuid() });
  const asker = new ConsumerAsker(cluster, settings);
  const lane = laneOf(cluster, settings);
  const shell = new MembershipShell<ConsumerAsk, ConsumerReply>(cluster, settings.groupId, machine, asker, owner, lane);
  return { machine, shell };
}

function laneOf(cluster: Cluster, { groupId }: GroupSettings): string {
  return `group-${groupId}-${cluster.ports.random.uuid()}`;
}
