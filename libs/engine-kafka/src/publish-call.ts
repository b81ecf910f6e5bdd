import { PublishFailed, type TrunklineError } from '@trunkline/bus';

/** One call of `publish`: settles when each of its messages has. */
export class PublishCall {
  readonly settled: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (reason: Error) => void = () => {};
  #failed: Map<number, TrunklineError> | undefined;

  constructor(private left: number) {
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (left === 0) this.#resolve();
  }

  done(index: number, error?: TrunklineError): void {
    if (error !== undefined) (this.#failed ??= new Map()).set(index, error);
    this.left -= 1;
    if (this.left > 0) return;
    if (this.#failed === undefined) this.#resolve();
    else this.#reject(new PublishFailed(this.#failed));
  }
}
