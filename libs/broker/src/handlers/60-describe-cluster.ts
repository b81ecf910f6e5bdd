import { ApiError } from '@trunkline/kernel';
import { endPointOf } from '@trunkline/metadata';
import { DescribeCluster, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { CLUSTER_OPERATIONS } from './operations.js';

const BROKERS = 1;
const CONTROLLERS = 2;

/**
 * DescribeCluster (60), v0 to v2: the cluster's id, its brokers as this listener's clients reach them, and a broker that
 * takes controller requests (any does).
 *
 * End points of controllers: MISMATCHED_ENDPOINT_TYPE, this is a broker's listener. Fenced brokers are told when asked
 * for (KIP-1073).
 */
export const describeCluster = handler<typeof DescribeCluster>({
  api: DescribeCluster,
  early: true,
  handle: (request, { metadata: { image }, random }, { listenerName }) => {
    refuseOtherEndPoints(request.endpointType);
    const brokers = [...image.brokers.values()].flatMap((broker) => {
      const endPoint = endPointOf(broker, listenerName);
      if (endPoint === undefined || (broker.fenced && !request.includeFencedBrokers)) return [];
      const { id: brokerId, rack, fenced: isFenced } = broker;
      return [{ brokerId, host: endPoint.host, port: endPoint.port, rack, isFenced }];
    });
    const alive = brokers.filter(({ isFenced }) => !isFenced);
    const controller = alive[alive.length > 1 ? random.below(alive.length) : 0];
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      endpointType: BROKERS,
      clusterId: image.clusterId,
      controllerId: controller?.brokerId ?? -1,
      brokers,
      ...(request.includeClusterAuthorizedOperations && { clusterAuthorizedOperations: CLUSTER_OPERATIONS }),
    };
  },
  failed: (_request, error) => ({
    throttleTimeMs: 0,
    errorCode: errorCode(error.code),
    errorMessage: error.detail,
    clusterId: '',
    brokers: [],
  }),
});

function refuseOtherEndPoints(endPointType: number): void {
  if (endPointType === BROKERS) return;
  if (endPointType === CONTROLLERS) {
    throw new ApiError('MISMATCHED_ENDPOINT_TYPE', 'This is a listener of a broker; ask a controller for controllers');
  }
  throw new ApiError('UNSUPPORTED_ENDPOINT_TYPE', `There are no end points of type ${endPointType}`);
}
