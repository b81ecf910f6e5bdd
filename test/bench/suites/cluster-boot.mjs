// Three nodes in empty directories: from their processes to the first acknowledged record; memory when nothing happens.
import { ClusterClient, SingleSends, pause } from '../lib/cluster-wire.mjs';
import { addLimited } from '../lib/cluster-rows.mjs';
import { median, nowMs, residentMb } from '../lib/measure.mjs';
import { kindsOf, withNodes } from '../lib/three-nodes.mjs';

const SETTLE_MS = 3_000;

async function once(nodes) {
  const startedMs = nowMs();
  const started = nodes.start();
  started.catch(() => {}); // Awaited below.
  for (const id of nodes.ids) nodes.running.add(id); // Asked from the first moment.
  const client = new ClusterClient(nodes);
  const sends = new SingleSends(nodes, 'first', 0);
  try {
    await Promise.race([client.makeTopic('first', [[1, 2, 3]]), started.then(() => new Promise(() => {}))]);
    sends.start();
    const { atMs } = await sends.acknowledged(() => true, startedMs);
    await sends.stop();
    client.close();
    await started;
    await pause(SETTLE_MS);
    return { firstMs: atMs - startedMs, residentMb: Math.max(...nodes.ids.map((id) => residentMb(nodes.pid(id)))) };
  } finally {
    await sends.stop();
    client.close();
  }
}

export async function clusterBootSuite(report, runs, options) {
  const all = {};
  for (const [kind, make] of Object.entries(kindsOf(options))) {
    all[kind] = [];
    for (let run = 0; run < runs; run++) all[kind].push(await withNodes(make, once));
  }
  const of = (kind, key) => all[kind] && median(all[kind].map((figures) => figures[key]));
  const add = (name, unit, key, limit) =>
    addLimited(report, { name, unit, ours: of('ours', key), kafka: of('kafka', key), limit });
  add('3 nodes: start to the first acknowledged record', 'ms', 'firstMs', 2_000);
  add('3 nodes: idle resident memory, the largest node', 'MB', 'residentMb', 120);
}
