// Our client beside @platformatic/kafka and kafkajs: the same work on the same broker, each in a process of its own.
import { randomUUID } from 'node:crypto';
import { Role, median } from '../lib/measure.mjs';
import { makeTopic } from '../lib/kafka-wire.mjs';
import { hasApacheKafka, startApacheKafka, startBroker } from '../lib/servers.mjs';

const CLIENTS = ['trunkline', 'platformatic', 'kafkajs'];
const RECORDS = { small: { size: 100, count: 300_000 }, large: { size: 1_024, count: 100_000 } };

async function play(args, execArgv) {
  const role = new Role('client-probe.mjs', args, execArgv);
  try {
    return await role.next();
  } finally {
    await role.stop();
  }
}

/** Topics with records to read, the same for every client. */
async function fill(port) {
  for (const [topic, { size, count }] of Object.entries(RECORDS)) {
    await makeTopic(port, topic);
    await play({ client: 'platformatic', port, what: 'batches', topic, count: count / 100, inFlight: 4, size });
  }
}

/** What a round trip over a bare socket costs the process that asks: no client can be below it. */
async function bareRoundTrip() {
  const echo = new Role('relay.mjs');
  const { port } = await echo.next();
  const role = new Role('relay-client.mjs', { port, count: 5_000, inFlight: 1 });
  const result = await role.next();
  await role.stop();
  await echo.stop();
  return result;
}

// Sends enough that it is not the compiler that is measured, which works on a process for its first seconds.
const SEND = { what: 'send', count: 10_000, warm: 10_000 };
const MANY_SENDS = { what: 'send', count: 40_000, warm: 10_000, inFlight: 64 };
const BATCHES = { what: 'batches', count: 1_500, warm: 200, inFlight: 4, size: 1_024 };
const DELIVER = { what: 'deliver', count: 2_000, warm: 500 };

/** A client asks, and the same client in another process answers. */
async function calls({ of, make }, inFlight) {
  const [request, reply] = [await make(`request${inFlight}`), await make(`reply${inFlight}`)];
  const responder = new Role('client-probe.mjs', { ...of, what: 'respond', topic: request, reply });
  await responder.next();
  const count = inFlight === 1 ? 2_000 : 20_000;
  const figure = await play({ ...of, what: 'call', topic: request, reply, count, warm: count / 4, inFlight });
  await responder.stop();
  return figure;
}

/** Each measured for one client after the other, so that all meet the server in about the same state. */
const FIGURES = {
  start: async ({ of, make }) => play({ ...of, what: 'start', topic: await make('start') }),
  send1: async ({ of, make }) => play({ ...of, ...SEND, topic: await make('send') }),
  send64: async ({ of, make }) => play({ ...of, ...MANY_SENDS, topic: await make('send64') }),
  batches: async ({ of, make }) => play({ ...of, ...BATCHES, topic: await make('batches') }),
  'consume-small': ({ of }) => play({ ...of, what: 'consume', topic: 'small', count: RECORDS.small.count }),
  'consume-large': ({ of }) => play({ ...of, what: 'consume', topic: 'large', count: RECORDS.large.count }),
  deliver: async ({ of, make }) => play({ ...of, ...DELIVER, topic: await make('deliver') }),
  call1: (client) => calls(client, 1),
  call64: (client) => calls(client, 64),
  idle: async ({ of, make }) => play({ ...of, what: 'idle', topic: await make('idle') }, ['--expose-gc']),
};
/** A few µs decide these: measured twice, the second time in the other order. */
const TWICE = new Set(['send1', 'deliver', 'call1']);

/** A client at a server. `make` makes a topic for it alone. */
function at(port, client) {
  const made = `${client}-${randomUUID()}`;
  const make = async (name) => {
    await makeTopic(port, `${name}-${made}`);
    return `${name}-${made}`;
  };
  return { of: { client, port }, make };
}

/** A server that compiles its code as it is used serves its first clients slowly: the first ones are not measured. */
async function warmUp(port) {
  for (const client of CLIENTS) {
    await FIGURES.send64(at(port, client));
    await FIGURES.send1(at(port, client));
    await FIGURES.deliver(at(port, client));
  }
}

const medianOf = (figures) =>
  Object.fromEntries(Object.keys(figures[0]).map((key) => [key, median(figures.map((figure) => figure[key]))]));

async function measure(port, run) {
  const order = CLIENTS.map((_, place) => CLIENTS[(place + run) % CLIENTS.length]);
  const figures = Object.fromEntries(CLIENTS.map((client) => [client, {}]));
  for (const [name, figureOf] of Object.entries(FIGURES)) {
    const turns = TWICE.has(name) ? [...order, ...order.toReversed()] : order;
    const found = Object.fromEntries(CLIENTS.map((client) => [client, []]));
    for (const client of turns) found[client].push(await figureOf(at(port, client)));
    for (const client of CLIENTS) figures[client][name] = medianOf(found[client]);
  }
  return figures;
}

async function against(start, runs) {
  const all = [];
  for (let run = 0; run < runs; run++) {
    const server = await start();
    try {
      await fill(server.port);
      await warmUp(server.port);
      all.push(await measure(server.port, run));
    } finally {
      await server.stop();
    }
  }
  return (client, pick) => median(all.map((figures) => pick(figures[client])));
}

const ROWS = [
  ['import, connect, first send', 'ms', (f) => f.start.ms, { atMost: 0.35 }],
  ['single send p50, 1 in flight', 'µs', (f) => f.send1.p50, { atMost: 0.8 }],
  ['single send, client CPU', 'µs', (f) => f.send1.cpuUs, { atMost: 0.4 }],
  ['sends, 64 in flight', '1/s', (f) => f.send64.perSecond, { atLeast: 4 }],
  ['send 100 x 1 KB batches', 'MB/s', (f) => f.batches.mbPerSecond, { atLeast: 1.2 }],
  ['consume 100 B', 'records/s', (f) => f['consume-small'].perSecond, { atLeast: 1.5 }],
  ['consume 1 KB', 'records/s', (f) => f['consume-large'].perSecond, { atLeast: 1.5 }],
  ['publish -> deliver p50', 'µs', (f) => f.deliver.p50, { atMost: 0.5 }],
  ['call p50, 1 in flight', 'µs', (f) => f.call1.p50, { atMost: 0.45 }],
  ['calls, 64 in flight', '1/s', (f) => f.call64.perSecond, { atLeast: 2 }],
  ['idle producer and consumer, resident', 'MB', (f) => f.idle.residentMb, { atMost: 0.6 }],
];

export async function clientSuite(report, runs) {
  const bare = [];
  for (let run = 0; run < runs; run++) bare.push(await bareRoundTrip());
  const floor = (pick) => median(bare.map(pick));
  const servers = [['our broker, os', () => startBroker('os')]];
  if (hasApacheKafka()) servers.push(['Apache Kafka', startApacheKafka]);
  for (const [mode, start] of servers) {
    const of = await against(start, runs);
    for (const [name, unit, pick] of ROWS.slice(1, 3)) {
      const yardstick = floor(name.includes('CPU') ? ({ cpuUs }) => cpuUs : ({ p50 }) => p50);
      report.add({ name, mode, unit, ours: of('trunkline', pick), yardstickName: 'bare socket round trip', yardstick });
    }
    for (const [name, unit, pick, goal] of ROWS) {
      const ours = of('trunkline', pick);
      report.add({ name, mode, unit, ours, yardstickName: 'platformatic', yardstick: of('platformatic', pick), goal });
      report.add({ name, mode, unit, ours, yardstickName: 'kafkajs', yardstick: of('kafkajs', pick) });
    }
  }
}
