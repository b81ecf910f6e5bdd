import { ApiError } from '@trunkline/kernel';
import { SUPPORTED_FEATURES } from '@trunkline/metadata';
import { ApiVersions, type ResponseOf, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { NODE_SOFTWARE_NAME } from '../peers/peer-versions.js';
import { type AnyHandler, handler, shownVersions } from '../server/handler.js';

/** From here on a client names its software. */
const NAMES_SOFTWARE_FROM = 3;
/** From here on features whose least level is 0 may be told (KAFKA-17011). */
const ZERO_LEVELS_FROM = 4;
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/**
 * ApiVersions (18), v0 to v4: reads the list of handlers, so what is said and what is done cannot differ.
 *
 * An unknown version is answered by the router, in v0 and with our own range (semantics, item 5). A software name or
 * version that cannot be one: INVALID_REQUEST (item 6). What nodes ask each other is told to nodes only.
 */
export function apiVersions(handlers: readonly AnyHandler[]): AnyHandler {
  return handler<typeof ApiVersions>({
    api: ApiVersions,
    early: true,
    handle: ({ clientSoftwareName, clientSoftwareVersion }, parts, { apiVersion }) => {
      if (apiVersion >= NAMES_SOFTWARE_FROM) {
        refuseOddSoftware('name', clientSoftwareName);
        refuseOddSoftware('version', clientSoftwareVersion);
      }
      const isNode = clientSoftwareName === NODE_SOFTWARE_NAME;
      const shown = isNode ? handlers : handlers.filter(({ between }) => between !== 'nodes');
      return { errorCode: 0, apiKeys: rangesOf(shown), ...features(parts, apiVersion) };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error.code), apiKeys: [] }),
  });
}

/** The list with ApiVersions at its place; it tells of itself too. */
export function withApiVersions(handlers: readonly AnyHandler[]): readonly AnyHandler[] {
  const all: AnyHandler[] = [...handlers];
  all.push(apiVersions(all));
  return all.toSorted((left, right) => left.api.key - right.api.key);
}

function rangesOf(handlers: readonly AnyHandler[]): ResponseOf<typeof ApiVersions>['apiKeys'] {
  return handlers
    .map((one) => {
      const [minVersion, maxVersion] = shownVersions(one);
      return { apiKey: one.api.key, minVersion, maxVersion };
    })
    .toSorted((left, right) => left.apiKey - right.apiKey);
}

function features({ metadata: { image } }: Parts, apiVersion: number): Partial<ResponseOf<typeof ApiVersions>> {
  const supported = SUPPORTED_FEATURES.filter((one) => one.minSupportedVersion > 0 || apiVersion >= ZERO_LEVELS_FROM);
  return {
    supportedFeatures: supported.map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
      name,
      minVersion: minSupportedVersion,
      maxVersion: maxSupportedVersion,
    })),
    finalizedFeaturesEpoch: BigInt(image.endOffset - 1),
    finalizedFeatures: [...image.features].map(([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  };
}

function refuseOddSoftware(what: string, text: string): void {
  if (text.length <= SOFTWARE_LENGTH_MAX && SOFTWARE.test(text)) return;
  throw new ApiError('INVALID_REQUEST', `the software ${what} may hold letters, digits, dots and hyphens only`);
}

/** Characters; longer ones only make a regular expression work. */
const SOFTWARE_LENGTH_MAX = 1024;
