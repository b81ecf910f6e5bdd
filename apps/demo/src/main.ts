import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asError } from '@trunkline/kernel';
import { type DemoConfig, demoConfig } from './config.js';
import { Inbox } from './inbox.js';
import { takenPorts } from './ports.js';
import { Service } from './service.js';
import { tour } from './tour.js';

/** What a service may take to end after SIGTERM, ms; all end within three seconds. */
const STOP_MS_MAX = 1_200;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const apps = fileURLToPath(new URL('../../', import.meta.url));
const startedMs = performance.now();
const services: Service[] = [];
let inbox: Inbox | undefined;
let stopping = false;

async function stop(code: number): Promise<never> {
  if (stopping) return new Promise<never>(() => {});
  stopping = true;
  const [broker, ...others] = services;
  await Promise.all(others.map((service) => service.stop(STOP_MS_MAX))); // They say goodbye to the broker first.
  await broker?.stop(STOP_MS_MAX);
  await inbox?.close();
  process.exit(code);
}

function ended(why: string): void {
  say(why);
  void stop(1);
}

async function start(config: DemoConfig): Promise<void> {
  const { host, brokerPort, emailPort, queryPort, inboxPort, dataDir } = config;
  const taken = await takenPorts(host, [
    { what: 'the broker', variable: 'TRUNKLINE_PORT', port: brokerPort },
    { what: 'the email service', variable: 'EMAIL_PORT', port: emailPort },
    { what: 'the query service', variable: 'QUERY_PORT', port: queryPort },
    { what: 'the inbox', variable: 'INBOX_PORT', port: inboxPort },
  ]);
  if (taken.length > 0) throw new Error(taken.join('\n'));
  inbox = await Inbox.start(host, inboxPort, 0);
  const brokers = { TRUNKLINE_BROKERS: `${host}:${brokerPort}` };
  const broker = new Service(
    'broker',
    join(apps, 'broker/bin/trunkline-broker.js'),
    ['start', '--listeners', `PLAINTEXT://${host}:${brokerPort}`, '--data-dir', join(dataDir, 'broker')],
    {},
    ended,
  );
  const smtp = { SMTP_URL: `smtp://${host}:${inbox.smtpPort}`, EMAIL_PORT: String(emailPort) };
  const email = new Service('email', join(apps, 'email/dist/main.js'), [], { ...brokers, ...smtp }, ended);
  const data = {
    QUERY_PORT: String(queryPort),
    QUERY_DATA_DIR: join(dataDir, 'query'),
    QUERY_ROWS: String(config.queryRows),
  };
  const query = new Service('query', join(apps, 'query/dist/main.js'), [], { ...brokers, ...data }, ended);
  services.push(broker, email, query);
  await Promise.all(services.map(({ ready }) => ready));
  say(`broker, email and query are up (${Math.round(performance.now() - startedMs)} ms)`);
  await tour(config, inbox, say);
  invite(config);
}

function invite({ host, brokerPort, emailPort, queryPort, inboxPort }: DemoConfig): void {
  const order = '{"email":"you@example.com","name":"You","items":[{"product":"clock","quantity":1,"price":9.5}]}';
  const sql = 'SELECT product, sum(quantity) FROM orders GROUP BY 1';
  say(`
inbox            http://${host}:${inboxPort}
email service    http://${host}:${emailPort}/docs
query service    http://${host}:${queryPort}/docs
broker           ${host}:${brokerPort} (any Kafka client)

try
  curl http://${host}:${emailPort}/orders -H 'content-type: application/json' -d '${order}'
  curl -G http://${host}:${queryPort}/query --data-urlencode 'sql=${sql}'
  kcat -b ${host}:${brokerPort} -C -t orders.placed -o beginning -e

Ctrl-C ends everything; the data stays for the next start.
ready`);
}

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));
process.on('SIGHUP', () => void stop(0));

try {
  await start(demoConfig(process.env));
} catch (reason) {
  if (!stopping) process.stderr.write(`${asError(reason).message}\n`);
  await stop(1);
}
