import { ApiError } from '@trunkline/kernel';
import type { ListedGroup } from '@trunkline/coordinator';
import { ListGroups, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

const CLASSIC = 'classic';

/**
 * ListGroups (16), versions 0 to 5: the groups that this node coordinates, filtered by state (4+, KIP-518) and type
 * (5+, KIP-848).
 *
 * Filters match in any case; a state or type that does not exist matches nothing; an empty filter matches all. While a
 * shard is loading the list would be short of its groups: COORDINATOR_LOAD_IN_PROGRESS for all.
 */
export const listGroups = handler({
  api: ListGroups,
  handle({ statesFilter, typesFilter }, parts) {
    const states = lowerCased(statesFilter);
    const types = lowerCased(typesFilter);
    const groups: ListedGroup[] = [];
    for (const shard of parts.groups.shards()) {
      for (const group of listed(() => shard.machine.list(shard.now))) groups.push(group);
    }
    const isWanted = ({ phase }: ListedGroup): boolean =>
      (states.size === 0 || states.has(phase.toLowerCase())) && (types.size === 0 || types.has(CLASSIC));
    return {
      errorCode: 0,
      groups: groups.filter(isWanted).map(({ groupId, protocolType, phase }) => ({
        groupId,
        protocolType,
        groupState: phase,
        groupType: CLASSIC,
      })),
    };
  },
  failed: (_request, error) => ({ errorCode: errorCode(error.code), groups: [] }),
});

function lowerCased(filter: readonly string[]): ReadonlySet<string> {
  return new Set(filter.map((word) => word.toLowerCase()));
}

/** A shard that is not here any more has no groups. */
function listed(list: () => readonly ListedGroup[]): readonly ListedGroup[] {
  try {
    return list();
  } catch (reason) {
    if (reason instanceof ApiError && reason.code === 'NOT_COORDINATOR') return [];
    throw reason;
  }
}
