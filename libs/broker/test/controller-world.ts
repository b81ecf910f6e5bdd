import { type Logger, type NodeId, nodeId, silentLogger } from '@trunkline/kernel';
import { DiskMetadataLog, MetadataManager, SUPPORTED_FEATURES } from '@trunkline/metadata';
import { crc32c } from '@trunkline/platform';
import { ManualClock, SimDisk, SimRandom } from '@trunkline/testing';
import { ActiveController } from '../src/node/active-controller.js';

export const SESSION_MS = 3_000;
export const HEARTBEAT_MS = 500;

/** An active controller over a simulated disk, brokers that the test speaks for, and a clock that stands still. */
export class ControllerWorld {
  readonly clock = new ManualClock();
  readonly lines: string[] = [];
  readonly probed: number[] = [];
  /** What a connection to a broker finds. */
  found: 'listens' | 'refused' | 'unknown' = 'unknown';
  readonly epochs = new Map<number, bigint>();
  readonly #connections = new Map<number, { readonly id: number; readonly gone: AbortController }>();
  #nextConnection = 1;
  readonly #random = new SimRandom(1);

  private constructor(
    readonly metadata: MetadataManager,
    clock: ManualClock,
    lines: string[],
  ) {
    this.clock = clock;
    this.lines = lines;
    this.active = new ActiveController({
      nodeId: nodeId(1),
      metadata,
      addressOf: (id) => ({ host: 'host', port: id }),
      probe: async (address) => {
        this.probed.push('port' in address ? address.port : -1);
        return this.found;
      },
      clock,
      logger: loggerInto(lines),
      sessionTimeoutMs: SESSION_MS,
      heartbeatMs: HEARTBEAT_MS,
      isAlone: false,
    });
  }

  readonly active: ActiveController;

  /** `brokers` are registered and let in. */
  static async open(...brokers: readonly number[]): Promise<ControllerWorld> {
    const clock = new ManualClock();
    const lines: string[] = [];
    const disk = new SimDisk({ seed: 1 });
    await disk.makeDir('data');
    const log = new DiskMetadataLog({ disk, dir: 'data/metadata', clock, crc32c, logger: silentLogger });
    const metadata = await MetadataManager.open({
      log,
      clusterId: 'c',
      random: new SimRandom(2),
      statics: { nodeId: nodeId(1), values: new Map() },
    });
    const world = new ControllerWorld(metadata, clock, lines);
    for (const id of brokers) await world.letIn(id);
    return world;
  }

  async register(id: number, previousBrokerEpoch = -1n): Promise<bigint> {
    const { brokerEpoch } = await this.active.register({
      brokerId: nodeId(id),
      incarnationId: this.#random.uuid(),
      endPoints: [{ name: 'PLAINTEXT', host: 'host', port: id, securityProtocol: 0 }],
      features: SUPPORTED_FEATURES,
      rack: null,
      logDirs: [this.#random.uuid()],
      previousBrokerEpoch,
      heartbeats: true,
    });
    this.epochs.set(id, brokerEpoch);
    return brokerEpoch;
  }

  async letIn(id: number): Promise<void> {
    await this.register(id);
    await this.beat(id);
  }

  /** A heartbeat of a broker that has applied everything, unless told otherwise. */
  beat(id: number, over: { readonly offset?: number; readonly wantShutDown?: boolean } = {}) {
    const known = this.#connections.get(id);
    const connection = known ?? { id: this.#nextConnection++, gone: new AbortController() };
    this.#connections.set(id, connection);
    return this.active.heartbeat(
      {
        brokerId: nodeId(id),
        brokerEpoch: this.epochs.get(id) ?? -1n,
        currentMetadataOffset: over.offset ?? this.metadata.image.endOffset - 1,
        wantFence: false,
        wantShutDown: over.wantShutDown ?? false,
        offlineLogDirs: [],
      },
      { connectionId: connection.id, closed: connection.gone.signal },
    );
  }

  /** The connection of a broker's heartbeats ends. */
  hangUp(id: number): void {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    connection?.gone.abort();
  }

  /** The broker comes over another connection from now on; the result ends the old one. */
  leaveConnection(id: number): () => void {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    return () => connection?.gone.abort();
  }

  get fenced(): readonly NodeId[] {
    return [...this.metadata.image.brokers.values()].flatMap(({ id, fenced }) => (fenced ? [id] : []));
  }
}

function loggerInto(lines: string[]): Logger {
  const line = (message: string): void => void lines.push(message);
  return { debug: line, info: line, warn: line, error: line };
}
