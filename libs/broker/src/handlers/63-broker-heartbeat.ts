import { nodeId } from '@trunkline/kernel';
import { BrokerHeartbeat, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

/**
 * BrokerHeartbeat (63), v0 to v2: a broker lives, how far its metadata is, and what it wants. The active controller
 * lets it in, fences it, or moves its leaders away before it goes (KIP-841).
 *
 * The connection counts too: when it ends, the broker is looked for (see `node/active-controller.ts`).
 * Not done: cordoned directories (KIP-1066).
 */
export const brokerHeartbeat = handler<typeof BrokerHeartbeat>({
  api: BrokerHeartbeat,
  between: 'nodes',
  handle: async (request, { activeController }, context) => {
    const { brokerId, brokerEpoch, currentMetadataOffset, wantFence, wantShutDown, offlineLogDirs } = request;
    const answer = await activeController.heartbeat(
      {
        brokerId: nodeId(brokerId),
        brokerEpoch,
        currentMetadataOffset: Number(currentMetadataOffset),
        wantFence,
        wantShutDown,
        offlineLogDirs,
      },
      context,
    );
    const { isCaughtUp, isFenced, shouldShutDown } = answer;
    return { throttleTimeMs: 0, errorCode: 0, isCaughtUp, isFenced, shouldShutDown };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, errorCode: errorCode(error.code), shouldShutDown: false }),
});
