import { ApiError, type Clock, type Disk, type Logger, type Timer, asError, utf8 } from '@trunkline/kernel';
import { replaceFile } from '@trunkline/log';
import { METADATA_TOPIC } from '@trunkline/metadata';
import { AddRaftVoter, DescribeQuorum, RemoveRaftVoter, errorName } from '@trunkline/protocol';
import type { Endpoint, RaftStatus, ReplicaKey } from '@trunkline/raft';
import type { ControllerChannel } from '../peers/controller-channel.js';
import type { Told } from '../peers/peers.js';

export interface VoterPlaceOptions {
  readonly clusterId: string;
  readonly self: ReplicaKey;
  /** Where this node listens for other controllers. */
  readonly listeners: readonly Endpoint[];
  readonly status: () => RaftStatus;
  readonly channel: ControllerChannel;
  readonly disk: Disk;
  /** Of the metadata log: the note that the place is being taken lies there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Only who was silent for so long is replaced. */
  readonly quietMs: number;
}

type Partition = Told<typeof DescribeQuorum>['topics'][number]['partitions'][number];

const ROUND_MS = 500;
const ASK_MS = 2_000;
/** A new voter may take so long to catch up; then it is tried again. */
const ADD_MS = 10_000;
const NOTE = 'taking-a-place';
const QUESTION = { topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }] };

/**
 * A voter that came back with a blank disk takes its own place: it is another replica now (C16), so the voter that it
 * was is removed, and then it is added, one change at a time (KIP-853, controller.quorum.auto.join.enable).
 *
 * It happens only while the old one is among the voters **and** is silent; or when it was begun, which a note on the disk
 * says. Whoever was removed by somebody else stays outside (C17).
 */
export class VoterPlace {
  readonly #options: VoterPlaceOptions;
  #timer: Timer | undefined;
  #closed = false;
  #hasNote = false;
  /** Since when the old voter has not been heard of by the leader of this epoch. */
  #quiet: { readonly epoch: number; readonly sinceMs: number } | undefined;

  constructor(options: VoterPlaceOptions) {
    this.#options = options;
  }

  /** Looks every now and then, until this node votes. Rejects when the disk fails. */
  async start(): Promise<void> {
    const { disk, dir } = this.#options;
    this.#hasNote = (await disk.list(dir)).includes(NOTE);
    this.#plan(0);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #plan(waitMs: number): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(waitMs, () => void this.#round());
  }

  /** Never rejects. */
  async #round(): Promise<void> {
    const { status, logger } = this.#options;
    try {
      if (status().isVoter) return await this.#arrived();
      await this.#step();
    } catch (reason) {
      logger.debug(`this node cannot take its place among the voters now: ${asError(reason).message}`);
    }
    this.#plan(ROUND_MS);
  }

  async #arrived(): Promise<void> {
    if (!this.#hasNote) return;
    const { disk, dir, logger, self } = this.#options;
    await disk.remove(`${dir}/${NOTE}`);
    await disk.syncDir(dir);
    this.#hasNote = false;
    logger.info(`node ${self.id} votes on the metadata again, with its new disk ${self.directoryId}`);
  }

  async #step(): Promise<void> {
    const { self, clusterId, channel, listeners } = this.#options;
    const told = await this.#describe();
    const old = told.currentVoters.find(({ replicaId }) => replicaId === self.id);
    if (old?.replicaDirectoryId === self.directoryId) return; // It is one, and has yet to read so.
    if (old !== undefined) {
      if (!this.#isQuiet(old, told)) return;
      await this.#note(old.replicaDirectoryId);
      const request = { clusterId, voterId: self.id, voterDirectoryId: old.replicaDirectoryId };
      this.#check(await channel.ask(RemoveRaftVoter, request, ASK_MS));
    } else if (!this.#hasNote) return;
    const voterDirectoryId = self.directoryId;
    const request = { clusterId, timeoutMs: ADD_MS, voterId: self.id, voterDirectoryId, listeners };
    this.#check(await channel.ask(AddRaftVoter, request, ADD_MS + ASK_MS));
  }

  async #describe(): Promise<Partition> {
    const { errorCode, topics } = await this.#options.channel.ask(DescribeQuorum, QUESTION, ASK_MS);
    const partition = topics[0]?.partitions[0];
    const code = partition?.errorCode ?? errorCode;
    if (partition === undefined || code !== 0) throw new ApiError(errorName(code), 'the quorum is not described');
    return partition;
  }

  /** Two disks under one id: the other one must be gone, not merely ours be there. */
  #isQuiet(old: Partition['currentVoters'][number], told: Partition): boolean {
    const { clock, quietMs } = this.#options;
    const leader = told.currentVoters.find(({ replicaId }) => replicaId === told.leaderId);
    if (old.lastFetchTimestamp >= 0n) {
      this.#quiet = undefined;
      return Number((leader?.lastFetchTimestamp ?? 0n) - old.lastFetchTimestamp) > quietMs;
    }
    const nowMs = clock.monotonicMs();
    if (this.#quiet?.epoch !== told.leaderEpoch) this.#quiet = { epoch: told.leaderEpoch, sinceMs: nowMs };
    return nowMs - this.#quiet.sinceMs > quietMs;
  }

  /** Between its removal and its addition this node is nobody: without the note a crash there would leave it so. */
  async #note(oldDirectoryId: string): Promise<void> {
    if (this.#hasNote) return;
    const { disk, dir, logger, self } = this.#options;
    logger.warn(`node ${self.id} takes its place among the voters again: its disk ${oldDirectoryId} is gone`);
    await replaceFile(disk, dir, NOTE, utf8(`${oldDirectoryId}\n`));
    this.#hasNote = true;
  }

  #check({ errorCode, errorMessage }: { readonly errorCode: number; readonly errorMessage: string | null }): void {
    if (errorCode !== 0) throw new ApiError(errorName(errorCode), errorMessage ?? '');
  }
}
