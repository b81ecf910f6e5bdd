import type { Offset } from '@trunkline/kernel';
import type { Answer, Effects, Outgoing, Role, Settled } from './effects.js';
import type { HardState } from './hard-state.js';
import type { LogBatch, SnapshotId } from './log-batch.js';

/** The effects of a step, while it is being taken. */
export class Draft {
  persist: HardState | undefined;
  truncateTo: Offset | undefined;
  snapshotChunk: Effects['snapshotChunk'];
  installSnapshot: SnapshotId | undefined;
  startAt: SnapshotId | undefined;
  committedTo: Offset | undefined;
  role: Role | undefined;
  sync: Effects['sync'];
  readonly append: LogBatch[] = [];
  readonly send: Outgoing[] = [];
  readonly answers: Answer[] = [];
  readonly settled: Settled[] = [];

  effects(wakeAtMs: number): Effects {
    return {
      ...(this.persist !== undefined && { persist: this.persist }),
      ...(this.truncateTo !== undefined && { truncateTo: this.truncateTo }),
      ...(this.snapshotChunk !== undefined && { snapshotChunk: this.snapshotChunk }),
      ...(this.installSnapshot !== undefined && { installSnapshot: this.installSnapshot }),
      ...(this.append.length > 0 && { append: this.append }),
      ...(this.startAt !== undefined && { startAt: this.startAt }),
      send: this.send,
      answers: this.answers,
      ...(this.committedTo !== undefined && { committedTo: this.committedTo }),
      settled: this.settled,
      ...(this.role !== undefined && { role: this.role }),
      ...(this.sync !== undefined && { sync: this.sync }),
      wakeAtMs,
    };
  }
}
