import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrokerProcess } from '@trunkline/testing';
import type { FragileServer } from './kafka-failures.js';

/** The broker app as a process of its own, with a data directory that ends with it. */
export async function startTrunkline(port: number): Promise<FragileServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'trunkline-engines-'));
  const start = () => startBrokerProcess(port, dataDir, { 'http.listener': 'off' });
  let broker = await start();
  return {
    bootstrap: `127.0.0.1:${port}`,
    get pid() {
      return broker.child.pid ?? -1;
    },
    kill: () => broker.kill(),
    start: async () => {
      broker = await start();
    },
    close: async () => {
      await broker.kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
