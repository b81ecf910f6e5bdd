import { invariant, type NodeId } from '@trunkline/kernel';
import type { ConfigsImage } from '../image.js';
import { CONFIG_RESOURCE_TYPES } from '../records.js';
import { BROKER_CONFIG_DEFINITIONS } from './broker-configs.js';
import type { ConfigDefinition, ConfigSynonym } from './definition.js';
import { TOPIC_CONFIG_DEFINITIONS } from './topic-configs.js';
import { wholeOf } from './value.js';

/** What this broker was started with: only what somebody set, as text, by Kafka's names. */
export interface StaticBrokerConfig {
  readonly nodeId: NodeId;
  readonly values: ReadonlyMap<string, string>;
}

/** Kafka's numbers of where a value comes from, the strongest first. */
export const CONFIG_SOURCES = {
  dynamicTopic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  dynamicBrokerLogger: 6,
  dynamicClientMetrics: 7,
  dynamicGroup: 8,
} as const;
export type ConfigSource = (typeof CONFIG_SOURCES)[keyof typeof CONFIG_SOURCES];

/** A value and where it was set. */
export interface SourcedValue {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
}

/**
 * Every value that some broker configs have, those set on this broker first, then those set for all, then those it was
 * started with, then defaults; inside each source in the order of `names`.
 */
export function brokerValues(
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
  names: readonly string[],
): readonly SourcedValue[] {
  const { broker } = CONFIG_RESOURCE_TYPES;
  const sources: readonly (readonly [ConfigSource, (name: string) => string | null | undefined])[] = [
    [CONFIG_SOURCES.dynamicBroker, (name) => configs.of(broker, String(statics.nodeId)).get(name)],
    [CONFIG_SOURCES.dynamicDefaultBroker, (name) => configs.of(broker, '').get(name)],
    [CONFIG_SOURCES.staticBroker, (name) => statics.values.get(name)],
    [CONFIG_SOURCES.default, (name) => BROKER_CONFIG_DEFINITIONS.get(name)?.defaultValue],
  ];
  const values: SourcedValue[] = [];
  for (const [source, read] of sources) {
    for (const name of names) {
      const value = read(name);
      if (value !== undefined && value !== null) values.push({ name, value, source });
    }
  }
  return values;
}

/** The value of a broker config that is in force; null when nobody set it and it has no default. */
export function brokerConfigText(configs: ConfigsImage, statics: StaticBrokerConfig, name: string): string | null {
  invariant(BROKER_CONFIG_DEFINITIONS.has(name), `${name} is in the table of broker configs`);
  return brokerValues(configs, statics, [name])[0]?.value ?? null;
}

/** The value of a topic config that is in force: the topic's own, else what the broker's synonyms give. */
export function topicConfigText(
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
  topic: string,
  name: string,
): string | null {
  const own = configs.of(CONFIG_RESOURCE_TYPES.topic, topic).get(name);
  if (own !== undefined) return own;
  const definition = TOPIC_CONFIG_DEFINITIONS.get(name);
  invariant(definition !== undefined, `${name} is in the table of topic configs`);
  return inheritedText(configs, statics, definition);
}

/** What a topic or group that says nothing itself gets. */
export function inheritedText(
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
  { synonyms, defaultValue }: ConfigDefinition,
): string | null {
  for (const synonym of synonyms) {
    const value = brokerConfigText(configs, statics, synonym.name);
    if (value !== null) return scaled(value, synonym);
  }
  return defaultValue;
}

function scaled(value: string, { factor }: ConfigSynonym): string {
  if (factor === 1) return value;
  const whole = wholeOf(value);
  return (whole < 0n ? whole : whole * BigInt(factor)).toString(); // -1 hours is -1, for ever, and not -3600000
}
