// Our broker over the bare wire, beside the floors: a minimal sink and a bare relay.
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { Role, median } from '../lib/measure.mjs';
import { makeTopic } from '../lib/kafka-wire.mjs';
import { folder, hasRedis, startBroker, startRedis } from '../lib/servers.mjs';

const MS = 2_000;

async function play(file, args) {
  const role = new Role(file, args);
  try {
    return await role.next();
  } finally {
    await role.stop();
  }
}

async function relay(inFlight, count) {
  const echo = new Role('relay.mjs');
  const { port: up } = await echo.next();
  const middle = new Role('relay.mjs', { up });
  const { port } = await middle.next();
  const result = await play('relay-client.mjs', { port, count, inFlight });
  await middle.stop();
  await echo.stop();
  return result;
}

async function sink(sync) {
  const dir = folder('sink');
  const role = new Role('sink.mjs', { file: join(dir, 'sink.bin'), sync });
  const { port } = await role.next();
  const result = await play('sink-source.mjs', { port, size: 16_384, window: 64, ms: MS });
  await role.stop('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
  return result;
}

async function ours(flush) {
  const broker = await startBroker(flush, { 'log.retention.bytes': 2_000_000_000 });
  const { port } = broker;
  const figures = {};
  try {
    for (const topic of ['ingest', 'deliver', 'request', 'reply']) await makeTopic(port, topic);
    figures.ingest = await play('raw-ingest.mjs', {
      port,
      topic: 'ingest',
      partitions: 1,
      window: 64,
      ms: MS,
      size: 16_384,
    });
    figures.fetch = await play('raw-fetch.mjs', { port, topic: 'ingest', ms: MS });
    const count = flush === 'os' ? 5_000 : 1_500;
    figures.deliver = await play('raw-deliver.mjs', { port, publish: 'deliver', read: 'deliver', count, inFlight: 1 });
    for (const inFlight of [1, 64]) {
      const request = `request${inFlight}`;
      const reply = `reply${inFlight}`;
      await makeTopic(port, request);
      await makeTopic(port, reply);
      const responder = new Role('raw-responder.mjs', { port, read: request, publish: reply, inFlight });
      await responder.next();
      const calls = inFlight === 1 ? count : count * 4;
      figures[`rpc${inFlight}`] = await play('raw-deliver.mjs', {
        port,
        publish: request,
        read: reply,
        count: calls,
        inFlight,
      });
      await responder.stop();
    }
  } finally {
    await broker.stop();
  }
  return figures;
}

export async function brokerSuite(report, runs) {
  const all = [];
  const redis = hasRedis();
  for (let run = 0; run < runs; run++) {
    const figures = { os: await ours('os'), group: await ours('group-commit') };
    figures.relay = await relay(1, 5_000);
    figures.relay64 = await relay(64, 20_000);
    figures.sink = await sink(false);
    if (redis) {
      const server = await startRedis();
      figures.streams = await play('redis-streams.mjs', { port: server.port, count: 3_000 });
      await server.stop();
    }
    all.push(figures);
  }
  const of = (pick) => median(all.map(pick));
  const streams = redis ? of(({ streams: { p50 } }) => p50) : undefined;
  const sinkMb = of(({ sink: { mbPerSecond } }) => mbPerSecond);
  const osMb = of(({ os }) => os.ingest.mbPerSecond);
  report.add({
    name: 'ingest 16 KB batches',
    mode: 'os',
    unit: 'MB/s',
    ours: osMb,
    yardstickName: 'minimal sink',
    yardstick: sinkMb,
    goal: { atLeast: 0.5 },
  });
  report.add({
    name: 'ingest 16 KB batches',
    mode: 'group-commit',
    unit: 'MB/s',
    ours: of(({ group }) => group.ingest.mbPerSecond),
    yardstickName: 'ours in mode os',
    yardstick: osMb,
    goal: { atLeast: 0.35 },
  });
  report.add({
    name: 'fetch 1 MB chunks',
    mode: 'os',
    unit: 'MB/s',
    ours: of(({ os }) => os.fetch.mbPerSecond),
    yardstickName: 'minimal sink (ingest)',
    yardstick: sinkMb,
  });
  const hop = of(({ relay: { p50 } }) => p50);
  const hop64 = of(({ relay64: { perSecond } }) => perSecond);
  for (const mode of ['os', 'group']) {
    const name = mode === 'os' ? 'os' : 'group-commit';
    const goal = mode === 'os' ? { goal: { atMost: 3 } } : {};
    report.add({
      name: 'publish -> deliver p50, 100 B',
      mode: name,
      unit: 'µs',
      ours: of((f) => f[mode].deliver.p50),
      yardstickName: 'bare relay',
      yardstick: hop,
      ...goal,
    });
    report.add({
      name: 'call over two topics p50, 1 in flight',
      mode: name,
      unit: 'µs',
      ours: of((f) => f[mode].rpc1.p50),
      yardstickName: 'bare relay',
      yardstick: hop,
    });
    report.add({
      name: 'calls over two topics, 64 in flight',
      mode: name,
      unit: '1/s',
      ours: of((f) => f[mode].rpc64.perSecond),
      yardstickName: 'bare relay',
      yardstick: hop64,
    });
  }
  report.add({
    name: 'publish -> deliver p50, 100 B',
    mode: 'os',
    unit: 'µs',
    ours: of((f) => f.os.deliver.p50),
    yardstickName: 'raw Redis Streams',
    yardstick: streams,
  });
}
