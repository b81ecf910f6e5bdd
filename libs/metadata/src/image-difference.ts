import type { MetadataDelta, TopicChange } from './delta.js';
import type { LoadedImage } from './image-loader.js';
import { configKey, type ConfigResource, type TopicImage } from './image.js';
import { CONFIG_RESOURCE_TYPES } from './records.js';

/** What differs between two images that have no records between them: a snapshot took the place of the older. */
export function imageDifference(before: LoadedImage, after: LoadedImage): MetadataDelta {
  const kept = [...before.topics].flatMap((topic) => changeOf(topic, after.topics.byId(topic.id)));
  return {
    before,
    createdTopics: [...after.topics].filter(({ id }) => before.topics.byId(id) === undefined),
    deletedTopics: [...before.topics].filter(({ id }) => after.topics.byId(id) === undefined),
    changedTopics: kept,
    changedConfigs: changedConfigs(before, after),
    changedBrokers: changedKeys(before.brokers, after.brokers),
    changedFeatures: changedKeys(before.features, after.features),
  };
}

function changeOf(before: TopicImage, after: TopicImage | undefined): readonly TopicChange[] {
  if (after === undefined) return [];
  const partitions = after.partitions.flatMap((partition) =>
    same(partition, before.partitions[partition.index]) ? [] : [partition.index],
  );
  return partitions.length === 0 ? [] : [{ before, after, partitions }];
}

/** Those of topics that went are not told: they went with them. */
function changedConfigs(before: LoadedImage, after: LoadedImage): readonly ConfigResource[] {
  const resources = new Map<string, ConfigResource>();
  for (const [resource] of [...before.configs, ...after.configs]) {
    resources.set(configKey(resource.type, resource.name), resource);
  }
  return [...resources.values()].filter(({ type, name }) => {
    if (type === CONFIG_RESOURCE_TYPES.topic && after.topics.byName(name) === undefined) return false;
    return !same(before.configs.of(type, name), after.configs.of(type, name));
  });
}

function changedKeys<Key, Value>(before: ReadonlyMap<Key, Value>, after: ReadonlyMap<Key, Value>): readonly Key[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => !same(before.get(key), after.get(key)));
}

/** Whether two plain values (what images are made of) say the same. */
function same(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (left instanceof Map && right instanceof Map) {
    return left.size === right.size && [...left].every(([key, value]) => same(value, right.get(key)));
  }
  const [ours, theirs] = [Object.entries(left), Object.entries(right)];
  return ours.length === theirs.length && ours.every(([key, value]) => same(value, Reflect.get(right, key)));
}
