// BullMQ: a worker that counts, or a producer that adds jobs with `inFlight` at once.
import { Queue, Worker } from 'bullmq';
import { args, nowMs, rounds, say } from '../lib/measure.mjs';

const { role, port, name, jobs, warm, concurrency, inFlight } = args();
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };

if (role === 'worker') {
  let done = 0;
  let startedMs = 0;
  const worker = new Worker(name, async () => {}, { connection, concurrency });
  worker.on('completed', () => {
    if (done === warm) startedMs = nowMs();
    if (++done === jobs + warm) say({ perSecond: (jobs / (nowMs() - startedMs)) * 1e3 });
  });
  worker.on('error', () => {});
  await worker.waitUntilReady();
  say('up');
} else {
  const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true, removeOnFail: true } });
  await queue.waitUntilReady();
  const payload = { id: 1, p: 'x'.repeat(80) };
  say(await rounds(jobs + warm, inFlight, () => queue.add('job', payload)));
}
