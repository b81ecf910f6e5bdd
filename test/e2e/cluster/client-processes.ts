import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { apacheKafkaJars, until, whyLeftOut } from '@trunkline/testing';
import { Journal } from './journal.js';

const PROGRAMS = fileURLToPath(new URL('./programs/', import.meta.url));
const PARTITIONS = 3;
const END_MS_MAX = 60_000;

/** A client that writes and reads until it is told to stop. */
export interface WorkingClient {
  readonly journal: Journal;
  /** Why it does not work any more; undefined as long as it does. */
  readonly ended: string | undefined;
  /** Resolves when what it was writing is settled; it goes on reading. */
  stopWriting(): Promise<void>;
  close(): Promise<void>;
}

/** How another client is begun, on a topic of three partitions of its own. */
export interface ForeignClient {
  readonly name: string;
  readonly leftOut?: string | undefined;
  /** Whether its producer is idempotent: if so it writes nothing twice. */
  readonly idempotent: boolean;
  start(bootstrap: string, topic: string, group: string): WorkingClient;
}

/** One line of a program, in the words of Java's VerifiableProducer and VerifiableConsumer. */
interface Line {
  readonly name: string;
  readonly value?: string;
  readonly partition?: number;
  readonly offset?: string | number;
  readonly message?: string;
}

class ClientProcesses implements WorkingClient {
  readonly journal: Journal;
  readonly #processes: readonly ChildProcess[];
  #isClosing = false;
  #hasStopped = false;
  #errors = '';
  ended: string | undefined;

  /** The first process writes; it, or a second one, reads. */
  constructor(
    name: string,
    commands: readonly (readonly [string, readonly string[]])[],
    private readonly finish: () => void = () => {},
  ) {
    this.journal = new Journal(name, PARTITIONS);
    this.#processes = commands.map(([command, args]) => this.#spawn(command, args));
  }

  #spawn(command: string, args: readonly string[]): ChildProcess {
    const { NODE_OPTIONS: _ours, ...env } = process.env;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const orphaned = (): void => void child.kill('SIGKILL');
    process.once('exit', orphaned);
    child.once('close', (code, signal) => {
      process.off('exit', orphaned);
      if (!this.#isClosing && !this.#hasStopped)
        this.ended = `${command} ended with ${code ?? signal}: ${this.#errors}`;
    });
    child.stderr!.on('data', (bytes) => {
      this.#errors = (this.#errors + String(bytes)).slice(-2_000);
      this.journal.troubles.push(String(bytes).trim().slice(-500));
    });
    createInterface({ input: child.stdout! }).on('line', (line) => this.#take(JSON.parse(line) as Line));
    return child;
  }

  #take({ name, value = '', partition = -1, offset, message = '' }: Line): void {
    const told = { value, lane: partition, offset: Number(offset) };
    if (name === 'producer_send_success') this.journal.acknowledge(told);
    else if (name === 'record_data') this.journal.read(told);
    else if (name === 'producer_send_error') this.journal.fail(value, message);
    else if (name === 'shutdown_complete') this.#hasStopped = true;
    else if (name === 'crash' || name === 'trouble') this.journal.troubles.push(message);
  }

  async stopWriting(): Promise<void> {
    this.#processes[0]!.kill('SIGTERM');
    await until(`${this.journal.name} has settled all`, () => this.#hasStopped, END_MS_MAX);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#processes.map((child) => ended(child)));
    this.finish();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await closed;
  clearTimeout(late);
}

const program = (
  name: string,
  file: string,
  command: string,
  idempotent: boolean,
  leftOut?: string,
): ForeignClient => ({
  name,
  leftOut,
  idempotent,
  start: (...args) => new ClientProcesses(name, [[command, [join(PROGRAMS, file), ...args]]]),
});

/** Two processes, Java's own tools for this. */
const javaTools: ForeignClient = {
  name: "Apache Kafka's Java client",
  leftOut: whyLeftOut('Apache Kafka', '4'),
  idempotent: true,
  start: (bootstrap, topic, group) => {
    const dir = mkdtempSync(join(tmpdir(), 'trunkline-java-client-'));
    const config = join(dir, 'producer.properties');
    // The tool would have it try once only.
    writeFileSync(config, 'retries=2147483647\nenable.idempotence=true\n');
    const java = (tool: string, args: readonly string[]): [string, string[]] => {
      const flags = ['-Xmx256M', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${apacheKafkaJars()!}/*`];
      const where = ['--bootstrap-server', bootstrap, '--topic', topic];
      return ['java', [...flags, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', tool, ...where, ...args]];
    };
    const [keys, rate] = [
      ['--repeating-keys', '30'],
      ['--throughput', '60'],
    ];
    const limits = ['--session-timeout', '10000', '--enable-autocommit', '--verbose'];
    return new ClientProcesses(
      javaTools.name,
      [
        java('org.apache.kafka.tools.VerifiableProducer', [...keys, ...rate, '--command-config', config]),
        java('org.apache.kafka.tools.VerifiableConsumer', ['--group-id', group, ...limits]),
      ],
      () => rmSync(dir, { recursive: true, force: true }),
    );
  },
};

export const FOREIGN_CLIENTS: readonly ForeignClient[] = [
  program('kafkajs', 'kafkajs.mjs', process.execPath, false),
  program('@platformatic/kafka', 'platformatic.mjs', process.execPath, true),
  program(
    'confluent-kafka (librdkafka)',
    'confluent.py',
    '/usr/bin/python3',
    true,
    whyLeftOut('python3-confluent-kafka'),
  ),
  javaTools,
];
