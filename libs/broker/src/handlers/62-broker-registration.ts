import { ApiError, nodeId } from '@trunkline/kernel';
import { BrokerRegistration, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

/**
 * BrokerRegistration (62), v0 to v4: a broker comes up. Answered with its epoch once the registration is committed; it is
 * fenced until its heartbeats ask to be let in.
 *
 * Another cluster's id: INCONSISTENT_CLUSTER_ID. While another process of the id lives: DUPLICATE_BROKER_REGISTRATION.
 * Not the active controller: NOT_CONTROLLER.
 */
export const brokerRegistration = handler<typeof BrokerRegistration>({
  api: BrokerRegistration,
  between: 'nodes',
  handle: async (request, { metadata, activeController }) => {
    const { clusterId } = metadata.image;
    if (request.clusterId !== clusterId) {
      throw new ApiError('INCONSISTENT_CLUSTER_ID', `this is cluster ${clusterId}`);
    }
    const { brokerEpoch } = await activeController.register({
      brokerId: nodeId(request.brokerId),
      incarnationId: request.incarnationId,
      endPoints: request.listeners,
      features: request.features,
      rack: request.rack,
      logDirs: request.logDirs,
      previousBrokerEpoch: request.previousBrokerEpoch,
      heartbeats: true,
    });
    return { throttleTimeMs: 0, errorCode: 0, brokerEpoch };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, errorCode: errorCode(error.code) }),
});
