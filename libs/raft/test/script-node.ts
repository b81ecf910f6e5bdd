import { utf8, type NodeId, type Offset, type Random, type Uuid } from '@trunkline/kernel';
import {
  INITIAL_HARD_STATE,
  Raft,
  endOf,
  raftConfig,
  type Effects,
  type HardState,
  type Input,
  type LogBatch,
  type RaftOptions,
  type SnapshotId,
  type Voter,
} from '../src/index.js';

/** A snapshot of a script: its voters, and as many bytes as its offset says. */
export interface ScriptSnapshot {
  readonly id: SnapshotId;
  readonly voters: readonly Voter[];
}

/** A node of a script: a core, and a disk that is as fast as thought unless it is told otherwise. */
export class ScriptNode {
  raft!: Raft;
  hard: HardState = INITIAL_HARD_STATE;
  log: LogBatch[] = [];
  snapshots: ScriptSnapshot[] = [];
  startOffset = 0;
  isUp = false;
  /** Marks wait until the script says that they are on disk. */
  isSlow = false;
  waiting: Effects['sync'];
  wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(
    readonly id: NodeId,
    public directoryId: Uuid,
    private options: Partial<RaftOptions>,
  ) {}

  get end(): number {
    const last = this.log.at(-1);
    return last === undefined ? this.startOffset : endOf(last);
  }

  /** The dice: the higher the id, the longer it waits, so that a script says who stands first. */
  get random(): Random {
    return { below: (limit) => Math.floor((limit * this.id) / 10), uuid: () => this.directoryId };
  }

  start(): void {
    this.isUp = true;
    const epochs = this.log.filter(({ epoch }, at) => epoch !== this.log[at - 1]?.epoch);
    const first = this.snapshots.find(({ id }) => id.endOffset === this.startOffset);
    const config = raftConfig({
      clusterId: 'c',
      self: { id: this.id, directoryId: this.directoryId },
      random: this.random,
      ...this.options,
    });
    this.raft = new Raft(config, this.hard, {
      startOffset: this.startOffset as Offset,
      endOffset: this.end as Offset,
      epochs: epochs.map(({ epoch, baseOffset }) => ({ epoch, startOffset: baseOffset })),
      snapshots: this.snapshots.map(({ id }) => id),
      voters: [
        ...(first === undefined ? [] : [{ offset: (first.id.endOffset - 1) as Offset, voters: first.voters }]),
        ...this.log.flatMap(({ control, baseOffset }) =>
          control?.kind === 'voters' ? [{ offset: baseOffset, voters: control.voters }] : [],
        ),
      ],
    });
  }

  /** Takes an input and does to the disk what its effects say. What else they say is the script's. */
  step(input: Input, nowMs: number): Effects {
    const effects = this.raft.step(input, nowMs);
    const { persist, truncateTo, append, startAt, sync } = effects;
    if (persist !== undefined) this.hard = persist;
    if (truncateTo !== undefined) this.log = this.log.filter(({ baseOffset }) => baseOffset < truncateTo);
    if (append !== undefined) this.log.push(...append);
    if (sync !== undefined) this.waiting = sync;
    if (startAt !== undefined) this.beginAt(startAt.endOffset);
    this.wakeAtMs = effects.wakeAtMs;
    return effects;
  }

  install({ id, voters }: ScriptSnapshot): Input {
    this.log = [];
    this.startOffset = id.endOffset;
    this.snapshots = [{ id, voters }];
    return { kind: 'snapshot-installed', id, voters };
  }

  takeSnapshot(): SnapshotId {
    const { highWatermark } = this.raft.status();
    const id = this.raft.snapshotIdAt(highWatermark);
    this.snapshots.push({ id, voters: this.raft.votersAt(highWatermark) });
    return id;
  }

  read(from: number, until: number): readonly LogBatch[] {
    return this.log.filter((batch) => endOf(batch) > from && batch.baseOffset < until);
  }

  /** Power goes: what was not synced is lost. */
  crash(): void {
    this.isUp = false;
    const { stableEndOffset } = this.raft.status();
    this.log = this.log.filter((batch) => endOf(batch) <= stableEndOffset);
    this.waiting = undefined;
  }

  /** Under another address, from the next start on. */
  listen(host: string, port: number): void {
    this.options = { ...this.options, endpoints: [{ name: 'CONTROLLER', host, port }] };
  }

  /** Another disk, and nothing on it. */
  wipe(directoryId: Uuid): void {
    this.directoryId = directoryId;
    this.hard = INITIAL_HARD_STATE;
    this.log = [];
    this.snapshots = [];
    this.startOffset = 0;
  }

  private beginAt(startOffset: number): void {
    this.startOffset = startOffset;
    this.log = this.log.filter(({ baseOffset }) => baseOffset >= startOffset);
    this.snapshots = this.snapshots.filter(({ id }) => id.endOffset >= startOffset);
  }
}

/** What a batch says. */
export function textOf({ bytes, control }: LogBatch): string {
  if (control?.kind === 'leader-change') return `leader ${control.leaderId}`;
  if (control?.kind === 'voters') return `voters ${control.voters.map(voterText).join('+')}`;
  return new TextDecoder().decode(bytes);
}

const voterText = ({ id, endpoints }: Voter): string =>
  `${id}${endpoints.map(({ host, port }) => `@${host}:${port}`).join(',')}`;

export const bytesOf = (text: string): Uint8Array => utf8(text);
