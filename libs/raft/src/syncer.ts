import type { StableMark } from './effects.js';
import type { RaftStorage } from './ports.js';

/** Syncs the log beside the lane: one sync at a time, and what was appended meanwhile shares the next. */
export class Syncer {
  #wanted: StableMark | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly storage: RaftStorage,
    private readonly done: (mark: StableMark) => void,
    private readonly fail: (reason: unknown) => void,
  ) {}

  want(mark: StableMark): void {
    this.#wanted = mark;
    this.#running ??= this.#run();
  }

  /** Resolves when no sync runs. Never rejects. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      for (let mark = this.#wanted; mark !== undefined; mark = this.#wanted) {
        this.#wanted = undefined;
        await this.storage.sync();
        this.done(mark);
      }
      this.#running = undefined;
    } catch (reason) {
      this.fail(reason); // It stays running: nothing is synced again (C56).
    }
  }
}
