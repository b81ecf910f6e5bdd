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
  type Endpoint,
  type MetadataImage,
  MetadataManager,
  SUPPORTED_FEATURES,
  TopicAutoCreation,
} from '@trunkline/metadata';
import type { Voter } from '@trunkline/raft';
import type { BrokerConfig } from './config.js';
import type { AdvertisedAddress, ListenerConfig } from './config/listeners.js';
import { GroupCoordinator } from './groups/group-coordinator.js';
import { HANDLERS } from './handlers/index.js';
import { DataPath } from './data-path.js';
import { ActiveController } from './node/active-controller.js';
import { ClusterLinks } from './node/cluster-links.js';
import { createTopicsAnywhere } from './node/create-topics-anywhere.js';
import { EnvelopeForwarding } from './node/envelope-forwarding.js';
import { joinCluster, joinMsMax, openRounds } from './node/join-cluster.js';
import { identityOf } from './node/identity.js';
import { metadataLogOf } from './node/metadata-log-of.js';
import { Opened } from './opened.js';
import type { Parts } from './parts.js';
import { RoutedControllerChannel } from './peers/routed-controller-channel.js';
import { takePart, takePlace } from './quorum/quorum-life.js';
import { answerHere } from './server/answer-here.js';
import type { AnyHandler } from './server/handler.js';
import { type Defer, inProcessLinks } from './server/in-process-link.js';
import { BrokerMetrics } from './server/metrics.js';
import { Router } from './server/router.js';
import { Server } from './server/server.js';
import { StartFault, directoryFault, listenerFault } from './start-fault.js';

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
  /** The cluster does not want this broker any more, and it closes: why, for people. Default: it is logged, no more. */
  readonly onEnded?: (reason: StartFault) => void;
  /** The cluster a new directory shall belong to, and an older one must. Default: a new cluster, or that of the voters. */
  readonly clusterId?: string;
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
    return !this.#opened.isClosing && this.#server.serving;
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
    return this.#opened.close();
  }
}

type Make = (parts: Parts, server: Server, addresses: readonly BoundListener[], opened: Opened, defer: Defer) => Broker;

async function start(options: BrokerOptions, opened: Opened, make: Make): Promise<Broker> {
  const { config, network, clock, logger } = options;
  const handlers = options.handlers ?? HANDLERS;
  const { parts, dataPath, links } = await openParts(options, handlers, opened).catch((error: unknown) => {
    throw error instanceof StartFault ? error : directoryFault(config.dataDir, error);
  });
  const { delayed, groups, metrics } = parts;
  const onDefect = options.onDefect ?? throwLater;
  const router = new Router({ handlers, parts, metrics, logger, onDefect, hasNodes: !config.cluster.isAlone });
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
  if (config.cluster.isAlone) await register(parts, addresses, opened);
  else {
    const life = { parts, disk: options.disk, opened, onEnded: options.onEnded };
    server.serveNodes();
    takePart(life);
    await joinCluster({ ...life, dataPath, links, endPoints: endPointsOf(addresses) });
    await takePlace(life);
  }
  await dataPath.setAsideStrays();
  server.serve();
  return make(parts, server, addresses, opened, options.defer ?? queueMicrotask);
}

interface OpenParts {
  readonly parts: Parts;
  readonly dataPath: DataPath;
  readonly links: ClusterLinks;
}

async function openParts(options: BrokerOptions, handlers: readonly AnyHandler[], opened: Opened): Promise<OpenParts> {
  const { config, disk, network, clock, random, logger, crc32c, compression } = options;
  const { dataDir: dir, nodeId, cluster } = config;
  await disk.makeDir(dir);
  const lock = await disk.lock(`${dir}/${LOCK_NAME}`);
  opened.add(() => lock.release());
  const found: { metadata?: MetadataManager; parts?: Parts } = {};
  const image = (): MetadataImage | undefined => found.metadata?.image;
  const voters = (): readonly Voter[] => found.parts?.quorum?.status.voters ?? [];
  const links = new ClusterLinks({ nodeId, cluster, network, clock, random, image, voters });
  const { peers } = links;
  opened.add(async () => peers.close());
  const askVoters = (): Promise<string> => links.clusterId(joinMsMax(config));
  const identity = await identityOf({ config, disk, random, clusterId: options.clusterId, askVoters });
  const { clusterId, directoryId } = identity;
  const { log, quorum, close } = await metadataLogOf({ ...options, identity });
  opened.add(async () => close());
  const metadata = await MetadataManager.open({
    random,
    statics: config.statics,
    log,
    clusterId,
    isHeld: !cluster.isAlone,
    bytesBetweenSnapshots: config.integer('metadata.log.max.record.bytes.between.snapshots'),
  });
  found.metadata = metadata;
  opened.add(() => metadata.close());
  const controllerChannel = new RoutedControllerChannel({
    nodeId,
    metadata,
    peers,
    voters: () => cluster.voters.map((voter) => voter.nodeId),
    here: (api, request) => answerHere(handlers, there(found.parts, 'the parts are there'), api, request),
    clock,
    random,
  });
  const activeController = new ActiveController({
    nodeId,
    metadata,
    addressOf: links.brokerAddress,
    probe: links.probe,
    clock,
    logger,
    sessionTimeoutMs: config.integer('broker.session.timeout.ms'),
    heartbeatMs: config.integer('broker.heartbeat.interval.ms'),
    isAlone: cluster.isAlone,
  });
  opened.add(async () => activeController.close());
  if (!cluster.isAlone) openRounds(config, metadata, options, opened);
  const forwarding = new EnvelopeForwarding(controllerChannel);
  const createTopics = createTopicsAnywhere(metadata, activeController, forwarding);
  const autoTopics = new TopicAutoCreation({ manager: metadata, statics: config.statics, clock, logger, createTopics });
  const dataPath = await DataPath.open({ ...options, metadata, peers, controllerChannel });
  opened.add(() => dataPath.close());
  const { replicas, delayed, fetches, producerIds } = dataPath;
  const world = { config, clock, random, logger, crc32c, compression };
  const groups = await GroupCoordinator.open({ ...world, metadata, autoTopics, replicas });
  opened.add(async () => groups.close());
  const node = { peers, controllerChannel, activeController, forwarding, quorum };
  const data = { directoryId, replicas, delayed, fetches, producerIds, groups };
  found.parts = { ...world, metrics: new BrokerMetrics(), metadata, autoTopics, ...node, ...data };
  return { parts: found.parts, dataPath, links };
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

function endPointsOf(addresses: readonly BoundListener[]): readonly Endpoint[] {
  return addresses.map(({ name, advertised: { host, port } }) => ({
    name,
    host,
    port,
    securityProtocol: SECURITY_PROTOCOL_PLAINTEXT,
  }));
}

/** The only node of its cluster says that it is here, and where; and before it goes, that it goes. */
async function register(parts: Parts, addresses: readonly BoundListener[], opened: Opened): Promise<void> {
  const { metadata, config, random, directoryId } = parts;
  const { brokerEpoch } = await metadata.submit((controller) =>
    controller.registerBroker({
      brokerId: config.nodeId,
      incarnationId: random.uuid(),
      endPoints: endPointsOf(addresses),
      features: SUPPORTED_FEATURES,
      rack: config.rack,
      logDirs: [directoryId],
    }),
  );
  opened.add(() => metadata.submit((controller) => controller.beginBrokerShutdown(config.nodeId, brokerEpoch)));
}

function there<T>(part: T | undefined, claim: string): T {
  invariant(part !== undefined, claim);
  return part;
}

/** Nobody catches it: by default it ends the process. */
function throwLater(defect: Error): void {
  queueMicrotask(() => {
    throw defect;
  });
}
