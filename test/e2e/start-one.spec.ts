import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { freePort, startProcess } from '@trunkline/testing';

describe('a service that cannot start', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-one-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const lastWords = async (service: string, environment: Record<string, string>): Promise<string> => {
    const all = { QUERY_DATA_DIR: dir, QUERY_ROWS: '100', EMAIL_DATA_DIR: dir, ...environment };
    const started = startProcess(`apps/${service}/dist/main.js`, [], all);
    return started.then(
      async (running) => `${service} started (${await running.stop()})`,
      (reason: unknown) => (reason as Error).message,
    );
  };

  it.each(['email', 'query'])('%s: says which variable is wrong', async (service) => {
    const name = `${service.toUpperCase()}_PORT`;
    const said = await lastWords(service, { [name]: 'abc' });
    expect(said).toContain('ended with 1');
    expect(said.split('\n').slice(1)).toEqual([
      `${service} service: ${name}=abc: a whole number from 0 to 65535 is wanted`,
    ]);
  });

  it.each(['email', 'query'])('%s: says which port is taken', async (service) => {
    const name = `${service.toUpperCase()}_PORT`;
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const said = await lastWords(service, { [name]: String(port) });
    other.close();
    expect(said).toContain('ended with 1');
    expect(said).toContain(`${service} service: port ${port} is taken: choose another with ${name}`);
  });

  it.each(['email', 'query'])('%s: says which broker does not answer', async (service) => {
    const port = await freePort();
    const brokers = `127.0.0.1:${port}`;
    const said = await lastWords(service, { [`${service.toUpperCase()}_PORT`]: '0', TRUNKLINE_BROKERS: brokers });
    expect(said).toContain('ended with 1');
    expect(said).toContain(`${service} service: [ENGINE_UNAVAILABLE] no broker of ${brokers} answers`);
  });
});
