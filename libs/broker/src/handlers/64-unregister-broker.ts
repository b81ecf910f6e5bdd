import { ApiError, nodeId } from '@trunkline/kernel';
import { UnregisterBroker } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';

/**
 * UnregisterBroker (64), v0: forgets a broker that is gone for good. Its replicas stay assigned to it until somebody
 * reassigns them.
 *
 * The node that is asked: INVALID_REQUEST in a cluster of one, which would be left without a broker.
 */
export const unregisterBroker = handler<typeof UnregisterBroker>({
  api: UnregisterBroker,
  handle: async ({ brokerId }, { metadata, config }) => {
    if (config.cluster.isAlone && brokerId === config.nodeId) {
      throw new ApiError('INVALID_REQUEST', `broker ${brokerId} is the only one, and it answers`);
    }
    await metadata.submit((controller) => controller.unregisterBroker(nodeId(brokerId)));
    return { throttleTimeMs: 0, ...adminError(undefined) };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, ...adminError(error) }),
});
