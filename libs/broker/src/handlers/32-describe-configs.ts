import { ApiError } from '@trunkline/kernel';
import {
  CONFIG_RESOURCE_TYPES,
  CONFIG_TYPE_CODES,
  type ConfigEntry,
  brokerDefaultEntries,
  brokerEntries,
  clientMetricsEntries,
  groupEntries,
  topicEntries,
  topicNameFault,
} from '@trunkline/metadata';
import { DescribeConfigs, type DescribeConfigsRequest, type ResponseOf, errorCode } from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { ownConfig } from './own-config.js';
import { partitionError } from './partition-error.js';
import { DESCRIBED_MAX, refuseLarge } from './request-size.js';

type ResourceRequest = DescribeConfigsRequest['resources'][number];
type ResourceAnswer = ResponseOf<typeof DescribeConfigs>['results'][number];

/**
 * DescribeConfigs (32), v1 to v4: every config of a topic, of this broker, of all brokers (an empty name: what was set
 * for them and nothing else), of a group or of client metrics, with where its value comes from.
 *
 * Null or no keys: all of them; keys nobody knows are left out. Another broker's configs: INVALID_REQUEST, that broker
 * tells them. The text of a success is empty, not null, as in Kafka (10-seen, item 5).
 *
 * Not done: loggers; there are none to change.
 */
export const describeConfigs = handler<typeof DescribeConfigs>({
  api: DescribeConfigs,
  handle: (request, parts) => {
    refuseLarge(request.resources.length, DESCRIBED_MAX);
    const told = new Map<string, ResourceAnswer>();
    const results = request.resources.map((resource): ResourceAnswer => {
      const key = JSON.stringify([resource.resourceType, resource.resourceName, resource.configurationKeys]);
      const answer = told.get(key) ?? describe(resource, request, parts);
      told.set(key, answer); // The same asked a thousand times is made up once.
      return answer;
    });
    return { throttleTimeMs: 0, results };
  },
  failed: ({ resources }, error) => ({ throttleTimeMs: 0, results: resources.map((one) => refused(one, error)) }),
});

function describe(resource: ResourceRequest, request: DescribeConfigsRequest, parts: Parts): ResourceAnswer {
  const { resourceType, resourceName, configurationKeys } = resource;
  try {
    const entries = entriesOf(resource, parts);
    const keys = new Set(configurationKeys);
    const asked = keys.size === 0 ? entries : entries.filter(({ name }) => keys.has(name));
    const configs = asked.map((entry) => configAnswer(entry, request));
    return { errorCode: 0, errorMessage: '', resourceType, resourceName, configs };
  } catch (reason) {
    return refused(resource, partitionError(reason));
  }
}

function configAnswer(entry: ConfigEntry, request: DescribeConfigsRequest): ResourceAnswer['configs'][number] {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: entry.source,
    isSensitive: entry.sensitive,
    synonyms: request.includeSynonyms ? entry.synonyms : [],
    configType: CONFIG_TYPE_CODES[entry.type],
    documentation: request.includeDocumentation ? entry.documentation : null,
  };
}

function entriesOf({ resourceType, resourceName }: ResourceRequest, parts: Parts): readonly ConfigEntry[] {
  const { metadata, config } = parts;
  const { configs } = metadata.image;
  switch (resourceType) {
    case CONFIG_RESOURCE_TYPES.topic:
      refuseUnknownTopic(resourceName, parts);
      return topicEntries(configs.of(resourceType, resourceName), configs, config.statics);
    case CONFIG_RESOURCE_TYPES.broker:
      if (resourceName === '') return brokerDefaultEntries(configs);
      refuseOtherBroker(resourceName, parts);
      return brokerEntries(configs, ownConfig(parts));
    case CONFIG_RESOURCE_TYPES.group:
      refuseEmptyName(resourceName);
      return groupEntries(resourceName, configs, config.statics);
    case CONFIG_RESOURCE_TYPES.clientMetrics:
      refuseEmptyName(resourceName);
      return clientMetricsEntries(resourceName, configs, config.statics);
    default:
      throw new ApiError('INVALID_REQUEST', `Resources of type ${resourceType} have no configs here`);
  }
}

function refuseUnknownTopic(name: string, { metadata }: Parts): void {
  const fault = topicNameFault(name);
  if (fault !== undefined) throw new ApiError('INVALID_TOPIC_EXCEPTION', fault);
  if (metadata.image.topics.byName(name) !== undefined) return;
  throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no topic ${name}`);
}

function refuseOtherBroker(name: string, { config }: Parts): void {
  if (name === String(config.nodeId)) return;
  throw new ApiError('INVALID_REQUEST', `This is broker ${config.nodeId}; each broker tells its own configs`);
}

function refuseEmptyName(name: string): void {
  if (name === '') throw new ApiError('INVALID_REQUEST', 'The name of the resource is empty');
}

function refused({ resourceType, resourceName }: ResourceRequest, error: ApiError): ResourceAnswer {
  return { errorCode: errorCode(error.code), errorMessage: error.detail, resourceType, resourceName, configs: [] };
}
