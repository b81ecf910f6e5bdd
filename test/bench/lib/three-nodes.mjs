// Three nodes that are killed and come back, of either kind: ours, and Apache Kafka's. Both at their defaults.
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { newClusterId, startApacheKafka } from '../../../libs/testing/dist/apache-kafka.js';
import { folder, hasApacheKafka } from './servers.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BROKER = 'apps/broker/bin/trunkline-broker.js';
const IDS = [1, 2, 3];
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;
const LOG_LINES_MAX = 2_000;

/** Below those that the system gives to outgoing connections: a node that comes back finds its port free. */
const FIRST_PORT = Number(process.env.TRUNKLINE_BENCH_PORT ?? 24_300);
const PORTS_TRIED = 2_000;

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function freePorts(count) {
  const ports = [];
  for (let port = FIRST_PORT; port < FIRST_PORT + PORTS_TRIED && ports.length < count; port++)
    if (await isFree(port)) ports.push(port);
  if (ports.length < count)
    throw new Error(`no ${count} free ports from ${FIRST_PORT} on; name others with TRUNKLINE_BENCH_PORT`);
  return ports;
}

/** What both kinds share. A kind adds `launch(id)`, `end(id, signal)`, `pid(id)`, `lines(id)`, `close()`. */
class ThreeNodes {
  ids = IDS;
  /** Those whose process runs and is not paused. */
  running = new Set();

  constructor(ports) {
    this.ports = new Map(IDS.map((id, index) => [id, ports[index]]));
  }

  port(id) {
    return this.ports.get(id);
  }

  /** Starts the processes of all, or of those named; resolves when each accepts connections. */
  async start(ids = IDS) {
    await Promise.all(
      ids.map(async (id) => {
        await this.launch(id);
        this.running.add(id);
      }),
    );
  }

  /** SIGKILL; the signal is sent before this returns. */
  kill(id) {
    this.running.delete(id);
    return this.end(id, 'SIGKILL');
  }

  /** SIGTERM; resolves when the process has ended. */
  stop(id) {
    this.running.delete(id);
    return this.end(id, 'SIGTERM');
  }

  pause(id) {
    this.running.delete(id);
    process.kill(this.pid(id), 'SIGSTOP');
  }

  resume(id) {
    process.kill(this.pid(id), 'SIGCONT');
    this.running.add(id);
  }
}

/** Nodes of ours, each broker and controller. */
class TrunklineNodes extends ThreeNodes {
  name = 'Trunkline';
  #dir = folder('cluster');
  #nodes = new Map();
  #settings;
  #orphaned = () => {
    for (const { child } of this.#nodes.values()) child.kill('SIGKILL');
    this.#remove();
  };

  constructor(ports, settings) {
    super(ports);
    this.#settings = settings;
    process.once('exit', this.#orphaned);
  }

  async format() {
    const clusterId = randomUUID();
    const formatted = IDS.map((id) => {
      const args = ['--data-dir', this.#dirOf(id), '--cluster-id', clusterId, '--node-id', `${id}`];
      return promisify(execFile)(process.execPath, [BROKER, 'format', ...args], { cwd: ROOT });
    });
    await Promise.all(formatted);
  }

  #dirOf(id) {
    return join(this.#dir, `${id}`);
  }

  async launch(id) {
    const voters = IDS.map((voter) => `${voter}@127.0.0.1:${this.port(voter)}`).join(',');
    const all = {
      'node.id': id,
      'controller.quorum.voters': voters,
      'default.replication.factor': 3,
      'min.insync.replicas': 2,
      'offsets.topic.replication.factor': 3,
      'http.listener': 'off',
      ...this.#settings,
    };
    const set = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const place = ['--listeners', `PLAINTEXT://127.0.0.1:${this.port(id)}`, '--data-dir', this.#dirOf(id)];
    const child = spawn(process.execPath, [BROKER, 'start', ...place, ...set], {
      cwd: ROOT,
      // By the channel it hears that the benchmark was killed.
      env: { ...process.env, TRUNKLINE_ENDS_WITH_PARENT: 'true' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const lines = this.#nodes.get(id)?.lines ?? [];
    const ended = new Promise((resolve) => child.once('close', resolve));
    this.#nodes.set(id, { child, lines, ended });
    await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`node ${id} ${why}:\n${lines.slice(-20).join('\n')}`));
      const late = setTimeout(() => fail(`was not ready within ${READY_MS_MAX} ms`), READY_MS_MAX);
      child.once('close', (code) => (clearTimeout(late), fail(`ended with ${code} before it was ready`)));
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line);
        if (lines.length > LOG_LINES_MAX) lines.shift();
      });
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('ready')) resolve(clearTimeout(late));
      });
    });
  }

  pid(id) {
    return this.#nodes.get(id).child.pid;
  }

  async end(id, signal) {
    const { child, ended } = this.#nodes.get(id);
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(late);
  }

  /** What a node said, each line after its time. */
  lines(id) {
    return this.#nodes.get(id)?.lines ?? [];
  }

  async close() {
    await Promise.all([...this.#nodes.keys()].map((id) => this.kill(id)));
    process.off('exit', this.#orphaned);
    this.#remove();
  }

  #remove() {
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Nodes of Apache Kafka, each broker and controller, formatted and not yet started. */
class ApacheKafkaNodes extends ThreeNodes {
  name = 'Apache Kafka';
  #nodes = new Map();

  async format(controllerPorts) {
    const clusterId = newClusterId();
    const voters = IDS.map((id, index) => `${id}@127.0.0.1:${controllerPorts[index]}`).join(',');
    for (const [index, id] of IDS.entries()) {
      const own = `PLAINTEXT://127.0.0.1:${this.port(id)}`;
      const properties = {
        'node.id': `${id}`,
        'controller.quorum.voters': voters,
        listeners: `${own},CONTROLLER://127.0.0.1:${controllerPorts[index]}`,
        'default.replication.factor': '3',
        'min.insync.replicas': '2',
        // As they come, where the fixture of the tests says otherwise.
        'num.partitions': '1',
        'offsets.topic.num.partitions': '50',
        'offsets.topic.replication.factor': '3',
        'transaction.state.log.replication.factor': '3',
        'transaction.state.log.min.isr': '2',
        'share.coordinator.state.topic.replication.factor': '3',
        'share.coordinator.state.topic.min.isr': '2',
      };
      const javaArguments = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
      const place = { port: this.port(id), clusterId, heapMb: 768, javaArguments, properties };
      this.#nodes.set(id, await startApacheKafka({ ...place, formatOnly: true }));
    }
  }

  launch(id) {
    return this.#nodes.get(id).start();
  }

  pid(id) {
    return this.#nodes.get(id).pid;
  }

  end(id, signal) {
    const node = this.#nodes.get(id);
    return signal === 'SIGKILL' ? node.kill() : node.stop();
  }

  lines(id) {
    return this.#nodes.get(id)?.log().split('\n') ?? [];
  }

  async close() {
    await Promise.all([...this.#nodes.values()].map((node) => node.close()));
  }
}

/** Nodes of a kind, with directories that are formatted and empty; none of them is started. */
async function formatted(nodes, controllerPorts) {
  try {
    await nodes.format(controllerPorts);
  } catch (reason) {
    await nodes.close();
    throw reason;
  }
  return nodes;
}

const trunkline = async (settings = {}) => formatted(new TrunklineNodes(await freePorts(3), settings));

async function apacheKafka() {
  const ports = await freePorts(6);
  return formatted(new ApacheKafkaNodes(ports.slice(0, 3)), ports.slice(3));
}

/** The kinds that are measured: ours unless `peerOnly`, and the peer where it is installed. */
export function kindsOf({ peerOnly = false }) {
  const kinds = peerOnly ? {} : { ours: trunkline };
  return hasApacheKafka() ? { ...kinds, kafka: apacheKafka } : kinds;
}

/** Gives nodes of a kind to `measure`, and ends them whatever comes. Its errors tell what the nodes said last. */
export async function withNodes(make, measure, settings) {
  const nodes = await make(settings);
  try {
    return await measure(nodes);
  } catch (reason) {
    const said = nodes.ids.map((id) => `--- node ${id}\n${nodes.lines(id).slice(-15).join('\n')}`);
    throw new Error(`${nodes.name}: ${reason.message}\n${said.join('\n')}`, { cause: reason });
  } finally {
    await nodes.close();
  }
}
