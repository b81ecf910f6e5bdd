import {
  Consumer as PlatformaticConsumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer as PlatformaticProducer,
  compatibilityPartitioner,
} from '@platformatic/kafka';
import { apacheKafkaJars, whyLeftOut } from '@trunkline/testing';
import kafkajs from 'kafkajs';
import { run } from '../../wire/clients/client-process.js';

/** A record as text; null is null. */
export interface TextRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestampMs: number;
}

export interface ReadRecord extends TextRecord {
  readonly partition: number;
}

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
export const CODECS: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Another client: writes records, to partitions of its own choosing, and reads a topic from its beginning. */
export interface Peer {
  readonly name: string;
  /** Why it is left out of this run. */
  readonly leftOut?: string | undefined;
  readonly codecs: readonly Codec[];
  /** Whether it can write this: not every tool takes headers a record, times, or null. */
  readonly writes: { readonly headers: boolean; readonly timestamps: boolean; readonly nulls: boolean };
  write(bootstrap: string, topic: string, records: readonly TextRecord[], codec: Codec): Promise<void>;
  read(bootstrap: string, topic: string, count: number): Promise<ReadRecord[]>;
}

const ALL = { headers: true, timestamps: true, nulls: true };
const LIMIT_MS = 20_000;

const text = (bytes: Buffer | string | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : String(bytes);

const kafkaJs: Peer = {
  name: 'kafkajs',
  codecs: ['none', 'gzip'],
  writes: ALL,
  write: async (bootstrap, topic, records, codec) => {
    const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const { GZIP, None } = kafkajs.CompressionTypes;
    const messages = records.map(({ key, value, headers, timestampMs }) => ({
      key,
      value,
      headers: { ...headers },
      timestamp: String(timestampMs),
    }));
    await producer.send({ topic, messages, acks: -1, compression: codec === 'gzip' ? GZIP : None });
    await producer.disconnect();
  },
  read: async (bootstrap, topic, count) => {
    const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: `interop-${topic}-${process.pid}`, maxWaitTimeInMs: 200 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const read: ReadRecord[] = [];
    const all = new Promise<void>((resolve) => {
      const late = setTimeout(resolve, LIMIT_MS);
      void consumer.run({
        eachMessage: async ({ partition, message }) => {
          const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
          read.push({
            partition,
            key: text(message.key),
            value: text(message.value),
            headers: Object.fromEntries(headers) as Record<string, string>,
            timestampMs: Number(message.timestamp),
          });
          if (read.length < count) return;
          clearTimeout(late);
          resolve();
        },
      });
    });
    await all;
    await consumer.disconnect();
    return read;
  },
};

const platformatic: Peer = {
  name: '@platformatic/kafka',
  codecs: CODECS,
  writes: ALL,
  write: async (bootstrap, topic, records, codec) => {
    // Its own default takes the hash unsigned, and so parts with all others where the sign is set: this is its other one.
    const partitioner = compatibilityPartitioner;
    const producer = new PlatformaticProducer({ clientId: 'interop', bootstrapBrokers: [bootstrap], partitioner });
    const bytes = (of: string | null): Buffer | undefined => (of === null ? undefined : Buffer.from(of));
    const messages = records.map(({ key, value, headers, timestampMs }) => ({
      topic,
      key: bytes(key)!,
      value: bytes(value)!,
      headers: new Map(Object.entries(headers).map(([name, of]) => [Buffer.from(name), Buffer.from(of)])),
      timestamp: BigInt(timestampMs),
    }));
    await producer.send({ messages, acks: -1, compression: codec });
    await producer.close();
  },
  read: async (bootstrap, topic, count) => {
    const groupId = `interop-${topic}-${process.pid}-p`;
    const consumer = new PlatformaticConsumer({ clientId: 'interop', bootstrapBrokers: [bootstrap], groupId });
    const stream = await consumer.consume({
      topics: [topic],
      mode: MessagesStreamModes.EARLIEST,
      fallbackMode: MessagesStreamFallbackModes.EARLIEST,
      maxWaitTime: 200,
    });
    const read: ReadRecord[] = [];
    const late = setTimeout(() => void stream.close(), LIMIT_MS);
    for await (const { key, value, headers, partition, timestamp } of stream) {
      const pairs = [...headers].map(([name, of]) => [String(name), String(of)]);
      read.push({
        partition,
        key: text(key),
        value: text(value),
        headers: Object.fromEntries(pairs) as Record<string, string>,
        timestampMs: Number(timestamp),
      });
      if (read.length === count) break;
    }
    clearTimeout(late);
    await consumer.close(true);
    return read;
  },
};

interface KcatLine {
  readonly partition: number;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

const kcat: Peer = {
  name: 'kcat (librdkafka)',
  leftOut: whyLeftOut('kcat'),
  codecs: CODECS,
  writes: { headers: false, timestamps: false, nulls: false },
  write: async (bootstrap, topic, records, codec) => {
    const lines = records.map(({ key, value }) => `${key ?? ''}\u0001${value ?? ''}\n`).join('');
    const options = ['-X', 'topic.partitioner=murmur2_random', '-z', codec, '-K', '\u0001'];
    await run('kcat', ['-b', bootstrap, '-P', '-t', topic, ...options], lines);
  },
  read: async (bootstrap, topic, count) => {
    const args = ['-b', bootstrap, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J'];
    const lines = (await run('kcat', args)).split('\n').filter((line) => line !== '');
    return lines.slice(0, count).map((line) => {
      const { partition, ts, headers = [], key, payload } = JSON.parse(line) as KcatLine;
      const pairs = headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : []));
      const named = Object.fromEntries(pairs) as Record<string, string>;
      return { partition, timestampMs: ts, headers: named, key, value: payload };
    });
  },
};

const NULL = '<null>';
const SEPARATOR = '\u0001';

function java(tool: string, args: readonly string[], input = ''): Promise<string> {
  const jars = apacheKafkaJars()!;
  const flags = [
    '-Xmx256M',
    '-Dfile.encoding=UTF-8',
    '-Dstdout.encoding=UTF-8',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  ];
  return run('java', [...flags, '-cp', `${jars}/*`, tool, ...args], input);
}

const properties = (flag: string, values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);

/** Apache Kafka's own producer and consumer, by their console tools. */
const javaTools: Peer = {
  name: "Apache Kafka's Java client",
  leftOut: whyLeftOut('Apache Kafka', '4'),
  codecs: CODECS,
  writes: { headers: true, timestamps: false, nulls: true },
  write: async (bootstrap, topic, records, codec) => {
    const reader = {
      'parse.key': 'true',
      'parse.headers': 'true',
      'null.marker': NULL,
      'key.separator': SEPARATOR,
      'headers.delimiter': '\u0002',
    };
    const lines = records.map(({ key, value, headers }) => {
      const pairs = Object.entries(headers).map(([name, of]) => `${name}:${of}`);
      return `${pairs.length === 0 ? NULL : pairs.join(',')}\u0002${key ?? NULL}${SEPARATOR}${value ?? NULL}\n`;
    });
    const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--compression-codec', codec];
    await java(
      'org.apache.kafka.tools.ConsoleProducer',
      [...args, ...properties('--reader-property', reader)],
      lines.join(''),
    );
  },
  read: async (bootstrap, topic, count) => {
    const formatter = {
      'print.key': 'true',
      'print.headers': 'true',
      'print.timestamp': 'true',
      'print.partition': 'true',
      'null.literal': NULL,
      'key.separator': SEPARATOR,
      'headers.separator': ',',
    };
    const args = [
      '--bootstrap-server',
      bootstrap,
      '--topic',
      topic,
      '--from-beginning',
      '--max-messages',
      String(count),
    ];
    const limits = ['--timeout-ms', String(LIMIT_MS)];
    const printed = await java('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...args,
      ...limits,
      ...properties('--formatter-property', formatter),
    ]);
    return printed
      .split('\n')
      .filter((line) => line.includes(SEPARATOR))
      .map((line) => {
        const [time, partition, headers, key, value] = line.split(SEPARATOR) as [
          string,
          string,
          string,
          string,
          string,
        ];
        const pairs = headers === 'NO_HEADERS' ? [] : headers.split(',').map((pair) => pair.split(':'));
        return {
          partition: Number(partition.replace('Partition:', '')),
          timestampMs: Number(time.split(':')[1]),
          headers: Object.fromEntries(pairs) as Record<string, string>,
          key: key === NULL ? null : key,
          value: value === NULL ? null : value,
        };
      });
  },
};

export const PEERS: readonly Peer[] = [kafkaJs, platformatic, kcat, javaTools];
