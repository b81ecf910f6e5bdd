import { type NodeId, invariant, nodeId } from '@trunkline/kernel';
import {
  BROKER_CONFIG_DEFINITIONS,
  type ConfigDefinition,
  type ConfigValue,
  type StaticBrokerConfig,
  brokerFault,
  configFault,
  parseConfig,
} from '@trunkline/metadata';
import { type ClusterConfig, ClusterFault, parseCluster } from './config/cluster.js';
import { type ListenerConfig, ListenerFault, parseListeners } from './config/listeners.js';
import { nearestName } from './config/nearest.js';
import { SERVER_LIMITS, type ServerLimits } from './server/server-limits.js';

/**
 * What a broker is started with, read and checked.
 *
 * Only what a part needs at its start stands here as a field. Settings that topics, groups or brokers may change at run
 * time are in `statics` as texts, and the metadata's tables say what is in force.
 */
export interface BrokerConfig {
  /** node.id */
  readonly nodeId: NodeId;
  /** log.dirs: one directory */
  readonly dataDir: string;
  /** listeners, advertised.listeners, listener.security.protocol.map */
  readonly listeners: readonly ListenerConfig[];
  /** process.roles, controller.quorum.voters and the listeners that nodes use between each other. */
  readonly cluster: ClusterConfig;
  /** broker.rack; null: none */
  readonly rack: string | null;
  /** Limits on connections and requests. */
  readonly limits: ServerLimits;
  /** Everything that somebody set, by Kafka's names, as text. */
  readonly statics: StaticBrokerConfig;
  /** A whole number by its Kafka name: what was set, or the default. Unset without default: -1. */
  integer(name: string): number;
  /** A boolean by its Kafka name. */
  flag(name: string): boolean;
  /** A text by its Kafka name; null: unset without default. */
  text(name: string): string | null;
}

/** Settings from one place: a file, flags, the environment. */
export interface SettingsSource {
  /** Where they stand, for sentences: `server.properties`, `--set`. */
  readonly origin: string;
  readonly values: ReadonlyMap<string, string>;
}

/** A setting that cannot be. The text names where it stands, the key, the value and what is allowed. */
export class ConfigFault extends Error {
  constructor(
    readonly key: string,
    text: string,
  ) {
    super(text);
    this.name = 'ConfigFault';
  }
}

/** Names that are read as another one. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['log.dir', 'log.dirs'],
  ['data.dir', 'log.dirs'],
  ['broker.id', 'node.id'],
]);

/** The names of all settings. */
export function settingNames(): readonly string[] {
  return [...BROKER_CONFIG_DEFINITIONS.keys(), ...ALIASES.keys()];
}

const UNLIMITED = 2 ** 31 - 1;

/**
 * Merges settings, the later source before the earlier, and checks them all.
 *
 * Throws {@link ConfigFault} for a name nobody knows, a value that is not allowed, and for values that do not go
 * together. `hostname` is told to clients of listeners on every interface.
 */
export function brokerConfig(sources: readonly SettingsSource[], hostname = 'localhost'): BrokerConfig {
  const merged = new Map<string, { readonly value: string; readonly origin: string }>();
  for (const { origin, values } of sources) {
    for (const [written, value] of values) {
      if (written === 'broker.id' && value.trim() === '-1') continue; // Kafka's word for "see node.id".
      const name = ALIASES.get(written) ?? written;
      checkOne(origin, written, name, value);
      merged.set(name, { value, origin });
    }
  }
  const read = (name: string): ConfigValue | null => valueOf(name, merged.get(name)?.value);
  const integer = (name: string): number => Number(read(name) ?? -1);
  const where = (name: string): string => merged.get(name)?.origin ?? 'the default';
  const dirs = read('log.dirs');
  if (!Array.isArray(dirs) || dirs.length !== 1) {
    throw new ConfigFault('log.dirs', `${where('log.dirs')}: log.dirs=${String(dirs)} must name exactly one directory`);
  }
  const together = brokerFault((name) => BigInt(integer(name)));
  if (together !== undefined) throw new ConfigFault(together.split(' ', 1)[0] ?? '', together);
  const id = nodeId(integer('node.id'));
  const listeners = readListeners(read, where, hostname);
  return Object.freeze({
    nodeId: id,
    dataDir: String(dirs[0]),
    listeners,
    cluster: readCluster(id, read, where, listeners),
    rack: textOf(read('broker.rack')),
    limits: readLimits(integer, String(read('max.connections.per.ip.overrides') ?? ''), where),
    statics: {
      nodeId: id,
      values: new Map([
        ...(merged.has('listeners') ? toldAddresses(listeners) : []),
        ...[...merged].map(([name, { value }]) => [name, value] as const),
      ]),
    },
    integer,
    flag: (name: string) => read(name) === true,
    text: (name: string) => textOf(read(name)),
  });
}

/** `advertised.listeners` that follow from `listeners` that were set, so that whoever describes this broker reads where it is. */
function toldAddresses(listeners: readonly ListenerConfig[]): readonly (readonly [string, string])[] {
  if (listeners.some(({ advertised }) => advertised.port === 0)) return []; // Known only when it is bound.
  const told = listeners.map(({ name, advertised: { host, port } }) => {
    return `${name}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  });
  return [['advertised.listeners', told.join(',')]];
}

function textOf(value: ConfigValue | null): string | null {
  return value === null ? null : Array.isArray(value) ? value.join(',') : String(value);
}

function definitionOf(name: string): ConfigDefinition {
  const definition = BROKER_CONFIG_DEFINITIONS.get(name);
  invariant(definition !== undefined, `${name} is in the table of broker configs`);
  return definition;
}

function valueOf(name: string, text: string | undefined): ConfigValue | null {
  const definition = definitionOf(name);
  const shown = text ?? definition.defaultValue;
  if (shown === null) return null;
  const parsed = parseConfig(definition, shown);
  invariant('value' in parsed, `the value of ${name} was checked`);
  return parsed.value;
}

function checkOne(origin: string, written: string, name: string, value: string): void {
  const definition = BROKER_CONFIG_DEFINITIONS.get(name);
  if (definition === undefined) {
    const nearest = nearestName(written, BROKER_CONFIG_DEFINITIONS.keys());
    const hint = nearest === undefined ? 'see the README for the names there are' : `did you mean ${nearest}?`;
    throw new ConfigFault(written, `${origin}: there is no setting ${written}; ${hint}`);
  }
  const fault = configFault(definition, value);
  if (fault !== undefined) throw new ConfigFault(written, `${origin}: ${fault}`);
}

function readCluster(
  id: NodeId,
  read: (name: string) => ConfigValue | null,
  where: (name: string) => string,
  listeners: readonly ListenerConfig[],
): ClusterConfig {
  try {
    return parseCluster({
      nodeId: id,
      roles: listOf(read('process.roles')),
      voters: listOf(read('controller.quorum.voters')),
      interBrokerListener: textOf(read('inter.broker.listener.name')),
      controllerListeners: listOf(read('controller.listener.names')),
      listeners,
    });
  } catch (error) {
    if (!(error instanceof ClusterFault)) throw error;
    throw new ConfigFault(error.key, `${where(error.key)}: ${error.key}=${error.value} ${error.message}`);
  }
}

function listOf(value: ConfigValue | null): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function readListeners(
  read: (name: string) => ConfigValue | null,
  where: (name: string) => string,
  hostname: string,
): readonly ListenerConfig[] {
  try {
    return parseListeners({
      listeners: listOf(read('listeners')),
      advertised: listOf(read('advertised.listeners')),
      protocols: String(read('listener.security.protocol.map') ?? ''),
      hostname,
    });
  } catch (error) {
    if (!(error instanceof ListenerFault)) throw error;
    throw new ConfigFault(error.key, `${where(error.key)}: ${error.key}=${error.value} ${error.message}`);
  }
}

function readLimits(
  integer: (name: string) => number,
  overrides: string,
  where: (name: string) => string,
): ServerLimits {
  const orInfinity = (value: number): number => (value < 0 ? Infinity : value);
  return Object.freeze({
    ...SERVER_LIMITS,
    requestBytesMax: integer('socket.request.max.bytes'),
    queuedRequestBytesMax: orInfinity(integer('queued.max.request.bytes')),
    queuedResponseBytesMax: orInfinity(integer('trunkline.queued.max.response.bytes')),
    connectionsMax: integer('max.connections'),
    connectionsPerHostMax: integer('max.connections.per.ip'),
    connectionsPerHostOverrides: readOverrides(overrides, where('max.connections.per.ip.overrides')),
    connectionsPerSecondMax: integer('max.connection.creation.rate'),
    idleMsMax: orInfinity(integer('connections.max.idle.ms')),
  });
}

function readOverrides(text: string, origin: string): ReadonlyMap<string, number> {
  const overrides = new Map<string, number>();
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const parts = /^(.+):(\d+)$/.exec(pair.trim());
    if (parts === null || Number(parts[2]) > UNLIMITED) {
      const name = 'max.connections.per.ip.overrides';
      throw new ConfigFault(name, `${origin}: ${name}=${text} must have the form host:limit,host:limit`);
    }
    overrides.set(parts[1]!, Number(parts[2]));
  }
  return overrides;
}

/** The config of a broker that nobody told anything. */
export const DEFAULTS: BrokerConfig = brokerConfig([]);
