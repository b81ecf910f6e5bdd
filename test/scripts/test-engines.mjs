// `npm run test:engines`: the bus, the broker and real clients against real servers. Says what is missing; in CI a
// missing one is a failure. TRUNKLINE_KAFKA_VERSION names another version of Apache Kafka than 4.3.1; for the client's
// behaviours against 3.9: node test/scripts/apache-kafka-jars.mjs 3.9.2, then
// TRUNKLINE_KAFKA_VERSION=3.9.2 npm run test:engines -- test/conformance/client
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DEFAULT_VERSION = '4.3.1';
const versions = new Set([DEFAULT_VERSION, process.env.TRUNKLINE_KAFKA_VERSION || DEFAULT_VERSION]);
const jarsOf = (version) =>
  process.env.TRUNKLINE_KAFKA_JARS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'trunkline-apache-kafka', version, 'libs');
const hasJars = (version) =>
  existsSync(jarsOf(version)) && readdirSync(jarsOf(version)).some((name) => name.startsWith(`kafka_2.13-${version}`));
const runs = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const wanted = [
  ['java', 'Java 17 or newer (apt-get install default-jre-headless)', () => runs('java', ['-version'])],
  ...[...versions].map((version) => [
    `Apache Kafka ${version}`,
    `its jars in ${jarsOf(version)} (npm run kafka:jars -- ${version})`,
    () => hasJars(version),
  ]),
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
