import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Scripts import this file as it is, before anything is built: it imports nothing of ours.

/** The version that everything is held against. */
export const APACHE_KAFKA_DEFAULT_VERSION = '4.3.1';

/** The version of the brokers that are started: `TRUNKLINE_KAFKA_VERSION`, else {@link APACHE_KAFKA_DEFAULT_VERSION}. */
export function apacheKafkaVersion(): string {
  return process.env['TRUNKLINE_KAFKA_VERSION'] || APACHE_KAFKA_DEFAULT_VERSION;
}

/**
 * The folder in which a version's jars are, or shall be: `TRUNKLINE_KAFKA_JARS`, else one of the user's cache, outside the
 * tree.
 */
export function apacheKafkaFolder(version: string): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return process.env['TRUNKLINE_KAFKA_JARS'] || join(cache, 'trunkline-apache-kafka', version, 'libs');
}

/**
 * Where Apache Kafka's jars are, or undefined when they have not been fetched (`npm run kafka:jars`). Its tools and Java
 * clients are those of the default version, whatever version the brokers have.
 */
export function apacheKafkaJars(version: string = APACHE_KAFKA_DEFAULT_VERSION): string | undefined {
  const folder = apacheKafkaFolder(version);
  return existsSync(join(folder, `kafka_2.13-${version}.jar`)) ? folder : undefined;
}
