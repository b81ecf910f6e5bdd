// Spawn to open port, and memory when nothing happens.
import { median, residentMb } from '../lib/measure.mjs';
import { hasApacheKafka, startApacheKafka, startBareServer, startBroker } from '../lib/servers.mjs';

const SETTLE_MS = 1_000;

async function once(start) {
  const server = await start();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const figures = { readyMs: server.readyMs, residentMb: residentMb(server.pid) };
  await server.stop();
  return figures;
}

export async function startSuite(report, runs) {
  const all = [];
  const kafka = hasApacheKafka();
  for (let run = 0; run < runs; run++) {
    const figures = { bare: await once(startBareServer), ours: await once(() => startBroker('group-commit')) };
    if (kafka) figures.kafka = await once(startApacheKafka);
    all.push(figures);
  }
  const of = (who, key) => median(all.map((figures) => figures[who][key]));
  const ready = of('ours', 'readyMs');
  const resident = of('ours', 'residentMb');
  const peer = (key) => (kafka ? of('kafka', key) : undefined);
  report.add({
    name: 'start to open port',
    unit: 'ms',
    ours: ready,
    yardstickName: 'bare Node server',
    yardstick: of('bare', 'readyMs'),
    goal: { atMost: 3 },
  });
  report.add({
    name: 'start to open port',
    unit: 'ms',
    ours: ready,
    yardstickName: 'Apache Kafka',
    yardstick: peer('readyMs'),
    goal: { atMost: 0.05 },
  });
  report.add({
    name: 'idle resident memory',
    unit: 'MB',
    ours: resident,
    yardstickName: 'Apache Kafka',
    yardstick: peer('residentMb'),
    goal: { atMost: 0.25 },
  });
}
