import { ApiError, utf8 } from '@trunkline/kernel';
import { BROKER_CONFIG_DEFINITIONS } from './config/broker-configs.js';
import type { ConfigDefinition, ConfigDefinitions } from './config/definition.js';
import { brokerConfigText, inheritedText, type StaticBrokerConfig } from './config/effective.js';
import { CLIENT_METRICS_CONFIG_DEFINITIONS, GROUP_CONFIG_DEFINITIONS } from './config/other-configs.js';
import { groupFault, topicFault } from './config/together.js';
import { TOPIC_CONFIG_DEFINITIONS } from './config/topic-configs.js';
import { configFault, listOf, wholeOf } from './config/value.js';
import type { ConfigMap, ConfigResource, ConfigsImage } from './image.js';
import { CONFIG_RESOURCE_TYPES, type ConfigRecord, type ConfigResourceType } from './records.js';

/** Bytes of a config's value: what Kafka's strings can hold. */
export const CONFIG_VALUE_BYTES_MAX = 32_767;

/** How many replicas must have a record before it counts as committed. */
export const MIN_ISR = 'min.insync.replicas';

/** KIP-339: what to do with a config. */
export type ConfigOperation = 'set' | 'delete' | 'append' | 'subtract';

/** One change of one config; `value` does not matter to `delete`. */
export interface ConfigChange {
  readonly name: string;
  readonly operation: ConfigOperation;
  readonly value: string | null;
}

/** Changes of a resource. `replace` takes away what is not named (AlterConfigs); `incremental` leaves it. */
export interface ConfigAlteration {
  readonly resource: ConfigResource;
  readonly mode: 'replace' | 'incremental';
  readonly changes: readonly ConfigChange[];
}

/** The records of an alteration; none for what is so already. Throws INVALID_REQUEST, INVALID_CONFIG. */
export function decideConfigs(
  { resource, mode, changes }: ConfigAlteration,
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
): readonly ConfigRecord[] {
  const definitions = definitionsOf(resource.type);
  const before = configs.of(resource.type, resource.name);
  const after = new Map(mode === 'replace' ? kept(resource, before) : before);
  const seen = new Set<string>();
  for (const change of changes) {
    if (seen.has(change.name)) throw new ApiError('INVALID_REQUEST', `Config ${change.name} is named twice`);
    seen.add(change.name);
    if (change.operation === 'delete') {
      refuseWithoutMinIsr(resource, change.name, before);
      after.delete(change.name); // A name that nobody knows has no value, so that is done already.
      continue;
    }
    const definition = definitionOf(definitions, resource, change.name);
    const value = changedValue(definition, change, before, configs, statics);
    const fault = lengthFault(change.name, value) ?? configFault(definition, value);
    if (fault !== undefined) throw new ApiError(faultCode(resource, change.name), fault);
    if (isWrittenBack(resource, definition, value, configs, statics)) continue;
    after.set(change.name, value);
  }
  refuseTogether(resource, after, configs, statics);
  return changedRecords(resource, before, after);
}

/** The table of a resource's configs. Throws INVALID_REQUEST for what carries none here. */
export function definitionsOf(type: ConfigResourceType): ConfigDefinitions {
  switch (type) {
    case CONFIG_RESOURCE_TYPES.topic:
      return TOPIC_CONFIG_DEFINITIONS;
    case CONFIG_RESOURCE_TYPES.broker:
      return BROKER_CONFIG_DEFINITIONS;
    case CONFIG_RESOURCE_TYPES.group:
      return GROUP_CONFIG_DEFINITIONS;
    case CONFIG_RESOURCE_TYPES.clientMetrics:
      return CLIENT_METRICS_CONFIG_DEFINITIONS;
    case CONFIG_RESOURCE_TYPES.brokerLogger:
      throw new ApiError('INVALID_REQUEST', 'Loggers cannot be changed over the wire');
  }
}

/** What stays though a replacement does not name it. */
function kept({ type, name }: ConfigResource, before: ConfigMap): readonly (readonly [string, string])[] {
  const minIsr = type === CONFIG_RESOURCE_TYPES.broker && name === '' ? before.get(MIN_ISR) : undefined;
  return minIsr === undefined ? [] : [[MIN_ISR, minIsr]];
}

/** What a list grew to by appending counts too: a longer value could not be written down. */
function lengthFault(name: string, value: string): string | undefined {
  const { byteLength } = utf8(value);
  if (byteLength <= CONFIG_VALUE_BYTES_MAX) return undefined;
  return `The value of ${name} would have ${byteLength} bytes; at most ${CONFIG_VALUE_BYTES_MAX} are allowed`;
}

/** Kafka tells a wrong value of a broker, or of the interval of client metrics, by another code than all others. */
function faultCode({ type }: ConfigResource, name: string): 'INVALID_REQUEST' | 'INVALID_CONFIG' {
  const { broker, clientMetrics } = CONFIG_RESOURCE_TYPES;
  return type === broker || (type === clientMetrics && name === 'interval.ms') ? 'INVALID_REQUEST' : 'INVALID_CONFIG';
}

function definitionOf(definitions: ConfigDefinitions, { type }: ConfigResource, name: string): ConfigDefinition {
  const definition = definitions.get(name);
  if (definition === undefined) {
    const code = type === CONFIG_RESOURCE_TYPES.clientMetrics ? 'INVALID_REQUEST' : 'INVALID_CONFIG';
    throw new ApiError(code, `There is no config ${name.slice(0, 100)} for this kind of resource`);
  }
  return definition;
}

function changedValue(
  definition: ConfigDefinition,
  { name, operation, value }: ConfigChange,
  before: ConfigMap,
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
): string {
  if (value === null) throw new ApiError('INVALID_REQUEST', `Config ${name} needs a value; null is none`);
  if (operation === 'set') return value;
  if (definition.type !== 'LIST') {
    throw new ApiError('INVALID_CONFIG', `Config ${name} is no list, so nothing can be added to it or taken from it`);
  }
  const now = listOf(before.get(name) ?? inheritedText(configs, statics, definition) ?? '');
  const named = listOf(value);
  const elements =
    operation === 'append' ? [...new Set([...now, ...named])] : now.filter((word) => !named.includes(word));
  return elements.join(',');
}

/**
 * All brokers must agree on min.insync.replicas, or they would disagree on who has everything that was committed: none
 * gets a value of its own (see {@link isWrittenBack}), and the common one stays once it is set (KIP-966, C39).
 */
function refuseWithoutMinIsr(resource: ConfigResource, name: string, before: ConfigMap): void {
  if (resource.type !== CONFIG_RESOURCE_TYPES.broker || resource.name !== '') return;
  if (name !== MIN_ISR || !before.has(MIN_ISR)) return;
  throw new ApiError('INVALID_CONFIG', `${MIN_ISR} of all brokers cannot be taken away; set another value`);
}

/**
 * Whether a broker config that cannot change at run time, or not for one broker alone, is given the value it has. Tools
 * read all configs and write them back: that is accepted, and changes nothing (semantics, item 167). Throws
 * INVALID_REQUEST and INVALID_CONFIG for another value.
 */
function isWrittenBack(
  resource: ConfigResource,
  { name, update }: ConfigDefinition,
  value: string,
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
): boolean {
  if (resource.type !== CONFIG_RESOURCE_TYPES.broker) return false;
  const isCommon = name === MIN_ISR && resource.name !== '';
  if (update !== 'read-only' && !isCommon) return false;
  if (brokerConfigText(configs, statics, name) === value) return true;
  if (isCommon) throw new ApiError('INVALID_CONFIG', `${name} is the same for all brokers; set their default`);
  throw new ApiError('INVALID_REQUEST', `Config ${name} cannot change while the broker runs; set it and start again`);
}

function refuseTogether(
  { type }: ConfigResource,
  after: ConfigMap,
  configs: ConfigsImage,
  statics: StaticBrokerConfig,
): void {
  const inForce = (definitions: ConfigDefinitions) => (name: string) => {
    const definition = definitions.get(name);
    return wholeOf(after.get(name) ?? (definition && inheritedText(configs, statics, definition)) ?? '0');
  };
  const broker = (name: string): bigint => wholeOf(brokerConfigText(configs, statics, name) ?? '0');
  const fault =
    type === CONFIG_RESOURCE_TYPES.topic
      ? topicFault(inForce(TOPIC_CONFIG_DEFINITIONS))
      : type === CONFIG_RESOURCE_TYPES.group
        ? groupFault(inForce(GROUP_CONFIG_DEFINITIONS), broker)
        : undefined;
  if (fault !== undefined) throw new ApiError('INVALID_CONFIG', fault);
}

function changedRecords(resource: ConfigResource, before: ConfigMap, after: ConfigMap): readonly ConfigRecord[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({
      kind: 'config',
      resourceType: resource.type,
      resourceName: resource.name,
      name,
      value: after.get(name) ?? null,
    }));
}
