import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, int64, nullable, since, struct, tagged, uuid, withDefault } from '../schema.js';

/**
 * BrokerHeartbeat (63): a broker says that it lives, how far its metadata is, and what it wants.
 *
 * v1 directories that went offline.
 * v2 directories that are cordoned.
 */

const request = struct({
  brokerId: int32,
  brokerEpoch: withDefault(int64, -1n),
  currentMetadataOffset: int64,
  wantFence: bool,
  wantShutDown: bool,
  offlineLogDirs: tagged(0, since(1, array(uuid))),
  cordonedLogDirs: tagged(1, since(2, nullable(array(uuid)), null)),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  isCaughtUp: withDefault(bool, false),
  isFenced: withDefault(bool, true),
  shouldShutDown: bool,
});

/** BrokerHeartbeat (63): a broker says that it lives, how far its metadata is, and what it wants. */
export const BrokerHeartbeat = api({
  key: 63,
  name: 'BrokerHeartbeat',
  versions: [0, 2],
  flexibleFrom: 0,
  request,
  response,
});
export type BrokerHeartbeatRequest = RequestOf<typeof BrokerHeartbeat>;
export type BrokerHeartbeatResponse = ResponseOf<typeof BrokerHeartbeat>;
