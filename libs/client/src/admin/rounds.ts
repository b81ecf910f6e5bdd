import { doubledMs } from '../backoff.js';
import { KafkaError, type KafkaErrorName } from '../error.js';
import { type KeyKind, type Outcome, Outcomes, attempt, failed } from './outcome.js';

export interface RoundsLimits {
  /** From when on nothing is tried again; the caller's clock. */
  readonly deadlineMs: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** How long after the first try an unknown topic is asked for again. */
  readonly unknownTopicWaitMs: number;
  /** Codes of answers after which the item is asked for again. */
  readonly again: ReadonlySet<KafkaErrorName>;
}

/** What finding the way needs of the rounds. */
export interface Refuses<Key> {
  /** How many rounds have ended. */
  readonly tries: number;
  refuse(key: Key, error: KafkaError): void;
}

/** What follows a round: the end, or another one after a wait. */
export type Step = { readonly kind: 'done' } | { readonly kind: 'again'; readonly delayMs: number };

const UNKNOWN_TOPIC: ReadonlySet<KafkaErrorName> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID']);

interface Waiting<Key> {
  readonly key: Key;
  /** Why it waits; undefined: it was not asked for yet. */
  error: KafkaError | undefined;
  /** Whether an answer said so, or there was none. */
  answered: boolean;
}

/**
 * The items of one call, asked for in rounds until each has its outcome or the time is over. Pure: time and dice are
 * given. Knows nothing of where items go.
 *
 * In a round every pending item must be settled, refused or failed; one that was forgotten by the broker's answer is
 * a PROTOCOL_VIOLATION of the broker. What an answer says of items that were not asked for is ignored, and so is what it
 * says twice.
 */
export class Rounds<Key, T> implements Refuses<Key> {
  readonly #kind: KeyKind<Key>;
  readonly #limits: RoundsLimits;
  readonly #order: readonly Key[];
  readonly #pending = new Map<string | number, Waiting<Key>>();
  readonly #open = new Set<string | number>();
  readonly #settled = new Map<string | number, Outcome<T>>();
  #startedMs: number | undefined;
  #tries = 0;
  #throttleMs = 0;
  #answers = 0;

  /** Throws MISUSE when a key is there twice. */
  constructor(kind: KeyKind<Key>, keys: readonly Key[], limits: RoundsLimits) {
    this.#kind = kind;
    this.#limits = limits;
    this.#order = keys;
    for (const key of keys) {
      const id = kind.id(key);
      if (this.#pending.has(id))
        throw new KafkaError('MISUSE', 'it is named twice in one call', { about: kind.text(key) });
      this.#pending.set(id, { key, error: undefined, answered: false });
    }
  }

  /** How many rounds have ended. */
  get tries(): number {
    return this.#tries;
  }

  /** Opens a round: the items to ask for. */
  begin(nowMs: number): readonly Key[] {
    this.#startedMs ??= nowMs;
    this.#open.clear();
    for (const id of this.#pending.keys()) this.#open.add(id);
    return [...this.#pending.values()].map(({ key }) => key);
  }

  /** Whether the item still waits for its outcome in this round. */
  isOpen(key: Key): boolean {
    return this.#open.has(this.#kind.id(key));
  }

  /** An answer: a code of Kafka's, and what it means when it is 0. What `value` throws is the item's error. */
  answer(key: Key, code: number, said: string | null | undefined, value: () => T, advice?: string): void {
    const error = KafkaError.ofCode(code, this.#kind.text(key), said, advice);
    if (error !== undefined) return this.refuse(key, error);
    const id = this.#kind.id(key);
    if (!this.#open.delete(id)) return;
    this.#answers += 1;
    this.#pending.delete(id);
    this.#settled.set(id, attempt(value));
  }

  /** An answer that refuses the item: it is final, unless the code is one to try again after. */
  refuse(key: Key, error: KafkaError): void {
    const id = this.#kind.id(key);
    if (!this.#open.delete(id)) return;
    this.#answers += 1;
    this.#later(id, error, true, this.#limits.again.has(error.code) || UNKNOWN_TOPIC.has(error.code));
  }

  /** No answer: the items are asked for again when that may help. */
  fail(keys: readonly Key[], error: KafkaError): void {
    for (const key of keys) {
      const id = this.#kind.id(key);
      if (this.#open.delete(id)) this.#later(id, error, false, error.retriable);
    }
  }

  /** The broker asked for patience: the next round begins no sooner. */
  throttled(throttleMs: number): void {
    this.#throttleMs = Math.max(this.#throttleMs, throttleMs);
  }

  /** Closes the round. `dice` is from 0 to 1. */
  end(nowMs: number, dice: number): Step {
    for (const id of this.#open) {
      const { key } = this.#pending.get(id)!;
      const about = this.#kind.text(key);
      this.#later(
        id,
        new KafkaError('PROTOCOL_VIOLATION', 'the broker left it out of its answer', { about }),
        true,
        false,
      );
    }
    this.#open.clear();
    const delayMs = this.#delayMs(dice);
    const unknownIsFinal = nowMs - (this.#startedMs ?? nowMs) + delayMs > this.#limits.unknownTopicWaitMs;
    for (const [id, { error }] of this.#pending) {
      if (error === undefined) continue;
      if (nowMs + delayMs >= this.#limits.deadlineMs) this.#settle(id, error);
      else if (unknownIsFinal && UNKNOWN_TOPIC.has(error.code) && !this.#limits.again.has(error.code))
        this.#settle(id, error);
    }
    this.#tries += 1;
    this.#throttleMs = 0;
    return this.#pending.size === 0 ? { kind: 'done' } : { kind: 'again', delayMs };
  }

  /**
   * Every item's outcome, in the order of the call. Throws when no item got any answer: then it was the call that failed.
   */
  outcomes(): Outcomes<Key, T> {
    const entries = this.#order.map((key) => [key, this.#settled.get(this.#kind.id(key))!] as const);
    if (this.#answers === 0 && entries[0]?.[1].ok === false) throw entries[0][1].error;
    return new Outcomes(this.#kind, entries);
  }

  #later(id: string | number, error: KafkaError, answered: boolean, again: boolean): void {
    const waiting = this.#pending.get(id)!;
    // A reason that was given outlives a later silence: it tells more.
    const tellsLess = waiting.error !== undefined && !answered && (waiting.answered || error.is('TIMED_OUT'));
    if (!tellsLess) waiting.error = error;
    waiting.answered ||= answered;
    if (!again) this.#settle(id, error);
  }

  #settle(id: string | number, error: KafkaError): void {
    this.#pending.delete(id);
    this.#settled.set(id, failed(error));
  }

  #delayMs(dice: number): number {
    const { backoffMs, backoffMaxMs } = this.#limits;
    const waitMs = doubledMs(this.#tries + 1, backoffMs, backoffMaxMs);
    return Math.max(this.#throttleMs, Math.round(waitMs * (0.8 + 0.4 * dice)));
  }
}
