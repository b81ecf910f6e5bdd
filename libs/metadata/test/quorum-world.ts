import { nodeId, silentLogger, type Logger, type NodeId, type Uuid } from '@trunkline/kernel';
import { crc32c, nodeClock } from '@trunkline/platform';
import type { RaftTransport, Voter } from '@trunkline/raft';
import { SimDisk, SimRandom, until } from '@trunkline/testing';
import { MetadataManager } from '../src/metadata-manager.js';
import { DiskRaftStorage } from '../src/quorum/disk-raft-storage.js';
import { QuorumMetadataLog } from '../src/quorum/quorum-metadata-log.js';
import { staticConfig } from './fixture.js';

/** Short, so that an election is over in a moment. */
const TIMES = {
  electionTimeoutMs: 60,
  electionBackoffMaxMs: 100,
  fetchTimeoutMs: 200,
  fetchMaxWaitMs: 50,
  requestTimeoutMs: 150,
};
const DIR = 'data/__cluster_metadata-0';

interface Running {
  readonly log: QuorumMetadataLog;
  readonly manager: MetadataManager;
}

/** Voters of one quorum in this process, each with a simulated disk that may lose its power. */
export class QuorumWorld {
  readonly disks = new Map<number, SimDisk>();
  readonly running = new Map<number, Running>();
  /** `from>to`: what is said there is not heard. */
  readonly cut = new Set<string>();
  readonly random: SimRandom;
  /** What replicas complained of. */
  readonly errors: string[] = [];
  readonly logger: Logger = {
    ...silentLogger,
    error: (message, fields) => void this.errors.push(`${message} ${JSON.stringify(fields)}`),
  };
  readonly #voters: Voter[];

  constructor(
    readonly seed: number,
    readonly ids: readonly number[] = [1, 2, 3],
    private readonly bytesBetweenSnapshots = 1 << 20,
  ) {
    this.random = new SimRandom(seed);
    this.#voters = ids.map((id) => ({ id: nodeId(id), directoryId: this.#directoryOf(id), endpoints: [] }));
    for (const id of ids) this.disks.set(id, new SimDisk({ seed: seed + id }));
  }

  async startAll(): Promise<void> {
    for (const id of this.ids) await this.start(id);
  }

  async start(id: number): Promise<Running> {
    const disk = this.disks.get(id)!.process();
    await disk.makeDir('data');
    await disk.syncDir('/');
    const world = { disk, clock: nodeClock, crc32c, logger: this.logger };
    const storage = new DiskRaftStorage({ ...world, dir: DIR, canRepair: this.ids.length > 1 });
    const config = {
      clusterId: 'c',
      self: { id: nodeId(id), directoryId: this.#directoryOf(id) },
      random: this.random,
      ...RAFT_REST,
      ...TIMES,
      initialVoters: this.#voters,
    };
    const log = new QuorumMetadataLog({ ...world, config, storage, transport: this.#transport(id) });
    const { bytesBetweenSnapshots, random } = this;
    const manager = await MetadataManager.open({
      log,
      clusterId: 'c',
      random,
      statics: staticConfig({}, id),
      bytesBetweenSnapshots,
    });
    const started = { log, manager };
    this.running.set(id, started);
    return started;
  }

  /** The power goes: what was not synced may be lost. */
  crash(id: number): void {
    this.running.delete(id);
    this.disks.get(id)!.crash();
  }

  async active(): Promise<Running & { readonly id: number }> {
    return until('a node leads', () => {
      for (const [id, node] of this.running) if (node.manager.role.isActive) return { ...node, id };
      if (this.errors.length > 0) throw new Error(this.errors.join('; '));
      return undefined;
    });
  }

  async close(): Promise<void> {
    for (const { manager } of this.running.values()) await manager.close();
  }

  #directoryOf(id: number): Uuid {
    return `node${id}`.padEnd(22, 'A') as Uuid;
  }

  #transport(from: number): RaftTransport {
    return {
      send: async ({ id: to }: { id: NodeId }, request) => {
        const peer = this.running.get(to);
        if (peer === undefined) return { api: 'unanswered', refused: true };
        if (this.cut.has(`${from}>${to}`)) return { api: 'unanswered', refused: false };
        const answer = await peer.log.handle(request).catch(() => undefined);
        const isHeard = answer !== undefined && this.running.get(to) === peer && !this.cut.has(`${to}>${from}`);
        return isHeard ? answer : { api: 'unanswered', refused: false };
      },
    };
  }
}

const RAFT_REST = {
  endpoints: [],
  bootstrapPeers: [],
  retryBackoffMs: 10,
  resignWaitMsMax: 100,
  fetchBytesMax: 64 * 1024,
  uncommittedBytesMax: 1 << 20,
  observersMax: 100,
};
