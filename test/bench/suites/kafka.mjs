// Our broker and Apache Kafka 4.3.1 through the same client.
import { Role, median } from '../lib/measure.mjs';
import { makeTopic } from '../lib/kafka-wire.mjs';
import { hasApacheKafka, startApacheKafka, startBroker } from '../lib/servers.mjs';

async function through(start) {
  const server = await start();
  try {
    await makeTopic(server.port, 'bench');
    const role = new Role('kafka-client.mjs', { port: server.port, topic: 'bench', batches: 3_000, inFlight: 4 });
    const figures = await role.next();
    await role.stop();
    return figures;
  } finally {
    await server.stop();
  }
}

export async function kafkaSuite(report, runs) {
  const all = [];
  const kafka = hasApacheKafka();
  for (let run = 0; run < runs; run++) {
    const figures = {
      os: await through(() => startBroker('os')),
      group: await through(() => startBroker('group-commit')),
    };
    if (kafka) figures.kafka = await through(startApacheKafka);
    all.push(figures);
  }
  const of = (pick) => median(all.map(pick));
  for (const [name, key] of [
    ['produce 100 x 1 KB', 'produceMbPerSecond'],
    ['consume 1 KB', 'consumeMbPerSecond'],
  ]) {
    const yardstick = kafka ? of((figures) => figures.kafka[key]) : undefined;
    for (const mode of ['os', 'group']) {
      const goal = mode === 'os' ? { goal: { atLeast: 0.7 } } : {};
      const row = { name: `${name}, same client`, mode: mode === 'os' ? 'os' : 'group-commit', unit: 'MB/s' };
      report.add({
        ...row,
        ours: of((figures) => figures[mode][key]),
        yardstickName: 'Apache Kafka',
        yardstick,
        ...goal,
      });
    }
  }
}
