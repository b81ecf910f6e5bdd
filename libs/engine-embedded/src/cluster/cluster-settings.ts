import { TrunklineError } from '@trunkline/bus';
import { type EmbeddedClusterOptions, type EmbeddedSettings, LISTENERS, embeddedSettings } from '../options.js';
import { insideAddress } from './cluster-network.js';

const NODES_MAX = 9;
const VOTERS_MAX = 3;
const INSIDE_LISTENER = 'NODES';

/** Settings that each node has for itself: who sets them would set them for all. */
const OWN = ['node.id', 'process.roles', 'log.dirs', 'listeners', 'advertised.listeners', 'controller.quorum.voters'];
const ALSO_OWN = ['inter.broker.listener.name', 'controller.listener.names'];

/** The ids of a cluster's nodes: 1, 2, 3. */
export function nodeIds({ nodes }: EmbeddedClusterOptions): readonly number[] {
  return Array.from({ length: nodes }, (_, at) => at + 1);
}

/** Whether a node has a vote on the metadata. Two nodes cannot do without each other: there one votes. */
export function votes(options: EmbeddedClusterOptions, node: number): boolean {
  return node <= (options.nodes < VOTERS_MAX ? 1 : VOTERS_MAX);
}

/** Throws `MISUSE` for options that cannot be meant. */
export function checkCluster(options: EmbeddedClusterOptions): void {
  const { nodes, set = {} } = options;
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) {
    throw new TrunklineError('MISUSE', `embedded: nodes is ${nodes}; give a whole number from 1 to ${NODES_MAX}`);
  }
  for (const name of [...OWN, ...ALSO_OWN]) {
    if (set[name] === undefined) continue;
    throw new TrunklineError('MISUSE', `embedded: set.${name} is given; each of the ${nodes} nodes has its own`);
  }
  embeddedSettings(options);
}

/** One node's settings. Nodes reach each other where only they listen, so that they can be cut off from each other. */
export function nodeSettings(options: EmbeddedClusterOptions, node: number): EmbeddedSettings {
  const { nodes, set = {}, listeners = LISTENERS } = options;
  const { dataDir, memoryBytesMax, values } = embeddedSettings(options);
  const voters = nodeIds(options).filter((id) => votes(options, id));
  const replicas = `${Math.min(nodes, 3)}`;
  const own = {
    'node.id': `${node}`,
    'process.roles': votes(options, node) ? 'broker,controller' : 'broker',
    'controller.quorum.voters': voters.map((id) => `${id}@${insideOf(id)}`).join(','),
    'log.dirs': `${dataDir}/node-${node}`,
    listeners: `${ownListeners(listeners, node)},${INSIDE_LISTENER}://${insideOf(node)}`,
    'inter.broker.listener.name': INSIDE_LISTENER,
    'controller.listener.names': INSIDE_LISTENER,
  };
  const usual = {
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,${INSIDE_LISTENER}:PLAINTEXT`,
    'default.replication.factor': replicas,
    'offsets.topic.replication.factor': replicas,
    'min.insync.replicas': nodes < 3 ? '1' : '2',
  };
  return {
    dataDir: own['log.dirs'],
    memoryBytesMax,
    values: new Map([...Object.entries(usual), ...values, ...Object.entries(set), ...Object.entries(own)]),
  };
}

/** What stands for a node in the network. */
export function nameOf(node: number): string {
  return `node-${node}`;
}

function insideOf(node: number): string {
  const { host, port } = insideAddress(nameOf(node));
  return `${host}:${port}`;
}

/** A port that was chosen is the first node's; each further node takes the next one. */
function ownListeners(listeners: string, node: number): string {
  const next = (text: string, port: string): string => (Number(port) === 0 ? text : `:${Number(port) + node - 1}`);
  return listeners
    .split(',')
    .map((listener) => listener.replace(/:(\d+)$/, next))
    .join(',');
}
