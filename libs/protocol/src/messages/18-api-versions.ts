import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, ignorable, int16, int32, int64, since, string, struct, tagged } from '../schema.js';

const request = struct({
  clientSoftwareName: ignorable(since(3, string)),
  clientSoftwareVersion: ignorable(since(3, string)),
});

const response = struct({
  errorCode: int16,
  apiKeys: array(
    struct({
      apiKey: int16,
      minVersion: int16,
      maxVersion: int16,
    }),
  ),
  throttleTimeMs: ignorable(since(1, int32)),
  supportedFeatures: ignorable(
    tagged(
      0,
      since(
        3,
        array(
          struct({
            name: string,
            minVersion: int16,
            maxVersion: int16,
          }),
        ),
      ),
    ),
  ),
  finalizedFeaturesEpoch: ignorable(tagged(1, since(3, int64, -1n))),
  finalizedFeatures: ignorable(
    tagged(
      2,
      since(
        3,
        array(
          struct({
            name: string,
            maxVersionLevel: int16,
            minVersionLevel: int16,
          }),
        ),
      ),
    ),
  ),
  zkMigrationReady: ignorable(tagged(3, since(3, bool, false))),
});

/**
 * ApiVersions (18):
 */
export const ApiVersions = api({ key: 18, name: 'ApiVersions', versions: [0, 4], flexibleFrom: 3, request, response });
export type ApiVersionsRequest = RequestOf<typeof ApiVersions>;
export type ApiVersionsResponse = ResponseOf<typeof ApiVersions>;
