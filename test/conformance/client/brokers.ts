import { createServer } from 'node:net';
import { it } from '@jest/globals';
import type { ClientPorts } from '@trunkline/client';
import { silentLogger } from '@trunkline/kernel';
import { NodeNetwork, compression, crc32c, nodeClock, nodeRandom, nodeScramHashes } from '@trunkline/platform';
import { apacheKafkaVersion, itUnless, startApacheKafka, startTestBroker, whyLeftOut } from '@trunkline/testing';

/** A broker that runs, for one spec file. */
export interface RunningBroker {
  /** `host:port`. */
  readonly bootstrap: string;
  close(): Promise<void>;
}

/** What a broker can do beyond what all can. */
export interface BrokerFeatures {
  readonly transactions: boolean;
  /** KIP-848. */
  readonly consumerGroups: boolean;
  /** KIP-932. */
  readonly shareGroups: boolean;
}

/** A broker that can be taken away, and comes back where it was with what it knew. */
export interface MortalBroker extends RunningBroker {
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface TestedBroker {
  readonly name: string;
  readonly has: BrokerFeatures;
  /** `config`: of our broker; Apache Kafka, which may be shared, keeps its own. */
  start(config?: Readonly<Record<string, string>>): Promise<RunningBroker>;
  /** One that nobody shares. */
  startMortal(): Promise<MortalBroker>;
}

/** Kafka 3.9, selected by `TRUNKLINE_KAFKA_VERSION`, has groups of KIP-848 and share groups as previews only: not tested. */
const isBeforeFour = Number.parseInt(apacheKafkaVersion(), 10) < 4;

/** Why this run can start no Apache Kafka; undefined where it can. */
export const ownKafkaLeftOut = whyLeftOut('Apache Kafka', apacheKafkaVersion());
/** Why nothing is held against Apache Kafka in this run; undefined where it is. */
export const apacheKafkaLeftOut = process.env['TRUNKLINE_TEST_KAFKA'] === undefined ? ownKafkaLeftOut : undefined;

const previewOnly = `Apache Kafka ${apacheKafkaVersion()} does not have it, or as a preview only`;

/** For what came with Apache Kafka 4: transactions of version 2, later versions of admin requests. */
export function itSinceFour({ name: broker }: TestedBroker, name: string, behaves: () => Promise<void>): void {
  itUnless(isBeforeFour && broker === 'Apache Kafka' ? previewOnly : undefined, name, behaves);
}

/** Files that run at once look for ports in ranges of their own, 96 from `TRUNKLINE_TEST_PORT` (default 30100). */
const PORTS = 32;
const FIRST_PORT =
  Number(process.env['TRUNKLINE_TEST_PORT'] ?? 30_100) + ((Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % 3) * PORTS;
const LAST_PORT = FIRST_PORT + PORTS - 2;

/**
 * The brokers that the client's behaviours are held against: ours, in this process over TCP, and Apache Kafka: the one
 * that `TRUNKLINE_TEST_KAFKA` (host:port) names, else one of its own. Apache Kafka is left out where it is missing and
 * that is allowed ({@link apacheKafkaLeftOut}).
 */
export function kafkaBrokers(): readonly TestedBroker[] {
  return apacheKafkaLeftOut === undefined ? [trunkline, apacheKafka] : [trunkline];
}

/** The brokers that have a feature; where none has it, the file shows a test that is skipped, with the reason. */
export function kafkaBrokersWith(feature: keyof BrokerFeatures): readonly TestedBroker[] {
  const brokers = kafkaBrokers().filter(({ has }) => has[feature]);
  if (brokers.length === 0) it.skip(`needs a broker with ${feature}: ${apacheKafkaLeftOut ?? previewOnly}`, () => {});
  return brokers;
}

/** The world as Node has it. */
export function nodePorts(over: Partial<ClientPorts> = {}): ClientPorts {
  return {
    network: new NodeNetwork(),
    clock: nodeClock,
    random: nodeRandom,
    crc32c,
    compression,
    hashes: nodeScramHashes,
    logger: silentLogger,
    ...over,
  };
}

const OUR_SETTINGS = { 'auto.create.topics.enable': 'false', 'group.initial.rebalance.delay.ms': '0' };

export const trunkline: TestedBroker = {
  name: 'Trunkline',
  has: { transactions: false, consumerGroups: false, shareGroups: false },
  start: async (config = {}) => {
    const test = await startTestBroker({ network: new NodeNetwork(), config: { ...OUR_SETTINGS, ...config } });
    const { host, port } = test.broker.addresses[0]!.advertised;
    return { bootstrap: `${host}:${port}`, close: () => test.stop() };
  },
  startMortal: async () => {
    const bootstrap = `127.0.0.1:${await freePortPair()}`;
    const config = { ...OUR_SETTINGS, listeners: `PLAINTEXT://${bootstrap}` };
    const test = await startTestBroker({ network: new NodeNetwork(), config });
    return { bootstrap, kill: () => test.broker.close(), start: () => test.restart(), close: () => test.stop() };
  },
};

export const apacheKafka: TestedBroker = {
  name: 'Apache Kafka',
  has: { transactions: true, consumerGroups: !isBeforeFour, shareGroups: !isBeforeFour },
  start: async () => {
    const given = process.env['TRUNKLINE_TEST_KAFKA'];
    if (given !== undefined) return { bootstrap: given, close: async () => {} };
    return await startApacheKafka({ port: await freePortPair() });
  },
  startMortal: async () => await startApacheKafka({ port: await freePortPair() }),
};

/** A port that is free, and so is the next one: that is for the controller. */
export async function freePortPair(): Promise<number> {
  for (let port = FIRST_PORT; port < LAST_PORT; port += 2)
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  throw new Error(`no two free ports side by side from ${FIRST_PORT} to ${LAST_PORT}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => void server.close(() => resolve(true)));
  });
}
