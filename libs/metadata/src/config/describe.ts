import { invariant } from '@trunkline/kernel';
import type { ConfigMap, ConfigsImage } from '../image.js';
import { CONFIG_RESOURCE_TYPES } from '../records.js';
import { BROKER_CONFIG_DEFINITIONS } from './broker-configs.js';
import type { ConfigDefinition, ConfigDefinitions, ConfigType } from './definition.js';
import {
  CONFIG_SOURCES,
  brokerValues,
  inheritedText,
  type ConfigSource,
  type SourcedValue,
  type StaticBrokerConfig,
} from './effective.js';
import { CLIENT_METRICS_CONFIG_DEFINITIONS, GROUP_CONFIG_DEFINITIONS } from './other-configs.js';
import { TOPIC_CONFIG_DEFINITIONS } from './topic-configs.js';

/** One config as DescribeConfigs tells it. */
export interface ConfigEntry {
  readonly name: string;
  /** null when it is sensitive, or unset without a default. */
  readonly value: string | null;
  readonly type: ConfigType;
  readonly source: ConfigSource;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  /** Every value it has, the strongest first; that of a sensitive config is left out. */
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: ConfigSource }[];
  readonly documentation: string;
}

/** Kafka's numbers of the types. */
export const CONFIG_TYPE_CODES: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
};

/**
 * Broker configs that stand in for each other, the strongest first: each of the later ones speaks where those before
 * it are unset. Made of the synonyms that topics name.
 */
const FALLBACKS: ReadonlyMap<string, readonly string[]> = new Map(
  [...TOPIC_CONFIG_DEFINITIONS.values()].flatMap(({ synonyms }): [string, readonly string[]][] => {
    const names = synonyms.map(({ name }) => name);
    const [first] = names;
    return first === undefined ? [] : [[first, names]];
  }),
);

/** The configs of a topic; `own` is what was set on it, or would be. */
export function topicEntries(
  own: ConfigMap,
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
): readonly ConfigEntry[] {
  return inheritingEntries(TOPIC_CONFIG_DEFINITIONS, own, CONFIG_SOURCES.dynamicTopic, configs, statics);
}

/** The configs of a group, whether it exists or not. */
export function groupEntries(name: string, configs: ConfigsImage, statics: StaticBrokerConfig): readonly ConfigEntry[] {
  const own = configs.of(CONFIG_RESOURCE_TYPES.group, name);
  return inheritingEntries(GROUP_CONFIG_DEFINITIONS, own, CONFIG_SOURCES.dynamicGroup, configs, statics);
}

/** The configs of a subscription to client metrics, whether it exists or not. */
export function clientMetricsEntries(
  name: string,
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
): readonly ConfigEntry[] {
  const own = configs.of(CONFIG_RESOURCE_TYPES.clientMetrics, name);
  const source = CONFIG_SOURCES.dynamicClientMetrics;
  return inheritingEntries(CLIENT_METRICS_CONFIG_DEFINITIONS, own, source, configs, statics);
}

/** The configs of this broker. */
export function brokerEntries(configs: ConfigsImage, statics: StaticBrokerConfig): readonly ConfigEntry[] {
  return remembered(configs, statics, BROKER_CONFIG_DEFINITIONS, (definition) => {
    const synonyms = valuesOf(definition.name, configs, statics);
    return entry(definition, synonyms[0]?.value ?? null, synonyms, definition.update === 'read-only');
  });
}

/** What was set for all brokers, and nothing else. */
export function brokerDefaultEntries(configs: ConfigsImage): readonly ConfigEntry[] {
  const source = CONFIG_SOURCES.dynamicDefaultBroker;
  return [...configs.of(CONFIG_RESOURCE_TYPES.broker, '')].map(([name, value]) => {
    const definition = BROKER_CONFIG_DEFINITIONS.get(name);
    invariant(definition !== undefined, 'a config that was set is in the table');
    return entry(definition, value, [{ name, value, source }], false);
  });
}

function inheritingEntries(
  definitions: ConfigDefinitions,
  own: ConfigMap,
  ownSource: ConfigSource,
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
): readonly ConfigEntry[] {
  const inherited = remembered(configs, statics, definitions, (definition) => {
    const [broker] = definition.synonyms;
    const synonyms = broker === undefined ? ownDefault(definition) : valuesOf(broker.name, configs, statics);
    return entry(definition, inheritedText(configs, statics, definition), synonyms, false);
  });
  if (own.size === 0) return inherited;
  return inherited.map((one) => {
    const value = own.get(one.name);
    if (value === undefined) return one;
    const synonyms = [{ name: one.name, value: one.sensitive ? null : value, source: ownSource }, ...one.synonyms];
    return { ...one, value: one.sensitive ? null : value, source: ownSource, synonyms };
  });
}

/** As Kafka lists them: of the settings without a broker's, only a group's name their own default. */
function ownDefault({ name, defaultValue }: ConfigDefinition): readonly SourcedValue[] {
  if (defaultValue === null || !GROUP_CONFIG_DEFINITIONS.has(name)) return [];
  return [{ name, value: defaultValue, source: CONFIG_SOURCES.default }];
}

/** What one table comes to under one set of configs. */
interface Remembered {
  readonly statics: StaticBrokerConfig;
  readonly entries: readonly ConfigEntry[];
}

const memory = new WeakMap<ConfigsImage, Map<ConfigDefinitions, Remembered>>();

/**
 * The entries of a table, made up once for an image of configs: an answer about a thousand topics costs what differs
 * between them. Configs that still change (the controller's) are no image; they must not come here.
 */
function remembered(
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
  definitions: ConfigDefinitions,
  make: (definition: ConfigDefinition) => ConfigEntry,
): readonly ConfigEntry[] {
  const tables = memory.get(configs) ?? new Map<ConfigDefinitions, Remembered>();
  memory.set(configs, tables);
  const known = tables.get(definitions);
  if (known?.statics === statics) return known.entries;
  const entries = [...definitions.values()].map(make);
  tables.set(definitions, { statics, entries });
  return entries;
}

/** As Kafka lists them: what stands before the first value under the config's own name is left out. */
function valuesOf(name: string, configs: ConfigsImage, statics: StaticBrokerConfig): readonly SourcedValue[] {
  const values = brokerValues(configs, statics, FALLBACKS.get(name) ?? [name]);
  const first = values.findIndex((value) => value.name === name);
  return first === -1 ? [] : values.slice(first);
}

function entry(
  { name, type, sensitive, documentation }: ConfigDefinition,
  value: string | null,
  synonyms: readonly SourcedValue[],
  readOnly: boolean,
): ConfigEntry {
  return {
    name,
    type,
    value: sensitive ? null : value,
    source: synonyms[0]?.source ?? CONFIG_SOURCES.default,
    readOnly,
    sensitive,
    synonyms: sensitive ? synonyms.map((one) => ({ ...one, value: null })) : synonyms,
    documentation,
  };
}
