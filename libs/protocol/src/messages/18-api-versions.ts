import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, ignorable, int16, int32, int64, since, string, struct, tagged } from '../schema.js';

/**
 * ApiVersions (18): what a broker speaks, and which features are on.
 *
 * The response always has header 0, so that a client can read it whatever it asked (KIP-511).
 * v0 is also the answer to a version that the broker does not know.
 * v3 is flexible, names the client’s software, and tells features.
 * v4 may show features whose least level is 0.
 */

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

/** ApiVersions (18): what a broker speaks, and which features are on. */
export const ApiVersions = api({ key: 18, name: 'ApiVersions', versions: [0, 4], flexibleFrom: 3, request, response });
export type ApiVersionsRequest = RequestOf<typeof ApiVersions>;
export type ApiVersionsResponse = ResponseOf<typeof ApiVersions>;
