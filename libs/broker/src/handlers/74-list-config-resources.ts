import { ApiError } from '@trunkline/kernel';
import { CONFIG_RESOURCE_TYPES, type MetadataImage } from '@trunkline/metadata';
import { ListConfigResources, type ResponseOf, errorCode } from '@trunkline/protocol';
import { handler } from '../server/handler.js';

type NamesOf = (image: MetadataImage) => readonly string[];
type Resource = ResponseOf<typeof ListConfigResources>['configResources'][number];

/** How the names of a type are found: topics and brokers all, the others where something was set. */
const NAMES: ReadonlyMap<number, NamesOf> = new Map<number, NamesOf>([
  [CONFIG_RESOURCE_TYPES.group, ({ configs }) => configs.names(CONFIG_RESOURCE_TYPES.group)],
  [CONFIG_RESOURCE_TYPES.clientMetrics, ({ configs }) => configs.names(CONFIG_RESOURCE_TYPES.clientMetrics)],
  [CONFIG_RESOURCE_TYPES.brokerLogger, () => []],
  [CONFIG_RESOURCE_TYPES.broker, ({ brokers }) => Array.from(brokers.keys(), String)],
  [CONFIG_RESOURCE_TYPES.topic, ({ topics }) => Array.from(topics, ({ name }) => name)],
]);

/**
 * ListConfigResources (74): v0 the subscriptions to client metrics, v1 resources of the types that are asked for, or of
 * all (KIP-1142).
 *
 * A type nobody knows: UNSUPPORTED_VERSION for the whole request. Not done: loggers; there are none.
 */
export const listConfigResources = handler<typeof ListConfigResources>({
  api: ListConfigResources,
  handle: ({ resourceTypes }, { metadata: { image } }, { apiVersion }) => {
    const asked = apiVersion === 0 ? [CONFIG_RESOURCE_TYPES.clientMetrics] : resourceTypes;
    const unknown = asked.find((type) => !NAMES.has(type));
    if (unknown !== undefined) throw new ApiError('UNSUPPORTED_VERSION', `There are no resources of type ${unknown}`);
    const configResources = [...NAMES].flatMap(([resourceType, namesOf]): Resource[] => {
      if (asked.length > 0 && !asked.includes(resourceType)) return [];
      return namesOf(image).map((resourceName) => ({ resourceName, resourceType }));
    });
    return { throttleTimeMs: 0, errorCode: 0, configResources };
  },
  failed: (_request, error) => ({ throttleTimeMs: 0, errorCode: errorCode(error.code), configResources: [] }),
});
