import {
  type Address,
  type Clock,
  type Compression,
  type Crc32c,
  type Disk,
  type Link,
  type Logger,
  type Network,
  type Random,
  invariant,
} from '@trunkline/kernel';
import {
  DiskMetadataLog,
  MetadataManager,
  SUPPORTED_FEATURES,
  TopicAutoCreation,
  metaProperties,
} from '@trunkline/metadata';
import type { BrokerConfig } from './config.js';
import type { AdvertisedAddress, ListenerConfig } from './config/listeners.js';
import { GroupCoordinator } from './groups/group-coordinator.js';
import { HANDLERS } from './handlers/index.js';
import { DataPath } from './data-path.js';
import type { Parts } from './parts.js';
import type { AnyHandler } from './server/handler.js';
import { type Defer, inProcessLinks } from './server/in-process-link.js';
import { BrokerMetrics } from './server/metrics.js';
import { Router } from './server/router.js';
import { Server } from './server/server.js';
import { directoryFault, listenerFault } from './start-fault.js';

/** A broker's config, and the world it lives in. */
export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly disk: Disk;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly crc32c: Crc32c;
  readonly compression: Compression;
  /** For links in the process: runs something soon. Default: in a microtask; give `setImmediate` where sockets live too. */
  readonly defer?: Defer;
  /** Hears of a broken invariant, once: whoever runs the broker has to end it. Default: it is thrown, and nobody catches it. */
  readonly onDefect?: (defect: Error) => void;
  /** What is answered. Default: every API of this broker. */
  readonly handlers?: readonly AnyHandler[];
}

/** A listener that is bound. */
export interface BoundListener {
  readonly name: string;
  readonly address: Address;
  /** What clients are told. */
  readonly advertised: AdvertisedAddress;
}

const SECURITY_PROTOCOL_PLAINTEXT = 0;
const LOCK_NAME = '.lock';
const METADATA_DIR = '__cluster_metadata-0';

/**
 * A broker: keeps partitioned logs in one directory and speaks the Kafka protocol on its listeners.
 *
 * The one place where parts are put together. It takes the world through ports, so any number of brokers can live in
 * one process, each with a directory of its own.
 */
export class Broker {
  readonly addresses: readonly BoundListener[];
  readonly parts: Parts;
  readonly #server: Server;
  readonly #opened: Opened;
  readonly #defer: Defer;
  #closing: Promise<void> | undefined;

  private constructor(parts: Parts, server: Server, addresses: readonly BoundListener[], opened: Opened, defer: Defer) {
    this.parts = parts;
    this.#server = server;
    this.addresses = addresses;
    this.#opened = opened;
    this.#defer = defer;
  }

  /**
   * Opens the data directory, recovers what a crash left, listens, and resolves once connections are served.
   *
   * Rejects with a {@link StartFault}, whose text is for people: a directory that another process uses or that cannot be
   * written, a port in use. Whatever was opened is closed again.
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const opened = new Opened();
    try {
      return await start(options, opened, (...parts) => new Broker(...parts));
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  get metrics(): BrokerMetrics {
    return this.parts.metrics;
  }

  /** Bytes of requests that all connections hold. */
  readonly requestMemoryBytes = (): number => this.#server.budget.takenBytes;

  /** Whether requests are served. */
  get ready(): boolean {
    return this.#closing === undefined && this.#server.serving;
  }

  /** A connection inside the process, as a client's end of it: the same bytes as over a socket. */
  link(listenerName?: string): Link {
    const name = listenerName ?? this.addresses[0]?.name;
    invariant(name !== undefined, 'a broker has a listener');
    const [client, server] = inProcessLinks('in-process', `broker-${this.parts.config.nodeId}`, this.#defer);
    this.#server.accept(server, name);
    return client;
  }

  /**
   * Stops listening, lets requests that have begun finish, ends connections, closes logs with everything on disk, and
   * marks the directory as closed in order. Resolves when all of it is done; may be called twice.
   */
  close(): Promise<void> {
    this.#closing ??= this.#opened.close();
    return this.#closing;
  }
}

/** What was opened, to be closed in the reverse order. */
class Opened {
  readonly #closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes all of them, even when one fails; rejects with the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed())
      await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

type Make = (parts: Parts, server: Server, addresses: readonly BoundListener[], opened: Opened, defer: Defer) => Broker;

async function start(options: BrokerOptions, opened: Opened, make: Make): Promise<Broker> {
  const { config, network, clock, logger } = options;
  const parts = await openParts(options, opened).catch((error: unknown) => {
    throw directoryFault(config.dataDir, error);
  });
  const { delayed, groups } = parts;
  const { metrics } = parts;
  const onDefect = options.onDefect ?? throwLater;
  const router = new Router({ handlers: options.handlers ?? HANDLERS, parts, metrics, logger, onDefect });
  const server = new Server({
    router,
    limits: config.limits,
    metrics,
    network,
    clock,
    logger,
    answers: parts.fetches.memory,
  });
  opened.add(() => server.drain());
  opened.add(async () => delayed.stop()); // Parked fetches would hold up the drain.
  opened.add(async () => groups.drain()); // So would members that wait for a rebalance.
  opened.add(() => server.stopListening());
  const bound: BoundListener[] = [];
  for (const listener of config.listeners) bound.push(await bind(server, listener));
  const addresses = bound.map((listener) => reachable(listener, bound));
  await register(parts, addresses, opened);
  server.serve();
  return make(parts, server, addresses, opened, options.defer ?? queueMicrotask);
}

async function openParts(options: BrokerOptions, opened: Opened): Promise<Parts> {
  const { config, disk, clock, random, logger, crc32c, compression } = options;
  const { dataDir: dir } = config;
  await disk.makeDir(dir);
  const lock = await disk.lock(`${dir}/${LOCK_NAME}`);
  opened.add(() => lock.release());
  const { clusterId, directoryId } = await metaProperties(disk, dir, config.nodeId, random);
  const log = new DiskMetadataLog({ disk, dir: `${dir}/${METADATA_DIR}`, clock, crc32c, logger });
  const metadata = await MetadataManager.open({
    random,
    statics: config.statics,
    log,
    clusterId,
    bytesBetweenSnapshots: config.integer('metadata.log.max.record.bytes.between.snapshots'),
  });
  opened.add(() => metadata.close());
  const autoTopics = new TopicAutoCreation({ manager: metadata, statics: config.statics, clock, logger });
  const dataPath = await DataPath.open({ config, metadata, disk, clock, random, logger, crc32c, compression });
  opened.add(() => dataPath.close());
  const { replicas, delayed, fetches, producerIds } = dataPath;
  const metrics = new BrokerMetrics();
  const world = { config, clock, random, logger, crc32c, compression };
  const groups = await GroupCoordinator.open({ ...world, metadata, autoTopics, replicas });
  opened.add(async () => groups.close());
  return { ...world, metrics, metadata, autoTopics, directoryId, replicas, delayed, fetches, producerIds, groups };
}

async function bind(server: Server, { name, address, advertised }: ListenerConfig): Promise<BoundListener> {
  try {
    const bound = await server.listen(address, name);
    const port = advertised.port === 0 && 'port' in bound ? bound.port : advertised.port;
    return { name, address: bound, advertised: { host: advertised.host, port } };
  } catch (error) {
    throw listenerFault(name, address, error);
  }
}

/** Clients of a Unix socket are told the first TCP listener's port, which may be known only now. */
function reachable(listener: BoundListener, all: readonly BoundListener[]): BoundListener {
  if (listener.advertised.port !== 0) return listener;
  const port = all.find(({ advertised }) => advertised.port !== 0)?.advertised.port ?? 0;
  return { ...listener, advertised: { host: listener.advertised.host, port } };
}

/** Tells the cluster that this broker is here, and where; and before it goes, that it goes. */
async function register(parts: Parts, addresses: readonly BoundListener[], opened: Opened): Promise<void> {
  const { metadata, config, random, directoryId } = parts;
  const endPoints = addresses.map(({ name, advertised: { host, port } }) => ({
    name,
    host,
    port,
    securityProtocol: SECURITY_PROTOCOL_PLAINTEXT,
  }));
  const { brokerEpoch } = await metadata.submit((controller) =>
    controller.registerBroker({
      brokerId: config.nodeId,
      incarnationId: random.uuid(),
      endPoints,
      features: SUPPORTED_FEATURES,
      rack: config.rack,
      logDirs: [directoryId],
    }),
  );
  opened.add(() => metadata.submit((controller) => controller.beginBrokerShutdown(config.nodeId, brokerEpoch)));
}

/** Nobody catches it: by default it ends the process. */
function throwLater(defect: Error): void {
  queueMicrotask(() => {
    throw defect;
  });
}
