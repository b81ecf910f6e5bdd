// `npm run test:engines`: the bus, the broker and real clients against real servers. Says what is missing; in CI a
// missing one is a failure. TRUNKLINE_KAFKA_VERSION names another version of Apache Kafka than 4.3.1: the client's
// behaviours against 3.9 are `npm run test:engines:3.9`.
import { spawn, spawnSync } from 'node:child_process';
import {
  APACHE_KAFKA_DEFAULT_VERSION as DEFAULT_VERSION,
  apacheKafkaFolder,
  apacheKafkaJars,
  apacheKafkaVersion,
} from '../../libs/testing/src/apache-kafka-jars.ts';

/** Beside those of the specs: test/conformance/client/brokers.ts. */
const SHARED_PORT = Number(process.env.TRUNKLINE_TEST_PORT ?? 30_100) - 10;
const wantedVersion = apacheKafkaVersion();
const versions = new Set([DEFAULT_VERSION, wantedVersion]);
const runs = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const wanted = [
  ['java', 'Java 17 or newer (apt-get install default-jre-headless)', () => runs('java', ['-version'])],
  ...[...versions].map((version) => [
    `Apache Kafka ${version}`,
    `its jars in ${apacheKafkaFolder(version)} (npm run kafka:jars -- ${version})`,
    () => apacheKafkaJars(version) !== undefined,
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
const paths = process.argv.slice(2);
const kafka = await startShared();
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--config',
    'test/engines.config.mjs',
    ...paths,
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, TRUNKLINE_MISSING: names, ...(kafka && { TRUNKLINE_TEST_KAFKA: kafka.bootstrap }) },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', async (status) => {
  await kafka?.close();
  process.exit(status ?? 1);
});

/** One Apache Kafka for the client's specs that need none of their own: its start takes longer than most of them. */
async function startShared() {
  const isWanted = paths.length === 0 || paths.some((path) => path.includes('client'));
  const isMissing = names.includes(`Apache Kafka ${wantedVersion}`) || names.includes('java');
  if (!isWanted || isMissing || process.env.TRUNKLINE_TEST_KAFKA !== undefined) return undefined;
  const { status } = spawnSync(process.execPath, ['test/scripts/build.mjs'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  const { startApacheKafka } = await import('../../libs/testing/dist/apache-kafka.js');
  return await startApacheKafka({ port: SHARED_PORT, heapMb: 768 });
}
