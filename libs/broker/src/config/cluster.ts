import { type NodeId, nodeId } from '@trunkline/kernel';
import type { ListenerConfig } from './listeners.js';

/** A voter of the metadata quorum, and where it listens for the others. */
export interface QuorumVoter {
  readonly nodeId: NodeId;
  readonly host: string;
  readonly port: number;
}

/** What makes a node part of a cluster. */
export interface ClusterConfig {
  /** No voters are named: this node is the whole cluster. It sends no heartbeats, and is alive as long as it answers. */
  readonly isAlone: boolean;
  /** process.roles */
  readonly isBroker: boolean;
  /** process.roles: has a vote on the metadata, and may become the active controller. */
  readonly isController: boolean;
  /** controller.quorum.voters */
  readonly voters: readonly QuorumVoter[];
  /** inter.broker.listener.name; default: the first listener */
  readonly interBrokerListener: string;
  /** controller.listener.names, the first of them; default: the first listener */
  readonly controllerListener: string;
}

/** What is wrong with a setting, as the second half of a sentence. */
export class ClusterFault extends Error {
  constructor(
    readonly key: string,
    readonly value: string,
    why: string,
  ) {
    super(why);
    this.name = 'ClusterFault';
  }
}

/** Texts of the settings that {@link parseCluster} reads. */
export interface ClusterTexts {
  readonly nodeId: NodeId;
  readonly roles: readonly string[];
  readonly voters: readonly string[];
  readonly interBrokerListener: string | null;
  readonly controllerListeners: readonly string[];
  readonly listeners: readonly ListenerConfig[];
}

/** Reads who belongs to the cluster. Throws {@link ClusterFault}. */
export function parseCluster(texts: ClusterTexts): ClusterConfig {
  const { roles, listeners } = texts;
  const voters = texts.voters.map(parseVoter);
  const isController = roles.includes('controller');
  const isBroker = roles.includes('broker');
  refuseOddVoters(texts, voters, isController);
  const first = listeners[0]?.name ?? '';
  const interBrokerListener = texts.interBrokerListener ?? first;
  const controllerListener = texts.controllerListeners[0] ?? first;
  refuseUnknownListener('inter.broker.listener.name', interBrokerListener, listeners);
  if (isController) refuseUnknownListener('controller.listener.names', controllerListener, listeners);
  return Object.freeze({
    isAlone: voters.length === 0,
    isBroker,
    isController,
    voters,
    interBrokerListener,
    controllerListener,
  });
}

function refuseOddVoters(
  { nodeId: self, roles, voters: texts }: ClusterTexts,
  voters: readonly QuorumVoter[],
  isController: boolean,
): void {
  const named = voters.some((voter) => voter.nodeId === self);
  const text = texts.join(',');
  if (new Set(voters.map((voter) => voter.nodeId)).size < voters.length) {
    throw new ClusterFault('controller.quorum.voters', text, 'names a node twice');
  }
  if (voters.length > 0 && isController && !named) {
    const why = `must name this node (node.id=${self}), which has the role controller; or take process.roles=broker`;
    throw new ClusterFault('controller.quorum.voters', text, why);
  }
  if (named && !isController) {
    throw new ClusterFault('process.roles', roles.join(','), 'must hold controller: controller.quorum.voters names it');
  }
  if (voters.length === 0 && !(isController && roles.includes('broker'))) {
    const why = 'must be broker,controller as long as controller.quorum.voters names nobody';
    throw new ClusterFault('process.roles', roles.join(','), why);
  }
}

function refuseUnknownListener(key: string, name: string, listeners: readonly ListenerConfig[]): void {
  const names = listeners.map((listener) => listener.name);
  if (!names.includes(name)) throw new ClusterFault(key, name, `must be one of the listeners: ${names.join(', ')}`);
}

function parseVoter(text: string): QuorumVoter {
  const parts = /^(\d{1,9})@(\[[0-9A-Fa-f:.%a-z]+\]|[^:[\]/\s@]+):(\d{1,5})$/.exec(text.trim());
  if (parts === null || Number(parts[3]) > 65_535 || Number(parts[3]) === 0) {
    throw new ClusterFault(
      'controller.quorum.voters',
      text,
      'must have the form id@host:port, with a port from 1 to 65535',
    );
  }
  return { nodeId: nodeId(Number(parts[1])), host: parts[2]!.replace(/^\[|\]$/g, ''), port: Number(parts[3]) };
}
