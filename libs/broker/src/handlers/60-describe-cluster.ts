import { ApiError } from '@trunkline/kernel';
import { endPointOf } from '@trunkline/metadata';
import { DescribeCluster, type DescribeClusterRequest, type ResponseOf, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { endpointOf } from '../quorum/wire/wire-form.js';
import { handler } from '../server/handler.js';
import { CLUSTER_OPERATIONS } from './operations.js';

const BROKERS = 1;
const CONTROLLERS = 2;

/**
 * DescribeCluster (60), v0 to v2: the cluster's id, its brokers as this listener's clients reach them, and a broker that
 * takes controller requests (any does).
 *
 * End points of controllers, and which of them is active, are told on the controllers' listener of a node that is one;
 * elsewhere, and by a cluster of one: MISMATCHED_ENDPOINT_TYPE. Fenced brokers are told when asked for (KIP-1073).
 */
export const describeCluster = handler<typeof DescribeCluster>({
  api: DescribeCluster,
  early: true,
  handle: (request, parts, { listenerName }) => {
    const operations = request.includeClusterAuthorizedOperations && {
      clusterAuthorizedOperations: CLUSTER_OPERATIONS,
    };
    const told =
      request.endpointType === CONTROLLERS ? controllers(parts, listenerName) : brokers(request, parts, listenerName);
    return { throttleTimeMs: 0, errorCode: 0, clusterId: parts.metadata.image.clusterId, ...told, ...operations };
  },
  failed: (_request, error) => ({
    throttleTimeMs: 0,
    errorCode: errorCode(error.code),
    errorMessage: error.detail,
    clusterId: '',
    brokers: [],
  }),
});

type Told = Pick<ResponseOf<typeof DescribeCluster>, 'endpointType' | 'controllerId' | 'brokers'>;

function brokers(request: DescribeClusterRequest, { metadata, random }: Parts, listenerName: string): Told {
  if (request.endpointType !== BROKERS) {
    throw new ApiError('UNSUPPORTED_ENDPOINT_TYPE', `There are no end points of type ${request.endpointType}`);
  }
  const all = [...metadata.image.brokers.values()].flatMap((broker) => {
    const endPoint = endPointOf(broker, listenerName);
    if (endPoint === undefined || (broker.fenced && !request.includeFencedBrokers)) return [];
    const { id: brokerId, rack, fenced: isFenced } = broker;
    return [{ brokerId, host: endPoint.host, port: endPoint.port, rack, isFenced }];
  });
  const alive = all.filter(({ isFenced }) => !isFenced);
  const controller = alive[alive.length > 1 ? random.below(alive.length) : 0];
  return { endpointType: BROKERS, controllerId: controller?.brokerId ?? -1, brokers: all };
}

function controllers({ metadata, quorum, config: { cluster } }: Parts, listenerName: string): Told {
  if (quorum === undefined || !cluster.isController || listenerName !== cluster.controllerListener) {
    throw new ApiError('MISMATCHED_ENDPOINT_TYPE', 'This is a listener of a broker; ask a controller for controllers');
  }
  const all = quorum.status.voters.flatMap(({ id: brokerId, endpoints }) => {
    const endpoint = endpointOf(endpoints, listenerName);
    if (endpoint === undefined) return [];
    return [{ brokerId, host: endpoint.host, port: endpoint.port, rack: null, isFenced: false }];
  });
  return { endpointType: CONTROLLERS, controllerId: metadata.role.leaderId, brokers: all };
}
