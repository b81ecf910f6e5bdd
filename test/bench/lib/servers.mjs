// Servers that are measured: our broker, Apache Kafka, Redis. Each in a folder of its own that ends with it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
// Past the index of that lib: it stands on jest, which is not here.
import { apacheKafkaJars } from '../../../libs/testing/dist/apache-kafka-jars.js';
import { startApacheKafka as startKafka } from '../../../libs/testing/dist/apache-kafka.js';
import { nowMs } from './measure.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_MS_MAX = 60_000;

/** A folder on disk for what is measured; not on tmpfs where the system's own is one. */
export const folder = (name) => mkdtempSync(join(tmpdir(), `trunkline-bench-${name}-`));

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until a port accepts connections; ms since `sinceMs`. */
export async function accepts(port, sinceMs, ended) {
  const untilMs = nowMs() + READY_MS_MAX;
  while (nowMs() < untilMs) {
    if (ended()) throw new Error(`the server ended before port ${port} was open`);
    const open = await new Promise((resolve) => {
      const socket = net.connect({ port, host: '127.0.0.1' });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return nowMs() - sinceMs;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`port ${port} was not open within ${READY_MS_MAX} ms`);
}

async function serve(command, argv, port, dir, options = {}) {
  const sinceMs = nowMs();
  const child = spawn(command, argv, { cwd: ROOT, stdio: 'ignore', ...options });
  let code;
  const exited = new Promise((resolve) => child.once('exit', (status) => resolve((code = status ?? 1))));
  child.once('error', () => (code = 1));
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  // The run may end by an error or a signal.
  const orphaned = () => {
    child.kill('SIGKILL');
    remove();
  };
  process.once('exit', orphaned);
  const readyMs = await accepts(port, sinceMs, () => code !== undefined);
  return {
    port,
    pid: child.pid,
    readyMs,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(late);
      process.off('exit', orphaned);
      remove();
    },
  };
}

export async function startBroker(flush, settings = {}) {
  const port = await freePort();
  const dir = folder('broker');
  const all = { flush, 'http.listener': 'off', 'num.partitions': 1, ...settings };
  const set = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const listeners = `PLAINTEXT://127.0.0.1:${port}`;
  const argv = ['apps/broker/bin/trunkline-broker.js', 'start', '--listeners', listeners, '--data-dir', dir, ...set];
  return serve(process.execPath, argv, port, dir);
}

export async function startBareServer() {
  const port = await freePort();
  return serve(process.execPath, ['test/bench/roles/bare-server.mjs', String(port)], port, folder('bare'));
}

export const hasRedis = () => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

export async function startRedis() {
  const port = await freePort();
  const dir = folder('redis');
  return serve('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''], port, dir);
}

export const hasApacheKafka = () =>
  apacheKafkaJars() !== undefined && spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0;

/** Apache Kafka 4.3.1, one node, as it comes: it does not flush before it acknowledges. */
export async function startApacheKafka() {
  const kafka = await startKafka({
    port: await freePort(),
    heapMb: 768,
    javaArguments: ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error'],
    // As it comes, where the fixture of the tests says otherwise.
    properties: {
      'num.partitions': '1',
      'auto.create.topics.enable': 'true',
      'offsets.topic.num.partitions': '50',
    },
  });
  const { pid, startMs: readyMs } = kafka;
  return { port: Number(kafka.bootstrap.split(':')[1]), pid, readyMs, stop: () => kafka.close() };
}
