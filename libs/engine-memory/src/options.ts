import type { Clock } from '@trunkline/kernel';
import { MemoryStore } from './store.js';
import { systemClock } from './system-clock.js';

/** What a memory engine may be told. */
export interface MemoryOptions {
  /** Engines with one store see each other's messages, as processes with one broker do. Missing: one of its own. */
  readonly store?: MemoryStore;
  /** Missing: the time of the process. Give a clock of the test's to move time by hand. */
  readonly clock?: Clock;
  /** Largest value of a message, bytes. Default 16 MiB. */
  readonly messageBytesMax?: number;
  /** How long `close` waits for what is in flight. Default 10,000. */
  readonly closeDeadlineMs?: number;
}

/** Options with nothing missing. */
export type MemorySettings = Required<MemoryOptions>;

export function settingsOf(options: MemoryOptions): MemorySettings {
  return {
    store: options.store ?? new MemoryStore(),
    clock: options.clock ?? systemClock,
    messageBytesMax: options.messageBytesMax ?? 16_777_216,
    closeDeadlineMs: options.closeDeadlineMs ?? 10_000,
  };
}
