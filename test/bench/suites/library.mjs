// The Nest library over our broker, beside what Nest teams use today: the Redis transport and BullMQ.
import { Role, median } from '../lib/measure.mjs';
import { hasRedis, startBroker, startRedis } from '../lib/servers.mjs';

const JOBS = { jobs: 20_000, warm: 2_000 };

async function play(file, args) {
  const role = new Role(file, args);
  try {
    return await role.next();
  } finally {
    await role.stop();
  }
}

async function ours(flush) {
  const broker = await startBroker(flush, { 'num.partitions': 4 });
  const { port } = broker;
  const server = new Role('library-server.mjs', { port, ...JOBS, concurrency: 50 });
  const figures = {};
  try {
    await server.next();
    figures.rpc1 = await play('library-client.mjs', { port, what: 'call', count: 2_500, warm: 500, inFlight: 1 });
    figures.rpc64 = await play('library-client.mjs', { port, what: 'call', count: 12_000, warm: 6_000, inFlight: 64 });
    figures.deliver = await play('library-client.mjs', { port, what: 'deliver', count: 2_000, warm: 500, inFlight: 1 });
    const worked = server.next();
    await play('library-client.mjs', { port, what: 'jobs', count: JOBS.jobs, warm: JOBS.warm, inFlight: 64 });
    figures.queue = await worked;
  } finally {
    await server.stop();
    await broker.stop();
  }
  figures.embedded = await play('library-embedded.mjs', { flush, count: 5_000, warm: 2_000, inFlight: 1 });
  return figures;
}

async function peers() {
  const redis = await startRedis();
  const { port } = redis;
  const figures = {};
  try {
    const server = new Role('nest-redis.mjs', { role: 'server', port });
    await server.next();
    figures.rpc1 = await play('nest-redis.mjs', { role: 'client', port, count: 2_500, warm: 500, inFlight: 1 });
    figures.rpc64 = await play('nest-redis.mjs', { role: 'client', port, count: 12_000, warm: 6_000, inFlight: 64 });
    await server.stop();
    const worker = new Role('bullmq.mjs', { role: 'worker', port, name: 'bench', ...JOBS, concurrency: 50 });
    await worker.next();
    const worked = worker.next();
    await play('bullmq.mjs', { role: 'producer', port, name: 'bench', ...JOBS, inFlight: 64 });
    figures.queue = await worked;
    await worker.stop();
  } finally {
    await redis.stop();
  }
  return figures;
}

export async function librarySuite(report, runs) {
  const all = [];
  const redis = hasRedis();
  for (let run = 0; run < runs; run++) {
    all.push({ os: await ours('os'), group: await ours('group-commit'), redis: redis ? await peers() : undefined });
  }
  const of = (pick) => median(all.map(pick));
  const peer = (pick) => (redis ? of(({ redis: figures }) => pick(figures)) : undefined);
  const rpc1 = (figures) => figures.rpc1.p50;
  const rpc64 = (figures) => figures.rpc64.perSecond;
  const queue = (figures) => figures.queue.perSecond;
  // The first goal of each is that of the first step, the second that of the client.
  const rows = [
    ['call p50, 1 in flight', 'µs', rpc1, "Nest's Redis transport", { atMost: 1.2 }],
    ['call p50, 1 in flight', 'µs', rpc1, "Nest's Redis transport", { atMost: 0.6 }],
    ['calls, 64 in flight', '1/s', rpc64, "Nest's Redis transport", { atLeast: 2.5 }],
    ['queue: add and work, concurrency 50', 'jobs/s', queue, 'BullMQ', { atLeast: 3 }],
    ['queue: add and work, concurrency 50', 'jobs/s', queue, 'BullMQ', { atLeast: 8 }],
  ];
  for (const [name, unit, pick, yardstickName, goal] of rows) {
    for (const mode of ['os', 'group']) {
      // Redis does not flush before it answers: the goal is for the same promise, group-commit is shown beside it.
      const asked = mode === 'os' && goal !== undefined ? { goal } : {};
      const ours = of((figures) => pick(figures[mode]));
      report.add({
        name,
        mode: mode === 'os' ? 'os' : 'group-commit',
        unit,
        ours,
        yardstickName,
        yardstick: peer(pick),
        ...asked,
      });
    }
  }
  report.add({
    name: 'call p50, embedded in the process',
    mode: 'os',
    unit: 'µs',
    ours: of(({ os }) => os.embedded.p50),
    yardstickName: "Nest's Redis transport",
    yardstick: peer(rpc1),
    goal: { atMost: 0.35 },
  });
  for (const mode of ['os', 'group']) {
    const ours = of((figures) => figures[mode].deliver.p50);
    report.add({ name: 'publish -> handler p50', mode: mode === 'os' ? 'os' : 'group-commit', unit: 'µs', ours });
  }
}
