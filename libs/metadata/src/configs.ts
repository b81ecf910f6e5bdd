import type { ReplicatedState } from '@trunkline/kernel';
import { configKey, type ConfigMap, type ConfigsImage } from './image.js';
import { CONFIG_RESOURCE_TYPES, type ConfigResourceType, type MetadataRecord } from './records.js';
import type { Topics } from './topics.js';

const NOTHING_SET: ConfigMap = new Map();

/** What was set on topics, brokers and groups, as the controller knows it. */
export class Configs implements ReplicatedState<MetadataRecord>, ConfigsImage {
  readonly #byResource = new Map<string, Map<string, string>>();

  /** `topics` tells the name of a topic that goes: it must not have replayed that yet. */
  constructor(private readonly topics: Pick<Topics, 'byId'>) {}

  /** Resources on which something is set. */
  get resourceCount(): number {
    return this.#byResource.size;
  }

  of(type: ConfigResourceType, name: string): ConfigMap {
    return this.#byResource.get(configKey(type, name)) ?? NOTHING_SET;
  }

  names(type: ConfigResourceType): readonly string[] {
    const prefix = configKey(type, '');
    return [...this.#byResource.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  replay(record: MetadataRecord): void {
    if (record.kind === 'remove-topic') {
      const name = this.topics.byId(record.topicId)?.name ?? '';
      this.#byResource.delete(configKey(CONFIG_RESOURCE_TYPES.topic, name));
    }
    if (record.kind !== 'config') return;
    const key = configKey(record.resourceType, record.resourceName);
    const configs = this.#byResource.get(key) ?? new Map<string, string>();
    if (record.value === null) configs.delete(record.name);
    else configs.set(record.name, record.value);
    if (configs.size === 0) this.#byResource.delete(key);
    else this.#byResource.set(key, configs);
  }
}
