// Brings Apache Kafka's jars into a cache folder outside the tree, by Maven; does nothing when they are there.
// `node test/scripts/apache-kafka-jars.mjs [version]` prints the folder (a version without one: TRUNKLINE_KAFKA_VERSION,
// else 4.3.1). TRUNKLINE_KAFKA_JARS names one that already exists.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { apacheKafkaFolder, apacheKafkaJars, apacheKafkaVersion } from '../../libs/testing/src/apache-kafka-jars.ts';

const VERSION = process.argv[2] || apacheKafkaVersion();
if (!/^\d+\.\d+\.\d+$/.test(VERSION)) {
  console.error(`${VERSION} is no version of Apache Kafka: name one as 4.3.1 or 3.9.1`);
  process.exit(1);
}
const NEEDED = `kafka_2.13-${VERSION}.jar`;

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>trunkline</groupId>
  <artifactId>apache-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-shell</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

const folder = apacheKafkaFolder(VERSION);

if (apacheKafkaJars(VERSION) === undefined) {
  if (process.env.TRUNKLINE_KAFKA_JARS) {
    console.error(
      `TRUNKLINE_KAFKA_JARS=${folder} holds no ${NEEDED}: name a folder with Apache Kafka's jars, or unset it`,
    );
    process.exit(1);
  }
  const cache = dirname(folder);
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'pom.xml'), pom);
  const fetched = `${folder}.${process.pid}`;
  const { status, error } = spawnSync(
    'mvn',
    ['-q', '-B', '-f', join(cache, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${fetched}`],
    { stdio: ['ignore', 2, 2] },
  );
  if (error !== undefined || status !== 0) {
    rmSync(fetched, { recursive: true, force: true });
    const reason = error?.code === 'ENOENT' ? 'Maven (mvn) is not installed' : `mvn ended with ${status ?? error}`;
    console.error(
      `Apache Kafka ${VERSION} could not be fetched: ${reason}. Install Maven, or set TRUNKLINE_KAFKA_JARS to a folder with its jars.`,
    );
    process.exit(1);
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(fetched, folder);
}
console.log(folder);
