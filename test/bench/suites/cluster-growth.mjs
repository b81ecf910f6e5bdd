// Three nodes with 1,000 topics of three replicas: making them, another controller with them, memory.
import { CreateTopics } from '@trunkline/protocol';
import { ClusterClient } from '../lib/cluster-wire.mjs';
import { addLimited } from '../lib/cluster-rows.mjs';
import { median, nowMs, residentMb } from '../lib/measure.mjs';
import { kindsOf, withNodes } from '../lib/three-nodes.mjs';

const TOPICS = 1_000;
const BATCH = 100;
const ASK_MS_MAX = 120_000;
const FAILOVERS = { ours: 3, kafka: 2 };

const nameOf = (index) => `many-${String(index).padStart(4, '0')}`;

async function make(client) {
  const startedMs = nowMs();
  for (let first = 0; first < TOPICS; first += BATCH) {
    const topics = Array.from({ length: BATCH }, (_, index) => {
      return { name: nameOf(first + index), numPartitions: 1, replicationFactor: 3, assignments: [], configs: [] };
    });
    const refused = (answer) => answer.topics.find(({ errorCode }) => errorCode !== 0);
    const answer = await client.ask(CreateTopics, 5, { topics, timeoutMs: ASK_MS_MAX }, (made) => made, {
      ms: ASK_MS_MAX,
    });
    const bad = refused(answer);
    if (bad !== undefined) throw new Error(`CreateTopics ${bad.name}: ${bad.errorCode} ${bad.errorMessage}`);
  }
  return nowMs() - startedMs;
}

/** From SIGKILL of the active controller until a change of the metadata is answered. */
async function loseController(nodes, client, round) {
  const { leaderId } = await client.quorum();
  const killedMs = nowMs();
  const killed = nodes.kill(leaderId);
  await client.changeRetention(nameOf(0), 1_000_000_000 + round, { ms: 30_000 });
  const tookMs = nowMs() - killedMs;
  await killed;
  await nodes.start([leaderId]);
  await client.whole(nameOf(TOPICS - 1));
  return tookMs;
}

async function grow(nodes, failovers) {
  const client = new ClusterClient(nodes);
  try {
    await nodes.start();
    await client.makeTopic('first', [[1, 2, 3]]);
    await client.whole('first');
    const madeMs = await make(client);
    await client.whole(nameOf(TOPICS - 1));
    const resident = Math.max(...nodes.ids.map((id) => residentMb(nodes.pid(id))));
    const lost = [];
    for (let round = 0; round < failovers; round++) lost.push(await loseController(nodes, client, round));
    return { madeMs, resident, lostMs: median(lost) };
  } finally {
    client.close();
  }
}

export async function clusterGrowthSuite(report, _runs, options) {
  const found = {};
  for (const [kind, start] of Object.entries(kindsOf(options)))
    found[kind] = await withNodes(start, (nodes) => grow(nodes, FAILOVERS[kind]));
  const add = (name, unit, key, limit) =>
    addLimited(report, { name, unit, ours: found.ours?.[key], kafka: found.kafka?.[key], limit });
  add('3 nodes: 1,000 topics x 3 replicas made', 'ms', 'madeMs', 20_000);
  add('with them: active controller killed, to the next change', 'ms', 'lostMs', 3_000);
  add('with them: resident memory, the largest node', 'MB', 'resident');
}
