import type { LoadedImage } from '../src/image-loader.js';

/** What an image says, in an order that does not depend on how it came to be. */
export function plain(image: LoadedImage): unknown {
  const byFirst = <T>(pairs: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] =>
    [...pairs].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return {
    topics: byFirst(Array.from(image.topics, (topic) => [topic.name, topic])),
    ids: byFirst(Array.from(image.topics, (topic) => [topic.id, image.topics.byId(topic.id)?.name])),
    partitionCount: image.topics.partitionCount,
    brokers: byFirst(Array.from(image.brokers, ([id, broker]) => [String(id), broker])),
    configs: byFirst(Array.from(image.configs, ([{ type, name }, set]) => [`${type}:${name}`, byFirst(set)])),
    features: byFirst(image.features),
    nextProducerId: image.nextProducerId,
  };
}
