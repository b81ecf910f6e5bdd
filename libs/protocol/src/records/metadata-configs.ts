// Records of the metadata log: configs, quotas, feature levels, producer ids.
// On disk: unsigned varints 1, key, version, then the body.
import { recordMessage } from '../api.js';
import {
  type Decoded,
  array,
  bool,
  float64,
  int16,
  int32,
  int64,
  int8,
  nullable,
  string,
  struct,
  withDefault,
} from '../schema.js';

/** A config of a resource was set, or taken away by a null value. */
export const ConfigRecord = recordMessage({
  key: 4,
  name: 'ConfigRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    resourceType: int8,
    resourceName: string,
    name: string,
    value: nullable(string),
  }),
});
export type ConfigRecord = Decoded<typeof ConfigRecord>;

/** A quota of users, client ids or addresses. */
export const ClientQuotaRecord = recordMessage({
  key: 14,
  name: 'ClientQuotaRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    entity: array(
      struct({
        entityType: string,
        entityName: nullable(string),
      }),
    ),
    key: string,
    value: float64,
    remove: bool,
  }),
});
export type ClientQuotaRecord = Decoded<typeof ClientQuotaRecord>;

/** A feature’s level; 0 switches it off. */
export const FeatureLevelRecord = recordMessage({
  key: 12,
  name: 'FeatureLevelRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    name: string,
    featureLevel: int16,
  }),
});
export type FeatureLevelRecord = Decoded<typeof FeatureLevelRecord>;

/** A block of producer ids was handed out; tells the first id of the next. */
export const ProducerIdsRecord = recordMessage({
  key: 15,
  name: 'ProducerIdsRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    brokerId: int32,
    brokerEpoch: withDefault(int64, -1n),
    nextProducerId: int64,
  }),
});
export type ProducerIdsRecord = Decoded<typeof ProducerIdsRecord>;
