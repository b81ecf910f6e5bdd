// `npm run soak -- --minutes 10 --broker trunkline|kafka [--seed N] [--port N]`: producers, a reader and a group of the
// client while the broker is killed at moments that the seed decides. Says at the end what was lost, came twice or out of
// order, and how much memory the client took. Exits with 1 when something is wrong.
import { parseArgs } from 'node:util';
import { KafkaClient } from '@trunkline/client';
import { silentLogger } from '@trunkline/kernel';
import { NodeNetwork, compression, crc32c, nodeClock, nodeRandom, nodeScramHashes } from '@trunkline/platform';
import { brokers } from './brokers.mjs';
import { dice } from './dice.mjs';
import { Ledger, Reader } from './ledger.mjs';
import { IN_ORDER, ending, pause, read, within, write } from './load.mjs';
import { Memory } from './memory.mjs';

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    broker: { type: 'string', default: 'trunkline' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    port: { type: 'string', default: '31040' },
  },
});
const [minutes, seed, port] = [given.minutes, given.seed, given.port].map(Number);
if (!(minutes > 0) || !Number.isInteger(seed) || !Number.isInteger(port) || brokers[given.broker] === undefined) {
  console.error('usage: npm run soak -- --minutes 10 --broker trunkline|kafka [--seed N] [--port N]');
  process.exit(2);
}

const TOPIC = 'soak';
const GROUP = 'soak-group';
const PARTITIONS = 6;
const PRODUCERS = 2;
const BACK_MS_MAX = 60_000;
const END_MS_MAX = 60_000;
/** From the last write to the last line; longer, and something hangs. */
const CLOSING_MS_MAX = 600_000;

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
const giveUp = (reason) => {
  console.log(`FAIL the soak with seed ${seed} ${reason}`);
  process.exit(1);
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => giveUp(`was ended by ${signal}`));
setTimeout(() => giveUp('does not end'), minutes * 60_000 + CLOSING_MS_MAX).unref();

console.log(`soak: ${given.broker}, ${minutes} min, seed ${seed}`);
const random = dice(seed);
const broker = await brokers[given.broker](port);
try {
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  await broker.close();
}
process.exit();

function newClient() {
  const ports = { network: new NodeNetwork(), clock: nodeClock, random: nodeRandom, crc32c, compression };
  const settings = { bootstrap: broker.bootstrap };
  return new KafkaClient(settings, { ...ports, hashes: nodeScramHashes, logger: silentLogger });
}

async function soak() {
  const clients = [newClient(), newClient(), newClient()];
  const [writing, reading, sharing] = clients;
  const admin = writing.admin();
  (await admin.topics.create([{ name: TOPIC, partitions: PARTITIONS, replicationFactor: 1 }])).check();
  const memory = new Memory();
  const [ledger, log, group] = [new Ledger(), new Reader(), new Reader()];
  const [writes, reads] = [new AbortController(), new AbortController()];

  const alone = reading.consumer({ reset: 'earliest' });
  await alone.assign(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, offset: 0 })));
  const member = async () => {
    const consumer = sharing.consumer({ reset: 'earliest', autoCommitIntervalMs: 500 });
    await consumer.subscribe({ groupId: GROUP, topics: [TOPIC] });
    return consumer;
  };
  const stays = await member();
  const readers = [
    read({ consumer: alone, reader: log, stop: reads.signal }),
    read({ consumer: stays, reader: group, stop: reads.signal }),
    comesAndGoes(member, group, reads.signal),
  ];
  const producers = Array.from({ length: PRODUCERS }, (_, name) => {
    const producer = writing.producer({ deliveryTimeoutMs: 300_000 });
    return write({ producer, name, topic: TOPIC, partitions: PARTITIONS, ledger, stop: writes.signal });
  });
  // Whoever fails ends the soak at once: what follows would only be noise.
  const [readersEnded, producersEnded] = [Promise.all(readers), Promise.all(producers)];
  for (const all of [readersEnded, producersEnded]) all.catch(() => writes.abort());

  const { kills, slowestMs, trouble } = await killing(ledger, writes.signal);
  writes.abort();
  const producersEnd = await ending(producersEnded, 2 * END_MS_MAX);
  const stored = await endOfLog(admin);
  // To the very end: what is there twice may be the last of all.
  const logIsWhole = await within(END_MS_MAX, () => ledger.missing(log) === 0 && log.read >= stored);
  const groupIsWhole = await within(END_MS_MAX, () => ledger.missing(group) === 0);
  const isCommitted = await within(END_MS_MAX, async () => (await committed(admin)) === stored);
  reads.abort();
  const readersEnd = await ending(readersEnded, END_MS_MAX);
  const closingAtMs = performance.now();
  const clientsEnd = await ending(Promise.all(clients.map((client) => client.close())), END_MS_MAX);
  const closeMs = performance.now() - closingAtMs;

  console.log(`seed      ${seed} of ${given.broker}, ${minutes} min`);
  console.log(`records   ${ledger.total} sent, ${ledger.acknowledged} acknowledged, ${stored} in the log`);
  console.log(`read      ${log.read} of the log, ${group.read} by the group`);
  console.log(`kills     ${kills}, writes went on within ${slowestMs.toFixed(0)} ms of the broker's return at most`);
  console.log(`again     ${log.again} in the log, ${group.again} by the group (after rebalances)`);
  console.log(`memory    ${memory.text()}`);
  const { refusedCount, refused } = ledger;
  return report([
    [`producers end: ${producersEnd}`, producersEnd === IN_ORDER],
    [
      `every record is acknowledged (${refusedCount} refused) ${refused.join('; ')}`,
      ledger.acknowledged === ledger.total,
    ],
    [`nothing is lost (${log.lost + ledger.missing(log)})`, logIsWhole && log.lost === 0],
    [`nothing is there twice or out of order (${log.again})`, log.again === 0 && log.read === stored],
    [`the log holds as many as were sent (${stored - ledger.total})`, stored === ledger.total],
    [`acknowledgements come in the order of the log (${ledger.disordered})`, ledger.disordered === 0],
    [`the group misses nothing (${group.lost + ledger.missing(group)})`, groupIsWhole && group.lost === 0],
    ['the group commits to the end', isCommitted],
    [`readers end: ${readersEnd}`, readersEnd === IN_ORDER],
    [`the broker was killed, and writes went on each time ${trouble ?? ''}`, kills > 0 && trouble === undefined],
    [`memory is bounded`, memory.isBounded()],
    [
      `clients close within a moment: ${clientsEnd} (${closeMs.toFixed(0)} ms)`,
      clientsEnd === IN_ORDER && closeMs < 10_000,
    ],
    [`no rejection is unhandled ${unhandled.join('; ')}`, unhandled.length === 0],
  ]);
}

/** Kills the broker every 5 to 20 s, and starts it again 0 to 3 s later. */
async function killing(ledger, signal) {
  const endMs = performance.now() + minutes * 60_000;
  let kills = 0;
  let slowestMs = 0;
  while (!signal.aborted) {
    const waitMs = 5_000 + random() * 15_000;
    if (performance.now() + waitMs > endMs) break;
    await pause(waitMs);
    await broker.kill();
    kills += 1;
    await pause(random() * 3_000);
    const back = await ending(broker.start(), BACK_MS_MAX);
    if (back !== IN_ORDER) return { kills, slowestMs, trouble: `the broker does not come back: ${back}` };
    const backAtMs = performance.now();
    const before = ledger.acknowledged;
    const goesOn = await within(BACK_MS_MAX, () => ledger.acknowledged > before);
    slowestMs = Math.max(slowestMs, performance.now() - backAtMs);
    if (!goesOn) return { kills, slowestMs, trouble: `no write within ${BACK_MS_MAX} ms` };
    if (kills % 5 === 0) console.log(`          ${kills} kills, ${ledger.acknowledged} acknowledged`);
  }
  if (!signal.aborted) await pause(Math.max(0, endMs - performance.now()));
  return { kills, slowestMs };
}

/** A member that leaves the group every 10 to 30 s and joins it again. */
async function comesAndGoes(member, reader, stop) {
  while (!stop.aborted) {
    const stay = AbortSignal.any([stop, AbortSignal.timeout(Math.round(10_000 + random() * 20_000))]);
    await read({ consumer: await member(), reader, stop: stay });
  }
}

/** How many records the log holds, by the ends of its partitions: nothing is deleted, and nothing is transactional. */
async function endOfLog(admin) {
  const queries = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, at: 'latest' }));
  return sum(await admin.offsets.list(queries));
}

/** How many records the group says it has handled. */
async function committed(admin) {
  return sum((await admin.groups.listOffsets([{ groupId: GROUP }])).value(GROUP));
}

function sum(offsets) {
  let total = 0;
  for (const [, outcome] of offsets) total += outcome.ok ? (outcome.value?.offset ?? 0) : 0;
  return total;
}

function report(checks) {
  for (const [text, holds] of checks) console.log(`${holds ? 'ok  ' : 'FAIL'} ${text.trimEnd()}`);
  const failed = checks.filter(([, holds]) => !holds).length;
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  return failed === 0;
}
