import { nodeId } from '@trunkline/kernel';
import { AllocateProducerIds, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

/** AllocateProducerIds (67), v0: gives a broker a block of producer ids that nobody else gets. */
export const allocateProducerIds = handler<typeof AllocateProducerIds>({
  api: AllocateProducerIds,
  between: 'nodes',
  handle: async ({ brokerId, brokerEpoch }, { metadata }) => {
    const { first, size } = await metadata.submit((controller) =>
      controller.allocateProducerIds(nodeId(brokerId), brokerEpoch),
    );
    return { throttleTimeMs: 0, errorCode: 0, producerIdStart: first, producerIdLen: Number(size) };
  },
  failed: (_request, error) => ({
    throttleTimeMs: 0,
    errorCode: errorCode(error.code),
    producerIdStart: -1n,
    producerIdLen: 0,
  }),
});
