import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apacheKafkaJars, apacheKafkaVersion } from './apache-kafka-jars.js';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const LOOK_EVERY_MS = 10;
const LOG_CHARACTERS_MAX = 64_000;
/** For processes that live for moments: no time for the best code. */
const QUICK_START = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** How Apache Kafka is started. */
export interface ApacheKafkaOptions {
  /** Port of the client listener on 127.0.0.1. The controller's is one higher. */
  readonly port: number;
  /** Kafka's own properties, laid over those of the fixture. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Further arguments of the storage tool's `format`: `--add-scram`, `--feature`. */
  readonly formatArguments?: readonly string[];
  /** Java heap, MiB. */
  readonly heapMb?: number;
  /** Further arguments of Java. */
  readonly javaArguments?: readonly string[];
  /** A UUID as Kafka writes it; the nodes of one cluster share it. Default: a new one, of a cluster of one node. */
  readonly clusterId?: string;
  /** Formats its directory only; {@link ApacheKafka.start} starts it. */
  readonly formatOnly?: boolean;
}

/** One node of Apache Kafka with a data directory of its own, which ends with it. */
export interface ApacheKafka {
  /** `127.0.0.1:port`. */
  readonly bootstrap: string;
  readonly pid: number;
  /** Whether its process is there. */
  readonly runs: boolean;
  /** How long its process took to its first connection, ms: of the last start. */
  readonly startMs: number;
  /** What it logged last, for the text of a failed test. */
  log(): string;
  /** Ends the process as a crash would; the data stays for {@link start}. */
  kill(): Promise<void>;
  /** Asks the process to end, so that it hands its leaders over, and waits; kills it when it takes longer than 20 s. */
  stop(): Promise<void>;
  /** Starts it again on the same data, on another port if one is given. Resolves when it accepts connections. */
  start(port?: number): Promise<void>;
  /** Ends the process and removes its data. */
  close(): Promise<void>;
}

/** A UUID as Kafka writes it, which may stand behind an option of a command line. */
export function newClusterId(): string {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url').replace(/^-/, 'A');
}

/**
 * Starts Apache Kafka (one node, KRaft) from its jars, in the version of {@link apacheKafkaVersion}; needs Java 17.
 *
 * Topics are never made by asking for them. Rejects with what is missing, or with the end of its log.
 */
export async function startApacheKafka(options: ApacheKafkaOptions): Promise<ApacheKafka> {
  const version = apacheKafkaVersion();
  const jars = apacheKafkaJars(version);
  if (jars === undefined) throw new Error(`Apache Kafka ${version} is missing; run: npm run kafka:jars -- ${version}`);
  const node = new Node(jars, options);
  try {
    node.format();
    if (options.formatOnly !== true) await node.start();
  } catch (reason) {
    await node.close();
    throw reason;
  }
  return node;
}

class Node implements ApacheKafka {
  readonly #options: ApacheKafkaOptions;
  readonly #dir = mkdtempSync(join(tmpdir(), 'trunkline-apache-kafka-'));
  readonly #classpath: string;
  readonly #controllerPort: number;
  #port: number;
  #process: ChildProcess | undefined;
  #log = '';
  startMs = 0;
  /** The process of the test may end by an error or a signal, also while this one is killed. */
  readonly #orphaned = (): void => {
    this.#process?.kill('SIGKILL');
    this.#remove();
  };

  constructor(jars: string, options: ApacheKafkaOptions) {
    process.once('exit', this.#orphaned);
    this.#classpath = join(jars, '*');
    this.#options = options;
    this.#port = options.port;
    this.#controllerPort = options.port + 1;
    this.#write();
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.#port}`;
  }

  #write(): void {
    const lines = Object.entries({ ...this.#properties(), ...this.#options.properties }).map(
      ([key, value]) => `${key}=${value}`,
    );
    writeFileSync(join(this.#dir, 'server.properties'), `${lines.join('\n')}\n`);
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  get runs(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  log(): string {
    return this.#log;
  }

  #properties(): Record<string, string> {
    const controller = `127.0.0.1:${this.#controllerPort}`;
    return {
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.bootstrap.servers': controller,
      listeners: `PLAINTEXT://${this.bootstrap},CONTROLLER://${controller}`,
      'advertised.listeners': `PLAINTEXT://${this.bootstrap}`,
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'log.dirs': join(this.#dir, 'data'),
      'num.partitions': '4',
      'auto.create.topics.enable': 'false',
      'offsets.topic.replication.factor': '1',
      'offsets.topic.num.partitions': '8',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
      'share.coordinator.state.topic.replication.factor': '1',
      'share.coordinator.state.topic.min.isr': '1',
      'group.initial.rebalance.delay.ms': '0',
    };
  }

  format(): void {
    const { clusterId, formatArguments = [] } = this.#options;
    const properties = join(this.#dir, 'server.properties');
    const quorum = clusterId === undefined ? ['--standalone'] : [];
    const args = ['format', ...quorum, '-t', clusterId ?? newClusterId(), '-c', properties, ...formatArguments];
    const { status, stdout, stderr, error } = spawnSync(
      'java',
      [...QUICK_START, '-cp', this.#classpath, 'kafka.tools.StorageTool', ...args],
      { encoding: 'utf8' },
    );
    if (error !== undefined) throw new Error('Apache Kafka needs Java 17 (`java` on the path)', { cause: error });
    if (status !== 0) throw new Error(`Apache Kafka's storage tool failed: ${stdout}${stderr}`);
  }

  async start(port: number = this.#port): Promise<void> {
    if (port !== this.#port) {
      this.#port = port;
      this.#write();
    }
    const { heapMb = 512, javaArguments = [] } = this.#options;
    const java = [`-Xmx${heapMb}M`, ...javaArguments, '-cp', this.#classpath];
    const startedAtMs = performance.now();
    const child = spawn('java', [...java, 'kafka.Kafka', join(this.#dir, 'server.properties')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.#log = (this.#log + text.toString()).slice(-LOG_CHARACTERS_MAX);
      });
    }
    while (!(await accepts(this.#port))) {
      if (!this.runs || performance.now() - startedAtMs > READY_TIMEOUT_MS) {
        throw new Error(`Apache Kafka did not start on port ${this.#port}: ${this.#log.slice(-2_000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    this.startMs = performance.now() - startedAtMs;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    const late = setTimeout(() => void this.kill(), STOP_TIMEOUT_MS);
    await this.#end('SIGTERM');
    clearTimeout(late);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || !this.runs) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    process.off('exit', this.#orphaned);
    this.#remove();
  }

  #remove(): void {
    // Again, should a process that is just killed still write.
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
