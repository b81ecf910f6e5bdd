import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestProcess, freePort, startProcess, until } from '@trunkline/testing';

const DEMO = 'apps/demo/dist/main.js';

interface Mail {
  readonly to: string;
  readonly subject: string;
}

/** The environment of a demo with ports and data of its own. */
async function surroundings(dataDir: string): Promise<Record<string, string>> {
  const [broker, email, query, inbox] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  return {
    TRUNKLINE_PORT: String(broker),
    EMAIL_PORT: String(email),
    QUERY_PORT: String(query),
    INBOX_PORT: String(inbox),
    TRUNKLINE_DATA_DIR: dataDir,
    QUERY_ROWS: '100000',
  };
}

describe('npm start', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-start-'));
  let environment: Record<string, string>;
  let demo: TestProcess;
  const url = (service: string, path: string): string => `http://127.0.0.1:${environment[`${service}_PORT`]}${path}`;
  const mails = async (): Promise<Mail[]> => (await fetch(url('INBOX', '/mails'))).json() as Promise<Mail[]>;
  const order = (body: unknown): Promise<Response> =>
    fetch(url('EMAIL', '/orders'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const items = [{ product: 'anvil', quantity: 2, price: 3.5 }];

  beforeAll(async () => {
    environment = await surroundings(dataDir);
    demo = await startProcess(DEMO, [], environment);
  });
  afterAll(async () => {
    await demo.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('shows an order, its e-mail and queries before it says ready', () => {
    const said = demo.lines.join('\n');
    expect(said).toMatch(/order tour-\w+ -> event orders.placed -> job email.send -> SMTP/);
    expect(said).toMatch(/query over 100,000 rows -> call query.run: 7 countries/);
    expect(said).toMatch(/large answer -> streamed call query.rows: [\d,]+ rows/);
    expect(said).toContain('curl');
  });

  it('turns an order into an e-mail', async () => {
    const response = await order({ id: 'e2e-1', email: 'bob@example.com', name: 'Bob', items });
    expect([response.status, await response.json()]).toEqual([202, { id: 'e2e-1' }]);
    const mail = await until('the e-mail', async () =>
      (await mails()).find(({ subject }) => subject.includes('e2e-1')),
    );
    expect(mail.to).toBe('bob@example.com');
  });

  it('says which fields of a wrong order are wrong', async () => {
    const response = await order({ email: 'nobody', name: '', items: [{ product: 'x', quantity: 0, price: 1 }] });
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text).toContain('email must be an email');
    expect(text).toContain('items.0.quantity must not be less than 1');
  });

  it('sends one e-mail for an order that was placed twice', async () => {
    const twice = { id: 'e2e-twice', email: 'carol@example.com', name: 'Carol', items };
    await order(twice);
    await order(twice);
    await order({ ...twice, id: 'e2e-after' });
    await until('the later e-mail', async () => (await mails()).some(({ subject }) => subject.includes('e2e-after')));
    expect((await mails()).filter(({ subject }) => subject.includes('e2e-twice'))).toHaveLength(1);
  });

  it('tries again when the mail server is busy', async () => {
    await order({ id: 'e2e-busy', email: 'busy@example.com', name: 'Busy', items });
    await until('the e-mail', async () => (await mails()).some(({ subject }) => subject.includes('e2e-busy')), 30_000);
  });

  it('answers a query, and refuses one that writes', async () => {
    const ask = (sql: string): Promise<Response> => fetch(url('QUERY', `/query?sql=${encodeURIComponent(sql)}`));
    const answer = await ask('SELECT count(*) AS n FROM orders');
    expect(await answer.json()).toMatchObject({ columns: [{ name: 'n', type: 'BIGINT' }], rows: [['100000']] });
    const refused = await ask('DROP VIEW orders');
    expect([refused.status, await refused.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'QUERY_REFUSED', message: expect.stringContaining('only SELECT') }),
    ]);
  });

  it('streams a large answer whole', async () => {
    const sql = encodeURIComponent('SELECT * FROM orders ORDER BY order_id');
    const response = await fetch(url('QUERY', `/query?sql=${sql}&stream=true`));
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines).toHaveLength(100_001);
    expect(JSON.parse(lines.at(-1)!)).toEqual(expect.arrayContaining(['99999']));
  });

  it('streams rows that are larger than a message together, and says at the end why one cannot be sent', async () => {
    const stream = async (sql: string): Promise<string> => {
      const { body } = await fetch(url('QUERY', `/query?sql=${encodeURIComponent(sql)}&stream=true`));
      let text = '';
      try {
        for await (const bytes of body!) text += Buffer.from(bytes).toString();
      } catch {
        text += 'cut off';
      }
      return text;
    };
    const large = await stream("SELECT repeat('x', 2000) FROM orders LIMIT 2000");
    expect(large.trimEnd().split('\n')).toHaveLength(2_001);
    const tooLarge = await stream("SELECT repeat('x', 2000000)");
    expect(tooLarge).toMatch(/"error":"QUERY_TOO_LARGE: a row has 2000004 bytes, 1000000 are allowed"}\ncut off$/);
    const whole = await fetch(url('QUERY', `/query?sql=${encodeURIComponent("SELECT repeat('x', 2000) FROM orders")}`));
    expect([whole.status, await whole.text()]).toEqual([400, expect.stringContaining('ask with stream=true')]);
  });

  it.each(['EMAIL', 'QUERY'])('has an OpenAPI page at the %s service', async (service) => {
    expect((await fetch(url(service, '/docs'))).status).toBe(200);
    const document = (await (await fetch(url(service, '/docs-json'))).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(document.paths)).toContain(service === 'EMAIL' ? '/orders' : '/query');
  });

  it('ends within three seconds, leaves nothing behind, and finds its data again', async () => {
    const startedMs = performance.now();
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    for (const port of ['TRUNKLINE', 'EMAIL', 'QUERY', 'INBOX']) {
      const server = createServer().listen(Number(environment[`${port}_PORT`]), '127.0.0.1');
      await once(server, 'listening'); // Throws when somebody still listens.
      server.close();
    }
    demo = await startProcess(DEMO, [], environment);
    expect(demo.lines.join('\n')).toMatch(/order tour-\w+/);
  });

  it('says which port is taken and how to choose another', async () => {
    const taken = spawn(process.execPath, [DEMO], { env: { ...process.env, ...environment, NODE_OPTIONS: '' } });
    let said = '';
    taken.stderr.on('data', (bytes) => (said += String(bytes)));
    const [code] = (await once(taken, 'close')) as [number];
    expect(code).toBe(1);
    expect(said).toContain(`port ${environment['TRUNKLINE_PORT']} for the broker is taken: choose another with`);
  });
});
