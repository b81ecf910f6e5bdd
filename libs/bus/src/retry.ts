import type { Random } from '@trunkline/kernel';
import { TrunklineError } from './error.js';

const DAY_MS = 86_400_000;

/** How long to wait before the next attempt. Made by {@link exponential} or {@link fixed}. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Each pause is this many times the one before. */
  readonly factor: number;
}

/** What happens to a message whose handler threw. */
export interface RetryPolicy {
  /** How often the handler runs at most, the first time included: 1 to 100. Then the message goes to the dead letters. */
  readonly attempts: number;
  readonly backoff: Backoff;
}

/** Attempts a policy may ask for. */
export const ATTEMPTS_MAX = 100;

/** Pauses that double from `firstMs` up to `maxMs`, each with jitter: between half of it and all of it. */
export function exponential(firstMs: number, maxMs: number): Backoff {
  return checked({ firstMs, maxMs, factor: 2 });
}

/** The same pause each time, with jitter: between half of it and all of it. */
export function fixed(ms: number): Backoff {
  return checked({ firstMs: ms, maxMs: ms, factor: 1 });
}

/** 5 attempts with pauses of about 0.2, 0.4, 0.8 and 1.6 seconds. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, backoff: exponential(200, 30_000) };

/** `policy` over `base`; throws `MISUSE` when it is not bounded. */
export function retryPolicy(policy: Partial<RetryPolicy> | undefined, base: RetryPolicy, where: string): RetryPolicy {
  const attempts = policy?.attempts ?? base.attempts;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > ATTEMPTS_MAX) {
    throw new TrunklineError('MISUSE', `${where}: retry.attempts is ${attempts}; give a whole number from 1 to 100`);
  }
  return { attempts, backoff: checked(policy?.backoff ?? base.backoff) };
}

/** The pause in milliseconds after the attempt with that number (1 and up) failed. */
export function pauseMs(backoff: Backoff, attempt: number, random: Random): number {
  const whole = Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** (attempt - 1));
  const half = Math.floor(whole / 2);
  return half + random.below(Math.floor(whole) - half + 1);
}

function checked(backoff: Backoff): Backoff {
  const { firstMs, maxMs } = backoff;
  if (!(firstMs >= 0 && maxMs >= firstMs && maxMs <= DAY_MS)) {
    const given = `firstMs ${firstMs}, maxMs ${maxMs}`;
    throw new TrunklineError('MISUSE', `a backoff of ${given}; give 0 <= firstMs <= maxMs <= ${DAY_MS} (one day)`);
  }
  return backoff;
}
