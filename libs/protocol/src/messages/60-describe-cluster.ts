import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, int8, nullable, since, string, struct, withDefault } from '../schema.js';

/**
 * DescribeCluster (60): id, controller and end points of a cluster.
 *
 * v1 end points of brokers or of controllers.
 * v2 brokers that are fenced, on request (KIP-1073).
 */

const request = struct({
  includeClusterAuthorizedOperations: bool,
  endpointType: since(1, int8, 1),
  includeFencedBrokers: since(2, bool),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: withDefault(nullable(string), null),
  endpointType: since(1, int8, 1),
  clusterId: string,
  controllerId: withDefault(int32, -1),
  brokers: array(
    struct({
      brokerId: int32,
      host: string,
      port: int32,
      rack: withDefault(nullable(string), null),
      isFenced: since(2, bool),
    }),
  ),
  clusterAuthorizedOperations: withDefault(int32, -2147483648),
});

/** DescribeCluster (60): id, controller and end points of a cluster. */
export const DescribeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleFrom: 0,
  request,
  response,
});
export type DescribeClusterRequest = RequestOf<typeof DescribeCluster>;
export type DescribeClusterResponse = ResponseOf<typeof DescribeCluster>;
