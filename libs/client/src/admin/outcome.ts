import { KafkaError } from '../error.js';

/** How one item of a call ended. Narrow it by `ok`. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly error?: undefined }
  | { readonly ok: false; readonly error: KafkaError; readonly value?: undefined };

/** How a kind of key is told apart and spoken of. Two keys are the same item when their ids are equal. */
export interface KeyKind<Key> {
  id(key: Key): string | number;
  /** As it stands in the text of an error: `topic orders`. */
  text(key: Key): string;
}

/**
 * What became of every item of a call, by its key, in the order of the call. Keys are compared by what they say, not by
 * identity: `get({ topic: 'orders', partition: 3 })` finds the partition.
 *
 * An item that failed does not make the call reject; `value`, `values` and `check` throw its KafkaError.
 */
export class Outcomes<Key, T> implements Iterable<readonly [key: Key, outcome: Outcome<T>]> {
  readonly #byId = new Map<string | number, readonly [Key, Outcome<T>]>();
  readonly #kind: KeyKind<Key>;

  constructor(kind: KeyKind<Key>, entries: Iterable<readonly [Key, Outcome<T>]>) {
    this.#kind = kind;
    for (const entry of entries) this.#byId.set(kind.id(entry[0]), entry);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** undefined: the call did not name this item. */
  get(key: Key): Outcome<T> | undefined {
    return this.#byId.get(this.#kind.id(key))?.[1];
  }

  /** The item's value. Throws its error when it failed, and MISUSE when the call did not name it. */
  value(key: Key): T {
    const outcome = this.get(key);
    if (outcome === undefined) {
      throw new KafkaError('MISUSE', 'the call did not name it', { about: this.#kind.text(key) });
    }
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  /** The values in order. Throws the first error there is. */
  values(): T[] {
    return [...this.#byId.values()].map(([key]) => this.value(key));
  }

  keys(): Key[] {
    return [...this.#byId.values()].map(([key]) => key);
  }

  /** The items that failed, with why. */
  get failures(): readonly (readonly [key: Key, error: KafkaError])[] {
    const failed: [Key, KafkaError][] = [];
    for (const [key, outcome] of this.#byId.values()) if (!outcome.ok) failed.push([key, outcome.error]);
    return failed;
  }

  /** Throws the first error there is; returns itself when every item went well. */
  check(): this {
    const [first] = this.failures;
    if (first !== undefined) throw first[1];
    return this;
  }

  /** The same items, each value made anew. What `change` throws becomes the item's error. */
  map<U>(change: (value: T, key: Key) => U): Outcomes<Key, U> {
    return new Outcomes(
      this.#kind,
      [...this.#byId.values()].map(([key, outcome]) => [
        key,
        outcome.ok ? attempt(() => change(outcome.value, key)) : outcome,
      ]),
    );
  }

  [Symbol.iterator](): IterableIterator<readonly [Key, Outcome<T>]> {
    return this.#byId.values();
  }
}

export function succeeded<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed(error: KafkaError): Outcome<never> {
  return { ok: false, error };
}

/** What `make` returns, or the KafkaError that it throws. */
export function attempt<T>(make: () => T): Outcome<T> {
  try {
    return succeeded(make());
  } catch (reason) {
    return failed(KafkaError.from(reason, 'PROTOCOL_VIOLATION'));
  }
}
