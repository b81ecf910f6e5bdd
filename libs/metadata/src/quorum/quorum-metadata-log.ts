import {
  ApiError,
  invariant,
  type Clock,
  type Crc32c,
  type Epoch,
  type Logger,
  type NodeId,
  type Offset,
} from '@trunkline/kernel';
import {
  NO_LEADER,
  RaftHost,
  endOf,
  type LogBatch,
  type RaftConfig,
  type RaftListener,
  type RaftRequest,
  type RaftResponse,
  type RaftStatus,
  type RaftTransport,
  type Role,
  type SnapshotId,
} from '@trunkline/raft';
import { RecordBatch, buildBatch } from '@trunkline/records';
import type { ControllerRole, MetadataLog, MetadataSink } from '../metadata-log.js';
import { encodeRecord } from '../record-codec.js';
import type { MetadataRecord } from '../records.js';
import { encodeSnapshot, recordsIn, type SnapshotControl } from '../snapshot.js';
import { quorumVersionValue, votersValue } from './control-batches.js';
import type { DiskRaftStorage } from './disk-raft-storage.js';

export interface QuorumMetadataLogOptions {
  readonly config: RaftConfig;
  readonly storage: DiskRaftStorage;
  readonly transport: RaftTransport;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
}

/** The metadata log of a cluster: a Raft quorum's, of which this node is a voter or an observer. */
export class QuorumMetadataLog implements MetadataLog, RaftListener {
  readonly isReplicated = true;
  readonly #options: QuorumMetadataLogOptions;
  #host: RaftHost | undefined;
  #sink: MetadataSink | undefined;
  #epoch: Epoch | undefined;
  #snapshotEnd = 0;

  constructor(options: QuorumMetadataLogOptions) {
    this.#options = options;
  }

  /** Bytes of the log behind the newest snapshot that are handed over. */
  get bytesSinceSnapshot(): number {
    return this.#options.storage.bytesFrom(this.#snapshotEnd);
  }

  /** Resolves when this replica takes part. What is committed comes from then on. */
  async open(sink: MetadataSink): Promise<void> {
    this.#sink = sink;
    sink.roleChanged({ leaderId: NO_LEADER, epoch: 0, isActive: false });
    const { config, storage, transport, clock, logger } = this.#options;
    this.#host = await RaftHost.open({ config, storage, transport, listener: this, clock, logger });
  }

  /** Called once, when this replica can go on no more. */
  set onFailed(listener: (reason: Error) => void) {
    this.#opened.onFailed = listener;
  }

  get status(): RaftStatus {
    return this.#opened.status();
  }

  /** Answers another node, perhaps much later. */
  handle(request: RaftRequest): Promise<RaftResponse> {
    return this.#opened.handle(request);
  }

  /** Hands over the lead, if this node has it. */
  resign(): void {
    this.#opened.resign();
  }

  async append(records: readonly MetadataRecord[]): Promise<void> {
    if (this.#epoch === undefined) throw new ApiError('NOT_CONTROLLER', 'this node does not lead the metadata quorum');
    const { crc32c, clock } = this.#options;
    const timestampMs = clock.nowMs();
    const values = records.map((record) => ({ value: encodeRecord(record), timestampMs }));
    await this.#opened.propose(
      this.#epoch,
      records.length,
      buildBatch(values, { crc32c, baseOffset: 0, leaderEpoch: 0 }),
    );
  }

  async writeSnapshot(records: Iterable<MetadataRecord>, endOffset: Offset): Promise<void> {
    const { storage, clock, crc32c } = this.#options;
    // A newer one came from the leader while listeners took in what lies below it: they begin anew with that next.
    const isOld = endOffset < this.#opened.status().logStartOffset;
    if (endOffset <= this.#snapshotEnd || isOld) return;
    const { id, voters } = this.#opened.snapshotAt(endOffset);
    const controls: SnapshotControl[] = [
      { type: 'KRAFT_VERSION', value: quorumVersionValue() },
      { type: 'KRAFT_VOTERS', value: votersValue(voters) },
    ];
    await storage.writeSnapshot(id, encodeSnapshot(records, clock.nowMs(), crc32c, controls));
    this.#snapshotEnd = endOffset;
    this.#opened.snapshotTaken(id);
  }

  async close(): Promise<void> {
    await this.#host?.close();
  }

  async snapshot(id: SnapshotId): Promise<void> {
    const { records } = await this.#options.storage.snapshot(id);
    await this.#listening.restored(records, id.endOffset);
    this.#snapshotEnd = id.endOffset;
  }

  async committed(batches: readonly LogBatch[]): Promise<void> {
    for (const batch of batches) {
      const records = batch.control === undefined ? recordsIn(RecordBatch.parse(batch.bytes)) : [];
      await this.#listening.committed(records, endOf(batch));
    }
  }

  roleChanged({ epoch, leaderId, isReady }: Role): void {
    this.#epoch = isReady ? epoch : undefined;
    const role: ControllerRole = { leaderId: leaderId ?? (NO_LEADER as NodeId), epoch, isActive: isReady };
    this.#listening.roleChanged(role);
  }

  get #opened(): RaftHost {
    invariant(this.#host !== undefined, 'the metadata log was opened');
    return this.#host;
  }

  get #listening(): MetadataSink {
    invariant(this.#sink !== undefined, 'the metadata log was opened');
    return this.#sink;
  }
}
