import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, startProcess, until } from '@trunkline/testing';

/** The processes that `pid` started, from the system's own table. */
function childrenOf(pid: number): number[] {
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) found.push(Number(entry));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Whether there is such a process; one that has ended and waits for a parent to ask does not count. */
function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0] !== 'Z';
  } catch {
    return false;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe('a demo that is killed at once', () => {
  let dataDir: string;
  let ports: number[];
  const leftovers = new Set<number>();
  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'trunkline-orphans-'));
    ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  });
  afterEach(() => {
    for (const pid of leftovers) if (lives(pid)) process.kill(pid, 'SIGKILL');
    leftovers.clear();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const environment = (): Record<string, string> => ({
    TRUNKLINE_PORT: String(ports[0]),
    EMAIL_PORT: String(ports[1]),
    QUERY_PORT: String(ports[2]),
    INBOX_PORT: String(ports[3]),
    TRUNKLINE_DATA_DIR: dataDir,
    QUERY_ROWS: '1000',
  });

  it('leaves no service and no port behind, and its broker closes in order', async () => {
    const demo = await startProcess('apps/demo/dist/main.js', [], environment());
    const services = childrenOf(demo.child.pid!);
    for (const pid of services) leftovers.add(pid);
    expect(services).toHaveLength(3);
    await demo.kill();
    await until('the services have ended', () => !services.some(lives), 20_000);
    // A process that has ended may have threads for a moment more, and its sockets with them.
    await until('no port answers', async () => !(await Promise.all(ports.map(answers))).includes(true), 20_000);
    // Closed in order: the next start need not look through every log.
    expect(readdirSync(join(dataDir, 'broker'))).toContain('.kafka_cleanshutdown');
  });
});
