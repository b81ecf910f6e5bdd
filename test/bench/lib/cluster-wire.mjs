// A bare client of a cluster: a connection to each node, and nothing in it that rests before it tries again. So what is
// measured is the time of the cluster, not of a client's back-off.
import {
  CreateTopics,
  DescribeQuorum,
  ElectLeaders,
  IncrementalAlterConfigs,
  Metadata,
  Produce,
  decodeResponse,
} from '@trunkline/protocol';
import { Wire, batchOf, frameOf, produceFrame } from './kafka-wire.mjs';
import { nowMs } from './measure.mjs';

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Between two looks at what changes by itself, ms. */
const LOOK_EVERY_MS = 5;
/** How long a cluster may take to become what is waited for. */
const WAIT_MS_MAX = 90_000;
const ASK_MS_MAX = 5_000;

const PRODUCE_VERSION = 9;
const NONE = 0;
const TOPIC_ALREADY_EXISTS = 36;
const METADATA_TOPIC = '__cluster_metadata';

/** One connection to a node. Answers come in the order of what was asked. */
export class Lane {
  #waiting = [];

  static async open(port) {
    const lane = new Lane();
    lane.wire = await Wire.connect(port, (frame) => lane.#waiting.shift()?.resolve(frame));
    lane.wire.socket.once('close', () => lane.#fail(new Error('the connection was closed')));
    return lane;
  }

  get isOpen() {
    return !this.wire.socket.destroyed;
  }

  /** Sends a frame that is ready; resolves with the answer's bytes. A connection that is silent for `ms` is closed. */
  send(frame, ms = ASK_MS_MAX) {
    if (!this.isOpen) return Promise.reject(new Error('the connection is closed'));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#fail(new Error(`no answer within ${ms} ms`));
        this.close();
      }, ms);
      const settled = (settle) => (value) => {
        clearTimeout(late);
        settle(value);
      };
      this.#waiting.push({ resolve: settled(resolve), reject: settled(reject) });
      this.wire.send(frame);
    });
  }

  async ask(api, version, body, ms) {
    return decodeResponse(api, version, await this.send(frameOf(api, version, body), ms)).body;
  }

  close() {
    this.wire.close();
  }

  #fail(reason) {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}

/** What is asked of whichever node answers. */
export class ClusterClient {
  #lanes = new Map();
  #turn = 0;

  constructor(nodes) {
    this.nodes = nodes;
  }

  /** The connection to a node, opened when there is none. */
  async lane(id) {
    let lane = this.#lanes.get(id);
    if (lane?.isOpen) return lane;
    lane = await Lane.open(this.nodes.port(id));
    this.#lanes.get(id)?.close();
    this.#lanes.set(id, lane);
    return lane;
  }

  /** Asks the nodes that run, in turn, until one answers as `accept` wants. Returns what `accept` makes of it. */
  async ask(api, version, body, accept, { ms = ASK_MS_MAX, waitMs = WAIT_MS_MAX, everyMs = LOOK_EVERY_MS } = {}) {
    const untilMs = nowMs() + waitMs;
    let why = 'no node runs';
    while (nowMs() < untilMs) {
      const ids = [...this.nodes.running];
      const id = ids[this.#turn++ % ids.length];
      try {
        if (id !== undefined) {
          const answer = await (await this.lane(id)).ask(api, version, body, ms);
          const accepted = accept(answer);
          if (accepted !== undefined) return accepted;
          why = `the last answer was ${shown(answer)}`;
        }
      } catch (reason) {
        why = reason.message;
      }
      await pause(everyMs);
    }
    throw new Error(`${api.name} did not come to what was waited for within ${waitMs} ms: ${why}`);
  }

  /** Leader, its epoch and the ISR of each partition, as soon as somebody tells of them. */
  topic(name, accept = () => true, options = {}) {
    const body = { topics: [{ name }], allowAutoTopicCreation: false };
    const read = ({ brokers, topics }) => {
      const [topic] = topics;
      if (topic?.errorCode !== NONE) return undefined;
      const partitions = topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex);
      return accept(partitions, brokers) ? partitions : undefined;
    };
    return this.ask(Metadata, 9, body, read, options);
  }

  /** Waits until every broker is there and every replica of the topic in its ISR. */
  whole(name, options = {}) {
    const isWhole = (partitions, brokers) =>
      brokers.length === this.nodes.ids.length &&
      partitions.every(({ isrNodes, replicaNodes }) => isrNodes.length === replicaNodes.length);
    return this.topic(name, isWhole, { everyMs: 50, ...options });
  }

  /** The active controller and the quorum's epoch. */
  quorum() {
    const body = { topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }] };
    return this.ask(DescribeQuorum, 2, body, ({ errorCode, topics }) => {
      const found = errorCode === NONE ? topics[0]?.partitions[0] : undefined;
      if (found?.errorCode !== NONE || found.leaderId < 0) return undefined;
      return { leaderId: found.leaderId, epoch: found.leaderEpoch };
    });
  }

  /** Makes a topic whose partition i is led by the first of `assignments[i]`; again until the cluster can. */
  async makeTopic(name, assignments, options = {}) {
    const placed = assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
    const counts = { numPartitions: -1, replicationFactor: -1 };
    const configs = [{ name: 'min.insync.replicas', value: '2' }];
    const body = { topics: [{ name, ...counts, assignments: placed, configs }], timeoutMs: 10_000 };
    const isMade = ({ topics }) => [NONE, TOPIC_ALREADY_EXISTS].includes(topics[0].errorCode) || undefined;
    await this.ask(CreateTopics, 5, body, isMade, { ms: 12_000, ...options });
  }

  /** Asks that the first replica of each partition leads it. Whether it does, `topic` tells. */
  electPreferred(topic, partitions) {
    const topicPartitions = [{ topic, partitions }];
    return this.ask(ElectLeaders, 2, { electionType: 0, topicPartitions, timeoutMs: 10_000 }, () => true, {
      ms: 12_000,
    });
  }

  /** Changes a topic's retention: a metadata change that does not depend on who is alive. */
  changeRetention(topic, retentionMs, options) {
    const configs = [{ name: 'retention.ms', configOperation: 0, value: `${retentionMs}` }];
    const body = { resources: [{ resourceType: 2, resourceName: topic, configs }], validateOnly: false };
    const isDone = ({ responses }) => responses[0]?.errorCode === NONE || undefined;
    return this.ask(IncrementalAlterConfigs, 1, body, isDone, options);
  }

  close() {
    for (const lane of this.#lanes.values()) lane.close();
  }
}

const shown = (answer) =>
  JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value)).slice(0, 500);

/**
 * Sends one record after the other to a partition with acks=all, each when the one before was acknowledged, and finds
 * the leader again at once when it is refused or cut off.
 */
export class SingleSends {
  /** Each acknowledgement: when, and from whom. */
  acks = [];
  /** What came between: closed connections, refusals, leaders found. */
  events = [];
  #frame;
  #client;
  #stopped = false;
  #running;

  constructor(nodes, topic, partition) {
    // Connections of its own: an answer of others' does not hold up its own.
    this.#client = new ClusterClient(nodes);
    this.topic = topic;
    this.partition = partition;
    this.#frame = produceFrame(topic, partition, batchOf(1, 100));
  }

  start() {
    this.#running = this.#run();
  }

  async stop() {
    this.#stopped = true;
    this.#client.close();
    await this.#running;
  }

  /** Resolves with the first acknowledgement that `wanted` takes, from now on or since `sinceMs`. */
  async acknowledged(wanted, sinceMs = nowMs(), waitMs = WAIT_MS_MAX) {
    const untilMs = nowMs() + waitMs;
    for (let seen = 0; nowMs() < untilMs;) {
      for (; seen < this.acks.length; seen++) {
        const ack = this.acks[seen];
        if (ack.atMs >= sinceMs && wanted(ack)) return ack;
      }
      await pause(2);
    }
    throw new Error(
      `nothing was acknowledged within ${waitMs} ms; ${this.events
        .slice(-5)
        .map(({ what }) => what)
        .join('; ')}`,
    );
  }

  #note(what, leader) {
    this.events.push({ atMs: nowMs(), what, leader });
  }

  async #run() {
    let leader = -1;
    while (!this.#stopped) {
      try {
        if (leader < 0) leader = await this.#leader();
        const lane = await this.#client.lane(leader);
        const { responses } = decodeResponse(Produce, PRODUCE_VERSION, await lane.send(this.#frame, 35_000)).body;
        const { errorCode } = responses[0].partitionResponses[0];
        if (errorCode === NONE) {
          this.acks.push({ atMs: nowMs(), node: leader });
          continue;
        }
        this.#note(`node ${leader} refused with ${errorCode}`);
      } catch (reason) {
        if (this.#stopped) return;
        this.#note(`node ${leader}: ${reason.code ?? reason.message}`);
      }
      leader = -1;
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Whom a node that runs tells. */
  async #leader() {
    const leaderOf = (partitions) => partitions[this.partition].leaderId >= 0;
    const partitions = await this.#client.topic(this.topic, leaderOf, { ms: 1_000 });
    const { leaderId, leaderEpoch } = partitions[this.partition];
    this.#note(`leader ${leaderId} in epoch ${leaderEpoch}`, leaderId);
    return leaderId;
  }
}
