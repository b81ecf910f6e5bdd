import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nodeRandom } from '@trunkline/platform';
import { formatNode, isFormatted } from '../format/format.js';
import { type NodeProcess, startNode } from './node-process.js';
import {
  type ClusterPlan,
  PlanFault,
  addressOf,
  clusterPlan,
  dataDirOf,
  isFirstVoter,
  nodeArguments,
  parsePlan,
} from './plan.js';

/** What `trunkline-broker cluster` is asked for. Undefined: what the directory says, else the default. */
export interface ClusterOptions {
  readonly nodes: number | undefined;
  readonly basePort: number | undefined;
  readonly dataDir: string;
  readonly settings: ReadonlyMap<string, string>;
}

const PLAN = 'cluster.json';
const DEFAULTS = { nodes: 3, basePort: 19_092 };

/**
 * Starts all nodes and runs until it is told to end. Prints each node's process id, then `ready HOST:PORT,…` once all
 * serve. A node that is killed stays down until somebody starts it (`start-node`); the others go on.
 */
export async function startCluster(options: ClusterOptions): Promise<void> {
  const plan = planOf(options);
  const ids = Array.from({ length: plan.voters }, (_, index) => index + 1);
  await formatNodes(plan, ids, options.dataDir);
  const nodes = ids.map((id) => startNode(id, nodeArguments(plan, id, options.dataDir)));
  for (const { id, pid } of nodes) say(`node ${id}: process ${pid}, ${addressOf(plan, id)}`);
  const end = endWithSignals(nodes);
  try {
    await Promise.all(nodes.map(({ ready }) => ready));
  } catch (error) {
    end('SIGTERM');
    await Promise.all(nodes.map(({ ended }) => ended));
    throw error;
  }
  say(`ready ${ids.map((id) => addressOf(plan, id)).join(',')}`);
  for (const node of nodes) void node.ended.then((how) => tellEnd(node.id, how, options.dataDir));
  const codes = await Promise.all(nodes.map(({ ended }) => ended));
  process.exit(codes.every((code) => code === 0) ? 0 : 1);
}

/** Starts one node of a cluster that was started in the directory: one that was killed, or one more. */
export async function startClusterNode(id: number, options: ClusterOptions): Promise<void> {
  const path = join(options.dataDir, PLAN);
  if (!existsSync(path)) {
    throw new PlanFault(
      `there is no cluster in ${options.dataDir}; start one with "cluster --data-dir ${options.dataDir}"`,
    );
  }
  const plan = planOf(options);
  const args = nodeArguments(plan, id, options.dataDir);
  await formatNodes(plan, [id], options.dataDir);
  const node = startNode(id, args);
  say(`node ${id}: process ${node.pid}, ${addressOf(plan, id)}`);
  endWithSignals([node]);
  await node.ready;
  say(`ready ${addressOf(plan, id)}`);
  process.exit((await node.ended) === 0 ? 0 : 1);
}

/** The plan of the directory, or a new one. What is asked for and differs from what is there is refused. */
function planOf({ nodes, basePort, dataDir, settings }: ClusterOptions): ClusterPlan {
  const path = join(dataDir, PLAN);
  const there = existsSync(path) ? parsePlan(readFileSync(path, 'utf8'), path) : undefined;
  if (there !== undefined && nodes !== undefined && nodes !== there.voters) {
    throw new PlanFault(
      `the cluster in ${dataDir} has ${there.voters} nodes; take another --data-dir for one of ${nodes}`,
    );
  }
  const merged = new Map([...Object.entries(there?.settings ?? {}), ...settings]);
  const plan = clusterPlan(
    nodes ?? there?.voters ?? DEFAULTS.nodes,
    basePort ?? there?.basePort ?? DEFAULTS.basePort,
    merged,
    there ?? { clusterId: nodeRandom.uuid(), formatted: [] },
  );
  mkdirSync(resolve(dataDir), { recursive: true });
  keep(plan, dataDir);
  return plan;
}

function keep(plan: ClusterPlan, dataDir: string): void {
  writeFileSync(join(dataDir, PLAN), `${JSON.stringify(plan, null, 2)}\n`);
}

/** Gives nodes that have none a directory. It is noted when it is there: a node that never was is no replica yet. */
async function formatNodes(plan: ClusterPlan, ids: readonly number[], dataDir: string): Promise<void> {
  const { clusterId } = plan;
  for (const id of ids) {
    const own = dataDirOf(id, dataDir);
    if (await isFormatted(own)) continue;
    await formatNode({ dataDir: own, clusterId, nodeId: id, join: !isFirstVoter(plan, id) });
  }
  const formatted = [...new Set([...plan.formatted, ...ids])].toSorted((left, right) => left - right);
  keep({ ...plan, formatted }, dataDir);
}

/** The first signal asks all nodes to end in order, a second one ends them at once. */
function endWithSignals(nodes: readonly NodeProcess[]): (signal: NodeJS.Signals) => void {
  let signals = 0;
  const end = (signal: NodeJS.Signals): void => {
    signals += 1;
    for (const node of nodes) node.end(signals > 1 ? 'SIGKILL' : signal);
  };
  process.on('SIGINT', () => end('SIGTERM'));
  process.on('SIGTERM', () => end('SIGTERM'));
  return end;
}

function tellEnd(id: number, how: number | NodeJS.Signals, dataDir: string): void {
  const back = how === 0 ? '' : `; bring it back with: npm run cluster -- start-node ${id} --data-dir ${dataDir}`;
  say(`node ${id} ended (${how})${back}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
