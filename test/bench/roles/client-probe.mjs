// One client library at work: sends, reads, delivers to itself, calls another process. `client` names a file of clients/.
import { randomUUID } from 'node:crypto';
import { args, nowMs, rounds, say } from '../lib/measure.mjs';

const { client, port, what, topic, reply, count, warm = 0, inFlight = 1, size = 100 } = args();
const startedMs = nowMs();
const { open } = await import(`../clients/${client}.mjs`);
const kafka = await open({ port, group: `bench-${client}-${randomUUID()}` });
const value = Buffer.alloc(size, 65);

async function measured(one, each = count) {
  await rounds(warm, inFlight, one);
  const cpu = process.cpuUsage();
  const result = await rounds(each, inFlight, one);
  const { user, system } = process.cpuUsage(cpu);
  return { ...result, cpuUs: (user + system) / each };
}

/** Answers come in the order of the calls: one partition each way. */
async function callsOver(request, answer) {
  const waiting = [];
  let isWarm = false;
  await kafka.consume(answer, { from: 'latest' }, () => {
    isWarm = true;
    waiting.shift()?.();
  });
  while (!isWarm) {
    // A group that begins at the end may miss what was written while it joined.
    await kafka.send(request, value);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  waiting.length = 0;
  return () =>
    new Promise((resolve, reject) => {
      waiting.push(resolve);
      kafka.send(request, value).catch(reject);
    });
}

const work = {
  /** Until the first record is acknowledged. */
  async start() {
    await kafka.send(topic, value);
    return { ms: nowMs() - startedMs };
  },
  send: () => measured(() => kafka.send(topic, value)),
  async batches() {
    const values = Array.from({ length: 100 }, () => value);
    const { perSecond, cpuUs } = await measured(() => kafka.sendAll(topic, values));
    return { mbPerSecond: (perSecond * 100 * size) / 1e6, cpuUs: cpuUs / 100 };
  },
  consume: () =>
    new Promise((resolve) => {
      let read = 0;
      let firstMs = 0;
      let cpu;
      void kafka.consume(topic, { from: 'earliest' }, () => {
        if (read++ === 0) {
          firstMs = nowMs();
          cpu = process.cpuUsage();
        }
        if (read !== count) return;
        const { user, system } = process.cpuUsage(cpu);
        resolve({ perSecond: (count / (nowMs() - firstMs)) * 1e3, cpuUs: (user + system) / count });
      });
    }),
  deliver: async () => measured(await callsOver(topic, topic)),
  call: async () => measured(await callsOver(topic, reply)),
  /** Never ends: answers each record of `topic` with one of `reply`. */
  async respond() {
    await kafka.consume(topic, { from: 'latest' }, () => void kafka.send(reply, value).catch(() => {}));
    return 'up';
  },
  /** A producer that has sent and a consumer that has nothing to read. */
  async idle() {
    await kafka.send(topic, value);
    await kafka.consume(topic, { from: 'latest' }, () => {});
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    globalThis.gc?.();
    return { residentMb: process.memoryUsage().rss / 2 ** 20 };
  },
};
say(await work[what]());
