import { type RequestOf, type ResponseOf, api } from '../api.js';
import {
  array,
  bool,
  ignorable,
  int16,
  int32,
  int8,
  nullable,
  since,
  string,
  struct,
  until,
  withDefault,
} from '../schema.js';

/**
 * UpdateFeatures (57): raises or lowers features.
 *
 * v1 kinds of upgrade, and a dry run.
 * v2 no longer answers for each feature.
 */

const request = struct({
  timeoutMs: withDefault(int32, 60000),
  featureUpdates: array(
    struct({
      feature: string,
      maxVersionLevel: int16,
      allowDowngrade: until(0, bool),
      upgradeType: since(1, int8, 1),
    }),
  ),
  validateOnly: since(1, bool, false),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
  results: ignorable(
    until(
      1,
      array(
        struct({
          feature: string,
          errorCode: int16,
          errorMessage: nullable(string),
        }),
      ),
    ),
  ),
});

/** UpdateFeatures (57): raises or lowers features. */
export const UpdateFeatures = api({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexibleFrom: 0,
  request,
  response,
});
export type UpdateFeaturesRequest = RequestOf<typeof UpdateFeatures>;
export type UpdateFeaturesResponse = ResponseOf<typeof UpdateFeatures>;
