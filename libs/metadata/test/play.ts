import { type NodeId, type Uuid } from '@trunkline/kernel';
import type { Decision } from '@trunkline/kernel';
import { CONFIG_RESOURCE_TYPES, type MetadataRecord, type PartitionChangeRecord } from '../src/records.js';
import type { Outcome } from '../src/topic-control.js';
import type { ConfigOperation } from '../src/config-decisions.js';
import { ControllerWorld, newTopic, registration, staticConfig } from './fixture.js';

const OPERATIONS: readonly (readonly [string, ConfigOperation])[] = [
  ['+=', 'append'],
  ['-=', 'subtract'],
  ['=', 'set'],
];

/**
 * Plays commands to a controller and writes down what it decided: a line a record, then the answer. Ids are told by the
 * order in which they came.
 */
export function play(script: string, settings: Readonly<Record<string, string>> = {}): string {
  const world = new ControllerWorld(1, staticConfig(settings));
  const ids = new Map<Uuid, string>();
  const lines: string[] = [];
  for (const command of script.split('\n').map((line) => line.trim())) {
    if (command === '') continue;
    lines.push(`> ${command}`);
    try {
      const decision = decide(world, command.split(/\s+/));
      lines.push(...decision.records.map((record) => `  ${told(record, ids)}`));
      lines.push(...answers(decision.response).map((answer) => `  answer ${answer}`));
      world.commit(decision);
    } catch (reason) {
      lines.push(`  refused ${String(reason)}`);
    }
  }
  return lines.join('\n');
}

function decide(world: ControllerWorld, words: readonly string[]): Decision<MetadataRecord, unknown> {
  const { controller } = world;
  const [verb, ...rest] = words;
  switch (verb) {
    case 'broker':
      return controller.registerBroker(registration(Number(rest[0]), world.random, rest[1] ?? null));
    case 'shutdown':
      return controller.beginBrokerShutdown(Number(rest[0]) as NodeId, BigInt(rest[1] ?? 0));
    case 'create':
      return controller.createTopics(rest.map(wantedTopic));
    case 'rehearse':
      return controller.createTopics(rest.map(wantedTopic), { validateOnly: true });
    case 'grow':
      return controller.createPartitions(rest.map(wantedPartitions));
    case 'delete':
      return controller.deleteTopics(rest.map((name) => ({ name })));
    case 'producer-ids':
      return controller.allocateProducerIds(Number(rest[0]) as NodeId, BigInt(rest[1] ?? 0));
    case 'replace':
    case 'alter': {
      const [type = 'topic', name = '', ...changes] = rest;
      const mode = verb === 'replace' ? 'replace' : 'incremental';
      const resource = { type: typeOf(type), name: name === '-' ? '' : name };
      return controller.alterConfigs([{ resource, mode, changes: changes.map(change) }]);
    }
    default:
      throw new Error(`no such command: ${verb}`);
  }
}

/** `name:partitions:replicas:config=value`, all but the name optional. */
function wantedTopic(text: string): ReturnType<typeof newTopic> {
  const [name = '', partitions = '-1', replicas = '-1', ...configs] = text.split(':');
  const pairs = configs.map((config) => config.split('='));
  return newTopic(name, {
    partitionCount: Number(partitions),
    replicationFactor: Number(replicas),
    configs: pairs.map(([key = '', value = null]) => ({ name: key, value })),
  });
}

/** `name:count`, or with places: `name:count:1,2:2,3`. */
function wantedPartitions(text: string): {
  readonly name: string;
  readonly partitionCount: number;
  readonly assignments: readonly (readonly number[])[] | undefined;
} {
  const [name = '', count = '0', ...places] = text.split(':');
  const assignments = places.map((place) => place.split(',').map(Number));
  return { name, partitionCount: Number(count), assignments: places.length === 0 ? undefined : assignments };
}

function typeOf(word: string): (typeof CONFIG_RESOURCE_TYPES)[keyof typeof CONFIG_RESOURCE_TYPES] {
  const known = Object.entries(CONFIG_RESOURCE_TYPES).find(([name]) => name === word);
  if (known === undefined) throw new Error(`no such resource: ${word}`);
  return known[1];
}

function change(text: string): {
  readonly name: string;
  readonly operation: ConfigOperation;
  readonly value: string | null;
} {
  for (const [sign, operation] of OPERATIONS) {
    const at = text.indexOf(sign);
    if (at > 0) return { name: text.slice(0, at), operation, value: text.slice(at + sign.length) };
  }
  return { name: text, operation: 'delete', value: null };
}

/** A record in a line. */
export function told(record: MetadataRecord, ids: Map<Uuid, string>): string {
  const short = (id: Uuid): string => {
    const known = ids.get(id) ?? `T${ids.size + 1}`;
    ids.set(id, known);
    return known;
  };
  switch (record.kind) {
    case 'topic':
      return `topic ${short(record.topicId)} ${record.name}`;
    case 'partition-change':
      return partitionChange(record, short);
    case 'clear-elr':
      return `clear-elr ${record.topicName}`;
    case 'partition': {
      const { topicId, partitionId, replicas, isr, leader, leaderEpoch } = record;
      return `partition ${short(topicId)}-${partitionId} replicas ${replicas.join()} isr ${isr.join()} leader ${leader} e${leaderEpoch}`;
    }
    case 'remove-topic':
      return `remove-topic ${short(record.topicId)}`;
    case 'config':
      return `config ${record.resourceType}/${record.resourceName} ${record.name}=${record.value}`;
    case 'register-broker':
      return `register-broker ${record.brokerId} epoch ${record.brokerEpoch} rack ${record.rack}${record.fenced ? ' fenced' : ''}`;
    case 'broker-registration-change': {
      const { brokerId, fenced, inControlledShutdown, logDirs } = record;
      const changes = [
        ...(fenced === undefined ? [] : [fenced ? 'fenced' : 'unfenced']),
        ...(inControlledShutdown === undefined ? [] : ['shuts down']),
        ...(logDirs === undefined ? [] : [`has ${logDirs.length} directories`]),
      ];
      return `broker-registration-change ${brokerId} ${changes.join(', ')}`;
    }
    case 'unregister-broker':
      return `unregister-broker ${record.brokerId}`;
    case 'feature-level':
      return `feature-level ${record.name} ${record.featureLevel}`;
    case 'producer-ids':
      return `producer-ids next ${record.nextProducerId}`;
    case 'no-op':
      return record.kind;
  }
}

function partitionChange(record: PartitionChangeRecord, short: (id: Uuid) => string): string {
  const list = (ids: readonly number[]): string => (ids.length === 0 ? 'none' : ids.join());
  const changes = [
    record.replicas && `replicas ${list(record.replicas)}`,
    record.addingReplicas && `adding ${list(record.addingReplicas)}`,
    record.removingReplicas && `removing ${list(record.removingReplicas)}`,
    record.isr && `isr ${list(record.isr)}`,
    record.eligibleLeaderReplicas && `elr ${list(record.eligibleLeaderReplicas)}`,
    record.lastKnownElr && `last leader ${list(record.lastKnownElr)}`,
    record.leader !== undefined && `leader ${record.leader === -1 ? 'none' : record.leader}`,
    record.leaderRecoveryState !== undefined && (record.leaderRecoveryState === 1 ? 'recovering' : 'recovered'),
    record.directories && 'directories',
  ];
  return `partition-change ${short(record.topicId)}-${record.partitionId} ${changes.filter(Boolean).join(' ')}`;
}

function answers(response: unknown): readonly string[] {
  if (Array.isArray(response)) return response.map((one: Outcome & { readonly name?: string }) => outcome(one));
  if (response === undefined) return [];
  return [JSON.stringify(response, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))];
}

function outcome({ error, name }: Outcome & { readonly name?: string }): string {
  return `${name ?? ''} ${error === undefined ? 'done' : error.message}`.trim();
}
