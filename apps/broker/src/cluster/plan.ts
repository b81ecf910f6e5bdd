/** A cluster on one machine, as `cluster.json` in its directory keeps it. */
export interface ClusterPlan {
  /** The nodes 1 to this many vote; others may join later and do not. */
  readonly voters: number;
  /** Node 1 listens here, node 2 one port above, and so on. */
  readonly basePort: number;
  /** Over our own, by Kafka's names. */
  readonly settings: Readonly<Record<string, string>>;
  readonly clusterId: string;
  /** Nodes that had a directory once: what comes after it is another replica (KIP-853). */
  readonly formatted: readonly number[];
}

/** What somebody asked for that cannot be: a sentence. */
export class PlanFault extends Error {
  override readonly name = 'ConfigFault';
}

const NODES_MAX = 9;
const PORT_MAX = 65_535;
/** Those that a node cannot share with its neighbours. */
const OWN = new Set([
  'node.id',
  'listeners',
  'advertised.listeners',
  'log.dirs',
  'controller.quorum.voters',
  'process.roles',
]);

/** Who a cluster is, and which of its nodes have been there. */
export type ClusterIdentity = Pick<ClusterPlan, 'clusterId' | 'formatted'>;

/** Checks what the command line says. Throws {@link PlanFault}. */
export function clusterPlan(
  voters: number,
  basePort: number,
  settings: ReadonlyMap<string, string>,
  { clusterId, formatted }: ClusterIdentity,
): ClusterPlan {
  if (!Number.isInteger(voters) || voters < 1 || voters > NODES_MAX) {
    throw new PlanFault(`--nodes must be a whole number from 1 to ${NODES_MAX}`);
  }
  if (!Number.isInteger(basePort) || basePort < 1 || basePort + NODES_MAX > PORT_MAX) {
    throw new PlanFault(`--base-port must be a port from 1 to ${PORT_MAX - NODES_MAX}; each node takes the next one`);
  }
  for (const name of settings.keys()) {
    if (OWN.has(name))
      throw new PlanFault(`--set ${name}: each node of the cluster has its own; it is set by the command`);
  }
  return { voters, basePort, settings: Object.fromEntries(settings), clusterId, formatted };
}

/** The cluster that was started in a directory. Throws {@link PlanFault} when the text is not of ours. */
export function parsePlan(text: string, path: string): ClusterPlan {
  try {
    const { voters, basePort, settings, clusterId, formatted } = JSON.parse(text) as ClusterPlan;
    if (typeof clusterId !== 'string' || !Array.isArray(formatted)) throw new Error('it names no cluster id');
    return clusterPlan(voters, basePort, new Map(Object.entries(settings)), { clusterId, formatted });
  } catch (error) {
    throw new PlanFault(`${path} cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** `HOST:PORT` of a node, which clients and other nodes use. */
export const addressOf = ({ basePort }: ClusterPlan, id: number): string => `127.0.0.1:${basePort + id - 1}`;

/** The directory of a node. */
export const dataDirOf = (id: number, dataDir: string): string => `${dataDir}/node-${id}`;

/** Whether a directory that is made for the node now is that of one of the cluster's first voters. */
export const isFirstVoter = ({ voters, formatted }: ClusterPlan, id: number): boolean =>
  id <= voters && !formatted.includes(id);

/** The command line of one node. A node that has no vote follows those that have. */
export function nodeArguments(plan: ClusterPlan, id: number, dataDir: string): string[] {
  if (!Number.isInteger(id) || id < 1 || id > NODES_MAX)
    throw new PlanFault(`a node is a whole number from 1 to ${NODES_MAX}`);
  const voters = Array.from({ length: plan.voters }, (_, index) => `${index + 1}@${addressOf(plan, index + 1)}`);
  const copies = Math.min(3, plan.voters);
  const settings: Readonly<Record<string, string>> = {
    'default.replication.factor': String(copies),
    'min.insync.replicas': String(Math.min(2, copies)),
    'offsets.topic.replication.factor': String(copies),
    'http.listener': 'off',
    ...plan.settings,
    'node.id': String(id),
    'process.roles': id <= plan.voters ? 'broker,controller' : 'broker',
    'controller.quorum.voters': voters.join(','),
  };
  const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  return ['start', '--listeners', `PLAINTEXT://${addressOf(plan, id)}`, '--data-dir', dataDirOf(id, dataDir), ...set];
}
