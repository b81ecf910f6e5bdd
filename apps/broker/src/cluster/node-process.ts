import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A node in a process of its own. What it says goes on to our stderr, after its name. */
export interface NodeProcess {
  readonly id: number;
  readonly pid: number;
  /** Resolves when it serves; rejects when it ended before. */
  readonly ready: Promise<void>;
  /** Resolves with how it ended: an exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  end(signal: NodeJS.Signals): void;
}

export function startNode(id: number, args: readonly string[]): NodeProcess {
  const script = process.argv[1]!;
  // By the channel it hears that we were killed and cannot tell it. A group of its own: Ctrl-C is ours to hand on.
  const env = { ...process.env, TRUNKLINE_ENDS_WITH_PARENT: 'true' };
  const child = spawn(process.execPath, [script, ...args], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = endOf(child);
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.startsWith('ready ')) resolve();
    });
    createInterface({ input: child.stderr! }).on('line', (line) => process.stderr.write(`node ${id}: ${line}\n`));
    void ended.then((how) => reject(new Error(`node ${id} ended with ${how} before it served`)));
  });
  ready.catch(() => {}); // Whoever waits for it hears of it, too.
  return { id, pid: child.pid ?? -1, ready, ended, end: (signal) => void child.kill(signal) };
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1));
  });
}
