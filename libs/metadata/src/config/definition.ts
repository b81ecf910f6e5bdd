/** Kafka's types of config values; on the wire every value is text. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'SHORT' | 'INT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

/** When a broker config may change (KIP-226): with a restart, or at run time for one broker and for all of them. */
export type UpdateMode = 'read-only' | 'cluster-wide';

/** Says in a sentence's second half what is wrong with a value (`must be at least 1`), or undefined when nothing is. */
export type Check = (value: ConfigValue) => string | undefined;

/** A parsed value: numbers of all types are bigint or number, lists are arrays of their trimmed elements. */
export type ConfigValue = boolean | bigint | number | string | readonly string[];

/** One config, as Kafka names it. */
export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  /** As text; null means unset. */
  readonly defaultValue: string | null;
  readonly check: Check | undefined;
  /** One or two sentences of our own. */
  readonly documentation: string;
  /** Never shown to anybody. */
  readonly sensitive: boolean;
  readonly update: UpdateMode;
  /** For a topic or group config: the broker configs that give its default, the strongest first. */
  readonly synonyms: readonly ConfigSynonym[];
}

/** A broker config that stands in for another config, in units that may be coarser. */
export interface ConfigSynonym {
  readonly name: string;
  /** Multiplies the broker's value (hours to milliseconds); 1 when it is taken as it is. */
  readonly factor: number;
}

export type ConfigDefinitions = ReadonlyMap<string, ConfigDefinition>;

/** What a row says beside name, type, default and documentation. */
export interface DefinitionOptions {
  readonly check?: Check;
  readonly sensitive?: boolean;
  readonly update?: UpdateMode;
  /** `log.retention.ms`, or `log.retention.hours*3600000`. */
  readonly synonyms?: readonly string[];
}

/** One row of a table of configs. */
export function define(
  name: string,
  type: ConfigType,
  defaultValue: string | null,
  documentation: string,
  { check, sensitive = false, update = 'read-only', synonyms = [] }: DefinitionOptions = {},
): ConfigDefinition {
  return { name, type, defaultValue, check, documentation, sensitive, update, synonyms: synonyms.map(synonym) };
}

/** A table of configs out of its rows, in their order. */
export function definitions(...rows: readonly (readonly ConfigDefinition[])[]): ConfigDefinitions {
  return new Map(rows.flat().map((row) => [row.name, row]));
}

function synonym(text: string): ConfigSynonym {
  const [name = '', factor = '1'] = text.split('*');
  return { name, factor: Number(factor) };
}
