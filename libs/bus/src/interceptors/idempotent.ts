import type { Clock } from '@trunkline/kernel';
import { TrunklineError } from '../error.js';

/** What a store knows of a key. */
export type Claim = 'new' | 'running' | 'done';

/** Remembers which keys were handled. Memory here, Redis or a database elsewhere. */
export interface DedupeStore {
  /** `new`: the key is the caller's now, until `done` or `release`, at most `ttlMs`. One caller gets it. */
  claim(key: string, ttlMs: number): Promise<Claim> | Claim;
  /** The key was handled: remember it for `ttlMs`. */
  done(key: string, ttlMs: number): Promise<void> | void;
  /** The handler failed: the key is anybody's again. */
  release(key: string): Promise<void> | void;
}

/**
 * A store in the memory of this process: nothing is known after a restart, nor in another process.
 *
 * Holds at most `keysMax` keys; beyond that the oldest are forgotten, which may handle a message twice.
 */
export class MemoryDedupeStore implements DedupeStore {
  readonly #keys = new Map<string, { done: boolean; untilMs: number }>();

  constructor(
    readonly clock: Clock,
    readonly keysMax = 100_000,
  ) {
    if (!(keysMax >= 1)) throw new TrunklineError('MISUSE', `MemoryDedupeStore: keysMax is ${keysMax}; give 1 or more`);
  }

  claim(key: string, ttlMs: number): Claim {
    const now = this.clock.monotonicMs();
    const known = this.#keys.get(key);
    if (known !== undefined && known.untilMs > now) return known.done ? 'done' : 'running';
    this.#remember(key, { done: false, untilMs: now + ttlMs });
    return 'new';
  }

  done(key: string, ttlMs: number): void {
    this.#remember(key, { done: true, untilMs: this.clock.monotonicMs() + ttlMs });
  }

  release(key: string): void {
    this.#keys.delete(key);
  }

  #remember(key: string, entry: { done: boolean; untilMs: number }): void {
    this.#keys.delete(key);
    this.#keys.set(key, entry);
    if (this.#keys.size <= this.keysMax) return;
    const oldest = this.#keys.keys().next().value;
    if (oldest !== undefined) this.#keys.delete(oldest);
  }
}
