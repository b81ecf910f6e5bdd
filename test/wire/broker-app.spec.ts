import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ApiVersions, Fetch, Metadata } from '@trunkline/protocol';
import { RawClient, freePort, until } from '@trunkline/testing';

const BIN = fileURLToPath(new URL('../../apps/broker/bin/trunkline-broker.js', import.meta.url));
const STEP_MS_MAX = 30_000;
jest.setTimeout(2 * STEP_MS_MAX);

/** The program as a user starts it, with stdout and stderr apart. */
class Program {
  stdout = '';
  stderr = '';
  code: number | null | undefined;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { NODE_OPTIONS: _ours, ...inherited } = process.env;
    this.child = spawn(process.execPath, [BIN, ...args], { env: { ...inherited, ...environment } });
    this.child.stdout!.on('data', (bytes: Buffer) => (this.stdout += bytes.toString()));
    this.child.stderr!.on('data', (bytes: Buffer) => (this.stderr += bytes.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve((this.code = code))));
  }

  async ready(): Promise<this> {
    await until(`ready (${this.stderr})`, () => this.stdout.includes('\n') || this.code !== undefined, STEP_MS_MAX);
    if (this.code !== undefined) throw new Error(`ended with ${this.code}: ${this.stderr}`);
    return this;
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

let dir: string;
let port: number;
const programs: Program[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trunkline-app-'));
  port = await freePort();
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.stop('SIGKILL')));
  rmSync(dir, { recursive: true, force: true });
});

function start(more: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Program {
  const listeners = ['--listeners', `PLAINTEXT://127.0.0.1:${port}`, '--data-dir', dir, '--http', 'off'];
  const program = new Program(['start', ...listeners, ...more], environment);
  programs.push(program);
  return program;
}

const nobody = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };

describe('the broker as a program', () => {
  it('prints one line when it accepts, logs to stderr, and ends with code 0 on SIGTERM', async () => {
    const program = await start(['--log-level', 'debug']).ready();
    const client = await RawClient.connect(port);
    expect((await client.send(ApiVersions, 3, nobody)).errorCode).toBe(0);
    expect(await program.stop()).toBe(0);
    await client.closed;
    expect(program.stdout).toBe(`ready PLAINTEXT://127.0.0.1:${port}\n`);
    expect(program.stderr).toContain('SIGTERM: closing');
  });

  it('takes settings of file, environment and flags', async () => {
    writeFileSync(join(dir, 'server.properties'), 'num.partitions=2\nnode.id=42\n');
    await start(['--config', join(dir, 'server.properties')], { TRUNKLINE_NUM_PARTITIONS: '3' }).ready();
    const client = await RawClient.connect(port);
    const ask = { topics: [{ name: 'made' }], allowAutoTopicCreation: true };
    const { brokers, topics } = await client.send(Metadata, 9, ask);
    expect([brokers[0]?.nodeId, topics[0]?.partitions.length]).toEqual([42, 3]);
    client.close();
  });

  it('finds its data again, after an end in order and after a kill', async () => {
    const clusters: (string | null)[] = [];
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
      const program = await start().ready();
      const client = await RawClient.connect(port);
      const ask = { topics: [{ name: 'kept' }], allowAutoTopicCreation: clusters.length === 0 };
      const { clusterId, topics } = await client.send(Metadata, 9, ask);
      expect(topics[0]?.errorCode).toBe(0);
      clusters.push(clusterId);
      await program.stop(signal);
    }
    expect(new Set(clusters).size).toBe(1);
  });

  it('ends at once though a fetch is parked', async () => {
    const program = await start().ready();
    const client = await RawClient.connect(port);
    await client.send(Metadata, 9, { topics: [{ name: 'quiet' }], allowAutoTopicCreation: true });
    const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1000 }];
    const parked = client.send(Fetch, 11, { maxWaitMs: 60_000, minBytes: 1, topics: [{ topic: 'quiet', partitions }] });
    parked.catch(() => {});
    const askedMs = performance.now();
    expect(await program.stop('SIGINT')).toBe(0);
    expect(performance.now() - askedMs).toBeLessThan(3000);
  });
});

describe('a start that cannot be ends with code 1 and a sentence', () => {
  const refused = async (program: Program): Promise<string> => {
    expect(await program.ended).toBe(1);
    expect(program.stdout).toBe('');
    return program.stderr;
  };

  it('when the port is in use', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const told = await refused(start());
    expect(told).toContain(`cannot listen on 127.0.0.1:${port}: the port is in use by another process`);
    expect(told).toContain('--listeners');
    other.close();
  });

  it('when another process uses the directory, which does not notice', async () => {
    await start().ready();
    const first = port;
    port = await freePort();
    const told = await refused(start());
    expect(told).toContain(`the data directory ${dir} cannot be used: another process uses it`);
    const client = await RawClient.connect(first);
    expect((await client.send(ApiVersions, 3, nobody)).errorCode).toBe(0);
    client.close();
  });

  it('when the directory cannot be made', async () => {
    writeFileSync(join(dir, 'file'), '');
    expect(await refused(start(['--data-dir', join(dir, 'file', 'below')]))).toContain('there is a file in the way');
    expect(await refused(start(['--data-dir', '/proc/no/such']))).toContain(
      'the data directory /proc/no/such cannot be',
    );
  });

  it('when a setting is wrong', async () => {
    expect(await refused(start(['--set', 'num.partition=1']))).toContain('did you mean num.partitions?');
    expect(await refused(start(['--set', 'flush=never']))).toContain('the command line: Invalid value never');
    expect(await refused(start(['--sett', 'x=1']))).toContain("unknown option '--sett'");
  });

  it('when the directory belongs to another node', async () => {
    await (await start().ready()).stop();
    expect(await refused(start(['--set', 'node.id=7']))).toContain('node.id=1');
  });
});

describe('health and metrics', () => {
  it('are served by HTTP, and only a port that was asked for is insisted on', async () => {
    const http = await freePort();
    await start(['--http', `127.0.0.1:${http}`]).ready();
    const get = async (path: string): Promise<[number, string]> => {
      const answer = await fetch(`http://127.0.0.1:${http}${path}`);
      return [answer.status, await answer.text()];
    };
    expect(await get('/health/live')).toEqual([200, '{"status":"live"}']);
    expect(await get('/health/ready')).toEqual([
      200,
      `{"status":"ready","listeners":["PLAINTEXT://127.0.0.1:${port}"]}`,
    ]);
    const client = await RawClient.connect(port);
    await client.send(ApiVersions, 3, nobody);
    const [, metrics] = await get('/metrics');
    expect(metrics).toContain('kafka_network_requestmetrics_requests_total{request="ApiVersions"} 1');
    expect(metrics).toContain('kafka_server_socket_server_metrics_connection_count 1');
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+/m);
    client.close();

    port = await freePort();
    const second = start(['--data-dir', join(dir, 'other'), '--http', `127.0.0.1:${http}`]);
    expect(await second.ended).toBe(1);
    expect([second.stdout, second.stderr]).toEqual(['', expect.stringContaining('choose another place with --http')]);
  });
});
