import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  bool,
  ignorable,
  int16,
  int32,
  int64,
  nullable,
  since,
  string,
  struct,
  uint16,
  uuid,
  withDefault,
} from '../schema.js';

/**
 * BrokerRegistration (62): a broker registers with the controller.
 *
 * v1 whether it moves from ZooKeeper.
 * v2 its directories (KIP-858).
 * v3 its epoch before a clean shutdown (KIP-966).
 * v4 features whose least level is 0.
 */

const request = struct({
  brokerId: int32,
  clusterId: string,
  incarnationId: uuid,
  listeners: array(
    struct({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
  ),
  features: array(
    struct({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
  ),
  rack: nullable(string),
  isMigratingZkBroker: since(1, bool, false),
  logDirs: ignorable(since(2, array(uuid))),
  previousBrokerEpoch: ignorable(since(3, int64, -1n)),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  brokerEpoch: withDefault(int64, -1n),
});

/** BrokerRegistration (62): a broker registers with the controller. */
export const BrokerRegistration = api({
  key: 62,
  name: 'BrokerRegistration',
  versions: [0, 4],
  flexibleFrom: 0,
  request,
  response,
});
export type BrokerRegistrationRequest = RequestOf<typeof BrokerRegistration>;
export type BrokerRegistrationResponse = ResponseOf<typeof BrokerRegistration>;
