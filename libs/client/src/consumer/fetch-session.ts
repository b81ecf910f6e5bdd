import type { Uuid } from '@trunkline/kernel';
import type { Reading } from './reading.js';

/** A partition as a fetch names it. */
export interface Asked {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly bytesMax: number;
}

/** What stands in a request of a session. */
export interface SessionStep {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  /** Partitions that are new to the session, or changed in it. */
  readonly asked: readonly Asked[];
  /** Partitions that are in the session and are not wanted now. */
  readonly forgotten: readonly Asked[];
}

const EPOCH_MAX = 2 ** 31 - 1;
/** Asks for a new session. */
const NEW = 0;
/** Outside of any session; with a session's id: ends it. */
export const SESSIONLESS_EPOCH = -1;

/**
 * The reader's side of an incremental fetch session with one broker (KIP-227): the broker keeps what was asked, and is
 * told only what changed. One request of a session is under way at a time.
 */
export class FetchSession {
  #id = 0;
  #epoch = NEW;
  #told = new Map<Reading, Asked>();

  /** 0: none. */
  get id(): number {
    return this.#id;
  }

  /** The next request of the session, for exactly these partitions. */
  step(wanted: ReadonlyMap<Reading, Asked>): SessionStep {
    const sessionId = this.#id;
    const sessionEpoch = this.#epoch;
    if (sessionEpoch === NEW) {
      this.#told = new Map(wanted);
      return { sessionId, sessionEpoch, asked: [...wanted.values()], forgotten: [] };
    }
    const asked: Asked[] = [];
    const forgotten: Asked[] = [];
    for (const [reading, before] of this.#told) {
      const now = wanted.get(reading);
      if (now !== undefined && now.topicId === before.topicId) continue;
      forgotten.push(before);
      this.#told.delete(reading);
    }
    for (const [reading, now] of wanted) {
      if (isSame(this.#told.get(reading), now)) continue;
      this.#told.set(reading, now);
      asked.push(now);
    }
    return { sessionId, sessionEpoch, asked, forgotten };
  }

  /** The request was answered without an error. A broker that keeps no session for us says 0. */
  answered(sessionId: number): void {
    if (sessionId === 0) this.#begin(0);
    else if (this.#epoch === NEW) {
      this.#id = sessionId;
      this.#epoch = 1;
    } else if (sessionId !== this.#id) this.#begin(this.#id);
    else this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
  }

  /** The broker does not know the session: the next request asks for a new one. */
  lost(): void {
    this.#begin(0);
  }

  /** What became of the last request is not known: the next one ends the session and asks for a new one. */
  interrupted(): void {
    this.#begin(this.#id);
  }

  #begin(replacedId: number): void {
    this.#id = replacedId;
    this.#epoch = NEW;
    this.#told = new Map();
  }
}

function isSame(before: Asked | undefined, now: Asked): boolean {
  return (
    before !== undefined &&
    before.offset === now.offset &&
    before.leaderEpoch === now.leaderEpoch &&
    before.bytesMax === now.bytesMax
  );
}
