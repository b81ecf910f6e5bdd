import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnyHandler, Broker, brokerConfig } from '@trunkline/broker';
import { type Clock, type Disk, type Logger, type Network, silentLogger } from '@trunkline/kernel';
import { NodeDisk, compression, crc32c, nodeClock, nodeRandom } from '@trunkline/platform';
import type { AnyApi, Decoded, Encodable } from '@trunkline/protocol';
import { InProcessNetwork } from './in-process-network.js';
import { LinkClient } from './link-client.js';

export interface TestBrokerOptions {
  /** By Kafka's names, over the broker's defaults. */
  readonly config?: Readonly<Record<string, string>>;
  /** Default: files in a directory of its own, removed by `stop`. */
  readonly disk?: Disk;
  /** Default: a new directory under the system's temp directory. A given one is left alone. */
  readonly dataDir?: string;
  /** Default: links inside the process. Give a `NodeNetwork` for sockets: the listener is 127.0.0.1, any free port. */
  readonly network?: Network;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Default: every API of the broker. */
  readonly handlers?: readonly AnyHandler[];
}

/** A whole broker inside the test: the product itself, over real files and links of bytes. */
export interface TestBroker {
  /** The broker that runs now; another one after `restart`. */
  readonly broker: Broker;
  readonly dataDir: string;
  /** Broken invariants: a test that does not expect any checks that this is empty; `stop` throws the first. */
  readonly defects: readonly Error[];
  /** Sends one request over a connection of the fixture's own, and resolves with the answer's body. */
  send<A extends AnyApi>(api: A, version: number, body: Encodable<A['request']>): Promise<Decoded<A['response']>>;
  /** A further connection. */
  connect(clientId?: string | null): LinkClient;
  /** Closes the broker in order and starts another one on the same directory. */
  restart(config?: Readonly<Record<string, string>>): Promise<void>;
  /** Closes the broker and removes its directory. */
  stop(): Promise<void>;
}

/** Starts a broker; resolves once it serves. */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'trunkline-broker-')));
  const network = options.network ?? new InProcessNetwork();
  const defects: Error[] = [];
  const start = (config: Readonly<Record<string, string>>): Promise<Broker> => {
    const settings = { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': dataDir, ...config };
    return Broker.start({
      config: brokerConfig([{ origin: 'test', values: new Map(Object.entries(settings)) }]),
      disk: options.disk ?? new NodeDisk(),
      network,
      clock: options.clock ?? nodeClock,
      random: nodeRandom,
      logger: options.logger ?? silentLogger,
      crc32c,
      compression,
      defer: setImmediate,
      onDefect: (defect) => void defects.push(defect),
      ...(options.handlers === undefined ? {} : { handlers: options.handlers }),
    });
  };
  let config = options.config ?? {};
  let broker = await start(config);
  let own: LinkClient | undefined;
  const connect = (clientId?: string | null): LinkClient => new LinkClient(broker.link(), clientId);
  return {
    get broker() {
      return broker;
    },
    dataDir,
    defects,
    connect,
    send: (api, version, body) => {
      if (own?.open !== true) own = connect();
      return own.send(api, version, body);
    },
    restart: async (changed = {}) => {
      await broker.close();
      config = { ...config, ...changed };
      broker = await start(config);
    },
    stop: async () => {
      await broker.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      if (defects[0] !== undefined) throw defects[0];
    },
  };
}
