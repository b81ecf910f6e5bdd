import type { DemoConfig } from './config.js';
import type { Inbox } from './inbox.js';

/** What one step of the tour may take, ms. */
const STEP_MS_MAX = 20_000;

/** Sends one order and one query through the running services and says in plain lines what happened. */
export async function tour(config: DemoConfig, inbox: Inbox, say: (line: string) => void): Promise<void> {
  await placeOrder(config, inbox, say);
  await runQuery(config, say);
  await streamQuery(config, say);
}

async function placeOrder(config: DemoConfig, inbox: Inbox, say: (line: string) => void): Promise<void> {
  const startedMs = performance.now();
  const id = `tour-${Date.now().toString(36)}`;
  const email = 'ada@example.com';
  const items = [
    { product: 'anvil', quantity: 1, price: 42.5 },
    { product: 'bell', quantity: 3, price: 7.25 },
  ];
  const response = await fetch(`http://${config.host}:${config.emailPort}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, email, name: 'Ada Lovelace', items }),
    signal: AbortSignal.timeout(STEP_MS_MAX),
  });
  if (response.status !== 202)
    throw new Error(`the order was answered with ${response.status}: ${await response.text()}`);
  const mail = await inbox.waitFor(({ subject }) => subject.includes(id), AbortSignal.timeout(STEP_MS_MAX));
  const tookMs = Math.round(performance.now() - startedMs);
  say(`order ${id} -> event orders.placed -> job email.send -> SMTP: "${mail.subject}" to ${mail.to} (${tookMs} ms)`);
}

async function runQuery(config: DemoConfig, say: (line: string) => void): Promise<void> {
  const startedMs = performance.now();
  const sql = 'SELECT country, count(*) AS orders FROM orders GROUP BY 1 ORDER BY 2 DESC';
  const response = await fetch(queryUrl(config, sql), { signal: AbortSignal.timeout(STEP_MS_MAX) });
  const answer = (await response.json()) as { rows?: [string, string][] };
  if (answer.rows === undefined)
    throw new Error(`the query was answered with ${response.status}: ${JSON.stringify(answer)}`);
  const total = answer.rows.reduce((sum, [, orders]) => sum + Number(orders), 0);
  const tookMs = Math.round(performance.now() - startedMs);
  say(
    `query over ${total.toLocaleString('en')} rows -> call query.run: ${answer.rows.length} countries (${tookMs} ms)`,
  );
}

async function streamQuery(config: DemoConfig, say: (line: string) => void): Promise<void> {
  const startedMs = performance.now();
  const sql = "SELECT order_id, placed_at, amount FROM orders WHERE country = 'JP'";
  const response = await fetch(`${queryUrl(config, sql)}&stream=true`, { signal: AbortSignal.timeout(STEP_MS_MAX) });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`the query was answered with ${response.status}: ${await response.text()}`);
  }
  let rows = -1; // The first line holds the columns.
  for await (const bytes of response.body) for (const byte of bytes) if (byte === 10) rows += 1;
  const tookMs = Math.round(performance.now() - startedMs);
  say(`large answer -> streamed call query.rows: ${rows.toLocaleString('en')} rows (${tookMs} ms)`);
}

function queryUrl(config: DemoConfig, sql: string): string {
  return `http://${config.host}:${config.queryPort}/query?sql=${encodeURIComponent(sql)}`;
}
