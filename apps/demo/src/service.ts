import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Lines of a service's stderr that are kept to explain why it ended. */
const LAST_LINES_MAX = 20;

/** One of the demo's processes: it prints a line that begins with `ready` once it works. */
export class Service {
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  readonly #ended: Promise<string>;
  readonly ready: Promise<void>;
  #stopping = false;

  /** `onEnd` is told when the process ends although nobody stopped it. */
  constructor(
    readonly name: string,
    file: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    onEnd: (why: string) => void,
  ) {
    // A group of its own: Ctrl-C reaches the demo alone, which then ends its services in their order.
    this.#child = spawn(process.execPath, [file, ...args], {
      env: { ...process.env, ...environment, TRUNKLINE_ENDS_WITH_PARENT: 'true' },
      // The channel carries nothing. It closes with us, whatever ends us, and that is what the services wait for.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (reason) => resolve(`${name} did not start: ${reason.message}`));
      this.#child.once('close', (code, signal) => resolve(this.#obituary(code, signal)));
    });
    void this.#ended.then((why) => {
      if (!this.#stopping) onEnd(why);
    });
    const errors = createInterface({ input: this.#child.stderr! });
    errors.on('line', (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > LAST_LINES_MAX) this.#lastLines.shift();
    });
    const lines = createInterface({ input: this.#child.stdout! });
    this.ready = Promise.race([
      new Promise<void>((resolve) => lines.on('line', (line) => line.startsWith('ready') && resolve())),
      this.#ended.then((why) => Promise.reject(new Error(why))),
    ]);
    this.ready.catch(() => {}); // Whoever waits hears of it; who does not is told by onEnd.
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks the process to end, and ends it after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    await this.#ended;
    clearTimeout(late);
  }

  #obituary(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    return [`${this.name} ended ${how}`, ...this.#lastLines.map((line) => `  ${line}`)].join('\n');
  }
}
