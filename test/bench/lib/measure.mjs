// What every measurement shares: child processes with a role, figures, the machine's facts.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const ROLES = new URL('../roles/', import.meta.url);

/** How long a role may take to say its next word, ms. */
const WORD_MS_MAX = 120_000;

/** A child process that plays a role and says words back (JSON over IPC). */
export class Role {
  #words = [];
  #listening = [];
  #ended;
  /** The run may end by an error or a signal. */
  #orphaned = () => this.child.kill('SIGKILL');

  constructor(file, args = {}, execArgv = []) {
    this.child = fork(fileURLToPath(new URL(file, ROLES)), [JSON.stringify(args)], {
      execArgv,
      serialization: 'advanced',
    });
    this.child.on('message', (word) => {
      const next = this.#listening.shift();
      if (next) next.resolve(word);
      else this.#words.push(word);
    });
    process.once('exit', this.#orphaned);
    this.#ended = new Promise((resolve) => this.child.once('exit', resolve));
    void this.#ended.then((code) => {
      process.off('exit', this.#orphaned);
      for (const { reject } of this.#listening.splice(0)) reject(new Error(`${file} ended with ${code}`));
    });
  }

  get pid() {
    return this.child.pid;
  }

  /** The next word that the child says. */
  next() {
    if (this.#words.length > 0) return Promise.resolve(this.#words.shift());
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('a role said nothing for two minutes')), WORD_MS_MAX);
      const settled = (settle) => (value) => {
        clearTimeout(late);
        settle(value);
      };
      this.#listening.push({ resolve: settled(resolve), reject: settled(reject) });
    });
  }

  /** Tells the child something and waits for what it says to that. */
  ask(word) {
    this.child.send(word);
    return this.next();
  }

  async stop(signal = 'SIGKILL') {
    this.child.kill(signal);
    await this.#ended;
  }
}

/** In a role: its arguments, and the way to say a word. */
export const args = () => JSON.parse(process.argv[2] ?? '{}');
export const say = (word) => process.send(word);

export const nowMs = () => performance.now();

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Percentiles of times in µs. */
export function latencies(times) {
  const sorted = Float64Array.from(times).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

/** Runs `one(index)` `count` times with `inFlight` at once; times in µs and the rate. */
export async function rounds(count, inFlight, one) {
  const times = new Float64Array(count);
  let next = 0;
  const startedMs = nowMs();
  const worker = async () => {
    while (next < count) {
      const index = next++;
      const sentMs = nowMs();
      await one(index);
      times[index] = (nowMs() - sentMs) * 1e3;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { ...latencies(times), perSecond: (count / (nowMs() - startedMs)) * 1e3 };
}

/** Resident memory of a process, MB. */
export function residentMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

/** CPU time of a process so far, µs. */
export function cpuUs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 1e4;
}

export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    at: new Date().toISOString(),
  };
}
