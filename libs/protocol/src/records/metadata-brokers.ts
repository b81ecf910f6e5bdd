// Records of the metadata log: brokers and controllers.
// On disk: unsigned varints 1, key, version, then the body.
import { recordMessage } from '../api.js';
import {
  type Decoded,
  array,
  bool,
  int16,
  int32,
  int64,
  int8,
  nullable,
  since,
  string,
  struct,
  tagged,
  uint16,
  uuid,
  withDefault,
} from '../schema.js';

/** A broker registered, with its end points, features and directories. */
export const RegisterBrokerRecord = recordMessage({
  key: 0,
  name: 'RegisterBrokerRecord',
  versions: [0, 4],
  flexibleFrom: 0,
  type: struct({
    brokerId: int32,
    isMigratingZkBroker: since(2, bool, false),
    incarnationId: uuid,
    brokerEpoch: int64,
    endPoints: array(
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
    fenced: withDefault(bool, true),
    inControlledShutdown: since(1, bool, false),
    logDirs: tagged(0, since(3, array(uuid))),
    cordonedLogDirs: tagged(1, since(4, nullable(array(uuid)), null)),
  }),
});
export type RegisterBrokerRecord = Decoded<typeof RegisterBrokerRecord>;

/** A broker was forgotten. */
export const UnregisterBrokerRecord = recordMessage({
  key: 1,
  name: 'UnregisterBrokerRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    brokerId: int32,
    brokerEpoch: int64,
  }),
});
export type UnregisterBrokerRecord = Decoded<typeof UnregisterBrokerRecord>;

/** What changed of a broker’s registration. */
export const BrokerRegistrationChangeRecord = recordMessage({
  key: 17,
  name: 'BrokerRegistrationChangeRecord',
  versions: [0, 3],
  flexibleFrom: 0,
  type: struct({
    brokerId: int32,
    brokerEpoch: int64,
    fenced: tagged(0, int8),
    inControlledShutdown: tagged(1, since(1, int8)),
    logDirs: tagged(2, since(2, array(uuid))),
    cordonedLogDirs: tagged(3, since(3, nullable(array(uuid)), null)),
  }),
});
export type BrokerRegistrationChangeRecord = Decoded<typeof BrokerRegistrationChangeRecord>;

/** A broker was fenced; newer writers say so by a change of registration. */
export const FenceBrokerRecord = recordMessage({
  key: 7,
  name: 'FenceBrokerRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    id: int32,
    epoch: int64,
  }),
});
export type FenceBrokerRecord = Decoded<typeof FenceBrokerRecord>;

/** A broker was let in; newer writers say so by a change of registration. */
export const UnfenceBrokerRecord = recordMessage({
  key: 8,
  name: 'UnfenceBrokerRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    id: int32,
    epoch: int64,
  }),
});
export type UnfenceBrokerRecord = Decoded<typeof UnfenceBrokerRecord>;

/** A controller registered. */
export const RegisterControllerRecord = recordMessage({
  key: 27,
  name: 'RegisterControllerRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    controllerId: int32,
    incarnationId: uuid,
    zkMigrationReady: bool,
    endPoints: array(
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
  }),
});
export type RegisterControllerRecord = Decoded<typeof RegisterControllerRecord>;
