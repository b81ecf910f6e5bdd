// How long a producer gets no acknowledgement when the leader of its partition is killed, stopped or moved, and whether a
// pause makes somebody else leader. RF 3, min ISR 2, acks=all, one record in flight, over the bare wire (lib/cluster-wire):
// a client's back-off neither hides nor adds time. The same for ours and for the peer.
import { addLimited } from '../lib/cluster-rows.mjs';
import { ClusterClient, SingleSends, pause } from '../lib/cluster-wire.mjs';
import { printTrace } from '../lib/failover-trace.mjs';
import { median, nowMs } from '../lib/measure.mjs';
import { kindsOf, withNodes } from '../lib/three-nodes.mjs';

const TOPIC = 'failover';
/** Partition i is led by node i + 1, as long as that one is there. */
const ASSIGNMENTS = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
];
/** The peer needs half a minute for each kill. */
const TIMES = { ours: { kills: 20, stops: 5, pauses: 3 }, kafka: { kills: 5, stops: 3, pauses: 2 } };
const PAUSED_MS = 500;
/** An election that a pause leads to has come after this. */
const AFTER_PAUSE_MS = 1_500;
const STEADY_MS = 300;

/** One life of a cluster, in which it is hurt again and again. */
class Failovers {
  #client;

  constructor(nodes, trace) {
    this.nodes = nodes;
    this.trace = trace;
    this.#client = new ClusterClient(nodes);
  }

  async prepare() {
    await this.nodes.start();
    await this.#client.makeTopic(TOPIC, ASSIGNMENTS);
    await this.#calm();
  }

  close() {
    this.#client.close();
  }

  /** From SIGKILL to the first record that the new leader acknowledged. Every second victim is the active controller. */
  async kills(count) {
    const found = { controller: [], other: [], isKnown: [] };
    for (let round = 0; round < count; round++) {
      const isController = round % 2 === 0;
      await this.#hurt(isController, async (victim, sends) => {
        const killedAtMs = Date.now();
        const killedMs = nowMs();
        const killed = this.nodes.kill(victim);
        const { atMs } = await sends.acknowledged(({ node }) => node !== victim, killedMs);
        await killed;
        const known = sends.events.find(
          (event) => event.atMs >= killedMs && event.leader > 0 && event.leader !== victim,
        );
        found[isController ? 'controller' : 'other'].push(atMs - killedMs);
        found.isKnown.push(known.atMs - killedMs);
        const what = `node ${victim}${isController ? ' (active controller)' : ''} killed`;
        if (this.trace) printTrace(this.nodes, { what, fromMs: killedMs, fromAtMs: killedAtMs, untilMs: atMs, sends });
        await this.nodes.start([victim]);
      });
    }
    return found;
  }

  /** The longest time without an acknowledgement when a leader ends in order, and when leadership is given back to it. */
  async stops(count) {
    const found = { stop: [], move: [] };
    for (let round = 0; round < count; round++) {
      await this.#hurt(round % 2 === 0, async (victim, sends) => {
        const stoppedAtMs = Date.now();
        const stoppedMs = nowMs();
        const stopped = this.nodes.stop(victim);
        const next = await sends.acknowledged(({ node }) => node !== victim, stoppedMs);
        const last = sends.acks.findLast(({ node, atMs }) => node === victim && atMs < next.atMs);
        found.stop.push(next.atMs - last.atMs);
        const span = { fromMs: stoppedMs, fromAtMs: stoppedAtMs, untilMs: next.atMs, sends };
        if (this.trace) printTrace(this.nodes, { what: `node ${victim} stopped`, ...span });
        await stopped;
        await this.nodes.start([victim]);
        await this.#client.whole(TOPIC);
        await pause(STEADY_MS);
        const movedMs = nowMs();
        await this.#client.electPreferred(TOPIC, [victim - 1]);
        const back = await sends.acknowledged(({ node }) => node === victim, movedMs);
        const before = sends.acks.findLast(({ node, atMs }) => node !== victim && atMs < back.atMs);
        found.move.push(back.atMs - before.atMs);
      });
    }
    return found;
  }

  /** How many elections, of partitions and of the quorum, came of pauses. */
  async pauses(count) {
    const found = { controller: 0, other: 0 };
    for (let round = 0; round < 2 * count; round++) {
      const isController = round % 2 === 0;
      await this.#hurt(isController, async (victim) => {
        const before = await this.#epochs();
        this.nodes.pause(victim);
        await pause(PAUSED_MS);
        this.nodes.resume(victim);
        await pause(AFTER_PAUSE_MS);
        found[isController ? 'controller' : 'other'] += (await this.#epochs()) - before;
      });
    }
    return found;
  }

  /** Gives a victim that leads, and a producer at work on what it leads, to `act`; then waits until all is well again. */
  async #hurt(isController, act) {
    const { leaderId } = await this.#client.quorum();
    const victim = isController ? leaderId : this.nodes.ids.find((id) => id !== leaderId);
    const sends = new SingleSends(this.nodes, TOPIC, victim - 1);
    sends.start();
    try {
      await sends.acknowledged(({ node }) => node === victim);
      await pause(STEADY_MS);
      await act(victim, sends);
    } finally {
      await sends.stop();
    }
    await this.#calm();
  }

  /** All replicas are in their ISR, and each partition is led by its first replica. */
  async #calm() {
    await this.#client.whole(TOPIC);
    const isAtHome = ({ leaderId, replicaNodes }) => leaderId === replicaNodes[0];
    const away = (await this.#client.topic(TOPIC)).filter((partition) => !isAtHome(partition));
    if (away.length === 0) return;
    await this.#client.electPreferred(
      TOPIC,
      away.map(({ partitionIndex }) => partitionIndex),
    );
    await this.#client.topic(TOPIC, (partitions) => partitions.every(isAtHome));
  }

  async #epochs() {
    const partitions = await this.#client.topic(TOPIC);
    const { epoch } = await this.#client.quorum();
    return partitions.reduce((sum, { leaderEpoch }) => sum + leaderEpoch, epoch);
  }
}

async function hurt(nodes, { kills, stops, pauses }, trace) {
  const failovers = new Failovers(nodes, trace);
  try {
    await failovers.prepare();
    return {
      pauses: await failovers.pauses(pauses),
      stops: await failovers.stops(stops),
      kills: await failovers.kills(kills),
    };
  } finally {
    failovers.close();
  }
}

const ROWS = [
  ['SIGKILL of a leader: to the next acknowledgement, p50', ({ kills }) => median(allOf(kills)), 1_000],
  ['the same, longest', ({ kills }) => Math.max(...allOf(kills)), 2_500],
  ['the same, p50 when it is the active controller', ({ kills }) => median(kills.controller)],
  ['the same, p50 when it is not', ({ kills }) => median(kills.other)],
  ['the same: until a new leader is told, p50', ({ kills }) => median(kills.isKnown)],
  ['leader stopped with SIGTERM: without acknowledgement, p50', ({ stops }) => median(stops.stop), 100],
  ['leader moved: without acknowledgement, p50', ({ stops }) => median(stops.move), 100],
];
const PAUSES = {
  controller: 'the active controller, which leads, paused for 500 ms',
  other: 'a leader paused for 500 ms',
};

const allOf = ({ controller, other }) => [...controller, ...other];

export async function clusterFailoverSuite(report, _runs, options) {
  const found = {};
  for (const [kind, make] of Object.entries(kindsOf(options)))
    found[kind] = await withNodes(make, (nodes) => hurt(nodes, TIMES[kind], options.trace));
  const { ours, kafka } = found;
  for (const [name, pick, limit] of ROWS)
    addLimited(report, { name, unit: 'ms', limit, ours: ours && pick(ours), kafka: kafka && pick(kafka) });
  for (const [key, name] of Object.entries(PAUSES)) {
    const row = { name: `elections: ${name}`, unit: '', ours: ours?.pauses[key] };
    report.add({ ...row, yardstickName: 'one election', yardstick: 1, goal: { atMost: 0 } });
    addLimited(report, { ...row, kafka: kafka?.pauses[key] });
  }
}
