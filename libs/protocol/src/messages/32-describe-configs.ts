import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, ignorable, int16, int32, int8, nullable, since, string, struct, withDefault } from '../schema.js';

/**
 * DescribeConfigs (32): configs of topics, brokers and groups, and where each value comes from.
 *
 * v1 sources and synonyms.
 * v3 types and documentation on request.
 * v4 is flexible.
 */

const request = struct({
  resources: array(
    struct({
      resourceType: int8,
      resourceName: string,
      configurationKeys: nullable(array(string)),
    }),
  ),
  includeSynonyms: withDefault(bool, false),
  includeDocumentation: since(3, bool, false),
});

const response = struct({
  throttleTimeMs: int32,
  results: array(
    struct({
      errorCode: int16,
      errorMessage: nullable(string),
      resourceType: int8,
      resourceName: string,
      configs: array(
        struct({
          name: string,
          value: nullable(string),
          readOnly: bool,
          configSource: withDefault(int8, -1),
          isSensitive: bool,
          synonyms: array(
            struct({
              name: string,
              value: nullable(string),
              source: int8,
            }),
          ),
          configType: ignorable(since(3, int8, 0)),
          documentation: ignorable(since(3, nullable(string))),
        }),
      ),
    }),
  ),
});

/** DescribeConfigs (32): configs of topics, brokers and groups, and where each value comes from. */
export const DescribeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleFrom: 4,
  request,
  response,
});
export type DescribeConfigsRequest = RequestOf<typeof DescribeConfigs>;
export type DescribeConfigsResponse = ResponseOf<typeof DescribeConfigs>;
