import type { AnyApi } from '@trunkline/protocol';

/** A question on its way to a node: settled once, whatever comes first. */
export class Question {
  #settled = false;
  /** Stops watching the asker's signal. */
  unwatch: (() => void) | undefined;

  constructor(
    readonly api: AnyApi,
    readonly request: unknown,
    readonly deadlineMs: number,
    readonly timeoutMs: number,
    private readonly answered: (told: unknown) => void,
    private readonly refused: (reason: Error) => void,
  ) {}

  get settled(): boolean {
    return this.#settled;
  }

  resolve(told: unknown): void {
    if (this.#settle()) this.answered(told);
  }

  reject(reason: Error): void {
    if (this.#settle()) this.refused(reason);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.unwatch?.();
    return true;
  }
}
