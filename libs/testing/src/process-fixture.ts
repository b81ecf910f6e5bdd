import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** How long a process may take to say `ready`, ms: on a busy machine, several start at once. */
const READY_MS_MAX = 60_000;

/** A process of ours that was started by a test. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** Every line of stdout and stderr so far. */
  readonly lines: readonly string[];
  /** Resolves with the exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Ends it at once, as a power switch would. */
  kill(): Promise<void>;
  /** Asks it to end and resolves with its exit code. */
  stop(): Promise<number | null>;
}

/**
 * Starts a script of the repository with Node and waits for a line that begins with `ready`. Rejects with all that it
 * printed when it ends before, or takes longer than 60 s.
 */
export async function startProcess(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<TestProcess> {
  const { NODE_OPTIONS: _ours, ...inherited } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const orphaned = (): void => void child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('exit', () => process.off('exit', orphaned));
  const stop = (signal: NodeJS.Signals) => async (): Promise<number | null> => {
    child.kill(signal);
    return ended;
  };
  const kill = stop('SIGKILL');
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${script} was not ready within ${READY_MS_MAX} ms:\n${lines.join('\n')}`));
    }, READY_MS_MAX);
    void ended.then((code) => {
      clearTimeout(late);
      reject(new Error(`${script} ended with ${code} before it was ready:\n${lines.join('\n')}`));
    });
    createInterface({ input: child.stderr! }).on('line', (line) => lines.push(line));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      lines.push(line);
      if (!line.startsWith('ready')) return;
      clearTimeout(late);
      resolve();
    });
  });
  return { child, lines, ended, stop: stop('SIGTERM'), kill: async () => void (await kill()) };
}

/** Starts the broker app on a port and a data directory. */
export function startBrokerProcess(
  port: number,
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestProcess> {
  const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const listeners = ['--listeners', `PLAINTEXT://127.0.0.1:${port}`, '--data-dir', dataDir];
  return startProcess('apps/broker/bin/trunkline-broker.js', ['start', ...listeners, ...set]);
}

/** A TCP port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
