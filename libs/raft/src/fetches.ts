import { offset as toOffset, type Offset } from '@trunkline/kernel';
import type { FetchRequest, FetchResponse, RaftErrorCode } from './messages.js';
import { nameOf, type ProgressTable } from './progress.js';
import type { Replica } from './replica.js';

interface Parked {
  readonly ticket: number;
  readonly request: FetchRequest;
  readonly untilMs: number;
}

const UNKNOWN = toOffset(-1);

/**
 * The fetches that a leader holds back until there is something to say: new records at once, not when they are
 * committed; a new high watermark at once, too, so that followers learn of commits without asking twice.
 */
export class ParkedFetches {
  /** One a replica: a newer one takes the place of an older (C22). */
  readonly #parked = new Map<string, Parked>();

  constructor(
    private readonly replica: Replica,
    private readonly progress: ProgressTable,
    private readonly isReady: () => boolean,
  ) {}

  get wakeAtMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { untilMs } of this.#parked.values()) first = Math.min(first, untilMs);
    return first;
  }

  /** Takes a fetch of this epoch. True: the asker's offset counts. */
  take(ticket: number, request: FetchRequest): void {
    const { outline, config, nowMs } = this.replica;
    const key = { id: request.replicaId, directoryId: request.replicaDirectoryId };
    const name = nameOf(key);
    const older = this.#parked.get(name);
    if (older !== undefined) this.#answer(older);
    const hasRoom = this.progress.heard(key);
    const fit = outline.fit(request.fetchOffset, request.lastFetchedEpoch);
    if (fit.kind === 'diverges') {
      const divergingEpoch = { epoch: fit.epoch, endOffset: fit.endOffset };
      return this.replica.answer(ticket, { ...this.#response('NONE'), divergingEpoch });
    }
    if (fit.kind === 'snapshot') {
      return this.replica.answer(ticket, { ...this.#response('NONE'), snapshotId: fit.id });
    }
    this.progress.fetched(key, request.fetchOffset);
    const waitMs = hasRoom ? Math.min(request.maxWaitMs, config.fetchMaxWaitMs) : 0;
    this.#parked.set(name, { ticket, request, untilMs: nowMs + waitMs });
  }

  /** Answers those for whom there is something new, or whose time is up. At the end of a step, and no earlier. */
  settle(): void {
    const { nowMs, outline } = this.replica;
    for (const [name, parked] of this.#parked) {
      const { request, untilMs } = parked;
      const hasRecords = request.fetchOffset < outline.endOffset;
      const hasCommitted = this.isReady() && this.#useful(request) > request.highWatermark;
      if (!hasRecords && !hasCommitted && untilMs > nowMs) continue;
      this.#parked.delete(name);
      this.#answer(parked);
    }
  }

  /** Not a leader any more. */
  abandon(): void {
    for (const { ticket } of this.#parked.values()) {
      this.replica.answer(ticket, this.#response('NOT_LEADER_OR_FOLLOWER'));
    }
    this.#parked.clear();
  }

  #useful({ fetchOffset }: FetchRequest): number {
    return Math.min(this.replica.highWatermark, fetchOffset);
  }

  #answer({ ticket, request }: Parked): void {
    const { outline, config } = this.replica;
    const response = this.#response('NONE');
    const from = request.fetchOffset;
    const until = outline.endOffset;
    if (from >= until) return this.replica.answer(ticket, response);
    // The start may have moved past the asker while it was parked: it asks again, and hears of the snapshot.
    if (from < outline.startOffset) return this.replica.answer(ticket, response);
    const bytesMax = Math.min(request.maxBytes, config.fetchBytesMax);
    this.replica.draft.answers.push({ ticket, response, readLog: { from, until, bytesMax } });
  }

  #response(errorCode: RaftErrorCode): FetchResponse {
    return fetchResponse(this.replica, errorCode, this.isReady() ? this.replica.highWatermark : UNKNOWN);
  }
}

/** An answer to a fetch, without records. */
export function fetchResponse(
  replica: Replica,
  errorCode: RaftErrorCode,
  highWatermark: Offset = UNKNOWN,
): FetchResponse {
  const logStartOffset = replica.outline.startOffset;
  return { api: 'fetch', ...replica.leadership(errorCode), highWatermark, logStartOffset, records: [] };
}
