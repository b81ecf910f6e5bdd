import { describe, expect, it, jest } from '@jest/globals';
import { describeBroadcast } from './engine-conformance-broadcast.js';
import { describeBusPubSub } from './engine-conformance-bus-pub-sub.js';
import { describeBusQueues } from './engine-conformance-bus-queues.js';
import { describeBusRequests } from './engine-conformance-bus-requests.js';
import { describeBusStreams } from './engine-conformance-bus-streams.js';
import { describeGroups } from './engine-conformance-groups.js';
import { type EngineUnderTest, Kit } from './engine-conformance-kit.js';
import { describePublishing } from './engine-conformance-publishing.js';
import { describeRetries } from './engine-conformance-retries.js';

export type { EngineUnderTest, EngineWorld } from './engine-conformance-kit.js';

/** A test on a cluster over sockets, on a machine that does other things too. */
const TEST_MS = 60_000;

/**
 * What every engine must do, and what the patterns of the bus do on it. A feature that the engine claims is tested; what
 * it does not claim has no test here, and the bus refuses it at start-up.
 */
export function describeEngine(name: string, tested: EngineUnderTest): void {
  describe(`the engine ${name}`, () => {
    jest.setTimeout(TEST_MS);
    const kit = new Kit(tested);
    it('claims what this suite tests', () => {
      expect(kit.world.engine().features).toEqual(tested.features);
    });
    describePublishing(kit);
    describeGroups(kit);
    describeRetries(kit);
    describeBroadcast(kit);
    describeBusPubSub(kit);
    describeBusQueues(kit);
    if (tested.features.partitionedBroadcast) {
      describeBusRequests(kit);
      describeBusStreams(kit);
    }
  });
}
