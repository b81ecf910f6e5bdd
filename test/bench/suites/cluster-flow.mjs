// Records through three nodes with acks=all, RF 3 and min ISR 2, over the bare wire: beside our single node in the same
// mode, and beside three nodes of Apache Kafka.
import { ClusterClient, pause } from '../lib/cluster-wire.mjs';
import { PEER } from '../lib/cluster-rows.mjs';
import { makeTopic } from '../lib/kafka-wire.mjs';
import { Role, median } from '../lib/measure.mjs';
import { startBroker } from '../lib/servers.mjs';
import { kindsOf, withNodes } from '../lib/three-nodes.mjs';

const INGEST = { topic: 'ingest', connections: 4, window: 4, ms: 2_000, records: 100, size: 1_024 };
const COUNT = 1_500;
/** The first replica leads. Requests and replies are led by two nodes, as they would be. */
const TOPICS = {
  ingest: [
    [1, 2, 3],
    [2, 3, 1],
    [3, 1, 2],
  ],
  deliver: [[1, 2, 3]],
  request1: [[1, 2, 3]],
  reply1: [[2, 3, 1]],
  request64: [[1, 2, 3]],
  reply64: [[2, 3, 1]],
};
const FLOWS = ['deliver', 'rpc1', 'rpc64', 'ingest'];
/** An ISR may lag behind for a moment after topics were made. */
const SETTLE_MS = 1_000;

async function play(file, args) {
  const role = new Role(file, args);
  try {
    return await role.next();
  } finally {
    await role.stop();
  }
}

/** `at(topic, partition)`: the port of its leader. */
async function flow(at) {
  const figures = {};
  const deliver = { port: at('deliver', 0), publish: 'deliver', read: 'deliver', count: COUNT, inFlight: 1 };
  figures.deliver = (await play('raw-deliver.mjs', deliver)).p50;
  for (const inFlight of [1, 64]) {
    const [request, reply] = [`request${inFlight}`, `reply${inFlight}`];
    const ports = [at(request, 0), at(reply, 0)];
    const answer = { port: ports[0], publishPort: ports[1], read: request, publish: reply, inFlight };
    const responder = new Role('raw-responder.mjs', answer);
    await responder.next();
    const count = inFlight === 1 ? COUNT : COUNT * 6;
    const call = { port: ports[0], readPort: ports[1], publish: request, read: reply, count, inFlight };
    const { p50, perSecond } = await play('raw-deliver.mjs', call);
    figures[`rpc${inFlight}`] = inFlight === 1 ? p50 : perSecond;
    await responder.stop();
  }
  const leaders = TOPICS.ingest.map((_, partition) => at('ingest', partition));
  figures.ingest = (await play('cluster-ingest.mjs', { ...INGEST, leaders })).mbPerSecond;
  return figures;
}

async function ofThree(nodes) {
  const client = new ClusterClient(nodes);
  try {
    await nodes.start();
    const leaders = new Map();
    for (const [topic, assignments] of Object.entries(TOPICS)) {
      await client.makeTopic(topic, assignments);
      const partitions = await client.whole(topic);
      leaders.set(topic, partitions.map(({ leaderId }) => leaderId)); // prettier-ignore
    }
    await pause(SETTLE_MS);
    return await flow((topic, partition) => nodes.port(leaders.get(topic)[partition]));
  } finally {
    client.close();
  }
}

async function ofOne(flush) {
  const broker = await startBroker(flush);
  try {
    for (const [topic, { length }] of Object.entries(TOPICS))
      await makeTopic(broker.port, topic, { partitions: length });
    return await flow(() => broker.port);
  } finally {
    await broker.stop();
  }
}

const ROWS = {
  deliver: ['publish -> deliver p50, 100 B', 'µs', { atMost: 4 }, { atMost: 0.5 }],
  rpc1: ['call over two topics p50, 1 in flight', 'µs', { atMost: 4 }, { atMost: 0.5 }],
  rpc64: ['calls over two topics, 64 in flight', '1/s', undefined, undefined],
  ingest: ['produce 100 x 1 KB batches, 3 partitions', 'MB/s', { atLeast: 0.4 }, { atLeast: 0.8 }],
};
const MODES = { os: 'os', group: 'group-commit' };

export async function clusterFlowSuite(report, runs, options) {
  const { ours, kafka } = kindsOf(options);
  const all = [];
  for (let run = 0; run < runs; run++) {
    const figures = {};
    for (const [mode, flush] of Object.entries(ours ? MODES : {})) {
      figures[`one-${mode}`] = await ofOne(flush);
      figures[mode] = await withNodes(ours, ofThree, { flush });
    }
    if (kafka) figures.kafka = await withNodes(kafka, ofThree);
    all.push(figures);
  }
  const of = (who, key) => all[0][who] && median(all.map((figures) => figures[who][key]));
  for (const key of FLOWS) {
    const [name, unit, ofSingle, ofKafka] = ROWS[key];
    for (const [mode, flush] of Object.entries(MODES)) {
      const row = { name: `3 nodes: ${name}`, mode: flush, unit, ours: of(mode, key) };
      report.add({ ...row, yardstickName: 'our single node', yardstick: of(`one-${mode}`, key), goal: ofSingle });
      // Apache Kafka does not flush before it acknowledges.
      const goal = mode === 'os' ? ofKafka : undefined;
      report.add({ ...row, yardstickName: PEER, yardstick: of('kafka', key), goal });
    }
  }
}
