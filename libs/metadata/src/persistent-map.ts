/**
 * A map that is never changed: `set` and `delete` give a new one that shares nearly everything with the old.
 *
 * Entries lie in about √n buckets, so that a change copies about 2√n entries: some 200 of 10,000, where a plain Map
 * would copy them all. Iteration goes bucket by bucket, in an order that depends on the keys only by their hash.
 */
export class PersistentMap<Value> implements Iterable<readonly [string, Value]> {
  static readonly #EMPTY = new PersistentMap<never>([new Map<string, never>()], 0);

  readonly #buckets: readonly ReadonlyMap<string, Value>[];

  private constructor(
    buckets: readonly ReadonlyMap<string, Value>[],
    readonly size: number,
  ) {
    this.#buckets = buckets;
  }

  static empty<Value>(): PersistentMap<Value> {
    return PersistentMap.#EMPTY;
  }

  get(key: string): Value | undefined {
    return this.#buckets[this.#bucketOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The map with `key` at `value`. */
  set(key: string, value: Value): PersistentMap<Value> {
    return this.changed([[key, value]]);
  }

  /** The map without `key`; itself when it had none. */
  delete(key: string): PersistentMap<Value> {
    return this.has(key) ? this.changed([[key, undefined]]) : this;
  }

  /** The map after many changes at once; undefined takes a key away. Each bucket is copied at most once. */
  changed(changes: Iterable<readonly [string, Value | undefined]>): PersistentMap<Value> {
    const buckets = [...this.#buckets];
    const copied = new Map<number, Map<string, Value>>();
    let size = this.size;
    for (const [key, value] of changes) {
      const index = this.#bucketOf(key);
      const bucket = copied.get(index) ?? new Map(buckets[index]);
      copied.set(index, bucket);
      buckets[index] = bucket;
      size -= bucket.size;
      if (value === undefined) bucket.delete(key);
      else bucket.set(key, value);
      size += bucket.size;
    }
    return size > 4 * buckets.length * buckets.length ? spread(buckets, size) : new PersistentMap(buckets, size);
  }

  /** Entries and buckets that a change of this key copies. */
  copied(key: string): number {
    return this.#buckets.length + (this.#buckets[this.#bucketOf(key)]?.size ?? 0);
  }

  *[Symbol.iterator](): IterableIterator<readonly [string, Value]> {
    for (const bucket of this.#buckets) yield* bucket;
  }

  *keys(): IterableIterator<string> {
    for (const bucket of this.#buckets) yield* bucket.keys();
  }

  *values(): IterableIterator<Value> {
    for (const bucket of this.#buckets) yield* bucket.values();
  }

  #bucketOf(key: string): number {
    return hash(key) % this.#buckets.length;
  }

  /** For `spread` only. */
  static of<Value>(buckets: readonly ReadonlyMap<string, Value>[], size: number): PersistentMap<Value> {
    return new PersistentMap(buckets, size);
  }
}

/** The same entries in about √size buckets. */
function spread<Value>(old: readonly ReadonlyMap<string, Value>[], size: number): PersistentMap<Value> {
  const buckets = Array.from({ length: Math.ceil(Math.sqrt(size)) }, () => new Map<string, Value>());
  for (const bucket of old) for (const [key, value] of bucket) buckets[hash(key) % buckets.length]?.set(key, value);
  return PersistentMap.of(buckets, size);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return state >>> 0;
}
