import type { Logger } from '@trunkline/kernel';
import { asError } from '@trunkline/kernel';
import type { AcknowledgeResult } from './share-record.js';

/** Who wants to hear what became of acknowledgements: the caller's function, and the commits that are under way. */
export class ResultListeners {
  readonly #lists = new Set<AcknowledgeResult[]>();

  constructor(
    readonly onAcknowledged: ((results: readonly AcknowledgeResult[]) => void) | undefined,
    readonly logger: Logger,
  ) {}

  /** Collects into `list` until the function that it returns is called. */
  listen(list: AcknowledgeResult[]): () => void {
    this.#lists.add(list);
    return () => this.#lists.delete(list);
  }

  tell(results: readonly AcknowledgeResult[]): void {
    if (results.length === 0) return;
    for (const list of this.#lists) list.push(...results);
    try {
      this.onAcknowledged?.(results);
    } catch (reason) {
      this.logger.error('onAcknowledged threw', { reason: asError(reason).message });
    }
  }
}
