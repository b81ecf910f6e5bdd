import { type RequestOf, type ResponseOf, api } from '../api.js';
import { int16, int32, int64, struct, withDefault } from '../schema.js';

/**
 * AllocateProducerIds (67): a broker takes a block of producer ids from the controller.
 */

const request = struct({
  brokerId: int32,
  brokerEpoch: withDefault(int64, -1n),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  producerIdStart: int64,
  producerIdLen: int32,
});

/** AllocateProducerIds (67): a broker takes a block of producer ids from the controller. */
export const AllocateProducerIds = api({
  key: 67,
  name: 'AllocateProducerIds',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type AllocateProducerIdsRequest = RequestOf<typeof AllocateProducerIds>;
export type AllocateProducerIdsResponse = ResponseOf<typeof AllocateProducerIds>;
