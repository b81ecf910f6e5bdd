import type { Clock } from '@trunkline/kernel';
import { RetryLater, TrunklineError } from '../error.js';
import type { Interceptor } from '../interceptor.js';
import type { Message } from '../message.js';
import type { IdempotentOptions } from '../options.js';

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

/**
 * Lets one of several messages with the same key through; the others are acknowledged unrun. When the handler fails the
 * key is free again, so retries run. A message whose twin runs right now is tried again a little later.
 *
 * Not promised: exactly once. A crash between the handler's work and `done` handles the message again.
 */
export function idempotent(options: IdempotentOptions & { readonly store: DedupeStore }): Interceptor {
  const { store, ttlMs } = options;
  const keyOf = options.key ?? idOf;
  return (next) => async (exchange) => {
    const key = keyOf(exchange.message, exchange.payload);
    if (key === undefined) return await next(exchange);
    const claim = await store.claim(key, ttlMs);
    if (claim === 'done') return undefined;
    if (claim === 'running') throw new RetryLater(TWIN_RUNS_MS, `a message with the same key is being handled`);
    let result: unknown;
    try {
      result = await next(exchange);
    } catch (reason) {
      await store.release(key);
      throw reason;
    }
    await store.done(key, ttlMs);
    return result;
  };
}

const TWIN_RUNS_MS = 500;

function idOf(message: Message): string | undefined {
  return message.header('tl-dedupe-id') ?? message.header('ce_id');
}
