import { type Epoch, epoch, type Offset, offset } from '@trunkline/kernel';
import { checkpointNumber, formatCheckpoint, parseCheckpoint } from './checkpoint-file.js';

interface Reign {
  readonly epoch: Epoch;
  readonly startOffset: Offset;
}

/** Where each leader's reign began in this log (KIP-101). Both columns ascend. In memory; its owner writes the file. */
export class EpochCache {
  #reigns: Reign[] = [];

  get latest(): Epoch | undefined {
    return this.#reigns.at(-1)?.epoch;
  }

  /** A reign begins. Later or equal entries that contradict it are dropped. Says whether anything changed. */
  begin(newEpoch: Epoch, startOffset: Offset): boolean {
    const last = this.#reigns.at(-1);
    if (newEpoch < 0 || (last !== undefined && last.epoch >= newEpoch)) return false;
    while (this.#reigns.length > 0 && this.#reigns.at(-1)!.startOffset >= startOffset) this.#reigns.pop();
    this.#reigns.push({ epoch: newEpoch, startOffset });
    return true;
  }

  /** KIP-279: the largest epoch at or below `asked` and where it ends; undefined when nothing is known of it. */
  endOffsetFor(asked: Epoch, logEnd: Offset): { readonly epoch: Epoch; readonly endOffset: Offset } | undefined {
    if (asked < 0 || this.#reigns.length === 0) return undefined;
    if (asked === this.latest) return { epoch: asked, endOffset: logEnd };
    const higher = this.#reigns.findIndex((reign) => reign.epoch > asked);
    if (higher === -1) return undefined;
    const { startOffset } = this.#reigns[higher]!;
    return { epoch: higher === 0 ? asked : this.#reigns[higher - 1]!.epoch, endOffset: startOffset };
  }

  epochFor(at: Offset): Epoch | undefined {
    return this.#reigns.findLast(({ startOffset }) => startOffset <= at)?.epoch;
  }

  /** The log ends at `end`: reigns that would begin there or later are forgotten. */
  truncateEnd(end: Offset): boolean {
    const before = this.#reigns.length;
    while (this.#reigns.length > 0 && this.#reigns.at(-1)!.startOffset >= end) this.#reigns.pop();
    return this.#reigns.length !== before;
  }

  /** The log starts at `start`: reigns that ended before are forgotten, the one that holds it begins there. */
  truncateStart(start: Offset): boolean {
    const at = this.#reigns.findLastIndex(({ startOffset }) => startOffset <= start);
    if (at === -1 || (at === 0 && this.#reigns[0]!.startOffset === start)) return false;
    this.#reigns.splice(0, at + 1, { epoch: this.#reigns[at]!.epoch, startOffset: start });
    return true;
  }

  /** The log is empty: no reign has written anything in it. */
  clear(): boolean {
    return this.#reigns.splice(0).length > 0;
  }

  encode(): Uint8Array {
    return formatCheckpoint(this.#reigns.map((reign) => `${reign.epoch} ${reign.startOffset}`));
  }

  static decode(bytes: Uint8Array, path: string): EpochCache {
    const cache = new EpochCache();
    for (const row of parseCheckpoint(bytes, path)) {
      const [number, start] = row.split(' ');
      cache.begin(epoch(checkpointNumber(number, path)), offset(checkpointNumber(start, path)));
    }
    return cache;
  }
}
