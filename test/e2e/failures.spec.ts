import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TestProcess, freePort, startBrokerProcess, startProcess, until } from '@trunkline/testing';
import { SlowMailServer } from './slow-mail-server.js';

const items = [{ product: 'bell', quantity: 1, price: 1 }];

describe('the services under failures', () => {
  let dataDir: string;
  let mailServer: SlowMailServer;
  let brokerPort: number;
  let broker: TestProcess;
  const services: TestProcess[] = [];

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'trunkline-failures-'));
    mailServer = await SlowMailServer.start();
    brokerPort = await freePort();
    broker = await startBroker();
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.kill()));
    await broker.kill();
    await mailServer.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const startBroker = (): Promise<TestProcess> =>
    startBrokerProcess(brokerPort, dataDir, { 'http.listener': 'off', 'group.min.session.timeout.ms': '1000' });
  const startEmail = async (): Promise<{ service: TestProcess; port: number }> => {
    const port = await freePort();
    const service = await startProcess('apps/email/dist/main.js', [], {
      EMAIL_PORT: String(port),
      TRUNKLINE_BROKERS: `127.0.0.1:${brokerPort}`,
      SMTP_URL: `smtp://127.0.0.1:${mailServer.port}`,
    });
    services.push(service);
    return { service, port };
  };
  const order = async (port: number, id: string): Promise<boolean> => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id, email: `${id}@example.com`, name: id, items }),
        signal: AbortSignal.timeout(30_000),
      });
      return response.status === 202;
    } catch {
      return false;
    }
  };

  it('has a job done by another worker when one is killed in the middle of it', async () => {
    const first = await startEmail();
    const ids = Array.from({ length: 12 }, (_, index) => `job-${index}`);
    mailServer.hold();
    for (const id of ids) expect(await order(first.port, id)).toBe(true);
    await until('an e-mail is in the middle of being sent', () => mailServer.held > 0);
    const second = await startEmail();
    await first.service.kill();
    await until('the killed worker’s e-mails are dropped', () => mailServer.dropped > 0);
    mailServer.release();
    await until('every e-mail', () => ids.every((id) => mailServer.received.has(`${id}@example.com`)), 90_000);
    expect(second.service.child.exitCode).toBeNull();
  });

  it('loses no order when the broker is killed and restarted under traffic', async () => {
    const { port } = await startEmail();
    const accepted: string[] = [];
    let placing = true;
    const traffic = (async () => {
      for (let index = 0; placing; index++) {
        if (await order(port, `order-${index}`)) accepted.push(`order-${index}`);
        else await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let kill = 0; kill < 3; kill++) {
      const enough = accepted.length + 20;
      await until('orders are accepted', () => accepted.length >= enough, 60_000);
      await broker.kill();
      broker = await startBroker();
    }
    const enough = accepted.length + 20;
    await until('orders are accepted again', () => accepted.length >= enough, 60_000);
    placing = false;
    await traffic;
    const missing = (): string[] => accepted.filter((id) => !mailServer.received.has(`${id}@example.com`));
    await until('every accepted order’s e-mail', () => missing().length === 0, 60_000).catch(() => {});
    expect(missing()).toEqual([]);
  });
});
