import {
  AlterConfigs,
  type Decoded,
  DescribeConfigs,
  IncrementalAlterConfigs,
  ListConfigResources,
} from '@trunkline/protocol';
import type { Target } from '../cluster/cluster.js';
import { KafkaError } from '../error.js';
import type { CallOptions, ChangeOptions } from './admin-options.js';
import { type AdminScope, Call } from './call.js';
import { grouped, lookup } from './keys.js';
import { nothing } from './numbers.js';
import type { KeyKind, Outcomes } from './outcome.js';
import { type Stop, perform, performOne } from './perform.js';
import { ANYONE, toAnyone } from './routes.js';
import { words } from './words.js';

const RESOURCE_TYPES = words('the resource type', {
  topic: 2,
  broker: 4,
  broker_logger: 8,
  client_metrics: 16,
  group: 32,
});
const SOURCES = words('the config source', {
  dynamic_topic: 1,
  dynamic_broker: 2,
  dynamic_default_broker: 3,
  static_broker: 4,
  default: 5,
  dynamic_broker_logger: 6,
  client_metrics: 7,
  group: 8,
});
const TYPES = words('the config type', {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
});
const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export type ConfigResourceType = (typeof RESOURCE_TYPES.all)[number];
export type ConfigSource = (typeof SOURCES.all)[number] | 'unknown';
export type ConfigType = (typeof TYPES.all)[number] | 'unknown';

/** What has configs. A broker's name is its id as text; the empty name stands for the default of all brokers. */
export interface ConfigResource {
  readonly type: ConfigResourceType;
  readonly name: string;
}

const RESOURCE: KeyKind<ConfigResource> = {
  id: ({ type, name }) => `${type} ${name}`,
  text: ({ type, name }) => (name === '' ? `the default of every ${type}` : `${type} ${name}`),
};

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | undefined;
  readonly source: ConfigSource;
}

export interface ConfigEntry {
  readonly name: string;
  /** undefined: it has none, or it is sensitive. */
  readonly value: string | undefined;
  readonly source: ConfigSource;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly type: ConfigType;
  /** What holds when this value is taken away, in order; empty unless asked for. */
  readonly synonyms: readonly ConfigSynonym[];
  /** undefined unless asked for. */
  readonly documentation: string | undefined;
}

export interface DescribeConfigsOptions extends CallOptions {
  /** Only these configs; all. */
  readonly names?: readonly string[];
  readonly includeSynonyms?: boolean;
  readonly includeDocumentation?: boolean;
}

/** Changes of single configs; what is not named stays as it is. */
export interface ConfigChanges extends ConfigResource {
  readonly set?: Readonly<Record<string, string>>;
  /** Back to the default. */
  readonly remove?: readonly string[];
  /** Elements added to a config that is a list. */
  readonly append?: Readonly<Record<string, string>>;
  /** Elements taken out of a config that is a list. */
  readonly subtract?: Readonly<Record<string, string>>;
}

/** All configs that a resource shall have of its own. */
export interface ConfigReplacement extends ConfigResource {
  readonly configs: Readonly<Record<string, string>>;
}

/** Configs of topics, brokers, groups, loggers and client metrics. What belongs to one broker is asked of that broker. */
export class AdminConfigs {
  readonly #scope: AdminScope;

  constructor(scope: AdminScope) {
    this.#scope = scope;
  }

  /** The configs of each resource, by name. */
  async describe(
    resources: readonly ConfigResource[],
    options: DescribeConfigsOptions = {},
  ): Promise<Outcomes<ConfigResource, ReadonlyMap<string, ConfigEntry>>> {
    const call = new Call(this.#scope, options);
    return perform<ConfigResource, ReadonlyMap<string, ConfigEntry>>(call, {
      kind: RESOURCE,
      keys: resources.map(resourceOf),
      route: toOwners,
      ask: async ({ target, keys }, rounds) => {
        const { body } = await call.ask(target, DescribeConfigs, {
          resources: keys.map((key) => ({ ...onWire(key), configurationKeys: options.names ?? null })),
          includeSynonyms: options.includeSynonyms ?? false,
          includeDocumentation: options.includeDocumentation ?? false,
        });
        for (const { errorCode, errorMessage, configs, ...resource } of body.results) {
          const key = fromWire(resource);
          if (key === undefined) continue;
          rounds.answer(
            key,
            errorCode,
            errorMessage,
            () => new Map(configs.map((entry) => [entry.name, entryOf(entry)])),
          );
        }
      },
    });
  }

  /** Changes single configs [incrementalAlterConfigs]. A resource's changes are made together or not at all. */
  async alter(changes: readonly ConfigChanges[], options: ChangeOptions = {}): Promise<Outcomes<ConfigResource, void>> {
    return this.#change(changes, options, operations, (call, target, body) =>
      call.ask(target, IncrementalAlterConfigs, body),
    );
  }

  /**
   * Replaces all configs of each resource; what is not named falls back to its default [alterConfigs]. For brokers
   * without `alter`, and for those who mean just that.
   */
  async replace(
    replacements: readonly ConfigReplacement[],
    options: ChangeOptions = {},
  ): Promise<Outcomes<ConfigResource, void>> {
    return this.#change(
      replacements,
      options,
      ({ configs }) => Object.entries(configs).map(([name, value]) => ({ name, value })),
      (call, target, body) => call.ask(target, AlterConfigs, body),
    );
  }

  async #change<Change extends ConfigResource, Entry>(
    changes: readonly Change[],
    options: ChangeOptions,
    entriesOf: (change: Change) => Entry[],
    ask: (call: Call, target: Target, body: Changes<Entry>) => Promise<Changed>,
  ): Promise<Outcomes<ConfigResource, void>> {
    const call = new Call(this.#scope, options);
    const configsOf = lookup(RESOURCE, changes, entriesOf);
    return perform<ConfigResource, void>(call, {
      kind: RESOURCE,
      keys: changes.map(resourceOf),
      route: toOwners,
      ask: async ({ target, keys }, rounds) => {
        const { body } = await ask(call, target, {
          resources: keys.map((key) => ({ ...onWire(key), configs: configsOf(key) })),
          validateOnly: options.validateOnly ?? false,
        });
        rounds.throttled(body.throttleTimeMs);
        for (const { errorCode, errorMessage, ...resource } of body.responses) {
          const key = fromWire(resource);
          if (key !== undefined) rounds.answer(key, errorCode, errorMessage, nothing);
        }
      },
    });
  }

  /** The resources that have configs of their own; all kinds unless some are named. Other kinds than client metrics: brokers from 4.1 on. */
  async listResources(
    types: readonly ConfigResourceType[] = [],
    options: CallOptions = {},
  ): Promise<readonly ConfigResource[]> {
    const call = new Call(this.#scope, options);
    const onlyMetrics = types.length === 1 && types[0] === 'client_metrics';
    return performOne(call, 'config resources', toAnyone, async (target) => {
      const { body } = await call.ask(
        target,
        ListConfigResources,
        (version) => (version === 0 ? {} : { resourceTypes: types.map(RESOURCE_TYPES.numberOf) }),
        { versionMin: onlyMetrics ? 0 : 1 },
      );
      KafkaError.check(body.errorCode, 'config resources');
      return body.configResources.flatMap((resource) => fromWire(resource) ?? []);
    });
  }
}

type Described = Decoded<typeof DescribeConfigs.response>['results'][number]['configs'][number];

function resourceOf({ type, name }: ConfigResource): ConfigResource {
  return { type, name };
}

function onWire({ type, name }: ConfigResource): { resourceType: number; resourceName: string } {
  return { resourceType: RESOURCE_TYPES.numberOf(type), resourceName: name };
}

function fromWire(resource: { resourceType: number; resourceName: string }): ConfigResource | undefined {
  const type = RESOURCE_TYPES.wordOf(resource.resourceType);
  return type === 'unknown' ? undefined : { type, name: resource.resourceName };
}

/** What a broker knows of itself only it can tell and change. */
function toOwners(keys: readonly ConfigResource[]): readonly Stop<ConfigResource>[] {
  return [...grouped(keys, ownerOf)].map(([nodeId, of]) => {
    const target: Target = nodeId === undefined ? ANYONE : { kind: 'node', nodeId };
    return { target, keys: of };
  });
}

function ownerOf({ type, name }: ConfigResource): number | undefined {
  if ((type !== 'broker' && type !== 'broker_logger') || name === '') return undefined;
  if (/^\d{1,10}$/.test(name)) return Number(name);
  throw new KafkaError('MISUSE', `the name of a ${type} is its id as text, not ${JSON.stringify(name)}`);
}

/** What both requests that change configs say, each with entries of its own. */
interface Changes<Entry> {
  readonly resources: (ReturnType<typeof onWire> & { readonly configs: Entry[] })[];
  readonly validateOnly: boolean;
}

/** What both answer. */
interface Changed {
  readonly body: Decoded<typeof AlterConfigs.response>;
}

function operations(changes: ConfigChanges): { name: string; configOperation: number; value: string | null }[] {
  const { set = {}, remove = [], append = {}, subtract = {} } = changes;
  return [
    ...Object.entries(set).map(([name, value]) => ({ name, configOperation: OPERATIONS.set, value })),
    ...remove.map((name) => ({ name, configOperation: OPERATIONS.delete, value: null })),
    ...Object.entries(append).map(([name, value]) => ({ name, configOperation: OPERATIONS.append, value })),
    ...Object.entries(subtract).map(([name, value]) => ({ name, configOperation: OPERATIONS.subtract, value })),
  ];
}

function entryOf(entry: Described): ConfigEntry {
  return {
    name: entry.name,
    value: entry.value ?? undefined,
    source: SOURCES.wordOf(entry.configSource),
    readOnly: entry.readOnly,
    sensitive: entry.isSensitive,
    type: TYPES.wordOf(entry.configType),
    synonyms: entry.synonyms.map(({ name, value, source }) => ({
      name,
      value: value ?? undefined,
      source: SOURCES.wordOf(source),
    })),
    documentation: entry.documentation ?? undefined,
  };
}
