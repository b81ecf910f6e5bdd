import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until, whyLeftOut } from '@trunkline/testing';

const PROGRAMS = fileURLToPath(new URL('./programs/', import.meta.url));

/** A Kafka client in another language or library, as a program of its own. */
export interface ClientProgram {
  readonly name: string;
  readonly command: string;
  readonly program: readonly string[];
  /** Codecs that it can write here. */
  readonly codecs: readonly string[];
  /** Why it is left out of this run. */
  readonly leftOut?: string | undefined;
}

const node = process.execPath;

export const CLIENTS: readonly ClientProgram[] = [
  { name: 'kafkajs', command: node, program: [`${PROGRAMS}kafkajs.mjs`], codecs: ['none', 'gzip'] },
  {
    name: '@platformatic/kafka',
    command: node,
    program: [`${PROGRAMS}platformatic.mjs`],
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  },
  {
    name: 'confluent-kafka (librdkafka)',
    command: '/usr/bin/python3',
    program: [`${PROGRAMS}confluent.py`],
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    leftOut: whyLeftOut('python3-confluent-kafka'),
  },
];

/** A record as a consumer printed it. */
export interface PrintedRecord {
  readonly partition: number;
  readonly offset: string;
  readonly value: string;
}

/** Runs a client to its end and resolves with what it printed; rejects with that when it failed. */
export function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _ours, ...env } = process.env;
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
    let said = '';
    let errors = '';
    child.stdout.on('data', (bytes) => (said += String(bytes)));
    child.stderr.on('data', (bytes) => (errors += String(bytes)));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(late);
      if (code === 0) resolve(said);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}: ${errors}${said}`));
    });
    child.stdin.end(input);
  });
}

/** A member of a consumer group in a process of its own. */
export class ConsumerProcess {
  readonly records: PrintedRecord[] = [];
  /** Partitions of the last assignment, undefined before the first. */
  assigned: readonly number[] | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #errors = '';

  constructor({ command, program }: ClientProgram, broker: string, topic: string, group: string) {
    const { NODE_OPTIONS: _ours, ...env } = process.env;
    this.#child = spawn(command, [...program, 'consume', broker, topic, group], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stderr!.on('data', (bytes) => (this.#errors += String(bytes)));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as PrintedRecord | { readonly assigned: readonly number[] };
      if ('assigned' in said) this.assigned = said.assigned;
      else this.records.push(said);
    });
  }

  get values(): string[] {
    return this.records.map(({ value }) => value);
  }

  /** Waits until it has read `count` records. */
  async read(count: number): Promise<void> {
    await until(`${count} records`, () => this.records.length >= count, 60_000).catch((reason: Error) => {
      throw new Error(`${reason.message}: it read ${this.records.length}; it said ${this.#errors}`);
    });
  }

  /** Lets it commit and leave. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await this.#ended;
    clearTimeout(late);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
