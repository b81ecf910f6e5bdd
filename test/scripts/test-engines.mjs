// `npm run test:engines`: the bus, the broker and real clients against real servers. Says what is missing; in CI a
// missing one is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const jars =
  process.env.TRUNKLINE_KAFKA_JARS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'trunkline-apache-kafka/4.3.1/libs');
const runs = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const wanted = [
  ['java', 'Java 17 or newer (apt-get install default-jre-headless)', () => runs('java', ['-version'])],
  [
    'Apache Kafka 4.3.1',
    `its jars in ${jars} (npm run kafka:jars)`,
    () => existsSync(jars) && readdirSync(jars).some((name) => name.startsWith('kafka_2.13-4.3.1')),
  ],
  ['kcat', 'apt-get install kcat', () => runs('kcat', ['-V'])],
  [
    'python3-confluent-kafka',
    'apt-get install python3-confluent-kafka',
    () => runs('/usr/bin/python3', ['-c', 'import confluent_kafka']),
  ],
];
const missing = wanted.filter(([, , there]) => !there());
for (const [name, how] of missing) console.log('missing:', name, how);
if (missing.length > 0 && process.env.CI) {
  console.log('in CI every one of them must be there');
  process.exit(1);
}
const names = missing.map(([name]) => name).join(',');
const jest = ['node_modules/jest/bin/jest.js', '--config', 'test/engines.config.mjs', ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, ['--experimental-vm-modules', '--no-warnings', ...jest], {
  stdio: 'inherit',
  env: { ...process.env, TRUNKLINE_MISSING: names },
});
process.exit(status ?? 1);
